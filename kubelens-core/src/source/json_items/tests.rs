use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::source::items::Broken;

#[derive(Debug, Default)]
struct Found {
    items: Vec<(Value, String, u64)>,
    heads: Vec<ListHead>,
}

impl ItemSink for Found {
    fn begin_list(&mut self, _head: &ListHead) {}

    fn item(&mut self, item: Item<'_>) {
        let value = serde_json::from_slice(item.bytes)
            .unwrap_or_else(|error| panic!("{error}: {:?}", item.bytes));
        self.items.push((value, item.kind.to_owned(), item.line));
    }

    fn end_list(&mut self, head: &ListHead) {
        self.heads.push(head.clone());
    }

    fn broken(&mut self, _broken: Broken<'_>) {}
}

/// Splits a text that comes in chunks of these sizes, over and over.
fn split(text: &[u8], sizes: &[usize]) -> Result<Found, JsonError> {
    let mut found = Found::default();
    let mut items = JsonItems::default();
    let mut rest = text;
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, more) = rest.split_at((*size).clamp(1, rest.len()));
        items.feed(chunk, &mut found)?;
        rest = more;
    }
    items.finish()?;
    Ok(found)
}

#[test]
fn the_kind_is_found_wherever_it_stands() {
    let text = r#"{"items":[{"spec":{"kind":"No"},"kind":"Pod"},{"kind":"Node","x":[]}],"kind":"List","apiVersion":"v1"}"#;
    let found = split(text.as_bytes(), &[7]).unwrap();
    let kinds: Vec<_> = found
        .items
        .iter()
        .map(|(_, kind, _)| kind.as_str())
        .collect();
    assert_eq!(kinds, ["Pod", "Node"]);
    assert_eq!(found.heads[0].kind, "List");
}

#[test]
fn documents_follow_each_other_with_or_without_lines() {
    let text = "\u{feff}{\"kind\":\"Pod\"}\n{\"kind\":\"Node\"}[{\"kind\":\"Job\"}]\n{\"kind\":\"PodList\",\"items\":[]}";
    let found = split(text.as_bytes(), &[3]).unwrap();
    let kinds: Vec<_> = found
        .items
        .iter()
        .map(|(_, kind, line)| (kind.as_str(), *line))
        .collect();
    assert_eq!(kinds, [("Pod", 1), ("Node", 2), ("Job", 2)]);
    let lists: Vec<_> = found.heads.iter().map(|head| head.kind.as_str()).collect();
    assert_eq!(lists, ["", "PodList"]);
}

#[test]
fn an_element_knows_its_line() {
    let found = split(
        b"{\n\"items\": [\n  {\n   \"a\": 1\n  },\n  {\n  }\n ]\n}",
        &[1],
    )
    .unwrap();
    let lines: Vec<_> = found.items.iter().map(|(_, _, line)| *line).collect();
    assert_eq!(lines, [3, 6]);
}

#[test]
fn the_token_of_the_next_page_is_found() {
    let text = r#"{"kind":"PodList","metadata":{"continue":"abc"},"items":[{}]}"#;
    let found = split(text.as_bytes(), &[1000]).unwrap();
    assert_eq!(found.heads[0].metadata.continue_.as_deref(), Some("abc"));
}

#[test]
fn what_is_cut_off_or_no_json_is_an_error_with_its_line() {
    let cases: [(&[u8], u64); 5] = [
        (b"{\"items\":[\n{\"a\":1},\n{\"b\":", 3),
        (b"{\"a\":\"", 1),
        (b"\n\nhello", 3),
        (b"{\"items\":[{\"a\":]}]}", 1),
        (b"{\n]", 2),
    ];
    for (text, line) in cases {
        let error = split(text, &[4]).unwrap_err();
        assert_eq!(
            error.line,
            line,
            "{error} in {}",
            String::from_utf8_lossy(text)
        );
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-z\"\\\\{}\\[\\],:é\n ]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-z\"\\\\{}]{0,6}|kind|items|apiVersion", inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_list_in_any_chunks_comes_out_as_it_is(
        items in prop::collection::vec(values(), 0..8),
        sizes in prop::collection::vec(1_usize..40, 1..6),
        is_pretty in any::<bool>(),
        is_bare in any::<bool>(),
    ) {
        let list = if is_bare { json!(items) } else { json!({"apiVersion": "v1", "items": items, "kind": "List"}) };
        let text = if is_pretty { serde_json::to_vec_pretty(&list) } else { serde_json::to_vec(&list) }.unwrap();
        let found = split(&text, &sizes).unwrap();
        let values: Vec<_> = found.items.into_iter().map(|(value, _, _)| value).collect();
        prop_assert_eq!(values, items);
    }

    #[test]
    fn any_bytes_are_split_or_refused(
        text in "[ \n{}\\[\\],:\"\\\\a1]{0,60}|\\PC{0,40}",
        sizes in prop::collection::vec(1_usize..9, 1..4),
    ) {
        struct Nothing;
        impl ItemSink for Nothing {
            fn begin_list(&mut self, _head: &ListHead) {}
            fn item(&mut self, _item: Item<'_>) {}
            fn end_list(&mut self, _head: &ListHead) {}
            fn broken(&mut self, _broken: Broken<'_>) {}
        }
        let mut items = JsonItems::default();
        let mut rest = text.as_bytes();
        for size in sizes.iter().cycle() {
            if rest.is_empty() || items.feed(&rest[..(*size).min(rest.len())], &mut Nothing).is_err() {
                break;
            }
            rest = &rest[(*size).min(rest.len())..];
        }
        let _ = items.finish();
    }
}
