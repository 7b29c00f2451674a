//! Images, URLs and hosts as they stand in texts.

use std::collections::BTreeSet;
use std::net::IpAddr;

/// Repositories of images, by their names without tag and digest.
#[derive(Debug, Clone, Default)]
pub(super) struct Images {
    repositories: BTreeSet<String>,
    parts: BTreeSet<String>,
}

impl Images {
    pub(super) fn learn(&mut self, image: &str) {
        let path = path_of(image);
        if path.is_empty() || self.repositories.contains(path) {
            return;
        }
        self.repositories.insert(path.to_owned());
        if path.contains('/') {
            self.parts.extend(path.split('/').map(str::to_owned));
        }
    }

    /// Whether a text is one of them. A word alone is none: `redis` stands for many things.
    pub(super) fn are(&self, text: &str) -> bool {
        text.contains(['/', ':', '@']) && self.repositories.contains(path_of(text))
    }

    /// Whether a word is one of them where the text says that it is an image.
    pub(super) fn are_bare(&self, word: &str) -> bool {
        self.repositories.contains(word)
    }

    /// Whether a part of a path is one of an image of several parts.
    pub(super) fn have_part(&self, part: &str) -> bool {
        self.parts.contains(part)
    }
}

/// A URL, taken apart around its host.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Url<'a> {
    /// The scheme, and who calls.
    pub(super) lead: &'a str,
    pub(super) host: &'a str,
    pub(super) rest: &'a str,
}

impl<'a> Url<'a> {
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let start = text.find("://")? + "://".len();
        let behind = text.get(start..)?;
        let authority = behind.split(['/', '?', '#']).next()?;
        let start = start + authority.rfind('@').map_or(0, |at| at + 1);
        let (lead, from) = text.split_at_checked(start)?;
        let end = from.find([':', '/', '?', '#', '@']).unwrap_or(from.len());
        let (host, rest) = from.split_at_checked(end)?;
        Some(Self { lead, host, rest })
    }
}

/// Whether a letter may stand in an image or a URL.
pub(super) fn is_of_one(letter: char) -> bool {
    letter.is_alphanumeric() || "-._/:@".contains(letter)
}

/// Whether a text is the address of somebody's mail.
pub(super) fn is_of_mail(text: &str) -> bool {
    text.split_once('@').is_some_and(|(who, host)| {
        let is_plain = |part: &str| !part.is_empty() && !part.contains(['/', ':', '@']);
        is_plain(who) && is_plain(host) && host.contains('.')
    })
}

/// The registry that an image names.
pub(super) fn registry(image: &str) -> Option<String> {
    let name = without_scheme(image);
    let (first, _) = name.split_once('/')?;
    let host = first.split(':').next().unwrap_or(first);
    is_host(host).then(|| host.to_owned())
}

/// What stands before the port of a word: `db:5432/shop`.
fn before_port(word: &str) -> Option<&str> {
    let (host, port) = word.split_once(':')?;
    let port = port.split('/').next().unwrap_or(port);
    let is_port = port.len() > 1 && port.bytes().all(|byte| byte.is_ascii_digit());
    is_port.then_some(host)
}

/// The hosts that a text names as such: in URLs, and before a port.
pub(super) fn hosts(text: &str) -> Vec<String> {
    text.split(|letter| !is_of_one(letter))
        .filter_map(|word| Url::of(word).map_or_else(|| before_port(word), |url| Some(url.host)))
        .filter(|host| is_host(host))
        .map(str::to_owned)
        .collect()
}

fn is_host(text: &str) -> bool {
    text.contains('.') && text.parse::<IpAddr>().is_err() && !text.contains(['/', '@', '_'])
}

fn without_scheme(image: &str) -> &str {
    image.split_once("://").map_or(image, |(_, name)| name)
}

/// The path of an image in its registry, without tag and digest.
fn path_of(image: &str) -> &str {
    let name = without_scheme(image);
    let name = name.split('@').next().unwrap_or(name);
    let name = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => name,
    };
    let path = match name.split_once('/') {
        Some((first, path)) if first.contains(['.', ':']) || first == "localhost" => path,
        _ => name,
    };
    path.strip_prefix("library/").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::{Images, Url, hosts, registry};

    #[test]
    fn an_image_is_known_however_it_is_written() {
        let mut images = Images::default();
        images.learn("registry.acme.com:5000/shop/web:1.2");
        images.learn("redis:7");
        for image in [
            "registry.acme.com:5000/shop/web:1.2",
            "registry.acme.com:5000/shop/web@sha256:0a1b",
            "shop/web",
            "docker.io/library/redis:7",
            "redis:7",
        ] {
            assert!(images.are(image), "{image}");
        }
        assert!(!images.are("redis") && images.are_bare("redis"));
        assert!(!images.are("other/web:1"));
        assert_eq!(
            registry("registry.acme.com:5000/shop/web:1.2").as_deref(),
            Some("registry.acme.com")
        );
        assert_eq!(registry("shop/web:1.2"), None);
    }

    #[test]
    fn a_url_is_taken_apart_around_its_host() {
        let url = Url::of("https://me@idp.acme.com:8443/x@y");
        assert_eq!(
            url,
            Some(Url {
                lead: "https://me@",
                host: "idp.acme.com",
                rest: ":8443/x@y"
            })
        );
        assert_eq!(Url::of("idp.acme.com"), None);
    }

    #[test]
    fn hosts_are_told_by_a_scheme_or_a_port() {
        assert_eq!(
            hosts("--a=https://idp.acme.com/x --b=db.acme.com:5432 10.0.0.1:80 web:1.27 file.txt"),
            ["idp.acme.com", "db.acme.com"]
        );
    }
}
