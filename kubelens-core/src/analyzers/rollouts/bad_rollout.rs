use super::shortage::is_late;
use super::template_diff::differences;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Deployment, Object, Pod, PodSpec, ReplicaSet, condition};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion, age};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// The pods of a workload's newest revision do not work, and those of the revision before do, or
    /// did until they were replaced. What differs between the two is told. It adds to what the
    /// failing pods show; it is a cause of its own only if they show nothing.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {replicas: 1}
    /// status: {readyReplicas: 1}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-1, namespace: shop, uid: r1, annotations: {deployment.kubernetes.io/revision: "1"}, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}]}
    /// spec: {template: {spec: {containers: [{name: web, image: "web:1"}]}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-2, namespace: shop, uid: r2, annotations: {deployment.kubernetes.io/revision: "2"}, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}]}
    /// spec: {template: {spec: {containers: [{name: web, image: "web:2"}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1-a, namespace: shop, uid: p1, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r1, controller: true}]}
    /// spec: {containers: [{name: web, image: "web:1"}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-2-a, namespace: shop, uid: p2, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-2, uid: r2, controller: true}]}
    /// spec: {containers: [{name: web, image: "web:2"}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: web, restartCount: 4, state: {waiting: {reason: CrashLoopBackOff}}}]
    /// ```
    ///
    /// # Stays silent on
    /// A first revision has none before it:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {replicas: 1}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-1, namespace: shop, uid: r1, annotations: {deployment.kubernetes.io/revision: "1"}, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}]}
    /// spec: {template: {spec: {containers: [{name: web, image: "web:1"}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1-a, namespace: shop, uid: p1, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: r1, controller: true}]}
    /// spec: {containers: [{name: web, image: "web:1"}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: web, restartCount: 4, state: {waiting: {reason: CrashLoopBackOff}}}]
    /// ```
    ///
    /// # How to fix
    /// Correct what changed, or go back with `kubectl rollout undo`.
    ///
    /// # What it cannot know
    /// What is inside the images.
    ///
    /// # Source
    /// `spec.template` of the ReplicaSets of a Deployment; the specs of pods of two revisions of a
    /// StatefulSet or DaemonSet (label `controller-revision-hash`).
    ROL017 "bad-rollout" {
        role: Root,
        severity: Critical,
        confidence: 0.88,
        reads: [],
        maps_to: [],
        check: Workload(check),
    }
}

/// Seconds for which a pod may be unready before it counts as failing without an error.
const FAILING_GRACE: i64 = 120;

/// The revision that fails and the one before it.
struct Revisions<'a> {
    old: &'a PodSpec,
    new: &'a PodSpec,
    /// What carries the new one: a ReplicaSet, or a pod.
    carrier: ObjectRef,
    since: Option<jiff::Timestamp>,
    /// `revision 7 replaces revision 6, made 9d earlier`, as far as the numbers are known.
    succession: String,
    failing: usize,
}

fn check<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    let (ready, revisions) = match workload {
        Workload::Deployment(deployment) => (
            deployment.status.ready_replicas,
            of_deployment(cluster, deployment),
        ),
        Workload::StatefulSet(set) => (
            set.status.ready_replicas,
            of_pods(cluster, cluster.controlled_pods(&set.metadata)),
        ),
        Workload::DaemonSet(set) => (
            set.status.number_ready,
            of_pods(cluster, cluster.controlled_pods(&set.metadata)),
        ),
        _ => return,
    };
    if let Some(revisions) = revisions {
        let changes = differences(revisions.old, revisions.new);
        if !changes.is_empty() {
            sink.report(sighting(workload, &revisions, &changes, ready));
        }
    }
}

fn of_deployment<'a>(cluster: &Cluster<'a>, deployment: &'a Deployment) -> Option<Revisions<'a>> {
    if deployment.metadata.is_terminating() {
        return None;
    }
    let new = cluster.newest_replica_set(&deployment.metadata)?;
    let failing = cluster
        .controlled_pods(&new.metadata)
        .filter(|pod| is_failing(cluster, pod))
        .count();
    if failing == 0 {
        return None;
    }
    let old = cluster
        .replica_sets_of(&deployment.metadata)
        .filter(|set| set.metadata.name != new.metadata.name)
        .max_by_key(|set| (revision(set), set.metadata.creation_timestamp))?;
    let mut old_pods = cluster.controlled_pods(&old.metadata).peekable();
    let old_works = if old_pods.peek().is_some() {
        old_pods.any(Pod::is_ready)
    } else {
        never_arrived(cluster, deployment, new)
    };
    old_works.then(|| Revisions {
        old: &old.spec.template.spec,
        new: &new.spec.template.spec,
        carrier: new.reference(),
        since: new.metadata.creation_timestamp,
        succession: succession(new, old),
        failing,
    })
}

