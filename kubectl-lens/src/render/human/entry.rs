//! One cause, or one group of causes.

use jiff::Timestamp;
use kubelens_core::model::{Cause, ObjectRef, some_of};

use super::{View, chain, label, list, proof, remedy, topology};
use crate::{
    render::entries::Entry,
    terminal::{Page, Span, Theme, age, instant},
};

/// Objects that are named before the rest is only counted.
const NAMED: usize = 4;

pub(in crate::render) fn print(
    entry: &Entry<'_>,
    now: Option<Timestamp>,
    view: &View,
    page: &mut Page,
) {
    let cause = entry.first;
    title(entry, page);
    if !cause.explanation.is_empty() {
        page.hanging(&[label("Why")], &[Span::plain(&cause.explanation)]);
    }
    if entry.others.is_empty() {
        hits(cause, view, page);
    } else {
        same(entry, view, page);
    }
    clusters(cause, view, page);
    since(cause, now, view, page);
    proof::print(cause, now, view, page);
    if view.topology {
        topology::print(cause, page);
    } else {
        chain::print(cause, view, page);
    }
    remedy::print(&cause.suggestions, page);
    if view.wide {
        ruled_out(cause, page);
        page.hanging(
            &[label("Id")],
            &[Span::new(
                format!("{} ({})", cause.id, cause.name),
                Theme::QUIET,
            )],
        );
    }
}

fn title(entry: &Entry<'_>, page: &mut Page) {
    let cause = entry.first;
    page.hanging_with_tail(
        &[
            Span::plain(format!("{:>2}  ", cause.rank)),
            Span::new(
                cause.severity.as_str().to_uppercase(),
                Theme::severity(cause.severity),
            ),
            Span::plain(" ".repeat(10_usize.saturating_sub(cause.severity.as_str().len()))),
        ],
        &[Span::new(entry.title(), Theme::TITLE)],
        &[Span::new(
            format!("{}  {:.0}%", cause.code, cause.confidence * 100.0),
            Theme::QUIET,
        )],
    );
}

/// What suffers, unless the chain says it all.
fn hits(cause: &Cause, view: &View, page: &mut Page) {
    let told = |object: &&ObjectRef| cause.chain.iter().any(|link| link.effect.is_same(object));
    if cause.affected.is_empty()
        || (!view.wide && cause.affected.iter().all(|object| told(&object)))
    {
        return;
    }
    let most = if view.wide { usize::MAX } else { NAMED };
    page.hanging(
        &[label("Hits")],
        &[Span::plain(list(cause.affected.iter(), most))],
    );
}

/// The other causes of a group.
fn same(entry: &Entry<'_>, view: &View, page: &mut Page) {
    let most = if view.wide { usize::MAX } else { NAMED };
    let subjects: Vec<&ObjectRef> = std::iter::once(entry.first)
        .chain(entry.others.iter().copied())
        .map(|cause| &cause.subject)
        .collect();
    page.hanging(
        &[label("All")],
        &[Span::plain(format!(
            "{} causes: {}",
            entry.size(),
            list(subjects.into_iter(), most)
        ))],
    );
    page.hanging(
        &[label("")],
        &[Span::new(
            format!("The rest here is about {}.", entry.first.subject),
            Theme::QUIET,
        )],
    );
}

/// The clusters that have it, in a report over several.
fn clusters(cause: &Cause, view: &View, page: &mut Page) {
    if cause.clusters.is_empty() {
        return;
    }
    let most = if view.wide { usize::MAX } else { NAMED };
    let names = cause.clusters.iter().map(|cluster| {
        match (cluster.severity == cause.severity, cluster.affected) {
            (true, 0) => cluster.name.clone(),
            (true, hit) => format!("{} ({hit} affected)", cluster.name),
            (false, _) => format!("{} ({})", cluster.name, cluster.severity),
        }
    });
    page.hanging(&[label("In")], &[Span::plain(some_of(names, most))]);
}

fn since(cause: &Cause, now: Option<Timestamp>, view: &View, page: &mut Page) {
    let (Some(first), Some(now)) = (cause.first_seen, now) else {
        return;
    };
    let mut spans = vec![Span::plain(format!("{} ago", age(first, now)))];
    if view.wide {
        spans.push(Span::plain(format!(" ({})", instant(first))));
    }
    if let Some(last) = cause.last_seen.filter(|last| *last != first) {
        let words = if last == now {
            ", still so".to_owned()
        } else {
            format!(", last seen {} ago", age(last, now))
        };
        spans.push(Span::plain(words));
    }
    page.hanging(&[label("Since")], &spans);
}

fn ruled_out(cause: &Cause, page: &mut Page) {
    for (place, other) in cause.ruled_out.iter().enumerate() {
        let name = if place == 0 { "Not" } else { "" };
        page.hanging(
            &[
                label(name),
                Span::new(format!("{}  ", other.code), Theme::QUIET),
            ],
            &[Span::plain(format!("{}: {}", other.subject, other.reason))],
        );
    }
}
