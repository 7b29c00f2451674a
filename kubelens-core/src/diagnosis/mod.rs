//! From what was seen to what is wrong: sightings fold into causes by the relations of Kubernetes,
//! causes are ranked. Pure: the same sightings give the same causes.
//!
//! ```text
//! sightings ──edges──> graph ──roots──> causes ──chain, affected, groups──> ranked
//! ```

mod affected;
mod causes;
mod chain;
mod changes;
mod edges;
mod fronts;
mod going_on;
mod graph;
mod groups;
mod health;
mod index;
pub(crate) mod links;
mod ruled_out;
mod scope;
mod shared;
mod specificity;
mod tame;
mod unexplained;

use std::collections::BTreeSet;

use glob::Pattern;

use crate::analysis::{Analyzer, Sighting, Sightings};
use crate::model::{
    Cause, Coverage, Finding, KUBELENS_API_VERSION, Note, Report, Scope, Severity, Summary,
    SuppressedBy,
};
use crate::snapshot::{Cluster, Snapshot};

/// The report over a picture and what the analyzers saw in it.
///
/// A fault of an excluded namespace is left out unless it hurts something elsewhere.
pub(crate) fn report(
    snapshot: &Snapshot,
    sightings: Sightings,
    coverage: Coverage,
    excluded: &[Pattern],
    notes: Vec<Note>,
) -> Report {
    report_of(snapshot, sightings, coverage, excluded, notes, |_| true)
}

/// The same, of the causes that `is_wanted` chooses.
pub(crate) fn report_of(
    snapshot: &Snapshot,
    sightings: Sightings,
    coverage: Coverage,
    excluded: &[Pattern],
    notes: Vec<Note>,
    is_wanted: impl Fn(&Cause) -> bool,
) -> Report {
    let cluster = Cluster::new(snapshot);
    let mut explained = explain(&cluster, sightings.seen, excluded);
    explained.keep(is_wanted);
    let remarks = Remarks {
        suppressed: &sightings.suppressed,
        failed: &sightings.failed,
        coverage,
        excluded,
        notes,
    };
    assemble(snapshot, explained, remarks)
}

/// Causes, unranked, and the findings that they explain.
#[derive(Debug, Clone, Default)]
pub(crate) struct Explained {
    pub(crate) causes: Vec<Cause>,
    pub(crate) findings: Vec<Finding>,
}

impl Explained {
    /// Leaves the causes that `is_wanted` chooses, and their findings.
    fn keep(&mut self, is_wanted: impl Fn(&Cause) -> bool) {
        self.causes.retain(is_wanted);
        let kept: BTreeSet<&str> = self.causes.iter().map(|cause| cause.id.as_str()).collect();
        self.findings
            .retain(|finding| kept.contains(finding.cause_id.as_str()));
    }
}

/// Folds what the analyzers saw, as far as it is a matter of what was asked for.
pub(crate) fn explain(
    cluster: &Cluster<'_>,
    seen: Vec<(&'static Analyzer, Sighting)>,
    excluded: &[Pattern],
) -> Explained {
    let index = index::Index::of(cluster, seen);
    let fold_min = cluster.thresholds_in("").fold_min;
    let graph = graph::Graph::of(&index, edges::all(&index, cluster), fold_min);
    let (causes, findings) = causes::fold(&index, &graph, cluster);
    let mut explained = Explained { causes, findings };
    explained.keep(|cause| {
        scope::concerns(cause, cluster.snapshot().scope(), cluster)
            && !scope::is_excluded(cause, excluded)
    });
    explained
}

/// What a report tells beside causes.
#[derive(Debug)]
pub(crate) struct Remarks<'a> {
    pub(crate) suppressed: &'a [(&'static Analyzer, Sighting, SuppressedBy)],
    /// Codes of analyzers that failed.
    pub(crate) failed: &'a [&'static str],
    pub(crate) coverage: Coverage,
    /// Namespaces whose own faults were left out.
    pub(crate) excluded: &'a [Pattern],
    pub(crate) notes: Vec<Note>,
}

/// Ranks and counts all causes of a picture.
pub(crate) fn assemble(snapshot: &Snapshot, explained: Explained, remarks: Remarks<'_>) -> Report {
    let cluster = Cluster::new(snapshot);
    let Explained {
        mut causes,
        mut findings,
    } = explained;
    let Remarks {
        suppressed,
        failed,
        mut coverage,
        excluded,
        notes,
    } = remarks;
    findings.extend(causes::suppressed(suppressed));
    findings.extend(
        failed
            .iter()
            .map(|code| causes::failed_analyzer(snapshot, code)),
    );
    findings.sort_by(|a, b| {
        (&a.code, &a.subject, &a.id, &a.cause_id).cmp(&(&b.code, &b.subject, &b.id, &b.cause_id))
    });
    for cause in &mut causes {
        if going_on::goes_on(cause, &cluster) {
            cause.last_seen = snapshot.taken_at();
        }
    }
    groups::count(&mut causes);
    causes::rank(&mut causes);
    let count = |severity| {
        causes
            .iter()
            .filter(|cause| cause.severity == severity)
            .count()
    };
    let summary = Summary {
        causes: causes.len(),
        critical: count(Severity::Critical),
        warning: count(Severity::Warning),
        info: count(Severity::Info),
        objects: snapshot.object_count(),
        health_score: health::score(&cluster, &causes),
    };
    tame::tame(&mut causes, &mut findings, &mut coverage);
    Report {
        api_version: KUBELENS_API_VERSION.to_owned(),
        kind: "Report".to_owned(),
        taken_at: snapshot.taken_at(),
        cluster: snapshot.info().clone(),
        scope: Scope {
            excluded_namespaces: excluded
                .iter()
                .map(|name| name.as_str().to_owned())
                .collect(),
            ..snapshot.scope().clone()
        },
        summary,
        causes,
        findings,
        coverage,
        notes,
        dry_run: Vec::new(),
        clusters: Vec::new(),
        omitted: None,
    }
}
