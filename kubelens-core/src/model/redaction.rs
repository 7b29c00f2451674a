//! What is taken out of text and of objects before anybody else sees them.

mod forms;
mod names;
mod object;
mod printable;
mod private_key;

pub(crate) use forms::redact;
pub use names::is_secret_name;
pub(crate) use object::without_secrets;
pub(crate) use private_key::without_private_keys;

pub(crate) use printable::printable;

/// What stands in the place of a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// Longest text that enters a report, in characters.
const LONGEST: usize = 2000;

/// Text from a cluster, made safe to show: control and bidirectional characters removed, secrets
/// replaced by `[redacted]`, bounded in length.
pub fn safe_text(text: &str) -> String {
    let printable = printable(&without_private_keys(text));
    let mut redacted = redact(&printable);
    if let Some((end, _)) = redacted.char_indices().nth(LONGEST) {
        redacted.truncate(end);
        redacted.push('…');
    }
    redacted
}

#[cfg(test)]
mod tests {
    use super::safe_text;

    #[test]
    fn control_characters_and_escape_sequences_are_removed() {
        assert_eq!(
            safe_text("a\u{1b}[31mred\u{1b}[0m\u{7}\nb\u{202e}c"),
            "ared bc"
        );
        assert_eq!(safe_text("\u{1b}]0;title\u{7}x"), "x");
    }

    #[test]
    fn a_key_over_many_lines_leaves_the_words_behind_it() {
        assert_eq!(
            safe_text(
                "bad key\n-----BEGIN PRIVATE KEY-----\nMIIEvgIBADANBgkqhkiG9w0B\n-----END PRIVATE KEY-----\nexit"
            ),
            "bad key [redacted] exit"
        );
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(safe_text(&"x".repeat(5000)).chars().count(), 2001);
    }
}
