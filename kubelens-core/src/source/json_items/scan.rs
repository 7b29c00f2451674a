use memchr::memchr2;

use super::block::{Block, InString};

/// Longest string that is remembered to see whether it is a key or a value of interest.
const LONGEST_NOTED: usize = 128;

/// Finds the end of one JSON value that comes in pieces, and notes `kind` and `apiVersion` in it.
///
/// Only the outermost brackets are compared; whether the inner ones fit is the decoder's business.
#[derive(Debug, Default)]
pub(super) struct Scan {
    depth: u32,
    /// Whether the outermost bracket is that of an array.
    is_array: bool,
    string: InString,
    /// A number or a word stands alone, without brackets.
    is_bare: bool,
    stops_at_items: bool,
    has_items: bool,
    is_key_next: bool,
    key: Key,
    noted: Vec<u8>,
    kind: String,
    api_version: String,
}

/// The key of the outermost object whose value is being read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Key {
    Kind,
    ApiVersion,
    Items,
    #[default]
    Other,
}

/// Why a scan stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The bytes are used up.
    More,
    /// The value is complete.
    End,
    /// The array `items` has been opened.
    Items,
    /// A bracket closes what was not opened.
    Mismatch,
}

impl Scan {
    /// For an element of a list.
    pub(super) fn for_item() -> Self {
        Self::default()
    }

    /// For a document, which may turn out to be a list.
    pub(super) fn for_head() -> Self {
        Self {
            stops_at_items: true,
            ..Self::default()
        }
    }

    /// The value's `kind`, if it came by.
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    /// The value's `apiVersion`, if it came by.
    pub(super) fn api_version(&self) -> &str {
        &self.api_version
    }

    /// Whether an array `items` came by.
    pub(super) const fn has_items(&self) -> bool {
        self.has_items
    }

    /// Reads on; returns how many bytes belong to the value.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> (usize, Stop) {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if self.depth > 1 {
                at += self.inside(rest);
                continue;
            }
            at += match self.string {
                InString::No => match self.next_mark(rest) {
                    None => rest.len(),
                    Some(offset) => {
                        let Some(byte) = rest.get(offset) else { break };
                        match self.mark(*byte) {
                            None => offset + 1,
                            Some((Stop::End, used)) => return (at + offset + used, Stop::End),
                            Some((stop, used)) => return (at + offset + used, stop),
                        }
                    }
                },
                InString::Yes => match memchr2(b'"', b'\\', rest) {
                    None => {
                        self.note(rest);
                        rest.len()
                    }
                    Some(offset) => {
                        self.note(rest.get(..offset).unwrap_or_default());
                        if rest.get(offset) == Some(&b'\\') {
                            self.string = InString::Escaped;
                        } else {
                            self.string = InString::No;
                            if self.end_of_string() {
                                return (at + offset + 1, Stop::End);
                            }
                        }
                        offset + 1
                    }
                },
                InString::Escaped => {
                    // What is escaped is no name of interest: spoil the note.
                    self.note(b"\\");
                    self.string = InString::Yes;
                    1
                }
            };
        }
        (bytes.len(), Stop::More)
    }

    /// Reads on to the end of the value that is an element or a field of the outermost one, where nothing but
    /// the depth is of interest.
    fn inside(&mut self, bytes: &[u8]) -> usize {
        let mut used = 0;
        for part in bytes.chunks(Block::LENGTH) {
            let block = Block::of(part, self.string);
            let closed = block.closing.count_ones();
            if self.depth <= closed + 1
                && let Some(length) = block.length_at_depth(1, self.depth)
            {
                self.depth = 1;
                self.string = InString::No;
                return used + length;
            }
            self.depth = (self.depth + block.opening.count_ones()).saturating_sub(closed);
            self.string = block.end;
            used += part.len();
        }
        used
    }

    /// The next byte that means something, outside of strings and of inner values.
    fn next_mark(&self, rest: &[u8]) -> Option<usize> {
        if self.depth == 1 {
            return rest
                .iter()
                .position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']' | b',' | b':'));
        }
        Some(0)
    }

    fn mark(&mut self, byte: u8) -> Option<(Stop, usize)> {
        if self.depth == 0 && !matches!(byte, b'"' | b'{' | b'[') {
            let is_end = matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
            if self.is_bare && is_end {
                return Some((Stop::End, 0));
            }
            self.is_bare = true;
            return None;
        }
        match byte {
            b'"' => {
                self.string = InString::Yes;
                self.noted.clear();
            }
            b'{' => self.open(false),
            b'[' => {
                let is_items = self.stops_at_items
                    && self.depth == 1
                    && self.key == Key::Items
                    && !self.has_items;
                self.open(true);
                if is_items {
                    self.has_items = true;
                    return Some((Stop::Items, 1));
                }
            }
            b'}' | b']' => {
                let is_array = byte == b']';
                if self.depth == 0 || self.is_array != is_array {
                    return Some((Stop::Mismatch, 0));
                }
                self.depth -= 1;
                return Some((Stop::End, 1));
            }
            b',' => {
                self.is_key_next = !self.is_array;
                self.key = Key::Other;
            }
            _ => self.is_key_next = false,
        }
        None
    }

    const fn open(&mut self, is_array: bool) {
        if self.depth == 0 {
            self.is_array = is_array;
        }
        self.depth += 1;
        self.is_key_next = self.depth == 1 && !is_array;
    }

    /// Remembers the beginning of a string of the outermost object.
    fn note(&mut self, part: &[u8]) {
        if self.depth == 1 {
            let room = LONGEST_NOTED.saturating_sub(self.noted.len());
            self.noted
                .extend_from_slice(part.get(..room).unwrap_or(part));
        }
    }

    /// Whether the string was the whole value.
    fn end_of_string(&mut self) -> bool {
        if self.depth == 1 {
            if self.is_key_next {
                self.key = match self.noted.as_slice() {
                    b"kind" => Key::Kind,
                    b"apiVersion" => Key::ApiVersion,
                    b"items" => Key::Items,
                    _ => Key::Other,
                };
            } else if let (Key::Kind | Key::ApiVersion, Ok(value)) =
                (self.key, std::str::from_utf8(&self.noted))
            {
                let field = if self.key == Key::Kind {
                    &mut self.kind
                } else {
                    &mut self.api_version
                };
                value.clone_into(field);
            }
        }
        self.depth == 0
    }
}
