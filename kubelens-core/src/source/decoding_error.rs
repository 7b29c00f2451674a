//! Where in a file something cannot be decoded, and why.

use serde::de::IgnoredAny;

use super::items::{Item, Syntax};
use super::json_path::path_at;
use crate::kubernetes::yaml;

/// Where and why something is no JSON or YAML at all; none if it is.
pub(crate) fn syntax_error(item: Item<'_>) -> Option<(u64, String)> {
    match item.syntax {
        Syntax::Json => serde_json::from_slice::<IgnoredAny>(item.bytes)
            .err()
            .map(|error| explain_json(&error, item)),
        Syntax::Yaml => match std::str::from_utf8(item.bytes) {
            Ok(text) => yaml::from_str::<serde_json::Value>(text)
                .err()
                .map(|error| explain_yaml(&error, item)),
            Err(error) => Some(not_utf8(&error, item)),
        },
    }
}

/// The line of the first byte that is no UTF-8.
pub(super) fn not_utf8(error: &std::str::Utf8Error, item: Item<'_>) -> (u64, String) {
    let before = item.bytes.get(..error.valid_up_to()).unwrap_or_default();
    let lines = memchr::memchr_iter(b'\n', before).count() as u64;
    (item.line + lines, "this is not UTF-8".to_owned())
}

/// Line of the file and the decoder's words.
pub(super) fn explain_json(error: &serde_json::Error, item: Item<'_>) -> (u64, String) {
    let line = item.line + error.line().saturating_sub(1) as u64;
    let path = path_at(item.bytes, error.line(), error.column());
    let text = error.to_string();
    let words = text
        .find(" at line ")
        .and_then(|at| text.get(..at))
        .unwrap_or(&text);
    let detail = if path.is_empty() {
        words.to_owned()
    } else {
        format!("{path}: {words}")
    };
    (line, detail)
}

pub(super) fn explain_yaml(error: &serde_saphyr::Error, item: Item<'_>) -> (u64, String) {
    let (offset, detail) = super::yaml_items::explain(error);
    (item.line + offset, detail)
}
