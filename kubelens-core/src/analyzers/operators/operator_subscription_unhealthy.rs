use super::bad_condition::{has_lasted, words};
use super::failing::{failing, titled, without_it};
use super::reference::{Reference, is_absent};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Condition, CustomObject};
use crate::model::{Evidence, ObjectRef, Severity};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A subscription to an operator cannot be followed: its catalog is not reachable, no version can be
    /// chosen, or a bundle cannot be unpacked.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: operators.coreos.com/v1alpha1
    /// kind: Subscription
    /// metadata: {name: db, namespace: ops, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {name: db, source: community, sourceNamespace: olm}
    /// status:
    ///   conditions: [{type: ResolutionFailed, status: "True", reason: ConstraintsNotSatisfiable, message: no operators found in channel stable, lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: operators.coreos.com/v1alpha1
    /// kind: CatalogSource
    /// metadata: {name: community, namespace: olm, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {sourceType: grpc, image: catalog.example/community}
    /// status: {connectionState: {lastObservedState: TRANSIENT_FAILURE, lastConnect: "2026-01-01T11:00:00Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: operators.coreos.com/v1alpha1
    /// kind: Subscription
    /// metadata: {name: db, namespace: ops, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {name: db, source: community, sourceNamespace: olm}
    /// status:
    ///   state: AtLatestKnown
    ///   conditions: [{type: CatalogSourcesUnhealthy, status: "False", reason: AllCatalogSourcesHealthy}]
    /// ---
    /// apiVersion: operators.coreos.com/v1alpha1
    /// kind: CatalogSource
    /// metadata: {name: community, namespace: olm, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {sourceType: grpc}
    /// status: {connectionState: {lastObservedState: READY}}
    /// ```
    ///
    /// # How to fix
    /// Bring the catalog back, or correct channel, package or source of the Subscription.
    ///
    /// # What it cannot know
    /// What the catalog holds.
    ///
    /// # Source
    /// `status.state` and conditions of Subscription, `status.connectionState` of CatalogSource.
    OPS011 "operator-subscription-unhealthy" {
        role: Both,
        severity: Warning,
        confidence: 0.92,
        reads: [Event],
        maps_to: ["k8sgpt:Subscription", "k8sgpt:CatalogSource"],
        check: Cluster(check),
    }
}

const GROUP: &str = "operators.coreos.com";

/// Conditions that are bad when True.
const BAD: [&str; 5] = [
    "CatalogSourcesUnhealthy",
    "ResolutionFailed",
    "BundleUnpackFailed",
    "InstallPlanFailed",
    "InstallPlanMissing",
];

/// Seconds after which a Subscription has a state.
const STATE_GRACE: i64 = 600;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for catalog in cluster.customs(GROUP, "CatalogSource") {
        check_catalog(cluster, catalog, sink);
    }
    for subscription in cluster.customs(GROUP, "Subscription") {
        check_subscription(cluster, subscription, sink);
    }
}

fn check_catalog(cluster: &Cluster<'_>, catalog: &CustomObject, sink: &mut Sink) {
    let state = catalog.status_text("/connectionState/lastObservedState");
    let since = catalog
        .status_text("/connectionState/lastConnect")
        .parse()
        .ok()
        .or(catalog.metadata.creation_timestamp);
    if matches!(state, "READY" | "IDLE")
        || cluster.seconds_since(since) <= cluster.thresholds(&catalog.metadata).condition_grace
    {
        return;
    }
    let said = if state.is_empty() {
        "no connection yet"
    } else {
        state
    };
    let own = catalog.reference();
    // Its registry has a Service of the same name.
    let namespace = catalog.metadata.namespace.as_str();
    let service = ObjectRef::namespaced("v1", "Service", namespace, &own.name);
    sink.report(
        failing(
            cluster,
            catalog,
            titled(catalog, "is not reachable", said),
            "Operators from it are neither installed nor upgraded.",
            &[],
        )
        .evidence(Evidence::field(own, "status.connectionState.lastObservedState", said).at(since))
        .since(since)
        .blames(service, "serves"),
    );
}

fn check_subscription(cluster: &Cluster<'_>, subscription: &CustomObject, sink: &mut Sink) {
    let bad: Vec<Condition> = subscription
        .conditions()
        .into_iter()
        .filter(|condition| BAD.contains(&condition.type_.as_str()) && condition.is_true())
        .filter(|condition| has_lasted(cluster, subscription, condition))
        .collect();
    let state = subscription.status_text("/state");
    let is_idle = state.is_empty() && cluster.age(&subscription.metadata) > STATE_GRACE;
    let (said, severity) = match (bad.first(), state) {
        (Some(worst), _) => (words(worst), Severity::Warning),
        (None, "UpgradeFailed") => (state.to_owned(), Severity::Warning),
        (None, "UpgradePending" | "UpgradeAvailable") => (state.to_owned(), Severity::Info),
        (None, _) if is_idle => ("no state yet".to_owned(), Severity::Warning),
        _ => return,
    };
    let sighting = told(cluster, subscription, &said, &bad).severity(severity);
    let source = subscription.spec_text("/source");
    let namespace = subscription.spec_text("/sourceNamespace");
    if source.is_empty() || severity == Severity::Info {
        return sink.report(sighting);
    }
    let catalog = ObjectRef::namespaced(
        "operators.coreos.com/v1alpha1",
        "CatalogSource",
        namespace,
        source,
    );
    if is_absent(cluster, &catalog) {
        let reference = Reference::needed("spec.source", catalog);
        sink.report(without_it(cluster, subscription, &sighting, &reference));
    } else {
        sink.report(sighting.blames(catalog, "catalog"));
    }
}

fn told(
    cluster: &Cluster<'_>,
    subscription: &CustomObject,
    said: &str,
    bad: &[Condition],
) -> Sighting {
    let own = subscription.reference();
    let plan = subscription.status_text("/installPlanRef/name");
    let mut sighting = failing(
        cluster,
        subscription,
        titled(subscription, "is not followed", said),
        "The operator is not installed, or not upgraded.",
        bad,
    );
    if bad.is_empty() {
        sighting = sighting.evidence(Evidence::field(own, "status.state", said));
    }
    if !plan.is_empty() {
        let namespace = subscription.metadata.namespace.as_str();
        let plan = ObjectRef::namespaced(&subscription.api_version, "InstallPlan", namespace, plan);
        sighting = sighting.blames(plan, "install plan");
    }
    sighting
}
