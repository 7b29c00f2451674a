//! What may reach a terminal.

use std::borrow::Cow;

/// `text` without anything that drives a terminal or reorders what stands on it.
///
/// Names, log lines and events are written by whoever may write to the cluster. The core cleans
/// what it quotes; this is the last door, for everything. White space of any kind becomes a blank.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_dangerous) {
        return Cow::Borrowed(text);
    }
    text.chars()
        .filter_map(|character| match character {
            '\n' | '\r' | '\t' => Some(' '),
            other if is_dangerous(other) => None,
            other => Some(other),
        })
        .collect::<String>()
        .into()
}

/// Control characters, and the invisible ones that hide or reorder text.
pub(crate) fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::printable;

    #[test]
    fn ordinary_text_is_not_even_copied() {
        assert!(matches!(
            printable("größer → ok"),
            Cow::Borrowed("größer → ok")
        ));
    }

    #[test]
    fn escape_sequences_lose_their_power_and_stay_visible() {
        assert_eq!(printable("a\u{1b}[2Jb\u{9b}31mc\u{7}"), "a[2Jb31mc");
    }

    #[test]
    fn text_cannot_be_reordered_or_hidden() {
        assert_eq!(printable("safe\u{202e}exe.txt\u{200b}"), "safeexe.txt");
    }

    #[test]
    fn line_breaks_become_blanks() {
        assert_eq!(printable("one\r\n\ttwo"), "one   two");
    }
}
