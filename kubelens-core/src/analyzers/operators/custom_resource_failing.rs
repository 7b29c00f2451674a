use jiff::Timestamp;

use super::bad_condition::{bad_conditions, is_resting, severity};
use super::failing::{failing, pointing, report, title, titled};
use super::pack::has_pack;
use crate::analysis::{Sink, declare_analyzer};
use crate::kubernetes::{Condition, CustomObject, text_at};
use crate::model::{Evidence, Severity};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A custom resource says in its conditions that it is not well: its operator could not do what the
    /// spec asks for. It points at what the message names, at what it refers to and at what it owns.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: db.example.com/v1
    /// kind: Database
    /// metadata: {name: orders, namespace: shop, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "False", reason: BackupFailed, message: the bucket refuses the login, lastTransitionTime: "2026-01-01T11:00:00Z"}
    /// ```
    /// A reference that names nothing is what has to be made:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Secret
    /// apiVersion: db.example.com/v1
    /// kind: Database
    /// metadata: {name: orders, namespace: shop, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// spec: {users: [{passwordSecretRef: {name: orders-login, key: password}}]}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "False", reason: Error, message: 'secrets "orders-login" not found', lastTransitionTime: "2026-01-01T11:00:00Z"}
    /// ```
    /// A Route that no router admits:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: route.openshift.io/v1
    /// kind: Route
    /// metadata: {name: web, namespace: shop, uid: r1, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// status:
    ///   ingress:
    ///   - routerName: default
    ///     conditions: [{type: Admitted, status: "False", reason: HostAlreadyClaimed, message: route web already exposes www.example.org and is older, lastTransitionTime: "2026-01-01T09:00:00Z"}]
    /// ```
    ///
    /// # Stays silent on
    /// Admitted by one of two routers:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: route.openshift.io/v1
    /// kind: Route
    /// metadata: {name: web, namespace: shop, uid: r1, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// status:
    ///   ingress:
    ///   - routerName: inner
    ///     conditions: [{type: Admitted, status: "False", reason: RouteNotAdmitted, lastTransitionTime: "2026-01-01T09:00:00Z"}]
    ///   - routerName: default
    ///     conditions: [{type: Admitted, status: "True", lastTransitionTime: "2026-01-01T09:00:00Z"}]
    /// ```
    /// What is at work, young, paused, or of a type that nobody has named:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: db.example.com/v1
    /// kind: Database
    /// metadata: {name: orders, namespace: shop, creationTimestamp: "2026-01-01T11:58:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "False", reason: Waiting, lastTransitionTime: "2026-01-01T11:58:00Z"}
    ///   - {type: Progressing, status: "True", lastTransitionTime: "2026-01-01T08:00:00Z"}
    /// ---
    /// apiVersion: db.example.com/v1
    /// kind: Database
    /// metadata: {name: attic, namespace: shop, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// spec: {suspend: true}
    /// status:
    ///   conditions: [{type: Ready, status: "False", reason: Stopped, lastTransitionTime: "2026-01-01T09:00:00Z"}]
    /// ---
    /// apiVersion: db.example.com/v1
    /// kind: Database
    /// metadata: {name: stock, namespace: shop, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "True", lastTransitionTime: "2026-01-01T09:00:00Z"}
    ///   - {type: MinorUpdateAvailable, status: "False", lastTransitionTime: "2026-01-01T09:00:00Z"}
    ///   - {type: Sharded, status: "False", lastTransitionTime: "2026-01-01T09:00:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Do what the condition's message asks for; the operator tries again by itself.
    ///
    /// # What it cannot know
    /// Condition types that nobody has named are left alone.
    ///
    /// # Source
    /// `status.conditions` as the API conventions of Kubernetes have them; what a type means is one table.
    OPS001 "custom-resource-failing" {
        role: Both,
        severity: Warning,
        confidence: 0.75,
        reads: [Secret, ConfigMap, ServiceAccount, Service, Event],
        maps_to: [],
        check: Cluster(check),
    }
}

/// Where resources without conditions tell how they are, and the words for failed.
const PHASES: [(&str, &str); 8] = [
    ("/phase", "status.phase"),
    ("/state", "status.state"),
    ("/status", "status.status"),
    ("/health", "status.health"),
    ("/applicationState/state", "status.applicationState.state"),
    ("/lifecycleState", "status.lifecycleState"),
    ("/robustness", "status.robustness"),
    ("/ceph/health", "status.ceph.health"),
];
const FAILED: [&str; 14] = [
    "FAILED",
    "SUBMISSION_FAILED",
    "Failed",
    "failed",
    "Error",
    "error",
    "Degraded",
    "FailedValidation",
    "PartiallyFailed",
    "Unavailable",
    "Faulted",
    "faulted",
    "red",
    "HEALTH_ERR",
];

