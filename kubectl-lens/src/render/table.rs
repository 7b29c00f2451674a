//! A line a cause.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use kubelens_core::model::{Report, some_of};

use super::{View, budget};
use crate::terminal::{age, printable};

/// The causes as a table, and below it the one summary line.
pub(super) fn report(report: &Report, view: &View) -> String {
    let causes = view.causes(report);
    let most = view.most.unwrap_or(causes.len());
    // In a narrow terminal the words need the room more than the numbers do.
    let roomy = view.width >= 100;
    let is_of_several = !report.clusters.is_empty();
    let rows = causes.iter().take(most).map(|cause| {
        let mut row = vec![
            cause.rank.to_string(),
            cause.severity.to_string(),
            cause.code.clone(),
        ];
        if roomy {
            row.push(format!("{:.0}%", cause.confidence * 100.0));
            row.push(match (cause.first_seen, report.taken_at) {
                (Some(first), Some(now)) => age(first, now),
                _ => "-".to_owned(),
            });
        }
        if is_of_several {
            row.push(some_of(
                cause.clusters.iter().map(|cluster| &cluster.name),
                3,
            ));
        }
        row.push(cause.subject.to_string());
        row.push(cause.title.clone());
        row
    });
    let mut headers = vec!["RANK", "SEVERITY", "CODE"];
    if roomy {
        headers.extend(["SURE", "SINCE"]);
    }
    if is_of_several {
        headers.push("CLUSTERS");
    }
    headers.extend(["SUBJECT", "TITLE"]);
    let mut out = print(&headers, rows, view.width);
    if let Some(line) = budget::line(report.omitted.as_ref()) {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// Rows below headers, without lines between, wrapped so that the table fits `width`, if that has an end.
pub(crate) fn print(
    headers: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
    width: usize,
) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    let end = u16::try_from(width).ok();
    if let Some(end) = end {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(end);
    }
    table.set_header(headers.iter().copied());
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell).into_owned()));
    }
    // What is short and fixed must not be torn; the last two columns share the rest.
    let fixed = headers.len().saturating_sub(2);
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if end.is_none() || place < fixed {
            column.set_constraint(ColumnConstraint::ContentWidth);
        } else if place == fixed {
            column.set_constraint(ColumnConstraint::UpperBoundary(Width::Percentage(35)));
        }
    }
    let lines: Vec<String> = table
        .to_string()
        .lines()
        .map(|line| line.trim_end().to_owned())
        .collect();
    format!("{}\n", lines.join("\n"))
}
