//! Takes the objects of one file in.

use super::gather::Gathering;
use super::kind_hint::kind_of_path;
use crate::kubernetes::{GroupKind, Kind, yaml};
use crate::model::KUBELENS_API_VERSION;
use crate::source::SourceError;
use crate::source::decoding_error::syntax_error;
use crate::source::intake::{Taken, TypeMeta};
use crate::source::items::{Broken, Item, ItemSink, ListHead, Syntax};
use crate::source::json_items::JsonItems;

/// How much is kept back of a list that says only at its end what it is a list of.
const LONGEST_HELD: usize = 64 * 1024 * 1024;

/// Deepest list of lists.
const DEEPEST: usize = 4;

/// The sink for the objects of one file.
pub(super) struct Documents<'a, 'g> {
    place: &'a str,
    gathering: &'a mut Gathering<'g>,
    /// What the file's name says.
    hint: Option<Kind>,
    list: ListHead,
    held: Vec<Held>,
    held_bytes: usize,
    depth: usize,
    /// Whether anything in it was of Kubernetes.
    is_ours: bool,
    /// Elements of the current list.
    elements: usize,
    first_broken: Option<(u64, String)>,
    /// Where the first document stands that is whole and no object of Kubernetes, and how many there are.
    strays: Option<(u64, usize)>,
}

/// An object that does not say its kind, in a list that has not said it yet.
struct Held {
    bytes: Vec<u8>,
    syntax: Syntax,
    line: u64,
}

impl<'a, 'g> Documents<'a, 'g> {
    pub(super) fn new(place: &'a str, gathering: &'a mut Gathering<'g>) -> Self {
        Self {
            place,
            gathering,
            hint: kind_of_path(place),
            list: ListHead::default(),
            held: Vec::new(),
            held_bytes: 0,
            depth: 0,
            is_ours: false,
            elements: 0,
            first_broken: None,
            strays: None,
        }
    }

    /// Ends the file; `read` says how reading it went.
    pub(super) fn finish(mut self, read: Result<(), SourceError>) -> Result<(), SourceError> {
        let head = std::mem::take(&mut self.list);
        self.release(&head);
        if let Some((line, count)) = self.strays.filter(|_| self.is_ours) {
            self.gathering.strays(self.place, line, count);
        }
        self.gathering.file_done(self.place);
        if let Err(error) = read {
            self.gathering
                .cut_off(self.place, self.kind_of(&head), self.is_ours, &error);
            return if self.is_ours { Ok(()) } else { Err(error) };
        }
        match self.first_broken {
            Some((line, detail)) if !self.is_ours => Err(SourceError::Malformed {
                place: format!("{}:{line}", self.place),
                detail: crate::model::safe_text(&detail),
            }),
            _ => Ok(()),
        }
    }

    /// The kind of the elements of a list.
    fn kind_of(&self, head: &ListHead) -> Option<Kind> {
        let kind = head.kind.strip_suffix("List").unwrap_or_default();
        Kind::from_manifest(&head.api_version, kind).or(self.hint)
    }

    fn take(&mut self, item: Item<'_>, meta: TypeMeta<'_>) {
        match self.gathering.take(self.place, meta, item) {
            Taken::Foreign => {}
            Taken::Kept | Taken::Unwanted | Taken::Broken(_) => self.is_ours = true,
        }
    }

    /// Takes in what was kept back.
    fn release(&mut self, head: &ListHead) {
        for held in std::mem::take(&mut self.held) {
            let item = Item {
                bytes: &held.bytes,
                syntax: held.syntax,
                line: held.line,
                api_version: "",
                kind: "",
            };
            self.take_element(item, head);
        }
        self.held_bytes = 0;
    }

    /// Takes an object that does not say its kind.
    fn take_element(&mut self, item: Item<'_>, head: &ListHead) {
        let listed = head.kind.strip_suffix("List").unwrap_or_default();
        if !listed.is_empty() {
            let meta = TypeMeta {
                api_version: &head.api_version,
                kind: listed,
            };
            self.take(item, meta);
        } else if let Some(kind) = self.hint {
            let meta = TypeMeta {
                api_version: kind.api_version(),
                kind: kind.as_str(),
            };
            self.take(item, meta);
        } else {
            self.leave_out(item);
        }
    }

    /// Notes what is no object of Kubernetes: broken, or something else.
    fn leave_out(&mut self, item: Item<'_>) {
        if let Some((line, detail)) = syntax_error(item) {
            self.broken(Broken {
                line,
                kind: "",
                detail: &detail,
            });
        } else {
            let (first, count) = self.strays.unwrap_or((item.line, 0));
            self.strays = Some((first, count + 1));
        }
    }

