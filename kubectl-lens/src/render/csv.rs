//! A row for each cause, for spreadsheets.

use anyhow::Context;
use kubelens_core::model::{Cause, Report};

use crate::{failure::Failure, terminal::printable};

const HEADER: [&str; 14] = [
    "rank",
    "severity",
    "code",
    "name",
    "kind",
    "namespace",
    "object",
    "title",
    "confidence",
    "affected",
    "firstSeen",
    "lastSeen",
    "group",
    "id",
];

/// The causes as RFC 4180 has it, below a header.
pub(super) fn causes(report: &Report) -> Result<String, Failure> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(HEADER).context("cannot write CSV")?;
    for cause in &report.causes {
        writer
            .write_record(row(cause))
            .context("cannot write CSV")?;
    }
    let bytes = writer.into_inner().context("cannot write CSV")?;
    Ok(String::from_utf8(bytes).context("cannot write CSV")?)
}

fn row(cause: &Cause) -> [String; HEADER.len()] {
    let time = |time: Option<jiff::Timestamp>| time.map(|at| at.to_string()).unwrap_or_default();
    let subject = &cause.subject;
    [
        cause.rank.to_string(),
        cause.severity.to_string(),
        cause.code.clone(),
        cause.name.clone(),
        cell(&subject.kind),
        cell(subject.namespace.as_deref().unwrap_or_default()),
        cell(&subject.name),
        cell(&cause.title),
        cause.confidence.to_string(),
        cause.affected.len().to_string(),
        time(cause.first_seen),
        time(cause.last_seen),
        cell(cause.group.as_ref().map_or("", |group| &group.key)),
        cause.id.clone(),
    ]
}

/// Text that no spreadsheet takes for a formula: those begin with one of these signs.
fn cell(text: &str) -> String {
    let text = printable(text);
    if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text.into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn a_cell_is_never_a_formula() {
        assert_eq!(cell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(cell("\t@SUM(A1)"), " @SUM(A1)");
        assert_eq!(cell("web-1"), "web-1");
    }
}