/// Of these, what says that data is out of reach.
const DOWN: [&str; 3] = ["faulted", "red", "HEALTH_ERR"];

/// Where they tell why, and when they ended.
const MESSAGES: [&str; 5] = [
    "/message",
    "/failureReason",
    "/applicationState/errorMessage",
    "/reason",
    "/error",
];
const ENDS: [&str; 5] = [
    "/terminationTime",
    "/completionTimestamp",
    "/completionTime",
    "/finishedAt",
    "/completedAt",
];

/// Seconds after which a run that failed is history.
const RUN_WINDOW: i64 = 86_400;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for object in cluster.all_customs() {
        if !has_pack(object) {
            check_one(cluster, object, sink);
        }
    }
}

fn check_one(cluster: &Cluster<'_>, object: &CustomObject, sink: &mut Sink) {
    let bad = bad_conditions(cluster, object);
    let Some(worst) = bad.first() else {
        return check_phase(cluster, object, sink);
    };
    let state = format!("says {}={}", worst.type_, worst.status);
    let sighting = failing(
        cluster,
        object,
        title(object, &state, worst),
        "Its operator could not bring it to the state that its spec asks for.",
        &bad,
    )
    .severity(of_kind(object, worst).unwrap_or_else(|| severity(worst)));
    report(cluster, object, sighting, &bad, sink);
}

/// Kinds that serve the cluster as a whole: what is not available of them is out of service.
fn of_kind(object: &CustomObject, worst: &Condition) -> Option<Severity> {
    let is_of_the_cluster = object.group() == "config.openshift.io"
        && matches!(object.kind.as_str(), "ClusterOperator" | "ClusterVersion");
    (is_of_the_cluster && matches!(worst.type_.as_str(), "Available" | "Failing"))
        .then_some(Severity::Critical)
}

/// A resource without bad conditions whose phase says that it failed.
fn check_phase(cluster: &Cluster<'_>, object: &CustomObject, sink: &mut Sink) {
    let found = PHASES.iter().find_map(|(field, path)| {
        let phase = object.status_text(field);
        FAILED.contains(&phase).then_some((*path, phase))
    });
    let Some((path, phase)) = found else {
        return;
    };
    let end: Option<Timestamp> = ENDS
        .iter()
        .find_map(|field| object.status_text(field).parse().ok())
        .or(object.metadata.creation_timestamp);
    let is_history =
        is_run(object) && (!cluster.is_within(end, RUN_WINDOW) || has_later_run(cluster, object));
    if is_resting(object)
        || is_history
        || cluster.seconds_since(end) <= cluster.thresholds(&object.metadata).condition_grace
    {
        return;
    }
    let message = match path {
        "status.ceph.health" => ceph_details(object),
        _ => MESSAGES
            .iter()
            .map(|field| object.status_text(field))
            .find(|text| !text.is_empty())
            .unwrap_or_default()
            .to_owned(),
    };
    let said = format!("{phase} {message}");
    let text = "Its operator could not bring it to the state that its spec asks for.";
    let title = titled(object, "failed", said.trim_end());
    let severity = if DOWN.contains(&phase) {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let sighting = failing(cluster, object, title, text, &[])
        .identified_by("fact", "phase")
        .severity(severity)
        .confidence(0.7)
        .since(end)
        .evidence(Evidence::message(object.reference(), path, said.trim_end()).at(end));
    sink.report(pointing(cluster, object, sighting, &message));
}

/// What Ceph says of its health, by its checks.
fn ceph_details(object: &CustomObject) -> String {
    let details = object
        .status
        .pointer("/ceph/details")
        .and_then(|details| details.as_object());
    let texts = details.into_iter().flatten().map(|(check, detail)| {
        let message = text_at(detail, "/message");
        format!("{check}: {message}")
    });
    texts.collect::<Vec<_>>().join("; ")
}

/// The label that names the schedule of a backup.
const SCHEDULE: &str = "velero.io/schedule-name";

/// Whether a later run of the same schedule is over: that one tells how it stands.
fn has_later_run(cluster: &Cluster<'_>, object: &CustomObject) -> bool {
    let meta = &object.metadata;
    let Some(schedule) = meta.labels.value(SCHEDULE) else {
        return false;
    };
    cluster.customs(object.group(), &object.kind).any(|other| {
        is_run(other)
            && other.metadata.namespace == meta.namespace
            && other.metadata.labels.value(SCHEDULE) == Some(schedule)
            && other.metadata.creation_timestamp > meta.creation_timestamp
    })
}

/// Whether it runs to an end, as backups and builds do.
fn is_run(object: &CustomObject) -> bool {
    ENDS.iter()
        .any(|field| !object.status_text(field).is_empty())
}
