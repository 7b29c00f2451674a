//! Cuts the field sets out of managedFields: a third of most lists, of which nothing is read.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::scan::{Scan, Stop};

/// No other field of the API has this name; within a string its quotes would be escaped.
static FIELD_SET: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"fieldsV1\":"));

/// Copies an object in JSON into `short`, every field set in it emptied. Says whether there was any; if not,
/// `short` means nothing.
pub(crate) fn without_field_sets(object: &[u8], short: &mut Vec<u8>) -> bool {
    short.clear();
    let mut rest = object;
    while let Some((before, set)) = next(rest) {
        let (length, stop) = Scan::for_item().scan(set);
        let Some(after) = set.get(length..).filter(|_| stop == Stop::End) else {
            break;
        };
        short.extend_from_slice(before);
        short.extend_from_slice(b"{}");
        rest = after;
    }
    let is_any = !short.is_empty();
    if is_any {
        short.extend_from_slice(rest);
    }
    is_any
}

/// What stands before the next field set, and what begins with it.
fn next(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let name = FIELD_SET.find(text)?;
    let behind = name + FIELD_SET.needle().len();
    let (before, mut set) = text.split_at_checked(behind)?;
    set = set.trim_ascii_start();
    set.starts_with(b"{").then_some((before, set))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(object: &str) -> Option<String> {
        let mut short = b"left over".to_vec();
        without_field_sets(object.as_bytes(), &mut short).then(|| String::from_utf8(short).unwrap())
    }

    #[test]
    fn only_field_sets_go() {
        let object = r#"{"metadata":{"managedFields":[
            {"manager":"a","fieldsV1":{"f:x":{"k:{\"p\":\"}\"}":{}}},"time":"t"},
            {"fieldsV1":  {},"manager":"b"}],"name":"fieldsV1"},"x":"\"fieldsV1\":{1}"}"#;
        let expected = r#"{"metadata":{"managedFields":[
            {"manager":"a","fieldsV1":{},"time":"t"},
            {"fieldsV1":{},"manager":"b"}],"name":"fieldsV1"},"x":"\"fieldsV1\":{1}"}"#;
        assert_eq!(short(object).as_deref(), Some(expected));
    }

    #[test]
    fn what_has_none_or_is_broken_is_left_alone() {
        assert_eq!(short(r#"{"metadata":{"name":"a"}}"#), None);
        assert_eq!(short(r#"{"fieldsV1":null}"#), None);
        assert_eq!(short(r#"{"fieldsV1":{"f:a":{}"#), None);
    }
}
