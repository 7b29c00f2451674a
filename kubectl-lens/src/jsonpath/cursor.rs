//! A place in a template.

/// The characters of a template and how far they were read.
#[derive(Debug)]
pub(super) struct Cursor {
    characters: Vec<char>,
    next: usize,
    /// Where the first character stands in the template that the user typed.
    offset: usize,
}

impl Cursor {
    pub(super) fn new(text: &str) -> Self {
        Self::inside(text, 0)
    }

    /// Over a piece of a template that begins at `offset`.
    pub(super) fn inside(text: &str, offset: usize) -> Self {
        Self {
            characters: text.chars().collect(),
            next: 0,
            offset,
        }
    }

    /// Which character of the user's template comes next.
    pub(super) fn at(&self) -> usize {
        self.offset + self.next
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.peek_after(0)
    }

    /// The character behind `ahead` more.
    pub(super) fn peek_after(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.next + ahead).copied()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.next += 1;
        Some(character)
    }

    /// Reads `word` if it comes next, and says whether it did.
    pub(super) fn eat(&mut self, word: &str) -> bool {
        let comes_next = word
            .chars()
            .enumerate()
            .all(|(ahead, wanted)| self.peek_after(ahead) == Some(wanted));
        if comes_next {
            self.next += word.chars().count();
        }
        comes_next
    }

    /// Reads as long as `wanted` holds.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        while let Some(character) = self.peek().filter(|character| wanted(*character)) {
            text.push(character);
            self.next += 1;
        }
        text
    }

    pub(super) fn skip_blanks(&mut self) {
        self.take_while(char::is_whitespace);
    }
}
