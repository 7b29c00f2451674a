//! Breaking styled text into lines.

use anstyle::Style;
use unicode_width::UnicodeWidthChar;

/// A character with the style that it wears.
pub(super) type Styled = (char, Style);

/// Columns that the characters take.
pub(super) fn columns(text: &[Styled]) -> usize {
    text.iter()
        .map(|(character, _)| character.width().unwrap_or(0))
        .sum()
}

/// Breaks `text` at blanks into lines of at most `width` columns; the first may take `first`.
/// A word that is longer than a line is broken where the line ends.
pub(super) fn wrap(text: &[Styled], first: usize, width: usize) -> Vec<Vec<Styled>> {
    let mut lines: Vec<Vec<Styled>> = Vec::new();
    let mut line: Vec<Styled> = Vec::new();
    let mut room = first.max(1);
    for word in text.split_inclusive(|(character, _)| *character == ' ') {
        let bare = word.strip_suffix_blank();
        if columns(&line) + columns(bare) > room && !line.is_empty() {
            lines.push(trimmed(std::mem::take(&mut line)));
            room = width.max(1);
        }
        for &styled in word {
            let wide = styled.0.width().unwrap_or(0);
            if styled.0 != ' ' && columns(&line) + wide > room && !line.is_empty() {
                lines.push(trimmed(std::mem::take(&mut line)));
                room = width.max(1);
            }
            line.push(styled);
        }
    }
    let line = trimmed(line);
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

trait Word {
    fn strip_suffix_blank(&self) -> &Self;
}

impl Word for [Styled] {
    fn strip_suffix_blank(&self) -> &Self {
        match self.split_last() {
            Some(((' ', _), rest)) => rest,
            _ => self,
        }
    }
}

fn trimmed(mut line: Vec<Styled>) -> Vec<Styled> {
    while line.last().is_some_and(|(character, _)| *character == ' ') {
        line.pop();
    }
    line
}

#[cfg(test)]
mod tests {
    use anstyle::Style;
    use proptest::prelude::*;

    use super::{Styled, columns, wrap};

    fn styled(text: &str) -> Vec<Styled> {
        text.chars()
            .map(|character| (character, Style::new()))
            .collect()
    }

    fn lines(text: &str, first: usize, width: usize) -> Vec<String> {
        wrap(&styled(text), first, width)
            .into_iter()
            .map(|line| line.into_iter().map(|(character, _)| character).collect())
            .collect()
    }

    #[test]
    fn lines_break_at_blanks_and_keep_no_trailing_ones() {
        assert_eq!(lines("one two three", 7, 7), ["one two", "three"]);
    }

    #[test]
    fn the_first_line_may_be_shorter() {
        assert_eq!(lines("one two three", 3, 9), ["one", "two three"]);
    }

    #[test]
    fn a_word_longer_than_the_line_is_broken() {
        assert_eq!(
            lines("ab registry.example.com", 8, 8),
            ["ab", "registry", ".example", ".com"]
        );
    }

    #[test]
    fn wide_characters_count_as_two_columns() {
        assert_eq!(lines("日本語 日本", 6, 6), ["日本語", "日本"]);
    }

    #[test]
    fn nothing_is_one_empty_line() {
        assert_eq!(lines("", 10, 10), [""]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked_and_no_character_is_lost(text in "[ a-z日é]{0,80}", width in 2_usize..30) {
            let wrapped = wrap(&styled(&text), width, width);
            prop_assert!(wrapped.iter().all(|line| columns(line) <= width));
            let kept: String = wrapped.concat().iter().map(|(character, _)| *character).filter(|c| *c != ' ').collect();
            let wanted: String = text.chars().filter(|c| *c != ' ').collect();
            prop_assert_eq!(kept, wanted);
        }
    }
}
