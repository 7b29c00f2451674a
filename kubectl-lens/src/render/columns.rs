//! `custom-columns=HEADER:.path,…`: a line an item.

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::{failure::Failure, jsonpath::Expression};

/// Columns, each a header and what stands below it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Columns {
    columns: Vec<(String, Expression)>,
}

impl Columns {
    /// Reads `CODE:.code,NAME:.subject.name`.
    pub(crate) fn parse(spec: &str) -> Result<Self, Failure> {
        let mut columns = Vec::new();
        let mut start = 0;
        for piece in split_outside_brackets(spec) {
            let column = piece
                .split_once(':')
                .filter(|(header, path)| !header.is_empty() && !path.is_empty());
            let Some((header, path)) = column else {
                return Err(Failure::new(format!(
                    "-o custom-columns: character {}: `{piece}` is not HEADER:.path",
                    start + 1
                ))
                .way_out("-o custom-columns=CODE:.code,SUBJECT:.subject.name"));
            };
            let expression = Expression::parse(path).map_err(|error| {
                Failure::new(format!(
                    "-o custom-columns: column {header}, in `{path}`, {error}"
                ))
            })?;
            columns.push((header.to_owned(), expression));
            start += piece.chars().count() + 1;
        }
        Ok(Self { columns })
    }

    /// Reads a file of two lines: the headers, and below each its path.
    pub(crate) fn parse_file(text: &str) -> Result<Self, Failure> {
        let mut lines = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        let (headers, paths) = (
            lines.next().unwrap_or_default(),
            lines.next().unwrap_or_default(),
        );
        if headers.is_empty() || headers.len() != paths.len() {
            return Err(Failure::new(format!(
                "-o custom-columns-file: {} headers stand over {} paths",
                headers.len(),
                paths.len()
            )));
        }
        let pairs: Vec<_> = headers
            .iter()
            .zip(&paths)
            .map(|(header, path)| format!("{header}:{path}"))
            .collect();
        Self::parse(&pairs.join(","))
    }

    /// The header and a line for each item, in columns three blanks apart, as kubectl prints them.
    pub(crate) fn print(&self, items: &[Value]) -> Result<String, Failure> {
        let mut rows = vec![
            self.columns
                .iter()
                .map(|(header, _)| header.clone())
                .collect::<Vec<_>>(),
        ];
        for item in items {
            let mut row = Vec::new();
            for (header, expression) in &self.columns {
                let texts = expression.texts(item).map_err(|error| {
                    Failure::new(format!("-o custom-columns: column {header}, {error}"))
                })?;
                row.push(if texts.is_empty() {
                    "<none>".to_owned()
                } else {
                    texts.join(",")
                });
            }
            rows.push(row);
        }
        Ok(align(&rows))
    }
}

/// Lines up cells; the last of a row is not padded.
pub(super) fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|place| {
            rows.iter()
                .filter_map(|row| row.get(place))
                .map(|cell| cell.width())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    for row in rows {
        for (place, (cell, width)) in row.iter().zip(&widths).enumerate() {
            out.push_str(cell);
            if place + 1 < row.len() {
                out.extend(std::iter::repeat_n(' ', width + 3 - cell.width()));
            }
        }
        out.push('\n');
    }
    out
}

/// Splits at commas, but not at those of a union: `A:.x[0,1],B:.y`.
fn split_outside_brackets(spec: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    spec.split(|character| {
        match character {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Columns;

    fn print(spec: &str) -> String {
        let items = [
            json!({"code": "CFG001", "n": [1, 2], "o": null}),
            json!({"code": "IMG2"}),
        ];
        Columns::parse(spec)
            .expect("columns")
            .print(&items)
            .expect("a table")
    }

    fn error(spec: &str) -> String {
        Columns::parse(spec)
            .map_err(|failure| failure.to_string())
            .expect_err("an error")
    }

    #[test]
    fn columns_line_up_and_what_is_not_there_is_none() {
        assert_eq!(
            print("CODE:.code,N:.n[*],NULL:{.o}"),
            "CODE     N        NULL\nCFG001   1,2      <none>\nIMG2     <none>   <none>\n"
        );
    }

    #[test]
    fn a_comma_in_brackets_does_not_end_a_column() {
        assert_eq!(print("N:n[0,1]").lines().nth(1), Some("1,2"));
    }

    #[test]
    fn a_bad_column_says_where() {
        assert!(
            error("CODE:.code,NAME").starts_with("error: -o custom-columns: character 12: `NAME`")
        );
        assert!(
            error("A:.a,B:.b[x]").contains("column B, in `.b[x]`, character 4"),
            "{}",
            error("A:.a,B:.b[x]")
        );
        assert!(error("").contains("character 1"));
    }

    #[test]
    fn a_file_holds_headers_over_paths() {
        let columns = Columns::parse_file("CODE    N\n.code   .n\n").expect("columns");
        assert_eq!(columns, Columns::parse("CODE:.code,N:.n").expect("columns"));
        assert!(Columns::parse_file("A B\n.a\n").is_err());
    }
}
