//! Private keys in PEM go whole, also where they fill many lines and where one of their ends is cut off.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use super::REDACTED;

/// Longest key between its two markers, in bytes: one of 16384 bits with a prefix before each line is shorter.
const LONGEST: usize = 32 * 1024;

/// Fewer characters than this are a word, unless they end like a key.
const SHORTEST_LINE: usize = 24;

static MARKER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"-----(?:BEGIN|(?P<end>END)) [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----").ok()
});

/// What stands before a marker in its own line and belongs to the key: line ends may be blanks or `\n` there.
static TAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?:(?:[A-Za-z0-9+/]{24,}={0,2}(?:\s|\\+[nr])+)+(?:[A-Za-z0-9+/]+={0,2}(?:\s|\\+[nr])*)?|[A-Za-z0-9+/]+={1,2}(?:\s|\\+[nr])*)\z",
    )
    .ok()
});

/// The text without the private keys in it.
pub(crate) fn without_private_keys(text: &str) -> Cow<'_, str> {
    let Some(marker) = MARKER.as_ref().filter(|_| text.contains("PRIVATE KEY")) else {
        return Cow::Borrowed(text);
    };
    let between = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let mut markers = marker
        .captures_iter(text)
        .filter_map(|found| {
            let is_end = found.name("end").is_some();
            found.get(0).map(|whole| (whole.range(), is_end))
        })
        .peekable();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    while let Some((at, is_end)) = markers.next() {
        if is_end {
            // The key began before the text does.
            out.push_str(before_key(between(done, at.start)));
            out.push_str(REDACTED);
            done = at.end;
            continue;
        }
        out.push_str(between(done, at.start));
        out.push_str(REDACTED);
        let end = markers.next_if(|(next, is_end)| *is_end && next.start - at.end <= LONGEST);
        done = if let Some((end, _)) = end {
            end.end
        } else {
            let next = markers.peek().map_or(text.len(), |(next, _)| next.start);
            let rest = between(at.end, next);
            next - behind_key(rest).len()
        };
    }
    out.push_str(between(done, text.len()));
    Cow::Owned(out)
}

/// What follows a key without an end: all of its line belongs to it, and then the lines that look like it.
fn behind_key(text: &str) -> &str {
    let mut rest = text.find('\n').and_then(|at| text.get(at..)).unwrap_or("");
    while let Some(lines) = rest.strip_prefix('\n') {
        let line = lines.split('\n').next().unwrap_or_default();
        if !is_of_a_key(line) {
            break;
        }
        rest = lines.get(line.len()..).unwrap_or_default();
    }
    rest
}

/// What stands before a key without a beginning.
fn before_key(text: &str) -> &str {
    let in_line = TAIL
        .as_ref()
        .and_then(|tail| {
            let start = text.rfind('\n').map_or(0, |at| at + 1);
            let line = text.get(start..)?;
            tail.find(line).map(|found| start + found.start())
        })
        .and_then(|at| text.get(..at));
    let mut rest = in_line.unwrap_or(text);
    while let Some(lines) = rest.strip_suffix('\n') {
        let start = lines.rfind('\n').map_or(0, |at| at + 1);
        if !is_of_a_key(lines.get(start..).unwrap_or_default()) {
            break;
        }
        rest = lines.get(..start).unwrap_or_default();
    }
    rest
}

/// Whether a line is one of a key: nothing, a header, or text in base64 behind whatever stands before each line.
fn is_of_a_key(line: &str) -> bool {
    let line = line.trim();
    let word = line.split_whitespace().next_back().unwrap_or_default();
    let is_base64 = !word.is_empty()
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
    let has = |is: fn(&u8) -> bool| word.as_bytes().iter().any(is);
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase);
    line.is_empty()
        || ["Proc-Type:", "DEK-Info:", "Version:", "Comment:"]
            .iter()
            .any(|header| line.starts_with(header))
        || (is_base64
            && (word.ends_with('=')
                || word.starts_with('=')
                || (is_mixed && (word.len() >= SHORTEST_LINE || word == line))
                || word.len() >= 2 * SHORTEST_LINE))
}

#[cfg(test)]
mod tests {
    use super::{MARKER, TAIL, without_private_keys};

    const BODY: &str = "MIIEpAIBAAKCAQEAsecretPEMbody0123456789abcdefghijklmnopqrstuvwxyz";

    #[test]
    fn every_pattern_compiles() {
        assert!(MARKER.is_some() && TAIL.is_some());
    }

    #[test]
    fn a_key_goes_whole_and_what_is_around_it_stays() {
        for (text, expected) in [
            (
                format!(
                    "start\n-----BEGIN RSA PRIVATE KEY-----\n{BODY}\nAb3=\n-----END RSA PRIVATE KEY-----\npanic: exit"
                ),
                "start\n[redacted]\npanic: exit",
            ),
            (
                format!(
                    "web | -----BEGIN PGP PRIVATE KEY BLOCK-----\nweb | {BODY}\nweb | -----END PGP PRIVATE KEY BLOCK-----\nbye"
                ),
                "web | [redacted]\nbye",
            ),
            (
                format!(
                    r#"{{"private_key":"-----BEGIN PRIVATE KEY-----\n{BODY}\n-----END PRIVATE KEY-----\n","x":1}}"#
                ),
                r#"{"private_key":"[redacted]\n","x":1}"#,
            ),
        ] {
            assert_eq!(without_private_keys(&text), expected);
        }
    }

    #[test]
    fn a_key_that_is_cut_off_goes_as_far_as_it_is_there() {
        for (text, expected) in [
            (
                format!("a\n-----BEGIN PRIVATE KEY-----\n{BODY}\n{BODY}\nAb3xy\npanic: exit\nbye"),
                "a\n[redacted]\npanic: exit\nbye",
            ),
            (
                format!("a\n{BODY}\n{BODY}\nAbc=\n-----END PRIVATE KEY-----\nbye"),
                "a\n[redacted]\nbye",
            ),
            (
                format!("bad key {BODY} {BODY} Abc= -----END PRIVATE KEY-----, bye"),
                "bad key [redacted], bye",
            ),
            (
                format!("bad key -----BEGIN PRIVATE KEY----- {BODY} {BODY}"),
                "bad key [redacted]",
            ),
            (
                format!(
                    "-----BEGIN PRIVATE KEY-----\n{BODY}\nlost\n-----BEGIN PRIVATE KEY-----\n{BODY}\n-----END PRIVATE KEY-----"
                ),
                "[redacted]\nlost\n[redacted]",
            ),
        ] {
            assert_eq!(without_private_keys(&text), expected);
        }
    }

    #[test]
    fn certificates_and_words_stay() {
        for text in [
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "tls: private key does not match public key",
            "no PRIVATE KEY in the file",
        ] {
            assert_eq!(without_private_keys(text), text);
        }
    }
}
