//! Somebody who may not read a kind: the report says so, claims nothing about what it could not see, and finds
//! nothing that it would not find with full access.

use std::collections::BTreeSet;

use super::laws::all_pictures;
use crate::analysis::{Analyzer, Profile};
use crate::analyzers::registry;
use crate::engine::{Options, diagnose};
use crate::kubernetes::{Kind, KindSet};
use crate::model::{Cause, CoverageState, EvidenceKind, Report};
use crate::snapshot::Snapshot;
use crate::snapshot::example::denied;

fn options() -> Options {
    Options {
        profiles: Profile::ALL.to_vec(),
        ..Options::default()
    }
}

/// The analyzers that a kind may matter to: those that read it, and those that found something, which may stand in
/// another light without it. The others see the same as before.
fn concerned(full: &Report, kind: Kind) -> Options {
    let found = codes(full);
    let codes = registry()
        .iter()
        .filter(|analyzer| analyzer.reads.contains(kind) || found.contains(analyzer.code))
        .map(|analyzer| analyzer.code.to_owned());
    Options {
        only: Some(codes.collect()),
        ..options()
    }
}

/// The kinds that any analyzer reads: only a gap in these is worth a word.
fn read_by_any() -> KindSet {
    let reads = registry().iter().map(|analyzer: &&Analyzer| analyzer.reads);
    reads.fold(KindSet::EMPTY, KindSet::union)
}

/// What is told although it is not told with full access, and why that is true all the same: with less to go by, a
/// fact stays that something unseen would explain, or that something unseen would say is over.
const LESS_EXACT: [(&str, &[Kind], &str); 13] = [
    (
        "SCH002",
        &[Kind::Node],
        "the scheduler says it, and no node is seen that has room",
    ),
    (
        "SCH005",
        &[Kind::Node],
        "the scheduler says it, and no node is seen that has the label",
    ),
    (
        "ROL002",
        &[Kind::Pod, Kind::ReplicaSet],
        "the Deployment's own status says it",
    ),
    (
        "ROL006",
        &[Kind::Pod],
        "the StatefulSet's own status says it",
    ),
    (
        "ROL011",
        &[Kind::Pod, Kind::Node],
        "the DaemonSet's own status says it",
    ),
    (
        "WRK018",
        &[Kind::Event],
        "the pod's own status says it; an event would say why",
    ),
    (
        "WRK004",
        &[Kind::Job],
        "the pod's own status says it; the Job would say that it is over",
    ),
    (
        "SCA020 SCA021 SCA023",
        &[Kind::ResourceQuota, Kind::LimitRange],
        "the API server says it; the object would say that it has changed since",
    ),
    (
        "SEC001",
        &[Kind::Role, Kind::RoleBinding],
        "the API server says it in a log line; a role or binding would say that it is granted since",
    ),
    (
        "STO001",
        &[Kind::StorageClass],
        "the claim's own status says it, and a pod waits; the class would say that the pod is to come first",
    ),
    (
        "SEC004",
        &[Kind::Namespace],
        "the API server says it; the Namespace would say that it has changed since",
    ),
    (
        "ROL004",
        &[Kind::Deployment],
        "the ReplicaSet's own status says it; its Deployment would say it in its place",
    ),
    (
        "SEC009",
        &[
            Kind::Deployment,
            Kind::ReplicaSet,
            Kind::StatefulSet,
            Kind::Job,
        ],
        "a pod whose maker is hidden is looked at in its place; the maker's own template may say more",
    ),
];

fn is_less_exact(code: &str, kind: Kind) -> bool {
    LESS_EXACT
        .iter()
        .any(|(codes, kinds, _)| codes.contains(code) && kinds.contains(&kind))
}

fn codes(report: &Report) -> BTreeSet<&str> {
    let findings = report.findings.iter();
    findings.map(|finding| finding.code.as_str()).collect()
}

/// Whether a cause rests on an object of this kind not being there.
fn claims_absence(cause: &Cause, kind: Kind, namespace: Option<&str>) -> bool {
    cause.evidence.iter().any(|proof| {
        proof.kind == EvidenceKind::Absence
            && proof.object.kind == kind.as_str()
            && proof.object.api_version == kind.api_version()
            && proof.object.uid.is_none()
            && namespace.is_none_or(|hidden| proof.object.namespace.as_deref() == Some(hidden))
    })
}

fn complaints(
    full: &Report,
    picture: &Snapshot,
    kind: Kind,
    namespace: Option<&str>,
) -> Vec<String> {
    let report = diagnose(&denied(picture, kind, namespace), &concerned(full, kind));
    let place = namespace.unwrap_or("everywhere");
    let mut all = Vec::new();
    let gap = report
        .coverage
        .kinds
        .iter()
        .find(|known| known.kind == kind.as_str());
    if gap.is_none_or(|gap| namespace.is_none() && gap.state != CoverageState::Forbidden) {
        all.push(format!("{kind} {place}: no gap"));
    }
    for cause in &report.causes {
        if claims_absence(cause, kind, namespace) {
            all.push(format!(
                "{kind} {place}: {} says that it is absent: {}",
                cause.code, cause.title
            ));
        }
    }
    let known = codes(full);
    for finding in &report.findings {
        if !known.contains(finding.code.as_str()) && !is_less_exact(&finding.code, kind) {
            all.push(format!(
                "{kind} {place}: {} is invented: {}",
                finding.code, finding.title
            ));
        }
    }
    all
}

#[test]
fn what_may_not_be_read_is_a_gap_and_never_a_fault() {
    let wanted = read_by_any();
    let mut all = BTreeSet::new();
    for picture in all_pictures() {
        let full = diagnose(&picture, &options());
        // What is not known in the example as it is cannot be taken away from it.
        let is_known = |kind: &Kind| picture.gaps().everywhere(*kind).is_none();
        let kinds = wanted.iter().filter(|kind| *kind != Kind::Endpoints);
        for kind in kinds.filter(is_known) {
            // Where there is none, nothing is taken away, but that there is none is known no more.
            all.extend(complaints(&full, &picture, kind, None));
            if kind.is_namespaced() {
                for namespace in picture.tables().namespaces_of(kind) {
                    all.extend(complaints(&full, &picture, kind, Some(namespace)));
                }
            }
        }
    }
    assert!(
        all.is_empty(),
        "{} complaints:\n{}",
        all.len(),
        all.into_iter().collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn every_kind_that_is_read_can_be_denied() {
    let pictures = all_pictures();
    let unseen: Vec<Kind> = read_by_any()
        .iter()
        // Endpoints say nothing that slices do not; a ClusterRole is only looked up.
        .filter(|kind| !matches!(kind, Kind::Endpoints | Kind::ClusterRole))
        .filter(|kind| {
            let has = |picture: &Snapshot| picture.tables().count(*kind) > 0;
            !pictures.iter().any(has)
        })
        .collect();
    assert_eq!(unseen, [], "no example holds these kinds");
}
