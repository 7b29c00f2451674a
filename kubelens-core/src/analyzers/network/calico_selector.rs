//! The selectors of Calico: `app == 'web' && !has(debug) || team in {'a', 'b'}`.

use crate::kubernetes::{Labels, Text};

/// Whether labels meet a selector; none where it is written in a way that is not known. An empty one is met by all.
pub(super) fn matches(selector: &str, labels: &Labels) -> Option<bool> {
    if selector.trim().is_empty() {
        return Some(true);
    }
    let mut parser = Parser {
        rest: selector.trim(),
        labels,
    };
    let met = parser.any()?;
    parser.rest.is_empty().then_some(met)
}

struct Parser<'t> {
    rest: &'t str,
    labels: &'t Labels,
}

impl<'t> Parser<'t> {
    /// Takes a word from the front, if it stands there.
    fn take(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn any(&mut self) -> Option<bool> {
        let mut met = self.all()?;
        while self.take("||") {
            let other = self.all()?;
            met = met || other;
        }
        Some(met)
    }

    fn all(&mut self) -> Option<bool> {
        let mut met = self.one()?;
        while self.take("&&") {
            let other = self.one()?;
            met = met && other;
        }
        Some(met)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("!") {
            return self.one().map(|met| !met);
        }
        if self.take("(") {
            let met = self.any()?;
            return self.take(")").then_some(met);
        }
        if self.take("all()") {
            return Some(true);
        }
        // What belongs to no namespace: never a pod.
        if self.take("global()") {
            return Some(false);
        }
        if self.take("has(") {
            let key = self.key()?;
            return self.take(")").then(|| self.value(key).is_some());
        }
        let key = self.key()?;
        self.comparison(key)
    }

    fn comparison(&mut self, key: &'t str) -> Option<bool> {
        let own = self.value(key);
        if self.take("==") {
            return self.text().map(|text| own == Some(text));
        }
        if self.take("!=") {
            return self.text().map(|text| own != Some(text));
        }
        if self.take("contains") {
            return self
                .text()
                .map(|text| own.is_some_and(|own| own.contains(text)));
        }
        if self.take("starts with") {
            return self
                .text()
                .map(|text| own.is_some_and(|own| own.starts_with(text)));
        }
        if self.take("ends with") {
            return self
                .text()
                .map(|text| own.is_some_and(|own| own.ends_with(text)));
        }
        let is_negated = self.take("not");
        if self.take("in") && self.take("{") {
            let mut is_in = false;
            while !self.take("}") {
                is_in |= own == Some(self.text()?);
                self.take(",");
            }
            return Some(is_in != is_negated);
        }
        None
    }

    fn key(&mut self) -> Option<&'t str> {
        let is_of_a_key = |letter: char| letter.is_ascii_alphanumeric() || "./_-".contains(letter);
        let end = self
            .rest
            .find(|letter| !is_of_a_key(letter))
            .unwrap_or(self.rest.len());
        let (key, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest.trim_start();
        (!key.is_empty()).then_some(key)
    }

    fn text(&mut self) -> Option<&'t str> {
        let quote = self
            .rest
            .chars()
            .next()
            .filter(|first| "'\"".contains(*first))?;
        let (text, rest) = self.rest.get(1..)?.split_once(quote)?;
        self.rest = rest.trim_start();
        Some(text)
    }

    fn value(&self, key: &str) -> Option<&'t str> {
        self.labels.get(key).map(Text::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_read_as_calico_reads_them() {
        let labels: Labels = serde_json::from_str(
            r#"{"app":"web","team":"a","kubernetes.io/metadata.name":"shop"}"#,
        )
        .unwrap_or_default();
        for (selector, expected) in [
            ("", Some(true)),
            ("all()", Some(true)),
            ("app == 'web'", Some(true)),
            ("app == \"api\" || team == 'a'", Some(true)),
            ("app == 'web' && team != 'a'", Some(false)),
            ("has(team) && !has(debug)", Some(true)),
            ("team in {'a', 'b'}", Some(true)),
            ("team not in {'a'}", Some(false)),
            (
                "(app == 'x' || has(app)) && kubernetes.io/metadata.name == 'shop'",
                Some(true),
            ),
            ("app starts with 'we'", Some(true)),
            ("global()", Some(false)),
            ("app ~ 'web'", None),
        ] {
            assert_eq!(matches(selector, &labels), expected, "{selector}");
        }
    }
}
