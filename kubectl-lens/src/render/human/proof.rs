//! What proves a cause, an item a paragraph.

use jiff::Timestamp;
use kubelens_core::model::{Cause, Evidence, EvidenceKind};

use super::{View, label};
use crate::terminal::{Page, Span, Theme, age};

/// Items that the short view shows.
const SHOWN: usize = 4;

pub(super) fn print(cause: &Cause, now: Option<Timestamp>, view: &View, page: &mut Page) {
    let most = if view.wide { usize::MAX } else { SHOWN };
    for (place, item) in cause.evidence.iter().take(most).enumerate() {
        let name = if place == 0 { "Proof" } else { "" };
        let kind = Span::new(format!("{:<8}", word(item.kind)), Theme::QUIET);
        page.hanging(&[label(name), kind], &spans(item, cause, now));
    }
    let hidden = cause.evidence.len().saturating_sub(most);
    if hidden > 0 {
        let noun = if hidden == 1 { "item" } else { "items" };
        page.hanging(
            &[label("")],
            &[Span::new(
                format!("{hidden} more {noun}: -o wide"),
                Theme::QUIET,
            )],
        );
    }
}

/// What is shown for a kind of evidence.
pub(in crate::render) const fn word(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Field => "field",
        EvidenceKind::Event => "event",
        EvidenceKind::Log => "log",
        EvidenceKind::Metric => "metric",
        EvidenceKind::Absence => "absent",
        EvidenceKind::Change => "change",
    }
}

fn spans(item: &Evidence, cause: &Cause, now: Option<Timestamp>) -> Vec<Span> {
    let mut spans = Vec::new();
    let says = statement(item);
    // The title has named the subject already.
    if !item.object.is_same(&cause.subject) || says.is_empty() {
        let colon = if says.is_empty() { "" } else { ": " };
        spans.push(Span::new(format!("{}{colon}", item.object), Theme::QUIET));
    }
    spans.push(Span::plain(says));
    let mut notes = Vec::new();
    notes.extend(
        item.count
            .filter(|count| *count > 1)
            .map(|count| format!("{count}x")),
    );
    if let (Some(at), Some(now)) = (item.at, now) {
        notes.push(format!("{} ago", age(at, now)));
    }
    if !notes.is_empty() {
        spans.push(Span::new(format!(" ({})", notes.join(", ")), Theme::QUIET));
    }
    spans
}

/// What an item says, without the object. Words that something in the cluster wrote stand in
/// quotation marks.
pub(in crate::render) fn statement(item: &Evidence) -> String {
    let text = item.text.as_deref().map(|text| {
        if item.untrusted {
            format!("“{text}”")
        } else {
            text.to_owned()
        }
    });
    let place = item.path.as_deref().map(|path| match item.kind {
        EvidenceKind::Log => format!("{path}:"),
        _ => path.to_owned(),
    });
    let value = item.value.as_deref();
    match (place, value, text) {
        (Some(place), Some(value), Some(text)) => format!("{place} = {value}, {text}"),
        (Some(place), Some(value), None) => format!("{place} = {value}"),
        (Some(place), None, Some(text)) => format!("{place} {text}"),
        (None, Some(value), Some(text)) => format!("{text}: {value}"),
        (Some(only), None, None) | (None, None, Some(only)) => only,
        (None, Some(only), None) => only.to_owned(),
        (None, None, None) => String::new(),
    }
}
