//! Regular expressions over texts from the cluster.

use std::sync::OnceLock;

use regex::{Captures, Regex};

/// A regular expression that is compiled when it is first used. It can stand in a `static`.
#[derive(Debug)]
pub(crate) struct Pattern {
    text: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// The pattern of this text.
    pub(crate) const fn new(text: &'static str) -> Self {
        Self {
            text,
            compiled: OnceLock::new(),
        }
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| {
                let compiled = Regex::new(self.text);
                debug_assert!(compiled.is_ok(), "{compiled:?}");
                compiled.ok()
            })
            .as_ref()
    }

    /// Whether it occurs in the text.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.regex().is_some_and(|regex| regex.is_match(text))
    }

    /// Its first occurrence with its groups.
    pub(crate) fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.regex()?.captures(text)
    }

    /// Its occurrences with their groups, from left to right.
    pub(crate) fn all_captures<'p, 't>(
        &'p self,
        text: &'t str,
    ) -> impl Iterator<Item = Captures<'t>> + use<'p, 't> {
        self.regex()
            .into_iter()
            .flat_map(move |regex| regex.captures_iter(text))
    }

    /// The first group that took part in its first occurrence.
    pub(crate) fn first<'t>(&self, text: &'t str) -> Option<&'t str> {
        let captures = self.captures(text)?;
        captures
            .iter()
            .skip(1)
            .flatten()
            .map(|group| group.as_str())
            .find(|group| !group.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn the_first_group_that_took_part_is_given() {
        static EITHER: Pattern = Pattern::new(r"a=(\w+)|b=(\w+)");
        assert_eq!(EITHER.first("x b=2"), Some("2"));
        assert_eq!(EITHER.first("c=3"), None);
        assert!(EITHER.is_in("a=1"));
    }
}
