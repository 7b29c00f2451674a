//! What a watch says: one JSON object a line.

use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event<'a> {
    /// The object is new, or was changed.
    Put(&'a str),
    /// The object is gone.
    Gone(&'a str),
    /// Nothing changed up to this version.
    Bookmark,
    /// The watch is over; 410 means that the version is too old to go on from.
    Error(StatusCode, String),
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    type_: String,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Versioned {
    metadata: Version,
    code: u16,
    message: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Version {
    resource_version: String,
}

/// Reads one line: what happened, and the version that the watch has reached; none where the line has none.
pub(super) fn read(line: &[u8]) -> Result<(Event<'_>, Option<String>), serde_json::Error> {
    let line: Line<'_> = serde_json::from_slice(line)?;
    let text = line.object.get();
    let Versioned {
        metadata,
        code,
        message,
    } = serde_json::from_str(text)?;
    let event = match line.type_.as_str() {
        "ADDED" | "MODIFIED" => Event::Put(text),
        "DELETED" => Event::Gone(text),
        "BOOKMARK" => Event::Bookmark,
        _ => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Ok((Event::Error(status, message), None));
        }
    };
    let version = Some(metadata.resource_version).filter(|version| !version.is_empty());
    Ok((event, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart() {
        let line = br#"{"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"a","resourceVersion":"7"}}}"#;
        let (event, version) = read(line).expect("an event");
        assert!(matches!(event, Event::Put(text) if text.contains("\"a\"")));
        assert_eq!(version.as_deref(), Some("7"));
        let line =
            br#"{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"9"}}}"#;
        assert_eq!(
            read(line).expect("an event"),
            (Event::Bookmark, Some("9".to_owned()))
        );
        let line = br#"{"type":"ERROR","object":{"kind":"Status","metadata":{},"code":410,"message":"too old resource version: 1 (2)"}}"#;
        let (event, version) = read(line).expect("an event");
        assert!(
            matches!(event, Event::Error(StatusCode::GONE, text) if text.starts_with("too old"))
        );
        assert_eq!(version, None);
        assert!(read(b"<html>").is_err());
    }
}
