//! Lines of styled text that fit the terminal.

use std::fmt::Write;

use anstyle::Style;

use super::{
    printable::printable,
    wrap::{Styled, columns, wrap},
};

/// A stretch of text in one style.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    text: String,
    style: Style,
}

impl Span {
    /// `text`, made safe for a terminal.
    pub(crate) fn new(text: impl AsRef<str>, style: Style) -> Self {
        Self {
            text: printable(text.as_ref()).into_owned(),
            style,
        }
    }

    pub(crate) fn plain(text: impl AsRef<str>) -> Self {
        Self::new(text, Style::new())
    }
}

/// Text that was laid out for a width. Only styles of ours put escape sequences into it.
#[derive(Debug)]
pub(crate) struct Page {
    width: usize,
    text: String,
}

impl Page {
    pub(crate) fn new(width: usize) -> Self {
        Self {
            width,
            text: String::new(),
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    pub(crate) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// One paragraph: `head` in front, `spans` wrapped beside it, so that every further line begins
    /// below the first one's text.
    pub(crate) fn hanging(&mut self, head: &[Span], spans: &[Span]) {
        let head = characters(head);
        let indent = columns(&head);
        let room = self.width.saturating_sub(indent);
        for (place, line) in wrap(&characters(spans), room, room).into_iter().enumerate() {
            if place == 0 {
                self.emit(&head);
            } else {
                self.text.extend(std::iter::repeat_n(' ', indent));
            }
            self.emit(&line);
            self.end_line();
        }
    }

    /// As [`Page::hanging`], with `tail` at the right edge of the first line, or in its own line
    /// where the first has no room left.
    pub(crate) fn hanging_with_tail(&mut self, head: &[Span], spans: &[Span], tail: &[Span]) {
        let lead = characters(head);
        let text = characters(spans);
        let tail = characters(tail);
        let gap = self
            .width
            .saturating_sub(columns(&lead) + columns(&text) + columns(&tail));
        if gap < 2 {
            self.hanging(head, spans);
            self.text.extend(std::iter::repeat_n(' ', columns(&lead)));
        } else {
            self.emit(&lead);
            self.emit(&text);
            self.text.extend(std::iter::repeat_n(' ', gap));
        }
        self.emit(&tail);
        self.end_line();
    }

    /// One line as it is, however long.
    pub(crate) fn line(&mut self, spans: &[Span]) {
        self.emit(&characters(spans));
        self.end_line();
    }

    fn emit(&mut self, text: &[Styled]) {
        for run in text.chunk_by(|(_, a), (_, b)| a == b) {
            let style = run.first().map(|(_, style)| *style).unwrap_or_default();
            let content: String = run.iter().map(|(character, _)| *character).collect();
            // Writing to a String cannot fail.
            let _ = write!(self.text, "{style}{content}{style:#}");
        }
    }

    fn end_line(&mut self) {
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }
}

fn characters(spans: &[Span]) -> Vec<Styled> {
    spans
        .iter()
        .flat_map(|span| span.text.chars().map(|character| (character, span.style)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Page, Span};

    #[test]
    fn further_lines_begin_below_the_text() {
        let mut page = Page::new(16);
        page.hanging(
            &[Span::plain("  Why  ")],
            &[Span::plain("it does not start")],
        );
        assert_eq!(page.into_text(), "  Why  it does\n       not start\n");
    }

    #[test]
    fn a_tail_that_fits_stands_at_the_right_edge() {
        let mut page = Page::new(16);
        page.hanging_with_tail(
            &[Span::plain("1 ")],
            &[Span::plain("broken")],
            &[Span::plain("A001")],
        );
        assert_eq!(page.into_text(), "1 broken    A001\n");
    }

    #[test]
    fn a_tail_that_does_not_fit_gets_its_own_line() {
        let mut page = Page::new(12);
        page.hanging_with_tail(
            &[Span::plain("1 ")],
            &[Span::plain("is broken")],
            &[Span::plain("A001")],
        );
        assert_eq!(page.into_text(), "1 is broken\n  A001\n");
    }

    #[test]
    fn names_with_escape_sequences_do_not_reach_the_page() {
        let mut page = Page::new(40);
        page.line(&[Span::plain("pod\u{1b}[2J")]);
        assert_eq!(page.into_text(), "pod[2J\n");
    }
}
