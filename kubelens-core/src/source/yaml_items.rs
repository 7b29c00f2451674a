//! Splits a stream of YAML documents into the objects in it, by lines, without parsing them.
//!
//! What follows `items:` in block style is cut at each `- ` of its own indentation, so that a list of any
//! length needs the memory of one element. Documents that are written otherwise, or whose elements share
//! anchors, are parsed as a whole.

mod lines;

use std::io::BufRead;

use super::items::{Broken, Item, ItemSink, ListHead, Syntax};
use crate::kubernetes::yaml;
use lines::{field, has_alias, indentation, is_blank, without_mark};

/// Longest document that is looked at as a whole.
const LONGEST_WHOLE: usize = 16 * 1024 * 1024;

/// Longest single object that is taken.
const LONGEST_ITEM: usize = 64 * 1024 * 1024;

/// Reads all documents of a stream.
pub(crate) fn split(mut input: impl BufRead, sink: &mut impl ItemSink) -> std::io::Result<()> {
    let mut splitter = YamlItems {
        line: 1,
        begin: 1,
        ..YamlItems::default()
    };
    let mut line = Vec::new();
    loop {
        line.clear();
        let length =
            std::io::Read::take(&mut input, LONGEST_ITEM as u64).read_until(b'\n', &mut line)?;
        if length == 0 {
            splitter.end_document(sink);
            return Ok(());
        }
        splitter.line(&mut line, sink);
        if splitter.has_no_end() {
            let begin = splitter.begin;
            return Err(std::io::Error::other(format!(
                "the object that begins on line {begin} is longer than 64 MiB"
            )));
        }
    }
}

#[derive(Debug, Default)]
struct YamlItems {
    /// The number of the line to come.
    line: u64,
    /// The document so far, while it is short enough to be seen as a whole.
    document: Vec<u8>,
    /// The line on which the document begins.
    begin: u64,
    is_streaming: bool,
    split: Split,
}

impl YamlItems {
    fn line(&mut self, line: &mut [u8], sink: &mut impl ItemSink) {
        // Files that were joined bring the mark of each of them.
        let line = if !self.is_streaming && is_blank(&self.document) {
            without_mark(line)
        } else {
            line
        };
        if let Some(rest) = after_separator(line) {
            self.end_document(sink);
            if rest > 0 {
                line.iter_mut().take(3).for_each(|byte| *byte = b' ');
                self.document.extend_from_slice(line);
            } else {
                self.begin += 1;
            }
            self.line += 1;
            return;
        }
        if self.is_streaming {
            self.split.line(line, self.line, sink);
        } else {
            self.document.extend_from_slice(line);
            if self.document.len() > LONGEST_WHOLE {
                self.is_streaming = true;
                self.split_document(sink);
            }
        }
        self.line += 1;
    }

    /// Whether the document is no list and already longer than any object.
    fn has_no_end(&self) -> bool {
        self.is_streaming
            && self.split.is_too_long
            && matches!(self.split.items, Items::Before | Items::Expected)
    }

    fn split_document(&mut self, sink: &mut impl ItemSink) {
        let document = std::mem::take(&mut self.document);
        self.split = Split {
            begin: self.begin,
            ..Split::default()
        };
        for (line, number) in document
            .split_inclusive(|byte| *byte == b'\n')
            .zip(self.begin..)
        {
            self.split.line(line, number, sink);
        }
    }

    fn end_document(&mut self, sink: &mut impl ItemSink) {
        if self.is_streaming {
            std::mem::take(&mut self.split).finish(sink);
        } else if has_alias(&self.document) {
            whole(&self.document, self.begin, sink);
        } else if !is_blank(&self.document) {
            self.split_document(sink);
            std::mem::take(&mut self.split).finish(sink);
        }
        self.document.clear();
        self.is_streaming = false;
        self.begin = self.line;
    }
}

/// For `---` and `...`: how much of the line's text belongs to the next document.
fn after_separator(line: &[u8]) -> Option<usize> {
    let rest = line
        .strip_prefix(b"---")
        .or_else(|| line.strip_prefix(b"..."))?;
    let text = rest.trim_ascii();
    match rest.first() {
        Some(b' ' | b'\t' | b'\r' | b'\n') | None if text.starts_with(b"#") => Some(0),
        Some(b' ' | b'\t' | b'\r' | b'\n') | None => Some(text.len()),
        Some(_) => None,
    }
}