fn revision(set: &ReplicaSet) -> Option<i64> {
    set.metadata
        .annotations
        .value("deployment.kubernetes.io/revision")?
        .parse()
        .ok()
}

fn succession(new: &ReplicaSet, old: &ReplicaSet) -> String {
    let (Some(number), Some(before)) = (revision(new), revision(old)) else {
        return "newest revision".to_owned();
    };
    let lived = match (
        old.metadata.creation_timestamp,
        new.metadata.creation_timestamp,
    ) {
        (Some(from), Some(to)) if from < to => format!(", made {} earlier", age(from, to)),
        _ => String::new(),
    };
    format!("revision {number} replaces revision {before}{lived}")
}

/// Whether the newest revision was never available, or is so new that a failure is likely its own.
fn never_arrived(cluster: &Cluster<'_>, deployment: &Deployment, new: &ReplicaSet) -> bool {
    let arrived = condition(&deployment.status.conditions, "Progressing")
        .is_some_and(|progressing| progressing.reason == "NewReplicaSetAvailable");
    !arrived
        || cluster.is_within(
            new.metadata.creation_timestamp,
            cluster.thresholds(&new.metadata).progress_default,
        )
}

/// Two revisions among the pods of a set: a newer one with a failing pod, an older one with a ready one.
fn of_pods<'a>(
    cluster: &Cluster<'a>,
    pods: impl Iterator<Item = &'a Pod>,
) -> Option<Revisions<'a>> {
    let all: Vec<&Pod> = pods.filter(|pod| pod.is_live()).collect();
    let hash = |pod: &Pod| pod.metadata.labels.get("controller-revision-hash").cloned();
    let failing: Vec<&Pod> = all
        .iter()
        .copied()
        .filter(|pod| is_failing(cluster, pod))
        .collect();
    let newest = failing
        .iter()
        .copied()
        .max_by_key(|pod| pod.metadata.creation_timestamp)?;
    let older = all.iter().copied().find(|pod| {
        pod.is_ready()
            && hash(pod) != hash(newest)
            && pod.metadata.creation_timestamp < newest.metadata.creation_timestamp
    })?;
    Some(Revisions {
        old: &older.spec,
        new: &newest.spec,
        carrier: newest.reference(),
        since: newest.metadata.creation_timestamp,
        succession: "newest revision".to_owned(),
        failing: failing.len(),
    })
}

fn is_failing(cluster: &Cluster<'_>, pod: &Pod) -> bool {
    if pod.is_ready() || !pod.is_live() {
        return false;
    }
    let has_error = pod.containers().any(|container| {
        let waits_for_nothing = matches!(
            container.waiting_reason(),
            "" | "ContainerCreating" | "PodInitializing"
        );
        !waits_for_nothing || container.restarts() > 1
    });
    has_error || is_late(cluster, pod, FAILING_GRACE)
}

fn sighting(
    workload: &Workload<'_>,
    revisions: &Revisions<'_>,
    changes: &[String],
    ready: i64,
) -> Sighting {
    let own = workload.reference();
    let severity = if ready == 0 {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let title = format!("The newest revision of {own} does not work; the one before did");
    let explanation = format!(
        "{} of its pods fail. What differs from the revision before: {}.",
        revisions.failing,
        changes.join("; ")
    );
    let namespace = own.namespace.clone().unwrap_or_default();
    let resource = format!("{}/{}", own.kind.to_lowercase(), own.name);
    Sighting::of(own, title, explanation)
        .severity(severity)
        .evidence(Evidence::change(
            revisions.carrier.clone(),
            &format!("{}: {}", revisions.succession, changes.join("; ")),
            revisions.since,
        ))
        .since(revisions.since)
        .suggest(Suggestion::run(
            "Go back to the revision before",
            format!("kubectl -n {namespace} rollout undo {resource}"),
            crate::model::Risk::Medium,
        ))
}
