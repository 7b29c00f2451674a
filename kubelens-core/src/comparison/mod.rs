//! What two reports differ in: causes that are new, fixed, worse or other than before, by fingerprint, and what
//! broke and recovered in between.
//!
//! Pure: the same two reports and pictures give the same [`ReportDiff`]. A cause that one of the two could not have
//! seen is never called new or fixed without saying so.

mod changes;
mod document;
mod interlude;
mod sight;

pub use document::{Before, Change, ChangeState, DiffSummary, Recovery, ReportDiff, Side};
pub use interlude::Interlude;
pub use sight::blind_to;

use crate::model::{KUBELENS_API_VERSION, Report};

/// What differs between an older and a newer report.
///
/// `interlude` is what two pictures say about the time between them; [`Interlude::default`] where one of them is not
/// at hand.
pub fn compare(older: &Report, newer: &Report, interlude: Interlude) -> ReportDiff {
    let changes = changes::between(older, newer, &interlude);
    let count = |state| {
        changes
            .iter()
            .filter(|change| change.state == state)
            .count()
    };
    let summary = DiffSummary {
        new: count(ChangeState::New),
        worsened: count(ChangeState::Worsened),
        cause_changed: count(ChangeState::CauseChanged),
        flapping: count(ChangeState::Flapping),
        ongoing: count(ChangeState::Ongoing),
        unknown: count(ChangeState::Unknown),
        fixed: count(ChangeState::Fixed),
        recovered: interlude.recovered.len(),
    };
    ReportDiff {
        api_version: KUBELENS_API_VERSION.to_owned(),
        kind: "ReportDiff".to_owned(),
        older: Side::of(older),
        newer: Side::of(newer),
        summary,
        changes,
        recovered: interlude.recovered,
        coverage: newer.coverage.clone(),
        notes: notes(older, newer),
        omitted: None,
    }
}

/// What a reader should know before trusting the comparison.
fn notes(older: &Report, newer: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if let (Some(before), Some(after)) = (older.taken_at, newer.taken_at)
        && before > after
    {
        notes.push(format!(
            "the older picture is the newer one by its time: {before} against {after}"
        ));
    }
    if older.scope != newer.scope {
        notes.push(
            "they look at different parts of a cluster: a cause outside the other's view is neither new nor fixed"
                .to_owned(),
        );
    }
    notes
}
