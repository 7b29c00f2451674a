//! The last line: the one that is still on the screen.

use kubelens_core::model::{Report, Severity};

use super::{About, View, budget};
use crate::terminal::{Page, Span, Theme};

pub(super) fn print(report: &Report, view: &View, page: &mut Page) {
    let summary = &report.summary;
    let mut spans = Vec::new();
    if summary.critical + summary.warning == 0 {
        let is_all_known =
            report.coverage.kinds.is_empty() && budget::unnamed(report.omitted.as_ref()).is_none();
        let how_far = if is_all_known || view.about == About::Manifests {
            ""
        } else {
            " as far as could be read"
        };
        let nothing = match view.about {
            About::Cluster => "Nothing is broken",
            About::Manifests | About::ManifestsInCluster => "Nothing speaks against the manifests",
        };
        spans.push(Span::new(format!("{nothing}{how_far}"), Theme::GOOD));
    } else {
        push_count(&mut spans, summary.critical, "critical", Severity::Critical);
        push_count(
            &mut spans,
            summary.warning,
            if summary.warning == 1 {
                "warning"
            } else {
                "warnings"
            },
            Severity::Warning,
        );
    }
    if summary.info > 0 {
        let hidden = if view.show_info { "" } else { " (--show-info)" };
        spans.push(Span::plain(format!(", {} info{hidden}", summary.info)));
    }
    let objects = if summary.objects == 1 {
        "object"
    } else {
        "objects"
    };
    spans.push(Span::new(
        format!(" · {} {objects}", summary.objects),
        Theme::QUIET,
    ));
    if let Some(score) = summary.health_score {
        spans.push(Span::new(format!(" · health {score}/100"), Theme::QUIET));
    }
    if let Some(first) = view.causes(report).first() {
        spans.push(Span::new(
            format!(" · more: kubectl lens explain {}", first.code),
            Theme::QUIET,
        ));
    }
    page.hanging(&[], &spans);
}

fn push_count(spans: &mut Vec<Span>, count: usize, noun: &str, severity: Severity) {
    if count > 0 {
        let comma = if spans.is_empty() { "" } else { ", " };
        spans.push(Span::plain(comma));
        spans.push(Span::new(
            format!("{count} {noun}"),
            Theme::severity(severity),
        ));
    }
}
