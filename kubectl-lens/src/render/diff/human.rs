//! The comparison for whoever wants to know what a change did.

use kubelens_core::{
    comparison::{Change, ChangeState, ReportDiff},
    model::Cause,
};

use super::{View, counts, is_told_in_full, of_state};
use crate::{
    render::{budget, entries::entries, human},
    terminal::{Page, Span, Theme, instant},
};

/// Lines of what is told in one line each, before the rest is only counted.
const LINES: usize = 10;

pub(super) fn print(diff: &ReportDiff, view: &View) -> String {
    let mut page = Page::new(view.width);
    header(diff, &mut page);
    for state in ChangeState::ALL {
        let changes = of_state(diff, state, view);
        if changes.is_empty() {
            continue;
        }
        page.blank();
        heading(state.as_str(), changes.len(), &mut page);
        if is_told_in_full(state) {
            in_full(&changes, diff, view, &mut page);
        } else {
            in_short(&changes, view, &mut page);
        }
    }
    recovered(diff, view, &mut page);
    page.blank();
    for note in &diff.notes {
        page.hanging(&[Span::new("Note  ", Theme::LABEL)], &[Span::plain(note)]);
    }
    if let Some(line) = budget::line(diff.omitted.as_ref()) {
        page.hanging(&[], &[Span::new(line, Theme::QUIET)]);
    }
    let hidden: usize = diff
        .changes
        .iter()
        .filter(|change| !view.shows(&change.cause))
        .count();
    let mut spans = vec![Span::new(counts(diff), Theme::TITLE)];
    if hidden > 0 {
        spans.push(Span::new(
            format!(" · {hidden} of them info (--show-info)"),
            Theme::QUIET,
        ));
    }
    spans.push(Span::new(
        format!(" · coverage {}%", diff.coverage.percent),
        Theme::QUIET,
    ));
    page.hanging(&[], &spans);
    page.into_text()
}

fn header(diff: &ReportDiff, page: &mut Page) {
    let (older, newer) = (&diff.older, &diff.newer);
    let mut parts = vec![newer.cluster.name.clone()];
    parts.push(match newer.scope.namespaces.as_slice() {
        [] => "all namespaces".to_owned(),
        named => format!("namespace {}", named.join(", ")),
    });
    let time = |time: Option<jiff::Timestamp>| time.map_or("no time".to_owned(), instant);
    parts.push(format!(
        "{}, compared with {}",
        time(newer.taken_at),
        time(older.taken_at)
    ));
    page.hanging(&[], &[Span::new(parts.join(" · "), Theme::QUIET)]);
}

fn heading(word: &str, count: usize, page: &mut Page) {
    page.hanging(
        &[],
        &[
            Span::new(word.to_uppercase(), Theme::TITLE),
            Span::new(format!("  {count}"), Theme::QUIET),
        ],
    );
}

fn in_full(changes: &[&Change], diff: &ReportDiff, view: &View, page: &mut Page) {
    let causes: Vec<&Cause> = changes.iter().map(|change| &change.cause).collect();
    let entries = entries(&causes);
    let most = view.most.unwrap_or(entries.len());
    for (place, entry) in entries.iter().take(most).enumerate() {
        if place > 0 {
            page.blank();
        }
        human::entry(entry, diff.newer.taken_at, view, page);
        let change = changes
            .iter()
            .find(|change| change.cause.id == entry.first.id);
        for reason in change.iter().flat_map(|change| &change.reasons) {
            page.hanging(&[human::label("Diff")], &[Span::plain(reason)]);
        }
    }
    if entries.len() > most {
        page.hanging(
            &[Span::plain("    ")],
            &[Span::new(
                format!(
                    "… and {} more: --max-causes 0 shows all",
                    entries.len() - most
                ),
                Theme::QUIET,
            )],
        );
    }
}

fn in_short(changes: &[&Change], view: &View, page: &mut Page) {
    let most = if view.wide || view.most.is_none() {
        usize::MAX
    } else {
        LINES
    };
    for change in changes.iter().take(most) {
        let cause = &change.cause;
        page.hanging_with_tail(
            &[Span::new(
                format!("    {:<10}", cause.severity.as_str()),
                match change.state {
                    ChangeState::Fixed => Theme::GOOD,
                    _ => Theme::severity(cause.severity),
                },
            )],
            &[Span::plain(&cause.title)],
            &[Span::new(&cause.code, Theme::QUIET)],
        );
        for reason in &change.reasons {
            page.hanging(
                &[Span::plain("              ")],
                &[Span::new(reason, Theme::QUIET)],
            );
        }
    }
    if changes.len() > most {
        page.hanging(
            &[Span::plain("    ")],
            &[Span::new(
                format!("… and {} more: -o wide shows all", changes.len() - most),
                Theme::QUIET,
            )],
        );
    }
}

fn recovered(diff: &ReportDiff, view: &View, page: &mut Page) {
    if diff.recovered.is_empty() {
        return;
    }
    page.blank();
    heading("broke and recovered in between", diff.recovered.len(), page);
    let most = if view.wide || view.most.is_none() {
        usize::MAX
    } else {
        LINES
    };
    for recovery in diff.recovered.iter().take(most) {
        let mut spans = vec![Span::plain(&recovery.title)];
        spans.extend(
            recovery
                .at
                .map(|at| Span::new(format!(" ({})", instant(at)), Theme::QUIET)),
        );
        page.hanging(&[Span::plain("    ")], &spans);
    }
    if diff.recovered.len() > most {
        page.hanging(
            &[Span::plain("    ")],
            &[Span::new(
                format!(
                    "… and {} more: -o wide shows all",
                    diff.recovered.len() - most
                ),
                Theme::QUIET,
            )],
        );
    }
}
