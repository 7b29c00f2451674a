//! Whether a report could have told of a cause.

use crate::model::{KindCoverage, ObjectRef, Report};

/// Why `report` could not have told of a cause with this code and subject that `other` tells of; none where it could.
///
/// A gap that both reports have did not keep `other` from seeing it, so it explains nothing. Without `other` every gap
/// of a kind that the code is read from counts.
pub fn blind_to(
    report: &Report,
    code: &str,
    subject: &ObjectRef,
    other: Option<&Report>,
) -> Option<String> {
    if other.is_none_or(|other| report.scope != other.scope)
        && let Some(reason) = outside(report, subject)
    {
        return Some(reason);
    }
    let gap = report.coverage.kinds.iter().find(|gap| {
        gap.checks_skipped.iter().any(|skipped| skipped == code)
            && !other.is_some_and(|other| has_gap(&other.coverage.kinds, &gap.kind))
    })?;
    let state = gap.state.as_str();
    Some(format!("{} {state}", gap.kind))
}

fn has_gap(kinds: &[KindCoverage], kind: &str) -> bool {
    kinds.iter().any(|gap| gap.kind == kind)
}

/// Whether the subject lies outside what the report looked at.
fn outside(report: &Report, subject: &ObjectRef) -> Option<String> {
    if let Some(selector) = &report.scope.selector {
        return Some(format!("it looked at labels {selector} only"));
    }
    let looked = &report.scope.namespaces;
    if looked.is_empty() {
        return None;
    }
    let within = subject
        .namespace
        .as_ref()
        .is_some_and(|namespace| looked.contains(namespace));
    (!within).then(|| format!("it looked at {} only", looked.join(", ")))
}
