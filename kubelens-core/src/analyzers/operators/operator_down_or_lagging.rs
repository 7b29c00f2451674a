use std::collections::{BTreeMap, BTreeSet};

use super::bad_condition::{bad_conditions, evidence};
use super::controller::{Controller, controllers};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{CustomObject, Kind};
use crate::model::{Evidence, Severity, Suggestion, counted, some_of};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// The program that looks after a group of custom resources does not run, or does not follow: they
    /// stay as they are, whatever their specs say.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: db-operator, namespace: ops, uid: d1, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {replicas: 0, template: {spec: {serviceAccountName: db-operator, containers: [{name: manager}]}}}
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata: {name: db-operator}
    /// rules: [{apiGroups: [db.example.com], resources: [databases, databases/status], verbs: [get, update, patch]}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRoleBinding
    /// metadata: {name: db-operator}
    /// roleRef: {kind: ClusterRole, name: db-operator}
    /// subjects: [{kind: ServiceAccount, name: db-operator, namespace: ops}]
    /// ---
    /// apiVersion: db.example.com/v1
    /// kind: Database
    /// metadata: {name: orders, namespace: shop, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db-operator, namespace: ops, uid: s1, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {replicas: 1, template: {spec: {serviceAccountName: db-operator, containers: [{name: manager}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-operator-0, namespace: ops, uid: p1, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db-operator, uid: s1, controller: true}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata: {name: db-operator}
    /// rules: [{apiGroups: [db.example.com], resources: [databases/status], verbs: [update]}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRoleBinding
    /// metadata: {name: db-operator}
    /// roleRef: {kind: ClusterRole, name: db-operator}
    /// subjects: [{kind: ServiceAccount, name: db-operator, namespace: ops}]
    /// ---
    /// apiVersion: db.example.com/v1
    /// kind: Database
    /// metadata: {name: orders, namespace: shop, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Bring the operator back; it catches up by itself.
    ///
    /// # What it cannot know
    /// An operator outside of the cluster, or one whose permissions, webhooks and labels do not name the
    /// group.
    ///
    /// # Source
    /// Owned definitions of ClusterServiceVersions, permission to write the group's status, webhook
    /// Services, labels; `metadata.generation` and `status.observedGeneration`.
    OPS004 "operator-down-or-lagging" {
        role: Root,
        severity: Critical,
        confidence: 0.88,
        reads: [
            Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob,
            CustomResourceDefinition, ClusterRole, Role, ClusterRoleBinding, RoleBinding, Service,
            ValidatingWebhookConfiguration, MutatingWebhookConfiguration,
        ],
        maps_to: [],
        check: Cluster(check),
    }
}

/// Seconds that an operator has to start.
const START_GRACE: i64 = 120;

/// Seconds that an operator has to follow a change.
const LAG_GRACE: i64 = 60;

/// Most names in a sentence.
const MOST_NAMES: usize = 3;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let mut objects: BTreeMap<&str, Vec<&CustomObject>> = BTreeMap::new();
    for object in cluster.all_custom() {
        objects.entry(object.group()).or_default().push(object);
    }
    let groups: BTreeSet<&str> = objects.keys().copied().collect();
    if groups.is_empty() {
        return;
    }
    for (group, controllers) in controllers(cluster, &groups) {
        let of = objects.get(group.as_str()).map_or(&[][..], Vec::as_slice);
        if controllers
            .iter()
            .all(|one| is_down(cluster, &one.workload))
        {
            for controller in &controllers {
                sink.report(down(cluster, &group, controller, of));
            }
        } else if let Some(controller) = controllers.first() {
            let late: Vec<&CustomObject> = of
                .iter()
                .copied()
                .filter(|object| is_behind(cluster, object))
                .collect();
            let kinds: BTreeSet<&str> = late.iter().map(|object| object.kind.as_str()).collect();
            for kind in kinds {
                let of_kind: Vec<&CustomObject> = late
                    .iter()
                    .copied()
                    .filter(|object| object.kind == kind)
                    .collect();
                if of_kind.len() > 1 {
                    sink.report(lagging(&group, controller, &of_kind));
                }
            }
        }
    }
}

/// Whether none of its pods takes part, for longer than a start takes.
fn is_down(cluster: &Cluster<'_>, workload: &Workload<'_>) -> bool {
    let meta = workload.metadata();
    let pods = cluster.pods_of(workload);
    let is_ready = pods.iter().any(|pod| pod.is_live() && pod.is_ready());
    let is_starting = pods.iter().filter(|pod| pod.is_live()).any(|pod| {
        let since = pod
            .condition("Ready")
            .and_then(|ready| ready.last_transition_time)
            .or(pod.metadata.creation_timestamp);
        cluster.seconds_since(since) <= START_GRACE
    });
    cluster.is_complete(Kind::Pod, &meta.namespace)
        && cluster.age(meta) > START_GRACE
        && !is_ready
        && !is_starting
}

/// Whether the spec was changed and the status does not speak of it yet.
fn is_behind(cluster: &Cluster<'_>, object: &CustomObject) -> bool {
    let observed = object
        .status
        .get("observedGeneration")
        .and_then(serde_json::Value::as_i64);
    observed.is_some()
        && observed < object.metadata.generation
        && object.metadata.last_write.is_some()
        && cluster.seconds_since(object.metadata.last_write) > LAG_GRACE
}

