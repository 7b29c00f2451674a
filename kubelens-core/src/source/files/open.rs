//! Opens a stream: finds out by its first bytes what it is, and unpacks what is packed.

use std::io::{BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;

use super::documents::Documents;
use super::gather::Gathering;
use super::logs::{LogFile, tail};
use crate::source::json_items::JsonItems;
use crate::source::{SourceError, yaml_items};

/// How much is looked at to find out what a stream is.
const PEEKED: u64 = 8 * 1024;

/// How much is read at once.
const CHUNK: usize = 256 * 1024;

/// What manifests, and archives of them, are called in a directory.
pub(super) fn is_manifest_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let bare = lower.strip_suffix(".gz").unwrap_or(&lower);
    [
        ".json", ".yaml", ".yml", ".jsonl", ".ndjson", ".tar", ".tgz",
    ]
    .iter()
    .any(|ending| bare.ends_with(ending))
}

/// Reads a stream, whatever it turns out to be. What can be used of it is kept even where this fails.
pub(super) fn stream(
    place: &str,
    input: impl Read,
    gathering: &mut Gathering<'_>,
) -> Result<(), SourceError> {
    layer(place, Box::new(input), 0, gathering)
}

fn layer<'r>(
    place: &str,
    mut input: Box<dyn Read + 'r>,
    depth: usize,
    gathering: &mut Gathering<'_>,
) -> Result<(), SourceError> {
    let failed = |reason| SourceError::Read {
        place: place.to_owned(),
        reason,
    };
    let mut head = Vec::new();
    input
        .by_ref()
        .take(PEEKED)
        .read_to_end(&mut head)
        .map_err(failed)?;
    let looks = looks_like(&head);
    let input = Cursor::new(head).chain(input);
    match looks {
        Look::Gzip if depth < 2 => layer(
            place,
            Box::new(MultiGzDecoder::new(input)),
            depth + 1,
            gathering,
        ),
        Look::Tar if depth < 4 => members(place, input, depth + 1, gathering),
        Look::Json => json(place, input, gathering),
        Look::Text => yaml(place, input, gathering),
        Look::Nothing => Err(SourceError::Empty {
            place: place.to_owned(),
        }),
        Look::Gzip | Look::Tar => Err(no_manifest(place, "it is packed too many times")),
        Look::Other(what) => Err(no_manifest(place, what)),
    }
}

fn no_manifest(place: &str, detail: &str) -> SourceError {
    SourceError::NotAManifest {
        place: place.to_owned(),
        detail: detail.to_owned(),
    }
}

enum Look {
    Nothing,
    Gzip,
    Tar,
    Json,
    Text,
    Other(&'static str),
}

fn looks_like(head: &[u8]) -> Look {
    let text = head
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(head)
        .trim_ascii_start();
    if head.starts_with(&[0x1F, 0x8B]) {
        Look::Gzip
    } else if head.get(257..262) == Some(b"ustar") {
        Look::Tar
    } else if head.starts_with(&[0xFF, 0xFE]) || head.starts_with(&[0xFE, 0xFF]) {
        Look::Other("it is UTF-16; save it as UTF-8")
    } else if head.starts_with(b"PK\x03\x04") {
        Look::Other("it is a zip archive; unpack it and name the directory")
    } else if head.starts_with(&[0x28, 0xB5, 0x2F, 0xFD])
        || head.starts_with(b"\xFD7zXZ")
        || head.starts_with(b"BZh")
    {
        Look::Other("it is compressed, and not with gzip; unpack it first")
    } else if head.contains(&0) {
        Look::Other("it is binary")
    } else if text.is_empty() {
        // White space that goes on for longer than a glance is nothing either.
        Look::Nothing
    } else if is_json(text) {
        Look::Json
    } else {
        Look::Text
    }
}

/// YAML may begin with brackets too, but names its fields without quotes.
fn is_json(text: &[u8]) -> bool {
    let inner = text
        .iter()
        .find(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'{' | b'['));
    matches!(text.first(), Some(b'{' | b'[')) && matches!(inner, None | Some(b'"' | b'}' | b']'))
}

fn json(
    place: &str,
    mut input: impl Read,
    gathering: &mut Gathering<'_>,
) -> Result<(), SourceError> {
    let mut sink = Documents::new(place, gathering);
    let mut items = JsonItems::default();
    let mut chunk = vec![0; CHUNK];
    let malformed = |error: crate::source::json_items::JsonError| SourceError::Malformed {
        place: format!("{place}:{}", error.line),
        detail: error.detail.to_owned(),
    };
    let read = loop {
        match input.read(&mut chunk) {
            Ok(0) => break items.finish().map_err(malformed),
            Ok(length) => {
                let fed = items.feed(chunk.get(..length).unwrap_or_default(), &mut sink);
                if let Err(error) = fed {
                    break Err(malformed(error));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(reason) => {
                break Err(SourceError::Read {
                    place: place.to_owned(),
                    reason,
                });
            }
        }
    };
    sink.finish(read)
}

fn yaml(place: &str, input: impl Read, gathering: &mut Gathering<'_>) -> Result<(), SourceError> {
    let mut sink = Documents::new(place, gathering);
    let read =
        yaml_items::split(BufReader::with_capacity(CHUNK, input), &mut sink).map_err(|reason| {
            SourceError::Read {
                place: place.to_owned(),
                reason,
            }
        });
    sink.finish(read)
}

/// Reads the members of a tar archive. A broken member is a gap; a broken archive is an error.
fn members(
    place: &str,
    input: impl Read,
    depth: usize,
    gathering: &mut Gathering<'_>,
) -> Result<(), SourceError> {
    let failed = |reason| SourceError::Read {
        place: place.to_owned(),
        reason,
    };
    gathering.is_tree = true;
    let mut archive = tar::Archive::new(input);
    for member in archive.entries().map_err(failed)? {
        let mut member = member.map_err(failed)?;
        if !member.header().entry_type().is_file() {
            continue;
        }
        let name = String::from_utf8_lossy(&member.path_bytes()).into_owned();
        let name = name.trim_start_matches("./");
        if name.split('/').any(|part| part.starts_with('.')) {
            continue;
        }
        if let Some(log) = LogFile::of(name) {
            if let Ok(bytes) = tail(&mut member, &log) {
                gathering.log(&log, &bytes);
            }
        } else if is_manifest_name(name)
            && let Err(error) = layer(name, Box::new(&mut member), depth, gathering)
        {
            gathering.unreadable(name, error);
        }
    }
    Ok(())
}