    fn hold(&mut self, item: Item<'_>) {
        if self.held_bytes > LONGEST_HELD {
            return;
        }
        self.held_bytes += item.bytes.len();
        if self.held_bytes > LONGEST_HELD {
            let detail = "the list does not say what it is a list of before 64 MiB of it";
            self.broken(Broken {
                line: item.line,
                kind: "",
                detail,
            });
            self.held.clear();
            return;
        }
        self.held.push(Held {
            bytes: item.bytes.to_owned(),
            syntax: item.syntax,
            line: item.line,
        });
    }

    /// A list as an element of a list, or a list without elements.
    fn nested_list(&mut self, item: Item<'_>) {
        if let Some((line, detail)) = syntax_error(item) {
            return self.broken(Broken {
                line,
                kind: item.kind,
                detail: &detail,
            });
        }
        let converted;
        let bytes = match item.syntax {
            Syntax::Json => item.bytes,
            Syntax::Yaml => {
                let text = std::str::from_utf8(item.bytes).unwrap_or_default();
                let value: serde_json::Value = yaml::from_str(text).unwrap_or_default();
                converted = value.to_string();
                converted.as_bytes()
            }
        };
        let value: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
        if value.get("items").is_some_and(|items| items.is_array()) && self.depth < DEEPEST {
            let outer = std::mem::take(&mut self.list);
            let held = std::mem::take(&mut self.held);
            self.depth += 1;
            let mut items = JsonItems::starting_at(item.line);
            // The bytes were one whole JSON value: the splitter cannot fail on them.
            let _ = items.feed(bytes, self);
            self.depth -= 1;
            self.held = held;
            self.list = outer;
        } else if value.get("items").is_none_or(serde_json::Value::is_null) && value.is_object() {
            let head: ListHead = serde_json::from_value(value).unwrap_or_default();
            self.end_list(&head);
        }
    }
}

impl ItemSink for Documents<'_, '_> {
    fn begin_list(&mut self, head: &ListHead) {
        // What was kept back stood before this list and is none of its elements.
        self.release(&ListHead::default());
        self.list = head.clone();
        self.elements = 0;
    }

    fn item(&mut self, item: Item<'_>) {
        self.elements += 1;
        if item.api_version == KUBELENS_API_VERSION {
            self.is_ours |= self.gathering.own_document(item);
        } else if item.kind.is_empty() {
            if item.bytes.first() == Some(&b'{') || item.syntax == Syntax::Yaml {
                let head = std::mem::take(&mut self.list);
                if head.kind.is_empty() && self.hint.is_none() {
                    self.hold(item);
                } else {
                    self.take_element(item, &head);
                }
                self.list = head;
            } else {
                self.leave_out(item);
            }
        } else if item.kind.ends_with("List") {
            self.nested_list(item);
        } else {
            let meta = TypeMeta {
                api_version: item.api_version,
                kind: item.kind,
            };
            self.take(item, meta);
        }
    }

    fn end_list(&mut self, head: &ListHead) {
        self.release(head);
        self.list = ListHead::default();
        // A bare array is a list if the file's name says of what, and its elements agree.
        if head.kind.is_empty() && (self.hint.is_none() || (self.elements > 0 && !self.is_ours)) {
            return;
        }
        if head.kind == "List" || (head.kind.ends_with("List") && !head.api_version.is_empty()) {
            self.is_ours = true;
        }
        let is_cut = head
            .metadata
            .continue_
            .as_ref()
            .is_some_and(|token| !token.is_empty());
        let Some(kind) = self.kind_of(head).filter(|_| head.kind != "List") else {
            if let Some(kind) = head
                .kind
                .strip_suffix("List")
                .filter(|kind| !kind.is_empty())
                && !is_cut
            {
                self.gathering
                    .listed_custom(GroupKind::of(&head.api_version, kind));
            }
            return;
        };
        if is_cut {
            let detail = format!(
                "{}: the list was recorded in part: it says that there is more",
                self.place
            );
            self.gathering.missing(Some(kind), detail);
        } else {
            self.gathering.listed(kind, self.place);
        }
    }

    fn broken(&mut self, broken: Broken<'_>) {
        let kind = match broken.kind {
            "" => self.kind_of(&self.list),
            kind => Kind::from_name(kind.strip_suffix("List").unwrap_or(kind)),
        };
        let is_known = kind.is_some();
        let detail = format!("{}:{}: {}", self.place, broken.line, broken.detail);
        self.gathering.broken_document(kind, detail);
        self.is_ours |= is_known;
        self.first_broken
            .get_or_insert((broken.line, broken.detail.to_owned()));
    }
}
