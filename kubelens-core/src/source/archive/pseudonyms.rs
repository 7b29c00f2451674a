//! Other names for names, the same one for the same name everywhere.
//!
//! A name is taken apart at everything that is no letter or digit, and each part gets a word of its own that depends on
//! the part and the key alone. So what hangs together by its name still does: `data-db-0` is a claim of `db-0`, which is
//! a pod of `db`. Numbers, random endings and the vocabulary of Kubernetes itself stay: they name nobody, and messages
//! are read by them.

mod fields;
mod vocabulary;

use std::collections::BTreeSet;

use serde_json::Value;
use sha2::{Digest, Sha256};

use vocabulary::is_vocabulary;

/// What random endings of names consist of. Source: `apimachinery/pkg/util/rand`.
const RANDOM: &str = "bcdfghjklmnpqrstvwxz2456789";

/// Words for names, by a key.
#[derive(Clone)]
pub struct Pseudonyms {
    key: String,
    /// The names that stand in objects, to be found in texts.
    known: BTreeSet<String>,
}

impl std::fmt::Debug for Pseudonyms {
    /// Without the key: who has it can test whether a word stands for a name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pseudonyms")
            .field("known", &self.known.len())
            .finish_non_exhaustive()
    }
}

impl Pseudonyms {
    /// The same key gives the same words.
    pub fn new(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            known: BTreeSet::new(),
        }
    }

    /// The name with every part that names something replaced: `shop-web-0` becomes `bakimetoru-…-0`.
    pub fn name(&self, name: &str) -> String {
        let mut out = String::with_capacity(name.len() * 2);
        let mut rest = name;
        while let Some(start) = rest.find(|letter: char| letter.is_alphanumeric()) {
            let (between, from) = rest.split_at(start);
            out.push_str(between);
            let end = from
                .find(|letter: char| !letter.is_alphanumeric())
                .unwrap_or(from.len());
            let (part, after) = from.split_at(end);
            out.push_str(&self.part(part));
            rest = after;
        }
        out.push_str(rest);
        out
    }

    fn part(&self, part: &str) -> String {
        if stays(part) {
            part.to_owned()
        } else {
            self.word(part)
        }
    }

    /// Ten letters that can be spoken: about three thousand million words, so that two parts hardly share one.
    fn word(&self, part: &str) -> String {
        const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
        const VOWELS: &[u8; 4] = b"aiou";
        let mut hasher = Sha256::new();
        hasher.update(self.key.len().to_le_bytes());
        hasher.update(self.key.as_bytes());
        hasher.update(part.as_bytes());
        hasher
            .finalize()
            .iter()
            .take(5)
            .flat_map(|byte| {
                let consonant = CONSONANTS.get(usize::from(byte & 15)).copied();
                let vowel = VOWELS.get(usize::from((byte >> 4) & 3)).copied();
                [consonant.unwrap_or(b'b'), vowel.unwrap_or(b'a')]
            })
            .map(char::from)
            .collect()
    }

    /// An image with its registry and repository replaced; tag and digest stay.
    fn image(&self, image: &str) -> String {
        let (name, digest) = match image.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (image, None),
        };
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (name, None),
        };
        let mut out = self.name(name);
        for (mark, part) in [(':', tag), ('@', digest)] {
            if let Some(part) = part {
                out.push(mark);
                out.push_str(part);
            }
        }
        out
    }

    /// Notes every name that stands in the object, for [`Pseudonyms::text`] to find.
    pub(super) fn learn(&mut self, object: &Value) {
        fields::names(object, &mut |name| {
            if !self.known.contains(name) {
                self.known.insert(name.to_owned());
            }
        });
    }

    /// Notes one name.
    pub(super) fn learn_name(&mut self, name: &str) {
        self.known.insert(name.to_owned());
    }

    /// Replaces the names in an object's fields and texts.
    pub(super) fn object(&self, object: &mut Value) {
        fields::replace(self, object);
    }

    /// Free text with the names replaced that objects have. Other words stay: messages are read by them.
    pub(super) fn text(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(is_of_a_name) {
            let (between, from) = rest.split_at(start);
            out.push_str(between);
            let end = from
                .find(|letter| !is_of_a_name(letter))
                .unwrap_or(from.len());
            let (word, after) = from.split_at(end);
            out.push_str(&self.word_of_text(word));
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// A word of a text: a name, a name with something behind it, or a host whose parts are names.
    fn word_of_text(&self, word: &str) -> String {
        let name = word.trim_end_matches(['.', '-']);
        if self.known.contains(name) {
            return self.name(word);
        }
        if name.contains('.') {
            let is_host = name.split('.').any(|part| self.known.contains(part));
            return if is_host {
                self.name(word)
            } else {
                word.to_owned()
            };
        }
        // Names that were made from a known one: `web-6d4-x2x`, `web-`.
        let is_made = name.match_indices('-').any(|(at, _)| {
            name.get(..at)
                .is_some_and(|before| self.known.contains(before))
        });
        if is_made {
            self.name(word)
        } else {
            word.to_owned()
        }
    }
}

fn is_of_a_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '-' || letter == '.'
}

/// Whether a part of a name stays: it is a number, a word of Kubernetes' own, or random already.
fn stays(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_digit())
        || is_vocabulary(part)
        || (part.len() >= 4
            && part.bytes().any(|byte| byte.is_ascii_digit())
            && part.chars().all(|letter| RANDOM.contains(letter)))
}

#[cfg(test)]
mod tests {
    use super::Pseudonyms;

    #[test]
    fn the_same_part_gets_the_same_word_and_another_key_another() {
        let names = Pseudonyms::new("k");
        let db = names.name("db");
        assert_eq!(
            names.name("data-db-0"),
            format!("{}-{db}-0", names.name("data"))
        );
        assert_ne!(db, "db");
        assert_ne!(Pseudonyms::new("other").name("db"), db);
        assert_eq!(names.name("kube-system"), "kube-system");
        assert_eq!(
            names.name("web-6d4f9-x2x7b").rsplit('-').next(),
            Some("x2x7b")
        );
    }

    #[test]
    fn an_image_keeps_tag_and_digest() {
        let names = Pseudonyms::new("k");
        let image = names.image("registry.acme.com:5000/shop/web:v1.2@sha256:0a1b");
        assert!(image.ends_with(":v1.2@sha256:0a1b"), "{image}");
        assert!(
            !image.contains("acme") && !image.contains("shop"),
            "{image}"
        );
        assert!(names.image("registry.acme.com:5000/web").contains(":5000/"));
    }

    #[test]
    fn texts_lose_known_names_and_no_other_words() {
        let mut names = Pseudonyms::new("k");
        for name in ["web-config", "shop", "web", "postgres"] {
            names.learn_name(name);
        }
        let said = names.text("Error: configmap \"web-config\" not found for web-6d4-x2x_shop(uid), lookup postgres.shop.svc on 10.0.0.1");
        assert!(said.starts_with("Error: configmap \""), "{said}");
        assert!(
            said.contains("\" not found for ")
                && said.contains("(uid), lookup ")
                && said.ends_with(".svc on 10.0.0.1"),
            "{said}"
        );
        for name in ["web", "shop", "postgres"] {
            assert!(!said.contains(name), "{said}");
        }
    }
}
