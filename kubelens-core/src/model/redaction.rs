use std::sync::LazyLock;

use regex::{Captures, Regex};

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
pub(crate) fn printable(text: &str) -> String {
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
            '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
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

/// Patterns of secrets; what is in `keep` before it and in `rest` behind it stays.
static SECRETS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // Authorization headers
        r"(?i)(?P<keep>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}",
        // JSON web tokens
        r"(?P<keep>)\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*",
        // Credentials inside an address
        r"(?P<keep>[a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/@]*:)[^\s@/]+(?P<rest>@)",
        // key=value and key: value with a telling key
        r#"(?i)(?P<keep>\b[a-z0-9_.-]*(?:password|passwd|pwd|secret[_-]?key|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret|auth[_-]?token|access[_-]?token|refresh[_-]?token)["']?\s*(?:=|:\s?)["']?)[^\s"',;&}]{3,}"#,
        // A flag with a telling name and its value
        r#"(?i)(?P<keep>(?:^|\s)--?(?:[a-z0-9]+-)*(?:password|passwd|passphrase|pwd|token|api-?key|access-?key|secret-?key|client-secret)(?:=|\s+)["']?)[^\s"'-][^\s"']{2,}"#,
        // Assignments whose name says nothing more than what it is
        r#"(?P<keep>\b[A-Z0-9_]*(?:TOKEN|SECRET|CREDENTIALS?|PASS)=["']?)[^\s"';]{3,}"#,
        r#"(?P<keep>(?:^|[\s,;("'])(?:token|secret)=["']?)[^\s"',;&)]{4,}"#,
        // What signs an address
        r#"(?i)(?P<keep>[?&](?:sig|signature|token|key|x-amz-signature|x-amz-security-token|x-goog-signature)=)[^\s&"']{8,}"#,
        // Who calls, where the address names nobody but a key
        r"(?P<keep>[a-zA-Z][a-zA-Z0-9+.-]*://)[^\s:/@]{16,}(?P<rest>@)",
        // Credentials of a database's address without a scheme
        r"(?P<keep>\b[^\s:/@]+:)[^\s:/@]+(?P<rest>@(?:tcp|unix)\()",
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

/// The text with secrets replaced by `[redacted]`, and nothing else changed.
pub(crate) fn redact(text: &str) -> String {
    let mut out = text.to_owned();
    // No secret that has a form is shorter.
    if text.len() < 8 {
        return out;
    }
    for pattern in SECRETS.iter() {
        if pattern.is_match(&out) {
            // A group that the pattern does not have is empty.
            out = pattern
                .replace_all(&out, |found: &Captures<'_>| hidden(found))
                .into_owned();
        }
    }
    out
}

/// What stands in the place of a secret. The next link of a chain of errors is none: `invalid username/password:
/// unauthorized: …`.
fn hidden(found: &Captures<'_>) -> String {
    let group = |name| found.name(name).map_or("", |group| group.as_str());
    let whole = found.get(0).map_or("", |all| all.as_str());
    let (keep, rest) = (group("keep"), group("rest"));
    let value = whole.strip_prefix(keep).unwrap_or(whole);
    let is_a_reason = value
        .strip_suffix(':')
        .is_some_and(|word| REASONS.contains(&word));
    if keep.ends_with(": ") && is_a_reason {
        whole.to_owned()
    } else {
        format!("{keep}[redacted]{rest}")
    }
}

/// How a link of a chain of errors begins that says why a login was refused.
const REASONS: [&str; 5] = [
    "authentication",
    "denied",
    "forbidden",
    "invalid",
    "unauthorized",
];

/// Parts of a name that say that its value is nobody's business.
const SECRET_PARTS: [&str; 7] = [
    "PASS",
    "PWD",
    "SECRET",
    "TOKEN",
    "CREDENTIAL",
    "PRIVATE",
    "SIGNATURE",
];

/// Words of a name that say so only where they stand alone.
const SECRET_WORDS: [&str; 4] = ["KEY", "AUTH", "AUTHORIZATION", "SALT"];

/// Last words of names that speak about a secret and do not hold it.
const ABOUT_SECRETS: [&str; 18] = [
    "URL", "URI", "HOST", "HOSTNAME", "ADDR", "ADDRESS", "ENDPOINT", "SERVICE", "PORT", "FILE",
    "PATH", "DIR", "NAME", "ENABLED", "TTL", "TIMEOUT", "MODE", "TYPE",
];

/// Whether a variable, a flag or a field of this name holds a secret: `DB_PASSWORD`, `--api-key`; not
/// `TOKEN_URL`, which says where to get one.
pub fn is_secret_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let mut words = upper
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let is_secret = words.clone().any(|word| {
        SECRET_WORDS.contains(&word)
            || word.ends_with("APIKEY")
            || word.ends_with("ACCESSKEY")
            || SECRET_PARTS.iter().any(|part| word.contains(part))
    });
    is_secret
        && words
            .next_back()
            .is_some_and(|last| !ABOUT_SECRETS.contains(&last))
}

#[cfg(test)]
mod tests {
    use super::{SECRETS, is_secret_name, safe_text};

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(SECRETS.len(), 13);
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
        for (text, expected) in [
            (
                "mysqld --password hunter22 --port 3306",
                "mysqld --password [redacted] --port 3306",
            ),
            ("app --api-key=abc123 -v", "app --api-key=[redacted] -v"),
            (
                "https://0123456789abcdef@sentry.example/4",
                "https://[redacted]@sentry.example/4",
            ),
            (
                "root:hunter22@tcp(db:3306)/shop",
                "root:[redacted]@tcp(db:3306)/shop",
            ),
            (
                "export API_TOKEN=hunter22; run",
                "export API_TOKEN=[redacted]; run",
            ),
            (
                "login failed: token=hunter22",
                "login failed: token=[redacted]",
            ),
            (
                "GET /x?expires=1&sig=Zm9vYmFyYmF6 failed",
                "GET /x?expires=1&sig=[redacted] failed",
            ),
        ] {
            assert_eq!(safe_text(text), expected);
        }
        assert!(!safe_text("token eyJhbGciOiJI.eyJzdWIiOiIx.c2ln").contains("eyJ"));
    }

    #[test]
    fn ordinary_messages_stay_as_they_are() {
        let message = r#"secret "db-password" not found"#;
        assert_eq!(safe_text(message), message);
        for message in [
            "error: unexpected token: }",
            "--token --verbose",
            "nginx:1.27@sha256:0123456789abcdef",
            "ssh://git@example.com/repo",
            "invalid username/password: unauthorized: authentication required",
        ] {
            assert_eq!(safe_text(message), message);
        }
        let event = "couldn't find key password in Secret shop/db";
        assert_eq!(safe_text(event), event);
    }

    #[test]
    fn a_name_tells_whether_its_value_is_a_secret() {
        for name in [
            "DB_PASSWORD",
            "dbPassword",
            "--api-key",
            "AWS_ACCESS_KEY_ID",
            "BASIC_AUTH",
            "STRIPE_KEY",
            "GITHUB_TOKEN",
            "client-secret",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "TOKEN_URL",
            "AUTH_SERVICE_HOST",
            "--tls-private-key-file",
            "KEYCLOAK_ADMIN",
            "--authorization-mode",
            "MONKEYS",
            "DB_HOST",
            "",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(safe_text(&"x".repeat(5000)).chars().count(), 2001);
    }
}
