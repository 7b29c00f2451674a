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
