//! Everything that an analyzer saw, a line each.

use kubelens_core::model::Report;

use crate::terminal::{Page, Span, Theme, printable};

pub(super) fn print(report: &Report, page: &mut Page) {
    page.line(&[Span::new(
        format!("All {} findings", report.findings.len()),
        Theme::TITLE,
    )]);
    for finding in &report.findings {
        let explained = report
            .causes
            .iter()
            .find(|cause| cause.id == finding.cause_id)
            .map_or_else(String::new, |cause| format!("  of cause {}", cause.rank));
        let times = if finding.occurrences > 1 {
            format!(" ({}x)", finding.occurrences)
        } else {
            String::new()
        };
        let reason = finding
            .suppressed_by
            .as_ref()
            .and_then(|by| by.reason.as_ref());
        let kept = match (finding.suppressed, reason) {
            (false, _) => String::new(),
            (true, None) => "  suppressed".to_owned(),
            (true, Some(reason)) => format!("  suppressed: {}", printable(reason)),
        };
        page.hanging(
            &[
                Span::new(
                    format!("  {:<9}", finding.severity.as_str()),
                    Theme::severity(finding.severity),
                ),
                Span::new(format!("{}  ", finding.code), Theme::QUIET),
            ],
            &[
                Span::plain(format!("{}{times}", finding.title)),
                Span::new(format!("{explained}{kept}"), Theme::QUIET),
            ],
        );
    }
}