/// Whether an object waits for its operator: no status, an old one, a bad one, or a deletion that is held.
fn waits(cluster: &Cluster<'_>, object: &CustomObject) -> bool {
    let is_new =
        cluster.age(&object.metadata) <= cluster.thresholds(&object.metadata).condition_grace;
    let is_held = object.metadata.is_terminating() && !object.metadata.finalizers.is_empty();
    let is_old = object
        .status
        .get("observedGeneration")
        .and_then(serde_json::Value::as_i64)
        .is_some_and(|observed| Some(observed) < object.metadata.generation);
    !is_new
        && (!has_status(object) || is_old || is_held || !bad_conditions(cluster, object).is_empty())
}

fn down(
    cluster: &Cluster<'_>,
    group: &str,
    controller: &Controller<'_>,
    objects: &[&CustomObject],
) -> Sighting {
    let own = controller.workload.reference();
    let waiting: Vec<&CustomObject> = objects
        .iter()
        .copied()
        .filter(|object| waits(cluster, object))
        .collect();
    let rests = controller.workload.is_resting();
    let severity = match (waiting.is_empty(), rests) {
        (false, _) => Severity::Critical,
        (true, false) => Severity::Warning,
        (true, true) => Severity::Info,
    };
    let state = if rests {
        "is scaled to zero"
    } else {
        "has no ready pod"
    };
    let names = waiting.iter().map(|object| object.reference().to_string());
    let consequence = if waiting.is_empty() {
        "Nothing waits for it yet.".to_owned()
    } else {
        format!("Waiting for it: {}.", some_of(names, MOST_NAMES))
    };
    let mut sighting = Sighting::of(
        own.clone(),
        format!("The operator of {group} does not run: {own} {state}"),
        format!("Nobody looks after the objects of {group}. {consequence}"),
    )
    .identified_by("group", group)
    .severity(severity)
    .evidence(Evidence::field(own.clone(), "pods ready", 0))
    .evidence(controller.proof.clone());
    sighting = sighting
        .all_evidence(
            waiting
                .iter()
                .take(MOST_NAMES)
                .map(|object| state_of(object)),
        )
        .since(
            waiting
                .iter()
                .filter_map(|object| waits_since(object))
                .min(),
        );
    let namespace = controller.workload.metadata().namespace.as_str();
    let advice = if rests {
        format!("Scale {own} up again")
    } else {
        format!("Bring {own} back")
    };
    sighting
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look(
            "See why it does not run",
            format!(
                "kubectl -n {namespace} describe {} {}",
                own.kind.to_lowercase(),
                own.name
            ),
        ))
}

fn lagging(group: &str, controller: &Controller<'_>, late: &[&CustomObject]) -> Sighting {
    let own = controller.workload.reference();
    let names = late.iter().map(|object| object.reference().to_string());
    Sighting::of(
        own.clone(),
        format!("The operator of {group} does not follow changes"),
        format!(
            "{} changed, and their status still speaks of an older generation: {}.",
            counted(late.len(), "object"),
            some_of(names, MOST_NAMES)
        ),
    )
    .identified_by("group", group)
    .identified_by("fact", "lag")
    .severity(Severity::Warning)
    .confidence(0.75)
    .all_evidence(late.iter().take(MOST_NAMES).map(|object| state_of(object)))
    .evidence(controller.proof.clone())
    .suggest(Suggestion::look(
        "Read what the operator says",
        format!(
            "kubectl -n {} logs {}/{}",
            controller.workload.metadata().namespace,
            own.kind.to_lowercase(),
            own.name
        ),
    ))
}

/// Since when an object has waited, where that can be told.
fn waits_since(object: &CustomObject) -> Option<jiff::Timestamp> {
    let meta = &object.metadata;
    if meta.is_terminating() {
        meta.deletion_timestamp
    } else if has_status(object) {
        meta.last_write
    } else {
        meta.creation_timestamp
    }
}

fn has_status(object: &CustomObject) -> bool {
    object
        .status
        .as_object()
        .is_some_and(|status| !status.is_empty())
}

/// What shows that an object waits.
fn state_of(object: &CustomObject) -> Evidence {
    let own = object.reference();
    let observed = object
        .status
        .get("observedGeneration")
        .and_then(serde_json::Value::as_i64);
    if let Some(time) = object.metadata.deletion_timestamp {
        let finalizers = object.metadata.finalizers.join(", ");
        return Evidence::field(own, "metadata.finalizers", finalizers).at(Some(time));
    }
    if !has_status(object) {
        return Evidence::field(own, "status", "empty").at(object.metadata.creation_timestamp);
    }
    match (observed, object.metadata.generation) {
        (Some(observed), Some(generation)) if observed < generation => {
            let text = format!("{observed} of {generation}");
            Evidence::field(own, "status.observedGeneration", text)
        }
        _ => object.conditions().first().map_or_else(
            || Evidence::field(own, "status", "not well"),
            |condition| evidence(object, condition),
        ),
    }
}
