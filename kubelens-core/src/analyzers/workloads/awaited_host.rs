//! The host that a waiting program waits for, from its command and its log.

use super::command_line::command_line;
use crate::kubernetes::{Container, Kind, Namespace, Service};
use crate::model::ObjectRef;
use crate::snapshot::{Cluster, Lookup};

/// A host that something waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Awaited {
    /// The name, as written.
    pub(super) host: String,
    /// The port, where one is named.
    pub(super) port: Option<u16>,
    /// The Service that it means, where the name has the form of one.
    pub(super) service: Option<ObjectRef>,
    /// Whether that Service is proven not to be there.
    pub(super) is_absent: bool,
}

impl std::fmt::Display for Awaited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

/// The host that a container waits for: named by its command, or by a line of its log.
pub(super) fn awaited(
    cluster: &Cluster<'_>,
    namespace: &str,
    container: &Container,
    log: Option<&str>,
) -> Option<Awaited> {
    let command = command_line(container);
    let Named {
        host,
        port,
        is_prose,
    } = host_in(&with_variables(&command, container)).or_else(|| log.and_then(host_in))?;
    let service = service_of(cluster, namespace, &host);
    let is_absent = service.as_ref().is_some_and(|service| {
        let namespace = service.namespace.as_deref().unwrap_or_default();
        matches!(
            cluster.look_up::<Service>(namespace, &service.name),
            Lookup::Absent
        )
    });
    // "waiting for migrations": a word of a sentence is a host only where a Service bears it.
    if is_prose && (service.is_none() || is_absent) {
        return None;
    }
    Some(Awaited {
        host,
        port,
        service,
        is_absent,
    })
}

/// The text with the container's own variables filled in, where their values stand in the template.
fn with_variables(text: &str, container: &Container) -> String {
    let mut text = text.to_owned();
    for variable in &container.env {
        if variable.value.is_empty() {
            continue;
        }
        for form in [
            format!("${{{}}}", variable.name),
            format!("$({})", variable.name),
            format!("${}", variable.name),
        ] {
            text = text.replace(&form, &variable.value);
        }
    }
    text
}

/// A host as a text names it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    host: String,
    port: Option<u16>,
    /// Whether a sentence names it, and no more than one word: it may be anything.
    is_prose: bool,
}

/// Words before a host that is named without a port.
const ASKS: [&str; 10] = [
    "nslookup", "hosts", "host", "dig", "-h", "--host", "address", "resolve", "for", "ping",
];

/// Words that are followed by a number and are no host.
const NO_HOST: [&str; 8] = [
    "sleep", "timeout", "seq", "exit", "port", "attempt", "for", "after",
];

/// The first host in a command or a log line, with its port.
fn host_in(text: &str) -> Option<Named> {
    let separators = |c: char| c.is_whitespace() || "'\"`;|&()<>,[]{}=".contains(c);
    let words: Vec<&str> = text
        .split(separators)
        .filter(|word| !word.is_empty())
        .collect();
    let with_port = words.iter().enumerate().find_map(|(at, word)| {
        let next = words.get(at + 1).copied().unwrap_or_default();
        host_and_port(word).or_else(|| {
            let port = next
                .trim_end_matches(':')
                .parse()
                .ok()
                .filter(|port: &u16| *port >= 10)?;
            let may_be_host = is_host(word) && !NO_HOST.contains(word);
            may_be_host.then(|| ((*word).to_owned(), port))
        })
    });
    if let Some((host, port)) = with_port {
        return Some(Named {
            host,
            port: Some(port),
            is_prose: false,
        });
    }
    words
        .iter()
        .zip(words.iter().skip(1))
        .find_map(|(before, word)| {
            let host = word.trim_end_matches([':', '.']);
            let before = before.trim_end_matches(':');
            let is_named = ASKS.contains(&before) && is_host(host);
            is_named.then(|| Named {
                host: host.to_owned(),
                port: None,
                is_prose: before == "for" && !host.contains('.'),
            })
        })
}

/// `db:5432`, `http://db:5432/x`, `/dev/tcp/db/5432`, `http://db/x`.
fn host_and_port(word: &str) -> Option<(String, u16)> {
    if let Some(rest) = word.split("/dev/tcp/").nth(1) {
        let (host, port) = rest.split_once('/')?;
        return Some((host.to_owned(), port.parse().ok()?));
    }
    let (scheme, rest) = word.split_once("://").unwrap_or(("", word));
    let place = rest.split('/').next().unwrap_or_default();
    let place = place.rsplit('@').next().unwrap_or_default();
    let default = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let (host, port) = match place.split_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (place, default),
    };
    is_host(host)
        .then(|| port.map(|port| (host.to_owned(), port)))
        .flatten()
}

fn is_host(word: &str) -> bool {
    let has_letter = word.chars().any(|c| c.is_ascii_lowercase());
    let is_name = word
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.');
    has_letter && is_name && !word.starts_with(['-', '.']) && !word.ends_with('-')
}

/// The Service that a host name means inside a cluster: `db`, `db.shop`, `db.shop.svc…`.
fn service_of(cluster: &Cluster<'_>, namespace: &str, host: &str) -> Option<ObjectRef> {
    let mut labels = host.split('.');
    let name = labels.next()?;
    let in_namespace = match (labels.next(), labels.next()) {
        (None, _) => namespace,
        (Some(other), Some("svc")) => other,
        (Some(other), None) if cluster.get::<Namespace>("", other).is_some() => other,
        _ => return None,
    };
    Some(ObjectRef::namespaced(
        "v1",
        Kind::Service.as_str(),
        in_namespace,
        name,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_in_the_commands_that_wait_for_them() {
        let cases = [
            (
                "sh -c until nc -z -w2 redis 6379; do sleep 10; done",
                Some(("redis", Some(6379))),
            ),
            (
                "sh -c until nslookup redis.cache.svc.cluster.local; do echo waiting; sleep 2; done",
                Some(("redis.cache.svc.cluster.local", None)),
            ),
            ("wait-for-it.sh db:5432 -t 60", Some(("db", Some(5432)))),
            (
                "sh -c while ! curl -sf http://config-api:8080/ready; do sleep 1; done",
                Some(("config-api", Some(8080))),
            ),
            (
                "sh -c until pg_isready -h pg.data; do sleep 1; done",
                Some(("pg.data", None)),
            ),
            (
                "bash -c until (echo > /dev/tcp/mq/5672); do sleep 1; done",
                Some(("mq", Some(5672))),
            ),
            ("nc: bad address 'redis'", Some(("redis", None))),
            ("sleep 3600", None),
        ];
        for (text, expected) in cases {
            let found = host_in(text);
            let found = found
                .as_ref()
                .map(|named| (named.host.as_str(), named.port));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_word_of_a_sentence_is_told_from_an_address() {
        for (text, is_prose) in [
            ("waiting for migrations to finish", true),
            ("waiting for db.shop.svc", false),
            ("waiting for redis:6379", false),
            ("nc: bad address 'redis'", false),
        ] {
            let found = host_in(text).map(|named| named.is_prose);
            assert_eq!(found, Some(is_prose), "{text}");
        }
    }
}
