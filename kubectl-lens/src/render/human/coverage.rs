//! What could not be read, and so is not known.

use kubelens_core::model::{CoverageState, KindCoverage, Report, some_of};

use super::{About, View, budget};
use crate::terminal::{Page, Span, Theme};

/// Most checks that are named for one kind; JSON has them all.
const MOST_CHECKS: usize = 12;

/// Kinds that get a line of their own in the short view.
const DETAILED: usize = 3;

pub(super) fn print(report: &Report, view: &View, page: &mut Page) {
    let coverage = &report.coverage;
    if view.about == About::Manifests {
        let only = "Only the manifests themselves were checked; --against live asks the cluster for the rest";
        page.hanging(&[], &[Span::new(only, Theme::TITLE)]);
        return;
    }
    let head = [Span::new(
        format!("Coverage {}%", coverage.percent),
        Theme::TITLE,
    )];
    let unnamed = budget::unnamed(report.omitted.as_ref());
    if coverage.kinds.is_empty() && unnamed.is_none() {
        page.hanging(
            &head,
            &[Span::new(
                ": everything that the checks wanted was read",
                Theme::QUIET,
            )],
        );
        return;
    }
    page.hanging(
        &head,
        &[Span::plain(": not known, so neither missing nor healthy:")],
    );
    let (mut hurts, mut not_there): (Vec<_>, Vec<_>) = coverage
        .kinds
        .iter()
        .partition(|kind| kind.state != CoverageState::Absent);
    if view.wide {
        // What was refused or failed is worth more than what is just not there.
        hurts.append(&mut not_there);
    }
    let most = if view.wide { usize::MAX } else { DETAILED };
    for kind in hurts.iter().take(most) {
        gap(kind, page);
    }
    let rest: Vec<&KindCoverage> = hurts.into_iter().skip(most).collect();
    for (word, kinds) in [("also", rest), ("absent", not_there)] {
        if !kinds.is_empty() {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.kind.as_str()).collect();
            page.hanging(
                &[Span::new(format!("  {word}  "), Theme::QUIET)],
                &[Span::new(names.join(", "), Theme::QUIET)],
            );
        }
    }
    if let Some(unnamed) = unnamed {
        page.hanging(&[Span::plain("  ")], &[Span::new(unnamed, Theme::QUIET)]);
    }
}

fn gap(kind: &KindCoverage, page: &mut Page) {
    let mut spans = vec![
        Span::plain(&kind.kind),
        Span::new(format!(" {}", kind.state.as_str()), Theme::BAD),
    ];
    if !kind.detail.is_empty() {
        spans.push(Span::plain(format!(": {}", kind.detail)));
    }
    if !kind.checks_skipped.is_empty() {
        spans.push(Span::new(
            format!(
                " (not checked in full: {})",
                some_of(&kind.checks_skipped, MOST_CHECKS)
            ),
            Theme::QUIET,
        ));
    }
    page.hanging(&[Span::plain("  ")], &spans);
}
