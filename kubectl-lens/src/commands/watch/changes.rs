//! What came, changed and went between two reports.

use jiff::Timestamp;
use kubelens_core::model::{Cause, KUBELENS_API_VERSION};
use serde_json::{Value, json};

use crate::terminal::printable;

/// What happened to a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happening {
    Appeared,
    /// It is worse or better, or hurts others than before.
    Changed,
    Recovered,
}

impl Happening {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Appeared => "appeared",
            Self::Changed => "changed",
            Self::Recovered => "recovered",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    pub(super) happening: Happening,
    /// The instant of the report that showed it.
    pub(super) at: Option<Timestamp>,
    /// The cause as it is now; as it last was, where it recovered.
    pub(super) cause: Cause,
}

/// What happened between two lists of causes, in the order of the ranks; what recovered comes last.
pub(super) fn between(before: &[Cause], after: &[Cause], at: Option<Timestamp>) -> Vec<Change> {
    let change = |happening, cause: &Cause| Change {
        happening,
        at,
        cause: cause.clone(),
    };
    let mut changes: Vec<Change> = after
        .iter()
        .filter_map(
            |cause| match before.iter().find(|known| known.id == cause.id) {
                None => Some(change(Happening::Appeared, cause)),
                Some(known) if differ(known, cause) => Some(change(Happening::Changed, cause)),
                Some(_) => None,
            },
        )
        .collect();
    let gone = before
        .iter()
        .filter(|known| after.iter().all(|cause| cause.id != known.id));
    changes.extend(gone.map(|cause| change(Happening::Recovered, cause)));
    changes
}

/// Whether somebody who read the one would want to read the other. Proof that only grew older is no news.
fn differ(a: &Cause, b: &Cause) -> bool {
    a.severity != b.severity || a.title != b.title || a.affected != b.affected
}

impl Change {
    /// For people: `12:00:05 appeared  critical CFG001 ConfigMap shop/web-config: … does not exist`.
    pub(super) fn line(&self) -> String {
        let at = self
            .at
            .map_or_else(String::new, |at| at.strftime("%H:%M:%S ").to_string());
        let cause = &self.cause;
        let line = format!(
            "{at}{:<9} {:<8} {} {}: {}",
            self.happening.as_str(),
            cause.severity,
            cause.code,
            cause.subject,
            cause.title
        );
        format!("{}\n", printable(&line))
    }

    /// For programs.
    pub(super) fn document(&self) -> Value {
        json!({
            "apiVersion": KUBELENS_API_VERSION,
            "kind": "Change",
            "change": self.happening.as_str(),
            "at": self.at,
            "cause": self.cause,
        })
    }
}

#[cfg(test)]
mod tests {
    use kubelens_core::model::Severity;

    use super::*;
    use crate::render::tests::shop_report;

    #[test]
    fn causes_come_change_and_go() {
        let before = shop_report().causes;
        let mut after = before.clone();
        let gone = after.remove(0);
        let mut fresh = gone.clone();
        fresh.id = "fresh".to_owned();
        if let Some(first) = after.first_mut() {
            first.severity = match first.severity {
                Severity::Info => Severity::Warning,
                _ => Severity::Info,
            };
        }
        after.push(fresh);
        let told: Vec<_> = between(&before, &after, None)
            .into_iter()
            .map(|change| (change.happening, change.cause.id))
            .collect();
        assert_eq!(
            told,
            [
                (Happening::Changed, before[1].id.clone()),
                (Happening::Appeared, "fresh".to_owned()),
                (Happening::Recovered, gone.id),
            ]
        );
    }

    #[test]
    fn proof_that_grew_older_is_no_news() {
        let before = shop_report().causes;
        let mut after = before.clone();
        for cause in &mut after {
            cause.last_seen = None;
            cause.evidence.clear();
            cause.rank += 1;
        }
        assert_eq!(between(&before, &after, None), []);
    }
}
