//! What can be wrong with an object, as edits of its JSON.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

/// One edit of one place in one of several objects.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    object: Index,
    place: Index,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Drop,
    Becomes(Value),
    /// The text of a string changes.
    Words(TextEdit),
    /// Takes the uid, or is owned by, this other object.
    SameUidAs(Index),
    OwnedBy(Index),
    /// One of the names in it is this other object's.
    Names(Index),
    /// Carries the labels of this other object, so that what selects one selects both.
    LabelledAs(Index),
    /// Lies in the namespace of this other object.
    Beside(Index),
    /// The value of another place of the same object comes here.
    CopyOf(Index),
    /// Is there several times.
    Again(u8),
}

/// An edit of a text.
#[derive(Debug, Clone)]
pub(crate) enum TextEdit {
    CutAt(Index),
    DropWord(Index),
    DoubleWord(Index),
    SwapWords(Index, Index),
    Insert(Index, String),
}

pub(crate) fn text_edit() -> impl Strategy<Value = TextEdit> {
    let insert = prop_oneof![
        Just("\u{1b}[2J".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("é".to_owned()),
        Just("\"".to_owned()),
        Just("'".to_owned()),
        Just(": ".to_owned()),
        Just(", ".to_owned()),
        Just("/".to_owned()),
        Just("[".to_owned()),
        Just("99999999999999999999999".to_owned()),
        Just("-1".to_owned()),
        Just("\0".to_owned()),
        Just("\n".to_owned()),
        "\\PC{0,4}",
    ];
    prop_oneof![
        any::<Index>().prop_map(TextEdit::CutAt),
        any::<Index>().prop_map(TextEdit::DropWord),
        any::<Index>().prop_map(TextEdit::DoubleWord),
        (any::<Index>(), any::<Index>()).prop_map(|(a, b)| TextEdit::SwapWords(a, b)),
        (any::<Index>(), insert).prop_map(|(at, text)| TextEdit::Insert(at, text)),
    ]
}

impl TextEdit {
    pub(crate) fn apply(&self, text: &str) -> String {
        let words = || {
            text.split_inclusive(|c: char| !c.is_alphanumeric())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        if text.is_empty() {
            return match self {
                Self::Insert(_, new) => new.clone(),
                _ => String::new(),
            };
        }
        let boundary = |index: &Index| {
            let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            ends[index.index(ends.len())]
        };
        match self {
            Self::CutAt(at) => text[..boundary(at)].to_owned(),
            Self::Insert(at, new) => {
                let (before, after) = text.split_at(boundary(at));
                format!("{before}{new}{after}")
            }
            Self::DropWord(at) => {
                let mut words = words();
                words.remove(at.index(words.len()));
                words.concat()
            }
            Self::DoubleWord(at) => {
                let mut words = words();
                let at = at.index(words.len());
                words.insert(at, words[at].clone());
                words.concat()
            }
            Self::SwapWords(a, b) => {
                let mut words = words();
                let (a, b) = (a.index(words.len()), b.index(words.len()));
                words.swap(a, b);
                words.concat()
            }
        }
    }
}

pub(crate) fn edit() -> impl Strategy<Value = Edit> {
    let value = prop_oneof![
        Just(Value::Null),
        Just(json!("")),
        Just(json!({})),
        Just(json!([])),
        Just(json!(0)),
        Just(json!(-1)),
        Just(json!(i64::MAX)),
        Just(json!(i64::MIN)),
        Just(json!(1e300)),
        Just(json!(true)),
        Just(json!("9223372036854775807")),
        Just(json!("2199-01-01T00:00:00Z")),
        Just(json!("0001-01-01T00:00:00Z")),
        Just(json!("9999-12-31T23:59:59Z")),
        Just(json!("no\u{1b}[31m time")),
        Just(json!("1e18")),
        Just(json!("-5Gi")),
        Just(json!("99999999999999999999Ei")),
    ];
    let what = prop_oneof![
        2 => Just(What::Drop),
        4 => value.prop_map(What::Becomes),
        4 => text_edit().prop_map(What::Words),
        2 => any::<Index>().prop_map(What::SameUidAs),
        3 => any::<Index>().prop_map(What::OwnedBy),
        4 => any::<Index>().prop_map(What::Names),
        1 => any::<Index>().prop_map(What::LabelledAs),
        2 => any::<Index>().prop_map(What::Beside),
        2 => any::<Index>().prop_map(What::CopyOf),
        1 => (2..8_u8).prop_map(What::Again),
    ];
    (any::<Index>(), any::<Index>(), what).prop_map(|(object, place, what)| Edit {
        object,
        place,
        what,
    })
}

impl Edit {
    /// Damages one of the objects, or some relation between them.
    pub(crate) fn apply(&self, objects: &mut Vec<Value>) {
        if objects.is_empty() {
            return;
        }
        let at = self.object.index(objects.len());
        let places = places(&objects[at]);
        let place = match places.len() {
            0 => return,
            count => &places[self.place.index(count)],
        };
        match &self.what {
            What::Drop => drop_at(&mut objects[at], place),
            What::Becomes(value) => set(&mut objects[at], place, value.clone()),
            What::Words(edit) => {
                if let Some(Value::String(text)) = objects[at].pointer_mut(place) {
                    *text = edit.apply(text);
                }
            }
            What::SameUidAs(other) => {
                let uid = objects[other.index(objects.len())]["metadata"]["uid"].clone();
                set(&mut objects[at], "/metadata/uid", uid);
            }
            What::OwnedBy(other) => {
                let owner = &objects[other.index(objects.len())];
                let owner = json!([{
                    "apiVersion": owner["apiVersion"], "kind": owner["kind"], "controller": true,
                    "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
                }]);
                if let Some(Value::Object(metadata)) = objects[at].pointer_mut("/metadata") {
                    metadata.insert("ownerReferences".to_owned(), owner);
                }
            }
            What::Names(other) => {
                let name = objects[other.index(objects.len())]["metadata"]["name"].clone();
                let references: Vec<&String> =
                    places.iter().filter(|place| is_name(place)).collect();
                if !references.is_empty() {
                    let place = references[self.place.index(references.len())];
                    set(&mut objects[at], place, name);
                }
            }
            What::LabelledAs(other) => {
                let labels = objects[other.index(objects.len())]["metadata"]["labels"].clone();
                if let Some(Value::Object(metadata)) = objects[at].pointer_mut("/metadata") {
                    metadata.insert("labels".to_owned(), labels);
                }
            }
            What::Beside(other) => {
                let namespace =
                    objects[other.index(objects.len())]["metadata"]["namespace"].clone();
                set(&mut objects[at], "/metadata/namespace", namespace);
            }
            What::CopyOf(other) => {
                let value = objects[at].pointer(&places[other.index(places.len())]);
                let value = value.cloned().unwrap_or_default();
                set(&mut objects[at], place, value);
            }
            What::Again(times) => {
                for number in 0..*times {
                    let mut copy = objects[at].clone();
                    if let Some(Value::String(name)) = copy.pointer_mut("/metadata/name") {
                        name.push_str(&format!("-{number}"));
                    }
                    objects.push(copy);
                }
            }
        }
    }
}

/// Whether a field is called a name: `claimName`, `nodeName`, `configMapRef/name`.
fn is_name(place: &str) -> bool {
    place.ends_with("/name") || place.ends_with("Name")
}

fn set(object: &mut Value, place: &str, value: Value) {
    if let Some(found) = object.pointer_mut(place) {
        *found = value;
    }
}

fn drop_at(object: &mut Value, place: &str) {
    let Some((parent, key)) = place.rsplit_once('/') else {
        return;
    };
    match object.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.remove(&key.replace("~1", "/").replace("~0", "~"));
        }
        Some(Value::Array(items)) => {
            if let Ok(at) = key.parse::<usize>() {
                items.remove(at);
            }
        }
        _ => {}
    }
}

/// The JSON pointers of everything in a value but itself.
fn places(value: &Value) -> Vec<String> {
    fn walk(value: &Value, here: &str, all: &mut Vec<String>) {
        let mut enter = |key: &str, value: &Value| {
            let place = format!("{here}/{}", key.replace('~', "~0").replace('/', "~1"));
            all.push(place.clone());
            walk(value, &place, all);
        };
        match value {
            Value::Object(fields) => fields.iter().for_each(|(key, value)| enter(key, value)),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .for_each(|(at, value)| enter(&at.to_string(), value)),
            _ => {}
        }
    }
    let mut all = Vec::new();
    walk(value, "", &mut all);
    all
}
