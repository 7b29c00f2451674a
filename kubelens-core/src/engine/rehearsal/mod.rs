//! The same analyzers on manifests before they are applied.
//!
//! Only what judges specs runs: a manifest has no status, no pods and no events, and none are made up. What the API
//! server, the scheduler and admission would decide about the pods of a template is asked of the template itself.

mod admission;
mod images;
mod judges;
mod names;
mod placement;
mod pod_security;
mod probes;
mod quota;
mod services;
mod slip;

use std::collections::BTreeSet;

use super::verdicts::Verdicts;
use super::{Options, coverage, look, pack_rules, registry, tuned};
use crate::analysis::{Analyzer, Sighting};
use crate::diagnosis;
use crate::kubernetes::{Kind, Object as _, Service};
use crate::model::{Cause, Note, NoteKind, ObjectRef, Report, counted};
use crate::snapshot::{Cluster, Snapshot, Workload};

/// What would be wrong with the manifests in this cluster; without one, what is wrong with them anywhere.
///
/// Only causes that concern objects of the manifests are told.
pub fn rehearse(manifests: &Snapshot, cluster: Option<&Snapshot>, options: &Options) -> Report {
    let picture = match cluster {
        Some(cluster) => cluster.with_applied(manifests),
        None => manifests.as_manifests_alone(),
    };
    let picture = tuned(&picture, options).into_owned();
    let analyzers: Vec<&'static Analyzer> = options
        .selected(registry())
        .into_iter()
        .filter(|analyzer| judges::judges_specs(analyzer.code))
        .filter(|analyzer| cluster.is_some() || !judges::misses_custom_objects(analyzer.code))
        .collect();
    let objects = objects_of(manifests);
    let of_specs: Vec<&'static Analyzer> = analyzers
        .iter()
        .copied()
        .filter(|analyzer| !judges::is_of_templates(analyzer.code))
        .collect();
    let mut sightings = look(&picture, &of_specs);
    let view = Cluster::new(&picture);
    let is_alone = cluster.is_none();
    let workloads = workloads(&view, &objects);
    let mut asked = quota::check(&view, &workloads);
    for workload in &workloads {
        of_template(workload, &view, is_alone, &mut asked);
    }
    for service in view.all::<Service>() {
        if objects.contains(&service.reference().key()) {
            services::check(service, &view, is_alone, &mut asked);
        }
    }
    for (code, sighting) in asked {
        if let Some(analyzer) = analyzers.iter().find(|analyzer| analyzer.code == code) {
            sightings.seen.push((*analyzer, sighting));
        }
    }
    let coverage = coverage::coverage(&picture, &analyzers);
    let verdicts = Verdicts::new(options);
    verdicts.apply(&picture, &mut sightings);
    let mut notes = verdicts.notes_on(&picture, &analyzers, &sightings);
    // Most of the cluster was not looked at: what covers nothing here may be in use there.
    notes.retain(|note| note.kind != NoteKind::SuppressionUnused);
    let rules = pack_rules::selected(options).len();
    if rules > 0 {
        let text = format!(
            "{} of packs not evaluated: they may ask for a status, and manifests have none",
            counted(rules, "rule")
        );
        notes.push(Note::new(NoteKind::RuleStopped, &text));
    }
    let is_about_manifests = |cause: &Cause| {
        let is_ours = |object: &ObjectRef| objects.contains(&object.key());
        is_ours(&cause.subject)
            || cause.affected.iter().any(is_ours)
            || cause
                .chain
                .iter()
                .any(|link| is_ours(&link.cause) || is_ours(&link.effect))
    };
    let mut report = diagnosis::report_of(
        &picture,
        sightings,
        coverage,
        &options.excluded_namespaces,
        notes,
        is_about_manifests,
    );
    // What is not applied yet can be neither up nor down.
    report.summary.health_score = None;
    report.summary.objects = objects.len();
    options.note_checks(registry(), &mut report.scope);
    report
}

type Key = (String, String, String);

/// Every object of the manifests.
fn objects_of(manifests: &Snapshot) -> BTreeSet<Key> {
    let typed = Kind::ALL
        .iter()
        .flat_map(|kind| manifests.tables().references(*kind))
        .map(|object| object.key());
    let custom = manifests.custom().iter().flat_map(|(kind, objects)| {
        objects.iter().map(|object| {
            let meta = &object.metadata;
            (
                kind.clone(),
                meta.namespace.to_string(),
                meta.name.to_string(),
            )
        })
    });
    typed.chain(custom).collect()
}

/// The workloads of the manifests, as they stand in the picture.
fn workloads<'a>(cluster: &Cluster<'a>, objects: &BTreeSet<Key>) -> Vec<Workload<'a>> {
    cluster
        .all_namespaces()
        .iter()
        .flat_map(|namespace| cluster.workloads_in(namespace))
        .filter(|workload| objects.contains(&workload.reference().key()))
        .collect()
}

/// What would happen to the pods of a template.
fn of_template<'a>(
    workload: &Workload<'a>,
    cluster: &Cluster<'a>,
    is_alone: bool,
    seen: &mut Vec<(&'static str, Sighting)>,
) {
    images::check(workload, seen);
    probes::check(workload, seen);
    admission::check(workload, cluster, seen);
    pod_security::check(workload, cluster, seen);
    placement::check(workload, cluster, seen);
    if is_alone {
        names::check(workload, cluster, seen);
    }
}
