//! Whether a report could have told of a cause.

use glob::Pattern;

use crate::model::{Cause, KindCoverage, ObjectRef, Report, Scope};

/// Why `report` could not have told of a cause that `other` tells of; none where it could.
pub(super) fn blind_to_cause(report: &Report, cause: &Cause, other: &Report) -> Option<String> {
    if let Some(least) = report
        .scope
        .min_severity
        .filter(|least| cause.severity < *least)
    {
        return Some(format!("it keeps what is at least {least}"));
    }
    let is_suppressed = report.findings.iter().any(|finding| {
        finding.suppressed && finding.code == cause.code && finding.subject.is_same(&cause.subject)
    });
    if is_suppressed {
        return Some("it is suppressed there".to_owned());
    }
    blind_to(report, &cause.code, &cause.subject, Some(other))
}

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
    if other.is_none_or(|other| report.scope != other.scope) {
        let reason = outside(report, subject).or_else(|| not_run(report, code, other));
        if reason.is_some() {
            return reason;
        }
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

/// That the check did not run: it was left out, or only the other report has it.
fn not_run(report: &Report, code: &str, other: Option<&Report>) -> Option<String> {
    let holds = |codes: &[String]| codes.iter().any(|known| known == code);
    let adds = |scope: &Scope| holds(&scope.checks_added);
    let did_not = holds(&report.scope.checks_left_out)
        || other.is_some_and(|other| adds(&other.scope)) && !adds(&report.scope);
    did_not.then(|| format!("it did not run {code}"))
}

/// Whether the subject lies outside what the report looked at.
fn outside(report: &Report, subject: &ObjectRef) -> Option<String> {
    let scope = &report.scope;
    if let Some(selector) = &scope.selector {
        return Some(format!("it looked at labels {selector} only"));
    }
    let namespace = subject.namespace.as_deref();
    let is_left_out = |pattern: &&String| {
        let pattern = Pattern::new(pattern).ok();
        namespace.is_some_and(|name| pattern.is_some_and(|pattern| pattern.matches(name)))
    };
    if let Some(pattern) = scope.excluded_namespaces.iter().find(is_left_out) {
        return Some(format!("it left namespaces {pattern} out"));
    }
    if scope.namespaces.is_empty() {
        return None;
    }
    let within = namespace.is_some_and(|name| scope.namespaces.iter().any(|known| known == name));
    (!within).then(|| format!("it looked at {} only", scope.namespaces.join(", ")))
}
