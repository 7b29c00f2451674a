//! The view for whoever is on call: where to start, why, with which proof, and what to do.

mod chain;
mod coverage;
mod dry_run;
mod entry;
mod findings;
mod proof;
mod remedy;
mod summary;
mod topology;

use kubelens_core::model::Report;

pub(super) use self::{
    entry::print as entry,
    proof::{statement as proof_statement, word as proof_word},
    remedy::safety,
};
use super::{About, View, budget, entries::entries};
use crate::terminal::{Page, Span, Theme, instant};

/// Columns before a label.
const INDENT: &str = "    ";
/// Columns that a label takes, its blanks included.
const LABEL: usize = 7;

/// The report, laid out for the view's width.
pub(super) fn report(report: &Report, view: &View) -> String {
    let mut page = Page::new(view.width);
    header(report, view, &mut page);
    let causes = view.causes(report);
    let entries = entries(&causes);
    let most = view.most.unwrap_or(entries.len());
    for shown in entries.iter().take(most) {
        page.blank();
        entry::print(shown, report.taken_at, view, &mut page);
    }
    if view.all_findings {
        page.blank();
        findings::print(report, &mut page);
    }
    page.blank();
    if entries.len() > most {
        let rest: usize = entries
            .iter()
            .skip(most)
            .map(super::entries::Entry::size)
            .sum();
        let noun = if rest == 1 { "cause" } else { "causes" };
        page.hanging(
            &[],
            &[Span::new(
                format!("… and {rest} more {noun}: --max-causes 0 shows all"),
                Theme::QUIET,
            )],
        );
    }
    dry_run::print(&report.dry_run, &mut page);
    coverage::print(report, view, &mut page);
    page.blank();
    if let Some(line) = budget::line(report.omitted.as_ref()) {
        page.hanging(&[], &[Span::new(line, Theme::QUIET)]);
    }
    summary::print(report, view, &mut page);
    page.into_text()
}

/// The causes of the report alone, one after the other, with a blank line before each.
pub(super) fn causes(report: &Report, view: &View) -> String {
    let mut page = Page::new(view.width);
    for shown in &entries(&view.causes(report)) {
        page.blank();
        entry::print(shown, report.taken_at, view, &mut page);
    }
    page.into_text()
}

/// Which cluster, how much of it, and when.
fn header(report: &Report, view: &View, page: &mut Page) {
    let cluster = &report.cluster;
    let mut parts = vec![match &cluster.version {
        Some(version) => format!("{} {version}", cluster.name),
        None => cluster.name.clone(),
    }];
    parts.push(match report.scope.namespaces.as_slice() {
        [] => "all namespaces".to_owned(),
        [only] if view.own_namespace => format!("namespace {only} (-A looks at all)"),
        [only] => format!("namespace {only}"),
        several => format!("namespaces {}", several.join(", ")),
    });
    parts.extend(
        report
            .scope
            .selector
            .as_ref()
            .map(|selector| format!("labels {selector}")),
    );
    parts.extend(report.taken_at.map(instant));
    page.hanging(&[], &[Span::new(parts.join(" · "), Theme::QUIET)]);
}

/// A labelled paragraph of an entry; `name` may be empty where the paragraph goes on.
pub(super) fn label(name: &str) -> Span {
    Span::new(format!("{INDENT}{name:<LABEL$}"), Theme::LABEL)
}

/// `Deployment shop/a, Service shop/b (+3)`.
fn list<'a>(
    objects: impl ExactSizeIterator<Item = &'a kubelens_core::model::ObjectRef>,
    most: usize,
) -> String {
    let hidden = objects.len().saturating_sub(most);
    let shown: Vec<String> = objects.take(most).map(ToString::to_string).collect();
    match hidden {
        0 => shown.join(", "),
        hidden => format!("{} (+{hidden})", shown.join(", ")),
    }
}
