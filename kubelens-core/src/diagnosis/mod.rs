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
mod graph;
mod groups;
mod health;
mod index;
pub(crate) mod links;
mod ruled_out;
mod scope;
mod specificity;
mod unexplained;

use std::collections::BTreeSet;

use crate::analysis::{Analyzer, Sighting, Sightings};
use crate::model::{Cause, Coverage, Finding, KUBELENS_API_VERSION, Report, Severity, Summary};
use crate::snapshot::{Cluster, Snapshot};

/// The report over a picture and what the analyzers saw in it.
pub(crate) fn report(snapshot: &Snapshot, sightings: Sightings, coverage: Coverage) -> Report {
    report_of(snapshot, sightings, coverage, |_| true)
}

/// The same, of the causes that `is_wanted` chooses.
pub(crate) fn report_of(
    snapshot: &Snapshot,
    sightings: Sightings,
    coverage: Coverage,
    is_wanted: impl Fn(&Cause) -> bool,
) -> Report {
    let cluster = Cluster::new(snapshot);
    let mut explained = explain(&cluster, sightings.seen);
    explained.keep(is_wanted);
    assemble(
        snapshot,
        explained,
        &sightings.suppressed,
        &sightings.failed,
        coverage,
    )
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
) -> Explained {
    let index = index::Index::of(cluster, seen);
    let graph = graph::Graph::of(&index, edges::all(&index, cluster));
    let (causes, findings) = causes::fold(&index, &graph, cluster);
    let mut explained = Explained { causes, findings };
    explained.keep(|cause| scope::concerns(cause, cluster.snapshot().scope(), cluster));
    explained
}
/// Ranks and counts all causes of a picture.
pub(crate) fn assemble(
    snapshot: &Snapshot,
    explained: Explained,
    suppressed: &[(&'static Analyzer, Sighting)],
    failed: &[&'static str],
    coverage: Coverage,
) -> Report {
    let cluster = Cluster::new(snapshot);
    let Explained {
        mut causes,
        mut findings,
    } = explained;
    findings.extend(causes::suppressed(suppressed));
    findings.extend(
        failed
            .iter()
            .map(|code| causes::failed_analyzer(snapshot, code)),
    );
    findings.sort_by(|a, b| {
        (&a.code, &a.subject, &a.id, &a.cause_id).cmp(&(&b.code, &b.subject, &b.id, &b.cause_id))
    });
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
    Report {
        api_version: KUBELENS_API_VERSION.to_owned(),
        kind: "Report".to_owned(),
        taken_at: snapshot.taken_at(),
        cluster: snapshot.info().clone(),
        scope: snapshot.scope().clone(),
        summary,
        causes,
        findings,
        coverage,
        dry_run: Vec::new(),
        clusters: Vec::new(),
        omitted: None,
    }
}
