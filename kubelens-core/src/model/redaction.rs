use std::sync::LazyLock;

use regex::Regex;

/// Longest text that enters a report, in characters.
const LONGEST: usize = 2000;

/// Text from a cluster, made safe to show: control and bidirectional characters removed, secrets
/// replaced by `[redacted]`, bounded in length.
pub fn safe_text(text: &str) -> String {
    let printable = printable(text);
    let mut redacted = redact(&printable);
    if let Some((end, _)) = redacted.char_indices().nth(LONGEST) {
        redacted.truncate(end);
        redacted.push('…');
    }
    redacted
}

/// Drops what could drive a terminal or reorder text on it; white space of any kind becomes one blank.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => skip_escape_sequence(&mut characters),
            '\n' | '\r' | '\t' => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}' => {}
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Skips an ANSI sequence: `ESC [ … letter`, `ESC ] … BEL`, or `ESC` and one character.
fn skip_escape_sequence(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match rest.next() {
        Some('[') => {
            for character in rest.by_ref() {
                if ('@'..='~').contains(&character) {
                    break;
                }
            }
        }
        Some(']') => {
            for character in rest.by_ref() {
                if character == '\u{7}' || character == '\u{9c}' {
                    break;
                }
            }
        }
        _ => {}
    }
}

/// Patterns of secrets; the part in `keep` stays, the rest is replaced.
static SECRETS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // Authorization headers
        r"(?i)(?P<keep>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}",
        // JSON web tokens
        r"(?P<keep>)\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*",
        // Credentials inside an address
        r"(?P<keep>[a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/@]*:)[^\s@/]+@",
        // key=value and key: value with a telling key
        r#"(?i)(?P<keep>\b[a-z0-9_.-]*(?:password|passwd|pwd|secret[_-]?key|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret|auth[_-]?token|access[_-]?token|refresh[_-]?token)["']?\s*(?:=|:\s?)["']?)[^\s"',;&}]{3,}"#,
        // Cloud key ids, forge tokens
        r"(?P<keep>)\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
        r"(?P<keep>)\b(?:gh[pousr]_[A-Za-z0-9]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abprs]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{20,})",
        // Private keys
        r"(?s)(?P<keep>)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

fn redact(text: &str) -> String {
    let mut out = text.to_owned();
    for pattern in SECRETS.iter() {
        if pattern.is_match(&out) {
            let replacement = if pattern.as_str().contains("://") {
                "${keep}[redacted]@"
            } else {
                "${keep}[redacted]"
            };
            out = pattern.replace_all(&out, replacement).into_owned();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{SECRETS, safe_text};

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(SECRETS.len(), 7);
    }

    #[test]
    fn control_characters_and_escape_sequences_are_removed() {
        assert_eq!(
            safe_text("a\u{1b}[31mred\u{1b}[0m\u{7}\nb\u{202e}c"),
            "ared bc"
        );
        assert_eq!(safe_text("\u{1b}]0;title\u{7}x"), "x");
    }

    #[test]
    fn secrets_are_replaced_and_the_key_stays() {
        assert_eq!(
            safe_text("Authorization: Bearer abcdefgh12345"),
            "Authorization: Bearer [redacted]"
        );
        assert_eq!(
            safe_text("DB_PASSWORD=hunter22 host=db"),
            "DB_PASSWORD=[redacted] host=db"
        );
        assert_eq!(
            safe_text("postgres://app:s3cret@db:5432/x"),
            "postgres://app:[redacted]@db:5432/x"
        );
        assert!(!safe_text("token eyJhbGciOiJI.eyJzdWIiOiIx.c2ln").contains("eyJ"));
    }

    #[test]
    fn ordinary_messages_stay_as_they_are() {
        let message = r#"secret "db-password" not found"#;
        assert_eq!(safe_text(message), message);
        let event = "couldn't find key password in Secret shop/db";
        assert_eq!(safe_text(event), event);
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(safe_text(&"x".repeat(5000)).chars().count(), 2001);
    }
}
