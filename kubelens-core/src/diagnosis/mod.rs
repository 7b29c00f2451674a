//! From what was seen to what is wrong: sightings fold into causes by the relations of Kubernetes,
//! causes are ranked. Pure: the same sightings give the same causes.
//!
//! ```text
//! sightings ──edges──> graph ──roots──> causes ──chain, affected, groups──> ranked
//! ```

mod affected;
mod causes;
mod chain;
mod edges;
mod fronts;
mod graph;
mod groups;
mod health;
mod index;
mod ruled_out;
mod scope;
mod specificity;

use std::collections::BTreeSet;

use glob::Pattern;

use crate::analysis::Sightings;
use crate::model::{Coverage, KUBELENS_API_VERSION, Note, Report, Scope, Severity, Summary};
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
    let cluster = Cluster::new(snapshot);
    let index = index::Index::of(&cluster, sightings.seen);
    let graph = graph::Graph::of(
        &index,
        edges::all(&index, &cluster),
        cluster.thresholds_in("").fold_min,
    );
    let (mut causes, mut findings) = causes::fold(&index, &graph, &cluster);
    causes.retain(|cause| {
        scope::concerns(cause, snapshot.scope(), &cluster) && !scope::is_excluded(cause, excluded)
    });
    let kept: BTreeSet<&str> = causes.iter().map(|cause| cause.id.as_str()).collect();
    findings.retain(|finding| kept.contains(finding.cause_id.as_str()));
    findings.extend(causes::suppressed(&sightings.suppressed));
    findings.extend(
        sightings
            .failed
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
    }
}
