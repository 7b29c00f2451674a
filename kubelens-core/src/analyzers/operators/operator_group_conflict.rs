use std::collections::BTreeMap;

use super::failing::describe;
use super::operator_version_failed::GROUP_REASONS;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::CustomObject;
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A namespace with operators of the Operator Lifecycle Manager needs exactly one OperatorGroup. With
    /// none, with several, or with one that the operator does not support, nothing is installed in it.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: operators.coreos.com/v1
    /// kind: OperatorGroup
    /// metadata: {name: global, namespace: ops, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// ---
    /// apiVersion: operators.coreos.com/v1
    /// kind: OperatorGroup
    /// metadata: {name: db-group, namespace: ops, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: operators.coreos.com/v1
    /// kind: OperatorGroup
    /// metadata: {name: global, namespace: ops, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// ---
    /// apiVersion: operators.coreos.com/v1alpha1
    /// kind: Subscription
    /// metadata: {name: db, namespace: ops, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Keep one OperatorGroup in the namespace, with target namespaces that the operator supports.
    ///
    /// # What it cannot know
    /// Which of several is meant; the newer one is named.
    ///
    /// # Source
    /// OperatorGroups by namespace; reasons TooManyOperatorGroups, NoOperatorGroup and
    /// UnsupportedOperatorGroup of ClusterServiceVersion.
    OPS016 "operator-group-conflict" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [],
        maps_to: ["k8sgpt:OperatorGroup"],
        check: Cluster(check),
    }
}

const GROUP: &str = "operators.coreos.com";

/// Seconds that a namespace may be without its group.
const GRACE: i64 = 300;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let mut groups: BTreeMap<&str, Vec<&CustomObject>> = BTreeMap::new();
    for group in cluster.customs(GROUP, "OperatorGroup") {
        groups
            .entry(&group.metadata.namespace)
            .or_default()
            .push(group);
    }
    for of in groups.values_mut() {
        of.sort_by_key(|group| (group.metadata.creation_timestamp, &group.metadata.name));
        if let [first, .., newest] = of.as_slice() {
            sink.report(several(cluster, newest, first));
        }
    }
    for subscription in cluster.customs(GROUP, "Subscription") {
        let namespace = subscription.metadata.namespace.as_str();
        let is_late = cluster.age(&subscription.metadata) > GRACE;
        let is_known = cluster
            .look_up_custom(GROUP, "OperatorGroup", namespace, "")
            .is_absent();
        // Without a group nothing is ever resolved: who has a plan or a version had one.
        let has_plan = ["/installPlanRef/name", "/installedCSV", "/currentCSV"]
            .into_iter()
            .any(|path| !subscription.status_text(path).is_empty());
        if is_late && is_known && !has_plan && !groups.contains_key(namespace) {
            sink.report(none(subscription));
        }
    }
    for version in cluster.customs(GROUP, "ClusterServiceVersion") {
        let reason = version.status_text("/reason");
        let of = groups.get(version.metadata.namespace.as_str());
        let is_told = of.is_some_and(|of| of.len() > 1);
        if GROUP_REASONS.contains(&reason) && !is_told {
            sink.report(refused(version, of.and_then(|of| of.first().copied())));
        }
    }
}

fn several(cluster: &Cluster<'_>, newest: &CustomObject, first: &CustomObject) -> Sighting {
    let own = newest.reference();
    let other = first.reference();
    let namespace = &newest.metadata.namespace;
    let mut sighting = Sighting::of(
        own.clone(),
        format!("Namespace {namespace} has more than one OperatorGroup: {own} and {other}"),
        "No operator is installed or upgraded in the namespace until one is left.",
    )
    .evidence(Evidence::field(
        other,
        "metadata.name",
        &first.metadata.name,
    ))
    .evidence(
        Evidence::field(own, "metadata.name", &newest.metadata.name)
            .at(newest.metadata.creation_timestamp),
    );
    let refused = cluster
        .customs(GROUP, "ClusterServiceVersion")
        .find(|version| {
            version.metadata.namespace == *namespace
                && version.status_text("/reason") == "TooManyOperatorGroups"
        });
    if let Some(version) = refused {
        let reason = version.status_text("/reason");
        sighting = sighting.evidence(Evidence::field(
            version.reference(),
            "status.reason",
            reason,
        ));
    }
    sighting
        .since(newest.metadata.creation_timestamp)
        .suggest(Suggestion::advice(format!(
            "Delete all but one; {} is the older",
            first.reference()
        )))
        .suggest(describe(newest))
}

fn none(subscription: &CustomObject) -> Sighting {
    let own = subscription.reference();
    let namespace = &subscription.metadata.namespace;
    Sighting::of(
        own.clone(),
        format!("Namespace {namespace} has no OperatorGroup, and {own} needs one"),
        "The operator is not installed until there is one.",
    )
    .identified_by("fact", "none")
    .evidence(Evidence::field(own, "metadata.namespace", namespace))
    .since(subscription.metadata.creation_timestamp)
    .suggest(Suggestion::advice(format!(
        "Create an OperatorGroup in {namespace}"
    )))
}

fn refused(version: &CustomObject, group: Option<&CustomObject>) -> Sighting {
    let reason = version.status_text("/reason");
    let own = version.reference();
    let subject = group.map_or_else(|| own.clone(), CustomObject::reference);
    Sighting::of(
        subject,
        format!("{own} is refused for its OperatorGroup: {reason}"),
        "The operator does not run.",
    )
    .seen_on(own.clone(), "operator group of")
    .identified_by("reason", reason)
    .evidence(Evidence::message(
        own,
        "status",
        &format!("{reason}: {}", version.status_text("/message")),
    ))
    .suggest(describe(version))
}