/// Cuts one document into the elements of `items:` and the rest.
#[derive(Debug, Default)]
struct Split {
    begin: u64,
    /// All lines but those of the elements.
    head: Vec<u8>,
    items: Items,
    item: Vec<u8>,
    item_line: u64,
    is_too_long: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Items {
    /// No `items:` so far.
    #[default]
    Before,
    /// `items:` was the last line that said anything.
    Expected,
    /// Elements stand at this indentation.
    At(usize),
    /// The list is over.
    After,
}

impl Split {
    fn line(&mut self, line: &[u8], number: u64, sink: &mut impl ItemSink) {
        let indent = indentation(line);
        let text = line.get(indent..).unwrap_or_default();
        let says_nothing = text.starts_with(b"#") || is_blank(text);
        let is_element = text.starts_with(b"- ") || matches!(text.trim_ascii_end(), b"-");
        match self.items {
            Items::Expected if is_element => {
                self.items = Items::At(indent);
                sink.begin_list(&self.list_head());
                self.begin_item(line, indent, number);
                return;
            }
            Items::Expected if !says_nothing => self.items = Items::Before,
            Items::At(at) if is_element && indent == at => {
                self.end_item(sink);
                self.begin_item(line, indent, number);
                return;
            }
            Items::At(at) if says_nothing || indent > at => {
                if self.item.len() + line.len() > LONGEST_ITEM {
                    self.is_too_long = true;
                } else {
                    self.item.extend_from_slice(line);
                }
                return;
            }
            Items::At(_) => {
                self.end_item(sink);
                self.items = Items::After;
            }
            _ => {}
        }
        if self.items == Items::Before && field_name_is(line, b"items:") {
            self.items = Items::Expected;
        }
        if self.head.len() + line.len() > LONGEST_ITEM {
            self.is_too_long = true;
        } else {
            self.head.extend_from_slice(line);
        }
    }

    fn begin_item(&mut self, line: &[u8], indent: usize, number: u64) {
        self.item_line = number;
        self.item.clear();
        self.item.extend_from_slice(line);
        if let Some(dash) = self.item.get_mut(indent) {
            *dash = b' ';
        }
    }

    fn end_item(&mut self, sink: &mut impl ItemSink) {
        if std::mem::take(&mut self.is_too_long) {
            let detail = "the object that begins here is longer than 64 MiB";
            sink.broken(Broken {
                line: self.item_line,
                kind: "",
                detail,
            });
            return;
        }
        hand_over(&self.item, self.item_line, sink);
    }

    fn list_head(&self) -> ListHead {
        ListHead {
            api_version: field(&self.head, "apiVersion")
                .unwrap_or_default()
                .to_owned(),
            kind: field(&self.head, "kind").unwrap_or_default().to_owned(),
            ..ListHead::default()
        }
    }

    fn finish(mut self, sink: &mut impl ItemSink) {
        if let Items::At(_) = self.items {
            self.end_item(sink);
            self.items = Items::After;
        }
        if self.items == Items::After {
            sink.end_list(&self.list_head());
        } else if field(&self.head, "kind").is_some_and(|kind| kind.ends_with("List")) {
            whole(&self.head, self.begin, sink);
        } else {
            hand_over(&self.head, self.begin, sink);
        }
    }
}

fn field_name_is(line: &[u8], name: &[u8]) -> bool {
    line.strip_prefix(name).is_some_and(|rest| {
        let rest = rest.trim_ascii();
        rest.is_empty() || rest.starts_with(b"#")
    })
}

/// Hands over one object as it is written, if its kind can be seen without parsing.
fn hand_over(text: &[u8], line: u64, sink: &mut impl ItemSink) {
    if is_blank(text) {
        return;
    }
    match field(text, "kind") {
        Some(kind) => sink.item(Item {
            bytes: text,
            syntax: Syntax::Yaml,
            line,
            api_version: field(text, "apiVersion").unwrap_or_default(),
            kind,
        }),
        None if field(text, "metadata").is_some() => sink.item(Item {
            bytes: text,
            syntax: Syntax::Yaml,
            line,
            api_version: "",
            kind: "",
        }),
        None => whole(text, line, sink),
    }
}

/// Parses a document as a whole and hands it over as JSON.
fn whole(text: &[u8], line: u64, sink: &mut impl ItemSink) {
    let kind = field(text, "kind").unwrap_or_default();
    let Ok(yaml) = std::str::from_utf8(text) else {
        return sink.broken(Broken {
            line,
            kind,
            detail: "this is not UTF-8",
        });
    };
    let mut value: serde_json::Value = match yaml::from_str(yaml) {
        Ok(value) => value,
        Err(error) => {
            let (offset, detail) = explain(&error);
            return sink.broken(Broken {
                line: line + offset,
                kind,
                detail: &detail,
            });
        }
    };
    let text_of = |value: &serde_json::Value, key: &str| {
        let found = value.get(key).and_then(serde_json::Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let hand_over = |value: &serde_json::Value, sink: &mut dyn FnMut(Item<'_>)| {
        if let Ok(bytes) = serde_json::to_vec(value) {
            sink(Item {
                bytes: &bytes,
                syntax: Syntax::Json,
                line,
                api_version: &text_of(value, "apiVersion"),
                kind: &text_of(value, "kind"),
            });
        }
    };
    let items = match &mut value {
        serde_json::Value::Array(items) => Some(std::mem::take(items)),
        serde_json::Value::Object(fields) => match fields.get_mut("items") {
            Some(serde_json::Value::Array(items)) => Some(std::mem::take(items)),
            _ => None,
        },
        _ => None,
    };
    let Some(items) = items else {
        return hand_over(&value, &mut |item| sink.item(item));
    };
    let head: ListHead = serde_json::from_value(value).unwrap_or_default();
    sink.begin_list(&head);
    for item in items {
        hand_over(&item, &mut |item| sink.item(item));
    }
    sink.end_list(&head);
}

/// How many lines below the beginning a parser's error stands, and what it says.
pub(crate) fn explain(error: &serde_saphyr::Error) -> (u64, String) {
    let line = error
        .location()
        .map_or(1, |location| location.line())
        .max(1);
    (line - 1, yaml::in_plain_words(error))
}
