use jiff::Timestamp;

use super::bad_condition::{bad_conditions, is_resting, severity, words};
use super::cluster_router::routers_behind;
use super::failing::{
    blaming, failing, pointing, report, report_saying, title, titled, without_it,
};
use super::pack::has_pack;
use super::reference::missing_unsaid;
use super::told_by_events::{told_by_events, with_events};
use super::unreached::unreached;
use crate::analysis::{Sink, declare_analyzer, event_evidence};
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
    /// The operator leaves it out and says so in its events alone:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: rules.example.com/v1
    /// kind: RuleSet
    /// metadata: {name: alerts, namespace: shop, uid: r1, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: rules.example.com/v1, kind: RuleSet, namespace: shop, name: alerts, uid: r1}
    /// type: Warning
    /// reason: InvalidConfiguration
    /// message: 'could not parse expression: unclosed left parenthesis'
    /// count: 9
    /// firstTimestamp: "2026-01-01T10:00:00Z"
    /// lastTimestamp: "2026-01-01T11:58:00Z"
    /// ```
    /// It waits for something that it names and that is not there:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: flows.example.com/v1
    /// kind: Pipeline
    /// metadata: {name: tides, namespace: shop, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// spec: {catalogRef: {name: oceans}}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: flows.example.com/v1
    /// kind: Catalog
    /// metadata: {name: ocean, namespace: shop}
    /// status: {phase: Ready}
    /// ```
    /// A queue that does not exist; to wait in one that does is no fault:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: kueue.x-k8s.io/v1beta1
    /// kind: Workload
    /// metadata: {name: job-train, namespace: research, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// spec: {queueName: training}
    /// status:
    ///   conditions: [{type: QuotaReserved, status: "False", reason: Inadmissible, message: LocalQueue training doesn't exist, lastTransitionTime: "2026-01-01T09:00:00Z"}]
    /// ```
    /// A build that cannot even begin:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: build.openshift.io/v1
    /// kind: Build
    /// metadata: {name: roster-1, namespace: teams, uid: b1, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// status: {phase: New, reason: InvalidOutputReference, message: Output image could not be resolved.}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: teams}
    /// involvedObject: {apiVersion: build.openshift.io/v1, kind: Build, namespace: teams, name: roster-1, uid: b1}
    /// type: Warning
    /// reason: InvalidOutput
    /// message: 'Error starting build: an image stream cannot be used as build output because the integrated container image registry is not configured'
    /// count: 9
    /// firstTimestamp: "2026-01-01T10:00:00Z"
    /// lastTimestamp: "2026-01-01T11:58:00Z"
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
    /// The condition leaves it to the events to say why:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: rules.example.com/v1
    /// kind: Plugin
    /// metadata: {name: limit, namespace: shop, uid: k1, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// status:
    ///   conditions: [{type: Programmed, status: "False", reason: Invalid, message: 'It could not be configured, see Events for details.', lastTransitionTime: "2026-01-01T09:00:00Z"}]
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: rules.example.com/v1, kind: Plugin, namespace: shop, name: limit, uid: k1}
    /// type: Warning
    /// reason: ApplyFailed
    /// message: 'invalid config.minute: expected a number'
    /// count: 9
    /// firstTimestamp: "2026-01-01T10:00:00Z"
    /// lastTimestamp: "2026-01-01T11:58:00Z"
    /// ```
    /// A queue that takes nothing because it names what is not there:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: kueue.x-k8s.io/v1beta1
    /// kind: ClusterQueue
    /// metadata: {name: research, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// spec: {resourceGroups: [{flavors: [{name: spot}]}]}
    /// status:
    ///   conditions: [{type: Active, status: "False", reason: FlavorNotFound, message: "Can't admit new workloads: references missing ResourceFlavor(s): spot.", lastTransitionTime: "2026-01-01T09:00:00Z"}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: kueue.x-k8s.io/v1beta1
    /// kind: Workload
    /// metadata: {name: job-train, namespace: research, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// spec: {queueName: training}
    /// status:
    ///   conditions: [{type: QuotaReserved, status: "False", reason: Pending, message: insufficient unused quota for cpu, lastTransitionTime: "2026-01-01T09:00:00Z"}]
    /// ```
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
    /// A queue that somebody stopped:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: kueue.x-k8s.io/v1beta1
    /// kind: ClusterQueue
    /// metadata: {name: research, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// spec: {stopPolicy: Hold}
    /// status:
    ///   conditions: [{type: Active, status: "False", reason: Stopped, message: "Can't admit new workloads: is stopped.", lastTransitionTime: "2026-01-01T09:00:00Z"}]
    /// ```
    /// Hibernated on purpose, and warned about before it became well:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: db.example.com/v1
    /// kind: Database
    /// metadata: {name: winter, namespace: shop, creationTimestamp: "2026-01-01T09:00:00Z", annotations: {example.com/hibernation: "on"}}
    /// status:
    ///   conditions: [{type: Ready, status: "False", reason: NotReady, lastTransitionTime: "2026-01-01T09:00:00Z"}]
    /// ---
    /// apiVersion: db.example.com/v1
    /// kind: Database
    /// metadata: {name: orders, namespace: shop, uid: o1, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// status:
    ///   conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T11:59:00Z"}]
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: db.example.com/v1, kind: Database, namespace: shop, name: orders, uid: o1}
    /// type: Warning
    /// reason: ReconcileFailed
    /// message: 'the bucket refuses the login'
    /// count: 9
    /// firstTimestamp: "2026-01-01T10:00:00Z"
    /// lastTimestamp: "2026-01-01T11:58:00Z"
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
    /// `status.conditions` as the API conventions of Kubernetes have them; what a type means is one table. Else the
    /// phase, and the events that its operator writes.
    OPS001 "custom-resource-failing" {
        role: Both,
        severity: Warning,
        confidence: 0.75,
        reads: [Secret, ConfigMap, ServiceAccount, Service, Pod, Ingress, Namespace, Event],
        maps_to: [],
        check: Cluster(check),
    }
}

