//! The figures with their bars, as a Markdown table.

use std::fmt::Write as _;

/// A figure, and whether it is good enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What was measured.
    pub what: &'static str,
    /// The figure.
    pub measured: String,
    /// What it has to be; empty where it only informs.
    pub bar: &'static str,
    /// Whether it is.
    pub is_met: bool,
}

impl Row {
    /// A figure that has to meet a bar.
    pub fn judged(what: &'static str, measured: String, bar: &'static str, is_met: bool) -> Self {
        Self {
            what,
            measured,
            bar,
            is_met,
        }
    }

    /// A figure that only informs.
    pub fn told(what: &'static str, measured: String) -> Self {
        Self::judged(what, measured, "", true)
    }
}

/// All rows.
pub fn markdown(rows: &[Row]) -> String {
    let mut text = String::from("| measured | figure | bar | |\n|---|---:|---:|---|\n");
    for row in rows {
        let verdict = match (row.bar, row.is_met) {
            ("", _) => "",
            (_, true) => "met",
            (_, false) => "MISSED",
        };
        // Writing into a string does not fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {verdict} |",
            row.what, row.measured, row.bar
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_bar_stands_out() {
        let rows = [
            Row::told("pods", "10".to_owned()),
            Row::judged("ratio", "1.7".to_owned(), "<= 1.5", false),
        ];
        let text = markdown(&rows);
        assert!(
            text.ends_with("| pods | 10 |  |  |\n| ratio | 1.7 | <= 1.5 | MISSED |\n"),
            "{text}"
        );
    }
}
