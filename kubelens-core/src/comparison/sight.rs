//! Whether a report could have told of a cause.

use crate::model::{Cause, KindCoverage, Report};

/// Why `report` could not have told of a cause that `other` tells of; none where it could.
///
/// A gap that both reports have did not keep `other` from seeing it, so it explains nothing.
pub(super) fn blind_to(report: &Report, cause: &Cause, other: &Report) -> Option<String> {
    if report.scope != other.scope
        && let Some(reason) = outside(report, cause)
    {
        return Some(reason);
    }
    let gap = report.coverage.kinds.iter().find(|gap| {
        gap.checks_skipped.contains(&cause.code) && !has_gap(&other.coverage.kinds, &gap.kind)
    })?;
    let state = gap.state.as_str();
    Some(format!("{} {state}", gap.kind))
}

fn has_gap(kinds: &[KindCoverage], kind: &str) -> bool {
    kinds.iter().any(|gap| gap.kind == kind)
}

/// Whether the subject lies outside what the report looked at.
fn outside(report: &Report, cause: &Cause) -> Option<String> {
    if let Some(selector) = &report.scope.selector {
        return Some(format!("it looked at labels {selector} only"));
    }
    let looked = &report.scope.namespaces;
    if looked.is_empty() {
        return None;
    }
    let within = cause
        .subject
        .namespace
        .as_ref()
        .is_some_and(|namespace| looked.contains(namespace));
    (!within).then(|| format!("it looked at {} only", looked.join(", ")))
}
