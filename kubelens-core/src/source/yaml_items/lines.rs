//! What can be seen of YAML without parsing it.

use memchr::memchr_iter;

/// How many blanks stand before the text of a line.
pub(super) fn indentation(line: &[u8]) -> usize {
    line.iter().take_while(|byte| **byte == b' ').count()
}

/// How a file in UTF-8 may begin; it is no part of the text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The line without the mark of a file in front.
pub(super) fn without_mark(line: &mut [u8]) -> &mut [u8] {
    let marked = if line.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    };
    line.get_mut(marked..).unwrap_or_default()
}

/// Whether there is nothing but white space and comments.
pub(super) fn is_blank(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').all(|line| {
        let line = line.trim_ascii();
        line.is_empty() || line.starts_with(b"#") || line.starts_with(b"%")
    })
}

/// The plain or quoted value of a field of the outermost mapping; empty where it holds more than that.
pub(super) fn field<'a>(text: &'a [u8], name: &str) -> Option<&'a str> {
    let mut outermost = None;
    for line in text.split(|byte| *byte == b'\n') {
        let indent = indentation(line);
        let line = line.get(indent..).unwrap_or_default();
        if line.is_empty() || line.starts_with(b"#") || line.starts_with(b"%") {
            continue;
        }
        if indent != *outermost.get_or_insert(indent) {
            continue;
        }
        let Some(rest) = after_key(line, name.as_bytes()) else {
            continue;
        };
        if rest.first().is_none_or(|byte| byte.is_ascii_whitespace()) {
            return std::str::from_utf8(rest).ok().map(plain);
        }
    }
    None
}

/// What follows a key, which may be quoted.
fn after_key<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let quote = line.first().filter(|first| matches!(first, b'"' | b'\''));
    let Some(quote) = quote else {
        return line.strip_prefix(name)?.strip_prefix(b":");
    };
    let rest = line.get(1..)?.strip_prefix(name)?.strip_prefix(&[*quote])?;
    rest.strip_prefix(b":")
}

/// Without quotes and a trailing comment.
fn plain(value: &str) -> &str {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some((inside, _)) = value
            .strip_prefix(quote)
            .and_then(|rest| rest.split_once(quote))
        {
            return inside;
        }
    }
    value
        .split_once(" #")
        .map_or(value, |(value, _)| value.trim_end())
}

/// Whether something is named by an anchor and used again: only then do elements depend on each other.
pub(super) fn has_alias(text: &[u8]) -> bool {
    has_sigil(text, b'*') && has_sigil(text, b'&')
}

fn has_sigil(text: &[u8], sigil: u8) -> bool {
    memchr_iter(sigil, text).any(|at| {
        let before = at
            .checked_sub(2)
            .and_then(|from| text.get(from..at))
            .unwrap_or_default();
        let after = text.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
        after && matches!(before, b": " | b"- " | b"[" | b", ")
    })
}
