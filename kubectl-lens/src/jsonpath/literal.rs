//! Values written in the template itself: quoted text and numbers.

use serde_json::Value;

use super::{JsonPathError, cursor::Cursor, step::Action};

/// `"…"` or `'…'`, with Go's escapes: `\n`, `\t`, `\"`, `\x41`, `\u00e4`.
pub(super) fn quoted(cursor: &mut Cursor) -> Result<Action, JsonPathError> {
    let start = cursor.at();
    let quote = cursor.bump();
    let mut text = String::new();
    loop {
        let at = cursor.at();
        match cursor.bump() {
            None => return Err(unclosed_quote(start)),
            character if character == quote => return Ok(Action::Literal(text.into())),
            Some('\\') => text.push(escaped(cursor, at)?),
            Some(character) => text.push(character),
        }
    }
}

pub(super) fn unclosed_quote(at: usize) -> JsonPathError {
    JsonPathError::new(at, "this quote is never closed")
}

/// The character that an escape stands for; its `\` was read at `at`.
fn escaped(cursor: &mut Cursor, at: usize) -> Result<char, JsonPathError> {
    let unknown = || {
        JsonPathError::new(
            at,
            "this escape is not known (try \\n, \\t, \\\\, \\\" or \\u00e4)",
        )
    };
    let letter = cursor.bump().ok_or_else(unknown)?;
    let digits = match letter {
        'a' => return Ok('\u{7}'),
        'b' => return Ok('\u{8}'),
        'f' => return Ok('\u{c}'),
        'n' => return Ok('\n'),
        'r' => return Ok('\r'),
        't' => return Ok('\t'),
        'v' => return Ok('\u{b}'),
        '\\' | '\'' | '"' => return Ok(letter),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return Err(unknown()),
    };
    let hexadecimal: String = (0..digits).filter_map(|_| cursor.bump()).collect();
    u32::from_str_radix(&hexadecimal, 16)
        .ok()
        .and_then(char::from_u32)
        .ok_or_else(unknown)
}

/// `7`, `-1`, `0.5`.
pub(super) fn number(cursor: &mut Cursor) -> Result<Action, JsonPathError> {
    let at = cursor.at();
    let sign = if cursor.eat("-") {
        "-"
    } else {
        cursor.eat("+");
        ""
    };
    let digits = cursor.take_while(|character| character.is_ascii_digit() || character == '.');
    let text = format!("{sign}{digits}");
    let value = text
        .parse::<i64>()
        .map(Value::from)
        .or_else(|_| text.parse::<f64>().map(Value::from))
        .map_err(|_| JsonPathError::new(at, format!("`{text}` is not a number")))?;
    Ok(Action::Literal(value))
}
