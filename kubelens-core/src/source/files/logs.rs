//! Where container logs are found.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::snapshot::{ContainerLog, LogKey};
use crate::source::LogLimits;

/// Longest file of logs of several containers that is looked through.
const LONGEST_DUMP: u64 = 64 * 1024 * 1024;

/// What a log file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LogFile {
    /// One run of one container.
    Container(LogKey),
    /// The logs of all containers of a pod, as `kubectl cluster-info dump` writes them.
    Pod { namespace: String, pod: String },
}

impl LogFile {
    /// What the file of this path holds, if it is a log of a container.
    ///
    /// `<ns>/<pod>/<container>.log` and `.previous.log`; `namespaces/<ns>/pods/<pod>/<container>/<container>/
    /// logs/current.log` and `previous.log` (must-gather); `pods/logs/<ns>/<pod>/<container>.log` and
    /// `-previous.log` (support bundle); `<ns>/<pod>/logs.txt` (cluster-info dump).
    pub(super) fn of(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        let container = |namespace: &str, pod: &str, container: &str, previous| {
            Some(Self::Container(LogKey {
                namespace: namespace.to_owned(),
                pod: pod.to_owned(),
                container: container.to_owned(),
                previous,
            }))
        };
        match parts.as_slice() {
            [
                ..,
                "namespaces",
                namespace,
                "pods",
                pod,
                _,
                name,
                "logs",
                file,
            ] => match *file {
                "current.log" => container(namespace, pod, name, false),
                "previous.log" => container(namespace, pod, name, true),
                _ => None,
            },
            [.., "pods", "logs", namespace, pod, file] => {
                let name = file.strip_suffix(".log")?;
                match name.strip_suffix("-previous") {
                    Some(name) => container(namespace, pod, name, true),
                    None => container(namespace, pod, name, false),
                }
            }
            [.., namespace, pod, "logs.txt"] => Some(Self::Pod {
                namespace: (*namespace).to_owned(),
                pod: (*pod).to_owned(),
            }),
            [.., namespace, pod, file] => {
                let name = file.strip_suffix(".log")?;
                match name.strip_suffix(".previous") {
                    Some(name) => container(namespace, pod, name, true),
                    None => container(namespace, pod, name, false),
                }
            }
            _ => None,
        }
    }

    /// The logs in it.
    pub(super) fn read(&self, bytes: &[u8]) -> Vec<(LogKey, ContainerLog)> {
        let lines = LogLimits::default().lines;
        match self {
            Self::Container(key) => vec![(key.clone(), ContainerLog::from_bytes(bytes, lines))],
            Self::Pod { namespace, pod } => sections(bytes)
                .map(|(container, text)| {
                    let key = LogKey {
                        namespace: namespace.clone(),
                        pod: pod.clone(),
                        container: container.to_owned(),
                        previous: false,
                    };
                    (key, ContainerLog::from_bytes(text, lines))
                })
                .collect(),
        }
    }

    const fn longest(&self) -> u64 {
        match self {
            Self::Container(_) => 64 * 1024,
            Self::Pod { .. } => LONGEST_DUMP,
        }
    }
}

/// The parts of a dump between `==== START logs for container NAME of pod …` and `==== END …`.
fn sections(bytes: &[u8]) -> impl Iterator<Item = (&str, &[u8])> {
    const START: &[u8] = b"==== START logs for container ";
    memchr::memmem::find_iter(bytes, START).filter_map(move |at| {
        let rest = bytes.get(at + START.len()..)?;
        let line = rest.split(|byte| *byte == b'\n').next()?;
        let name = std::str::from_utf8(line).ok()?.split(' ').next()?;
        let text = rest.get(line.len() + 1..)?;
        let end = memchr::memmem::find(text, b"==== END logs for container ").unwrap_or(text.len());
        Some((name, text.get(..end)?))
    })
}

/// The last bytes of a stream.
pub(super) fn tail(mut input: impl Read, log: &LogFile) -> std::io::Result<Vec<u8>> {
    let longest = usize::try_from(log.longest()).unwrap_or(usize::MAX);
    let mut kept = Vec::new();
    loop {
        let read = input.by_ref().take(log.longest()).read_to_end(&mut kept)?;
        let surplus = kept.len().saturating_sub(longest);
        kept.drain(..surplus);
        if read == 0 {
            return Ok(kept);
        }
    }
}

/// The last bytes of a file.
pub(super) fn tail_of_file(path: &Path, log: &LogFile) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(log.longest())))?;
    let mut bytes = Vec::new();
    file.take(log.longest()).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(namespace: &str, pod: &str, container: &str, previous: bool) -> LogKey {
        LogKey {
            namespace: namespace.to_owned(),
            pod: pod.to_owned(),
            container: container.to_owned(),
            previous,
        }
    }

    #[test]
    fn every_layout_says_whose_log_it_is() {
        let cases = [
            ("shop/web-1/app.log", key("shop", "web-1", "app", false)),
            (
                "shop/web-1/app.previous.log",
                key("shop", "web-1", "app", true),
            ),
            (
                "mg/namespaces/shop/pods/web-1/app/app/logs/current.log",
                key("shop", "web-1", "app", false),
            ),
            (
                "mg/namespaces/shop/pods/web-1/app/app/logs/previous.log",
                key("shop", "web-1", "app", true),
            ),
            (
                "b/cluster-resources/pods/logs/shop/web-1/app.log",
                key("shop", "web-1", "app", false),
            ),
            (
                "b/cluster-resources/pods/logs/shop/web-1/app-previous.log",
                key("shop", "web-1", "app", true),
            ),
        ];
        for (path, key) in cases {
            assert_eq!(LogFile::of(path), Some(LogFile::Container(key)), "{path}");
        }
        assert_eq!(LogFile::of("shop/pods.json"), None);
        assert_eq!(LogFile::of("app.log"), None);
    }

    #[test]
    fn a_dump_of_a_pod_is_taken_apart_by_container() {
        let log = LogFile::Pod {
            namespace: "shop".to_owned(),
            pod: "web-1".to_owned(),
        };
        let text = b"==== START logs for container a of pod shop/web-1 ====\none\ntwo\n==== END logs for container a of pod shop/web-1 ====\n==== START logs for container b of pod shop/web-1 ====\nthree\n==== END logs for container b of pod shop/web-1 ====\n";
        let lines: Vec<_> = log
            .read(text)
            .into_iter()
            .map(|(key, log)| (key.container, log.lines))
            .collect();
        assert_eq!(
            lines,
            [
                ("a".to_owned(), vec!["one".to_owned(), "two".to_owned()]),
                ("b".to_owned(), vec!["three".to_owned()])
            ]
        );
    }
}
