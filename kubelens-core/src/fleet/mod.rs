//! Several clusters in one report: what is the same fault in each is one cause, with a count a cluster; a cluster that
//! could not be checked is a gap.
//!
//! Pure: the same reports, in any order, give the same report.

mod causes;
mod coverage;

use std::collections::BTreeMap;

use crate::model::{
    Cause, ClusterInfo, ClusterReport, Finding, KUBELENS_API_VERSION, Note, NoteKind, Report,
    Scope, Severity, Summary, some_of,
};

/// What became of one cluster: its report, or why there is none.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The name that tells it from the others: a context's.
    pub name: String,
    /// Its report, or why it could not be checked.
    pub report: Result<Report, String>,
}

/// One report over all clusters.
pub fn joined(mut clusters: Vec<Checked>) -> Report {
    clusters.sort_by(|a, b| a.name.cmp(&b.name));
    let reports: Vec<(&str, &Report)> = clusters
        .iter()
        .filter_map(|checked| Some((checked.name.as_str(), checked.report.as_ref().ok()?)))
        .collect();
    let causes = causes::folded(&reports);
    let summary = summary(&reports, &causes);
    Report {
        api_version: KUBELENS_API_VERSION.to_owned(),
        kind: "Report".to_owned(),
        taken_at: reports
            .iter()
            .filter_map(|(_, report)| report.taken_at)
            .max(),
        cluster: ClusterInfo {
            name: some_of(clusters.iter().map(|checked| &checked.name), 3),
            version: None,
            source: reports.first().map_or_else(
                || "live".to_owned(),
                |(_, report)| report.cluster.source.clone(),
            ),
        },
        scope: scope(&reports),
        summary,
        causes,
        findings: findings(&reports),
        coverage: coverage::joined(&clusters),
        notes: notes(&reports),
        dry_run: Vec::new(),
        clusters: clusters.iter().map(told).collect(),
        omitted: None,
    }
}

fn told(checked: &Checked) -> ClusterReport {
    let report = checked.report.as_ref().ok();
    let info = report
        .map(|report| report.cluster.clone())
        .unwrap_or_default();
    ClusterReport {
        cluster: ClusterInfo {
            name: checked.name.clone(),
            ..info
        },
        taken_at: report.and_then(|report| report.taken_at),
        summary: report.map(|report| report.summary.clone()),
        error: checked.report.as_ref().err().cloned(),
    }
}

/// Where all looked: one scope if it is the same, else every namespace that one of them looked at.
fn scope(reports: &[(&str, &Report)]) -> Scope {
    let Some((_, first)) = reports.first() else {
        return Scope::default();
    };
    let is_whole = reports
        .iter()
        .any(|(_, report)| report.scope.namespaces.is_empty());
    let mut namespaces: Vec<String> = reports
        .iter()
        .flat_map(|(_, report)| report.scope.namespaces.iter().cloned())
        .filter(|_| !is_whole)
        .collect();
    namespaces.sort();
    namespaces.dedup();
    Scope {
        namespaces,
        selector: first.scope.selector.clone(),
        excluded_namespaces: first.scope.excluded_namespaces.clone(),
        checks_added: first.scope.checks_added.clone(),
        checks_left_out: first.scope.checks_left_out.clone(),
        min_severity: first.scope.min_severity,
    }
}

/// What all have to tell of the settings, and what some have, with their names. What is of no use in one cluster may be
/// in use in another.
fn notes(reports: &[(&str, &Report)]) -> Vec<Note> {
    let mut tellers: BTreeMap<&Note, Vec<&str>> = BTreeMap::new();
    for (name, report) in reports {
        for note in &report.notes {
            tellers.entry(note).or_default().push(name);
        }
    }
    tellers
        .into_iter()
        .filter_map(|(note, names)| {
            if names.len() == reports.len() {
                return Some(note.clone());
            }
            let text = format!("{}: {}", some_of(&names, 3), note.text);
            (note.kind != NoteKind::SuppressionUnused).then(|| Note::new(note.kind, &text))
        })
        .collect()
}

fn summary(reports: &[(&str, &Report)], causes: &[Cause]) -> Summary {
    let count = |severity: Severity| {
        causes
            .iter()
            .filter(|cause| cause.severity == severity)
            .count()
    };
    Summary {
        causes: causes.len(),
        critical: count(Severity::Critical),
        warning: count(Severity::Warning),
        info: count(Severity::Info),
        objects: reports
            .iter()
            .map(|(_, report)| report.summary.objects)
            .sum(),
        // The worst one: a mean would hide it.
        health_score: reports
            .iter()
            .filter_map(|(_, report)| report.summary.health_score)
            .min(),
    }
}

/// What was seen in any cluster, each once.
fn findings(reports: &[(&str, &Report)]) -> Vec<Finding> {
    let mut all: BTreeMap<(&str, &str), Finding> = BTreeMap::new();
    for finding in reports.iter().flat_map(|(_, report)| &report.findings) {
        all.entry((&finding.id, &finding.cause_id))
            .and_modify(|known| {
                known.occurrences += finding.occurrences;
                known.severity = known.severity.max(finding.severity);
            })
            .or_insert_with(|| finding.clone());
    }
    let mut all: Vec<Finding> = all.into_values().collect();
    all.sort_by(|a, b| {
        (&a.code, &a.subject, &a.id, &a.cause_id).cmp(&(&b.code, &b.subject, &b.id, &b.cause_id))
    });
    all
}