/// Where resources without conditions tell how they are, and the words for failed.
const PHASES: [(&str, &str); 9] = [
    ("/phase", "status.phase"),
    ("/state", "status.state"),
    ("/status", "status.status"),
    ("/health", "status.health"),
    ("/applicationState/state", "status.applicationState.state"),
    ("/lifecycleState", "status.lifecycleState"),
    ("/robustness", "status.robustness"),
    ("/ceph/health", "status.ceph.health"),
    ("/PostgresClusterStatus", "status.PostgresClusterStatus"),
];

/// Words of those for a wait.
const WAITING: [&str; 6] = [
    "New", "Pending", "Waiting", "NotReady", "Unknown", "Blocked",
];

/// Where the fields above tell since when.
const CHANGES: [&str; 3] = [
    "/ceph/lastChanged",
    "/lastTransitionTime",
    "/phaseTransitionTime",
];
const FAILED: [&str; 10] = [
    "FAILED",
    "failed",
    "Error",
    "error",
    "Degraded",
    "Unavailable",
    "Faulted",
    "faulted",
    "Invalid",
    "red",
];

/// Endings of words for failed, and beginnings of those for what is not over yet.
const FAILED_ENDINGS: [&str; 6] = [
    "Failed",
    "FailedValidation",
    "Failure",
    "_FAILED",
    "_ERROR",
    "_ERR",
];
const UNDER_WAY: [&str; 3] = ["Finalizing", "Waiting", "Retry"];

/// A word for work that was given up: by a fault where there is one to tell, else by somebody who wanted it so.
const ABORTED: &str = "Aborted";

/// Of these, what says that data is out of reach.
const DOWN: [&str; 3] = ["faulted", "red", "HEALTH_ERR"];

