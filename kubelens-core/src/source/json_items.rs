//! Splits a stream of JSON documents into the objects in it, without parsing them.
//!
//! A document is an object, a list (an object with an array `items`) or a bare array. Bytes come in
//! chunks of any size; each object is handed over as one slice as soon as its last byte is there, with
//! the `kind` and `apiVersion` that it carries, wherever in it they stand. Only one object is in memory
//! at a time.

mod block;
mod field_sets;
mod scan;

use memchr::memchr_iter;

use super::items::{Item, ItemSink, ListHead, Syntax};
pub(crate) use field_sets::without_field_sets;
use scan::{Scan, Stop};

/// Longest single object that is taken; the API itself allows less than 4 MiB.
const LONGEST_ITEM: usize = 64 * 1024 * 1024;

/// Where and why a stream is no JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {detail}")]
pub(crate) struct JsonError {
    pub(crate) line: u64,
    pub(crate) detail: &'static str,
}

/// The splitter: feed it chunks, then finish.
#[derive(Debug, Default)]
pub(crate) struct JsonItems {
    place: Place,
    /// Everything of the current document but its items.
    head: Vec<u8>,
    outer: Scan,
    /// The current item, as far as it came with earlier chunks.
    carried: Vec<u8>,
    inner: Scan,
    line: u64,
    item_line: u64,
    is_bare_array: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// Before or between documents.
    #[default]
    Outside,
    /// In an object, not in its items.
    Head,
    /// In an array of items, before or after one.
    Between,
    /// In an item.
    Item,
}

impl JsonItems {
    /// A splitter for a piece of a larger file, which begins on this line.
    pub(crate) fn starting_at(line: u64) -> Self {
        Self {
            line: line.saturating_sub(1),
            ..Self::default()
        }
    }

    /// Takes the next bytes.
    pub(crate) fn feed(&mut self, chunk: &[u8], sink: &mut impl ItemSink) -> Result<(), JsonError> {
        let mut rest = chunk;
        while !rest.is_empty() {
            let used = match self.place {
                Place::Outside => self.outside(rest, sink)?,
                Place::Head => self.in_head(rest, sink)?,
                Place::Between => self.between(rest, sink),
                Place::Item => self.in_item(rest, sink)?,
            };
            let (done, more) = rest.split_at_checked(used).unwrap_or((rest, &[]));
            self.line += memchr_iter(b'\n', done).count() as u64;
            rest = more;
        }
        Ok(())
    }

    /// Says that there are no more bytes.
    pub(crate) fn finish(self) -> Result<(), JsonError> {
        if self.place == Place::Outside {
            return Ok(());
        }
        Err(self.error("the file ends in the middle of an object: it is truncated"))
    }

    const fn error(&self, detail: &'static str) -> JsonError {
        JsonError {
            line: self.line + 1,
            detail,
        }
    }

    /// Skips to the next document; uses up no byte of it.
    fn outside(&mut self, bytes: &[u8], sink: &mut impl ItemSink) -> Result<usize, JsonError> {
        let blank = bytes.iter().take_while(|byte| is_blank(**byte)).count();
        match bytes.first() {
            _ if blank > 0 => Ok(blank),
            Some(b'{') => {
                self.head.clear();
                self.outer = Scan::for_head();
                self.item_line = self.line;
                self.is_bare_array = false;
                self.place = Place::Head;
                Ok(0)
            }
            Some(b'[') => {
                self.is_bare_array = true;
                self.place = Place::Between;
                sink.begin_list(&ListHead::default());
                Ok(1)
            }
            _ => Err(self.error("expected an object or a list")),
        }
    }

    fn in_head(&mut self, bytes: &[u8], sink: &mut impl ItemSink) -> Result<usize, JsonError> {
        let (used, stop) = self.outer.scan(bytes);
        let text = bytes.get(..used).unwrap_or(bytes);
        match stop {
            Stop::More => {
                self.head.extend_from_slice(text);
                self.check_length(self.head.len())?;
            }
            Stop::Items => {
                self.head.extend_from_slice(text);
                sink.begin_list(&self.head_so_far());
                self.place = Place::Between;
            }
            Stop::End => {
                self.place = Place::Outside;
                if self.outer.has_items() {
                    self.head.extend_from_slice(text);
                    sink.end_list(&serde_json::from_slice(&self.head).unwrap_or_default());
                } else {
                    let whole = if self.head.is_empty() {
                        text
                    } else {
                        self.head.extend_from_slice(text);
                        &self.head
                    };
                    sink.item(item(whole, self.item_line, &self.outer));
                }
            }
            Stop::Mismatch => {
                self.line += memchr_iter(b'\n', text).count() as u64;
                return Err(self.error(MISMATCH));
            }
        }
        Ok(used)
    }

    /// The head of a list whose items have just begun.
    fn head_so_far(&self) -> ListHead {
        let mut text = self.head.clone();
        text.extend_from_slice(b"]}");
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Skips to the next item or the end of the list; uses up no byte of an item.
    fn between(&mut self, bytes: &[u8], sink: &mut impl ItemSink) -> usize {
        let skipped = bytes
            .iter()
            .take_while(|byte| is_blank(**byte) || **byte == b',')
            .count();
        match bytes.first() {
            _ if skipped > 0 => {}
            Some(b']') if self.is_bare_array => {
                self.place = Place::Outside;
                sink.end_list(&ListHead::default());
                return 1;
            }
            // The bracket belongs to the head, which then reads `"items":[]`.
            Some(b']') => self.place = Place::Head,
            _ => {
                self.item_line = self.line;
                self.carried.clear();
                self.inner = Scan::for_item();
                self.place = Place::Item;
            }
        }
        skipped
    }

    fn in_item(&mut self, bytes: &[u8], sink: &mut impl ItemSink) -> Result<usize, JsonError> {
        let (used, stop) = self.inner.scan(bytes);
        let text = bytes.get(..used).unwrap_or(bytes);
        match stop {
            Stop::More => {
                self.carried.extend_from_slice(text);
                self.check_length(self.carried.len())?;
            }
            Stop::End => {
                let whole = if self.carried.is_empty() {
                    text
                } else {
                    self.carried.extend_from_slice(text);
                    &self.carried
                };
                sink.item(item(whole, self.item_line, &self.inner));
                self.place = Place::Between;
            }
            Stop::Mismatch | Stop::Items => {
                self.line += memchr_iter(b'\n', text).count() as u64;
                return Err(self.error(MISMATCH));
            }
        }
        Ok(used)
    }

    const fn check_length(&self, length: usize) -> Result<(), JsonError> {
        if length <= LONGEST_ITEM {
            return Ok(());
        }
        Err(JsonError {
            line: self.item_line + 1,
            detail: "the object that begins here is longer than 64 MiB",
        })
    }
}

const MISMATCH: &str = "a bracket is closed that was not opened";

fn item<'a>(bytes: &'a [u8], line: u64, scan: &'a Scan) -> Item<'a> {
    Item {
        bytes,
        syntax: Syntax::Json,
        line: line + 1,
        api_version: scan.api_version(),
        kind: scan.kind(),
    }
}

/// White space, a byte order mark, and the record separator of JSON text sequences.
const fn is_blank(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\n' | b'\r' | 0xEF | 0xBB | 0xBF | 0x1E
    )
}

#[cfg(test)]
mod tests;
