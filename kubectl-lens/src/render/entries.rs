//! Causes as people read them: what one fix elsewhere could cure together is one entry.

use kubelens_core::model::Cause;

/// One cause, or the causes of one group.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// The one that ranks first.
    pub(super) first: &'a Cause,
    /// The others of its group.
    pub(super) others: Vec<&'a Cause>,
}

impl<'a> Entry<'a> {
    /// The group's title, or the cause's own.
    pub(super) fn title(&self) -> &'a str {
        match &self.first.group {
            Some(group) if !self.others.is_empty() => &group.title,
            _ => &self.first.title,
        }
    }

    /// How many causes it stands for.
    pub(super) fn size(&self) -> usize {
        1 + self.others.len()
    }
}

/// The entries, each where its first cause ranks.
pub(super) fn entries<'a>(causes: &[&'a Cause]) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    let mut place_of_group = std::collections::BTreeMap::new();
    for &cause in causes {
        let known = cause.group.as_ref().and_then(|group| {
            let place = *place_of_group.entry(&group.key).or_insert(entries.len());
            entries.get_mut(place)
        });
        match known {
            Some(entry) => entry.others.push(cause),
            None => entries.push(Entry {
                first: cause,
                others: Vec::new(),
            }),
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::entries;
    use crate::render::tests::shop_report;

    #[test]
    fn a_group_is_one_entry_where_its_first_cause_ranks() {
        let report = shop_report();
        let causes: Vec<_> = report.causes.iter().collect();
        let sizes: Vec<_> = entries(&causes)
            .iter()
            .map(|entry| (entry.first.rank, entry.size()))
            .collect();
        assert_eq!(sizes, [(1, 1), (2, 3), (5, 1), (6, 1)]);
    }
}