/// Where they tell why, and when they ended.
const MESSAGES: [&str; 13] = [
    "/message",
    "/errorMessage",
    "/failureMessage",
    "/statusMessage",
    "/phaseReason",
    "/lastErrorMessage",
    "/lastError",
    "/lastMessage",
    "/failureReason",
    "/applicationState/errorMessage",
    "/validationErrors/0",
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

/// What it means that one fails.
const NOT_BROUGHT: &str = "Its operator could not bring it to the state that its spec asks for.";

/// Seconds that a resource may wait.
const WAIT_GRACE: i64 = 1800;

/// How often an operator must warn.
const REPEATED: u32 = 3;

/// Conditions by which an operator says that all is well.
const WELL: [&str; 6] = [
    "Accepted",
    "Available",
    "Ready",
    "Reconciled",
    "Synced",
    "Healthy",
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
    // A condition that sums others up may leave it to them to say why.
    let told = bad.iter().find(|one| !words(one).is_empty());
    let told = told.unwrap_or(worst);
    let events = told_by_events(cluster, object, told);
    let title = if events.is_empty() {
        title(object, &state, told)
    } else {
        titled(object, &state, &with_events(told, &events))
    };
    let sighting = failing(cluster, object, title, NOT_BROUGHT, &bad)
        // The newest one is proof of every resource that fails.
        .all_evidence(events.iter().skip(1).map(|event| event_evidence(event)))
        .severity(of_kind(object, worst).unwrap_or_else(|| severity(worst)));
    let mut sighting = unreached(cluster, object, sighting, &worst.message);
    for (router, relation) in routers_behind(cluster, object, &worst.message) {
        sighting = blaming(sighting, router, relation);
    }
    report(cluster, object, sighting, &bad, sink);
}

/// Kinds that serve: what is not available of the cluster as a whole is out of service, and so is what Knative has no
/// revision for.
fn of_kind(object: &CustomObject, worst: &Condition) -> Option<Severity> {
    let is_out = match (object.group(), object.kind.as_str()) {
        ("config.openshift.io", "ClusterOperator" | "ClusterVersion") => {
            matches!(worst.type_.as_str(), "Available" | "Failing")
        }
        ("serving.knative.dev", "Service") => {
            worst.is_false() && object.status_text("/latestReadyRevisionName").is_empty()
        }
        // One that has sent calls to a revision goes on doing so.
        ("serving.knative.dev", "Route") => {
            worst.reason == "RevisionMissing" && object.status_list("/traffic").is_empty()
        }
        _ => false,
    };
    is_out.then_some(Severity::Critical)
}

/// The first of the fields that tell how a resource is whose word is a certain one.
fn phase_in(
    object: &CustomObject,
    is_meant: impl Fn(&str) -> bool,
) -> Option<(&'static str, &str)> {
    PHASES.iter().find_map(|(field, path)| {
        let phase = object.status_text(field);
        is_meant(phase).then_some((*path, phase))
    })
}

/// Whether a word for how a resource is says that it failed.
fn is_failed(object: &CustomObject, phase: &str) -> bool {
    let ends = FAILED_ENDINGS.iter().any(|ending| phase.ends_with(ending));
    let is_under_way = UNDER_WAY.iter().any(|start| phase.starts_with(start));
    FAILED.contains(&phase)
        || ends && !is_under_way
        || phase == ABORTED && !object.status_text("/error").is_empty()
}

/// A resource without bad conditions whose phase says that it failed.
fn check_phase(cluster: &Cluster<'_>, object: &CustomObject, sink: &mut Sink) {
    let Some((path, phase)) = phase_in(object, |phase| is_failed(object, phase)) else {
        return check_wait(cluster, object, sink);
    };
    let time = |fields: &[&str]| -> Option<Timestamp> {
        fields
            .iter()
            .find_map(|field| object.status_text(field).parse().ok())
    };
    let since = time(&ENDS).or_else(|| time(&CHANGES));
    let end = since.or(object.metadata.creation_timestamp);
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
    let is_plain = phase.eq_ignore_ascii_case("failed");
    let field = path.rsplit('.').next().unwrap_or(path);
    let state = if is_plain {
        "failed".to_owned()
    } else {
        format!("says {field}={phase}")
    };
    let title = titled(object, &state, &message);
    let severity = if DOWN.contains(&phase) {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let sighting = failing(cluster, object, title, NOT_BROUGHT, &[])
        .identified_by("fact", "phase")
        .severity(severity)
        .confidence(0.7)
        .since(since)
        .evidence(Evidence::message(object.reference(), path, said.trim_end()).at(since));
    let sighting = pointing(cluster, object, sighting, &message);
    report_saying(cluster, object, sighting, &[&message], sink);
}

/// A resource that has waited for long and does not say what for, while something that it refers to is not there.
fn check_wait(cluster: &Cluster<'_>, object: &CustomObject, sink: &mut Sink) {
    let waits = phase_in(object, |phase| WAITING.contains(&phase))
        .filter(|_| !is_resting(object) && cluster.age(&object.metadata) > WAIT_GRACE);
    let missing = match waits {
        Some(_) => missing_unsaid(cluster, object),
        None => Vec::new(),
    };
    let Some((path, phase)) = waits.filter(|_| !missing.is_empty()) else {
        return check_events(cluster, object, sink);
    };
    let own = object.reference();
    let sighting = failing(
        cluster,
        object,
        titled(object, "waits", phase),
        NOT_BROUGHT,
        &[],
    )
    .identified_by("fact", "phase")
    .severity(Severity::Warning)
    .confidence(0.7)
    .evidence(Evidence::field(own, path, phase));
    for reference in missing {
        sink.report(without_it(cluster, object, &sighting, &reference));
    }
}

/// A resource whose status is silent, and about which its operator warns again and again.
fn check_events(cluster: &Cluster<'_>, object: &CustomObject, sink: &mut Sink) {
    let meta = &object.metadata;
    let says_well = object
        .conditions()
        .iter()
        .any(|condition| condition.is_true() && WELL.contains(&condition.type_.as_str()));
    let has_other_phase = PHASES.iter().any(|(field, _)| {
        let phase = object.status_text(field);
        !phase.is_empty() && !WAITING.contains(&phase)
    });
    if says_well || has_other_phase || is_resting(object) {
        return;
    }
    let newest = cluster
        .events_about(&object.kind, &meta.namespace, &meta.name, "")
        .next_back();
    let warning = newest.filter(|event| {
        let window = cluster.thresholds(meta).event_window;
        event.is_warning()
            && event.times() >= REPEATED
            && tells_failure(&event.reason)
            && cluster.is_within(event.last_seen(), window)
    });
    let Some(event) = warning else { return };
    let state = if event.reason.starts_with("Invalid") || event.reason.ends_with("Rejected") {
        "is refused by its operator"
    } else {
        "fails, as its operator warns"
    };
    let said = format!("{}: {}", event.reason, event.message);
    let sighting = failing(
        cluster,
        object,
        titled(object, state, &said),
        NOT_BROUGHT,
        &[],
    )
    .identified_by("fact", "event")
    .severity(Severity::Warning)
    .confidence(0.65)
    .since(event.first_seen());
    report_saying(cluster, object, sighting, &[&event.message], sink);
}

/// Whether the reason of an event is that something failed.
fn tells_failure(reason: &str) -> bool {
    let endings = ["Failed", "Failure", "Error", "Rejected", "Invalid"];
    reason.starts_with("Invalid")
        || reason.starts_with("Failed")
        || endings.iter().any(|ending| reason.ends_with(ending))
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
    object.metadata.labels.value(SCHEDULE).is_some()
        || ENDS
            .iter()
            .any(|field| !object.status_text(field).is_empty())
}
