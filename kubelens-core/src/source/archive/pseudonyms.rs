//! Other names for names, the same one for the same name everywhere.
//!
//! A name is taken apart at everything that is no letter or digit, and each part gets a word of its own that depends on
//! the part and the key alone. So what hangs together by its name still does: `data-db-0` is a claim of `db-0`, which is
//! a pod of `db`. Numbers, random endings and the vocabulary of Kubernetes itself stay: they name nobody, and messages
//! are read by them.

mod addresses;
mod fields;
mod vocabulary;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use sha2::{Digest, Sha256};

use addresses::Images;
use fields::Holds;
use vocabulary::is_vocabulary;

/// What random endings of names consist of. Source: `apimachinery/pkg/util/rand`.
const RANDOM: &str = "bcdfghjklmnpqrstvwxz2456789";

/// Random in whole, though its parts do not look so: `pvc-` and an identifier name a volume before it is there.
static IDENTIFIER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").ok()
});

/// Words for names, by a key.
#[derive(Clone)]
pub struct Pseudonyms {
    key: String,
    /// The names and hosts that stand in objects, to be found in texts.
    known: BTreeSet<String>,
    images: Images,
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
            images: Images::default(),
        }
    }

    /// The name with every part that names something replaced: `shop-web-0` becomes `bakimetoru-…-0`.
    pub fn name(&self, name: &str) -> String {
        let identifier = IDENTIFIER.as_ref().and_then(|one| one.find(name));
        match identifier {
            Some(found) => {
                let (before, from) = name.split_at(found.start());
                let after = from.get(found.len()..).unwrap_or_default();
                self.parts(before) + found.as_str() + &self.name(after)
            }
            None => self.parts(name),
        }
    }

    fn parts(&self, name: &str) -> String {
        by_words(name, char::is_alphanumeric, |_, part| self.part(part))
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

    /// Notes every name, image and host that stands in the object, for [`Pseudonyms::text`] to find.
    pub(super) fn learn(&mut self, object: &Value) {
        fields::each(object, &mut |holds, text| match holds {
            Holds::Name => {
                if !self.known.contains(text) {
                    self.known.insert(text.to_owned());
                }
            }
            Holds::Image => {
                self.known.extend(addresses::registry(text));
                self.images.learn(text);
            }
            Holds::Text => self.known.extend(addresses::hosts(text)),
            Holds::Plain => {}
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

    /// Free text with the names replaced that objects have, and with every address. Other words stay: messages are
    /// read by them.
    pub(super) fn text(&self, text: &str) -> String {
        by_words(text, addresses::is_of_one, |before, word| {
            self.address(before, word)
        })
    }

    /// An image, a URL, a mail's address, or words with signs between them.
    fn address(&self, before: &str, text: &str) -> String {
        let image = text.trim_end_matches(['.', ':', '/', '@', '-']);
        let is_image =
            self.images.are(image) || (before.ends_with("image \"") && self.images.are_bare(image));
        if is_image {
            let end = text.get(image.len()..).unwrap_or_default();
            return self.image(image) + end;
        }
        if addresses::is_of_mail(image) {
            return self.name(text);
        }
        match addresses::Url::of(text) {
            Some(url) => self.words(url.lead) + &self.name(url.host) + &self.path(url.rest),
            None => self.words(text),
        }
    }

    /// The path of a URL, in which parts of images are names too: `/v2/shop/web/manifests/1`.
    fn path(&self, path: &str) -> String {
        path.split_inclusive('/')
            .map(|part| {
                let name = part.trim_end_matches('/');
                if self.images.have_part(name) {
                    self.name(part)
                } else {
                    self.words(part)
                }
            })
            .collect()
    }

    fn words(&self, text: &str) -> String {
        by_words(text, is_of_a_name, |_, word| self.word_of_text(word))
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

/// The text with every run of such letters changed, which is told what stands before it.
fn by_words(
    text: &str,
    is_of_one: impl Fn(char) -> bool,
    change: impl Fn(&str, &str) -> String,
) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(start) = rest.find(&is_of_one) {
        let (between, from) = rest.split_at(start);
        out.push_str(between);
        let end = from.find(|letter| !is_of_one(letter)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        let before = text.get(..text.len() - from.len()).unwrap_or_default();
        out.push_str(&change(before, word));
        rest = after;
    }
    out.push_str(rest);
    out
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
    fn an_identifier_stays_wherever_it_stands() {
        let names = Pseudonyms::new("k");
        let volume = "pvc-dec0da7a-c878-484c-a16b-755e7b8848cd";
        assert_eq!(names.name(volume), volume);
        let helper = names.name(&format!("shop-{volume}-x"));
        assert!(
            helper.contains(volume) && !helper.contains("shop"),
            "{helper}"
        );
    }

    #[test]
    fn texts_lose_images_and_hosts_as_the_objects_do() {
        let mut names = Pseudonyms::new("k");
        let pod = serde_json::json!({"kind": "Pod", "spec": {"containers": [{
            "image": "registry.acmecorp.com/acmeteam/acmeimg:1.2",
            "args": ["--idp=https://idp.acmecorp.com/login", "--db=db.acmecorp.com:5432"],
            "env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "acmesecret", "key": "k"}}}],
        }, {"image": "acmetool"}]}});
        names.learn(&pod);
        let mut written = pod;
        names.object(&mut written);
        assert!(!written.to_string().contains("acme"), "{written}");
        for (text, kept) in [
            (
                "Back-off pulling image \"registry.acmecorp.com/acmeteam/acmeimg:1.2\": not found",
                ":1.2\": not found",
            ),
            (
                "Get \"https://registry.acmecorp.com/v2/acmeteam/acmeimg/manifests/1.2\": x",
                "/v2/",
            ),
            (
                "dial tcp: lookup db.acmecorp.com: no such host",
                "dial tcp: lookup ",
            ),
            ("ask me.acme@acmecorp.com.", "ask "),
            ("Pulling image \"acmetool\"", "Pulling image \""),
            (
                "GET https://other.acmecorp.com:8443/x failed",
                ":8443/x failed",
            ),
            (
                "couldn't find key k in Secret shop/acmesecret",
                "couldn't find key k in Secret shop/",
            ),
        ] {
            let said = names.text(text);
            assert!(!said.contains("acme") && said.contains(kept), "{said}");
        }
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
