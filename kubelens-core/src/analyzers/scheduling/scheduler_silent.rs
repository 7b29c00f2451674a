use super::pod_volumes::claim_names;
use super::unscheduled::waits;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Lease, Object, PersistentVolumeClaim, Pod};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// No scheduler has looked at a pod: it has no node, no condition and no event. Either the scheduler
    /// does not run, or the pod asks for one of another name that does not exist.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Event
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:50:00Z"}
    /// spec: {schedulerName: gpu-scheduler, containers: [{name: web}]}
    /// status: {phase: Pending}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Event
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:50:00Z"}
    /// spec: {schedulerName: default-scheduler, containers: [{name: web}]}
    /// status: {phase: Pending, nominatedNodeName: n1}
    /// ```
    ///
    /// # How to fix
    /// Bring the scheduler back, or correct `schedulerName`.
    ///
    /// # What it cannot know
    /// Schedulers that neither run here nor hold a lease.
    ///
    /// # Source
    /// `schedulerName` of core/v1 PodSpec; condition `PodScheduled`; Lease kube-system/kube-scheduler.
    SCH023 "scheduler-silent" {
        role: Root,
        severity: Critical,
        confidence: 0.90,
        reads: [Pod, Event, Lease, PersistentVolumeClaim],
        maps_to: ["classic:scheduling"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !waits(pod)
        || pod.condition("PodScheduled").is_some()
        || !pod.spec.scheduling_gates.is_empty()
        || !pod.status.nominated_node_name.is_empty()
        || cluster.age(&pod.metadata) < cluster.thresholds(&pod.metadata).pending_grace
        || was_seen(cluster, pod)
    {
        return;
    }
    let scheduler = pod
        .spec
        .scheduler_name
        .non_empty()
        .unwrap_or("default-scheduler");
    let top = cluster.top_of(pod);
    let sighting = if scheduler == "default-scheduler" {
        default_scheduler(cluster, &top)
    } else if serves_others(cluster, pod, scheduler) {
        return;
    } else {
        other_scheduler(&top, pod, scheduler)
    };
    sink.report(
        sighting
            .seen_on(pod.reference(), "schedules")
            .since(pod.metadata.creation_timestamp)
            .evidence(Evidence::field(
                pod.reference(),
                "status.conditions[PodScheduled]",
                "absent",
            )),
    );
}

/// Any event, or a claim for which a node was chosen: a scheduler did look.
fn was_seen<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> bool {
    cluster.events_of(pod).next().is_some()
        || claim_names(pod).any(|name| {
            cluster
                .get::<PersistentVolumeClaim>(&pod.metadata.namespace, &name)
                .is_some_and(|claim| {
                    claim
                        .metadata
                        .annotations
                        .contains_key("volume.kubernetes.io/selected-node")
                })
        })
}

fn serves_others(cluster: &Cluster<'_>, pod: &Pod, scheduler: &str) -> bool {
    cluster.all::<Pod>().any(|other| {
        other.metadata.uid != pod.metadata.uid
            && other.spec.scheduler_name == scheduler
            && other.is_scheduled()
    })
}

fn default_scheduler(cluster: &Cluster<'_>, top: &ObjectRef) -> Sighting {
    let lease = cluster.get::<Lease>("kube-system", "kube-scheduler");
    let subject = ObjectRef::pseudo("Cluster", "kube-scheduler");
    let title = "kube-scheduler does not look at new pods";
    let explanation = format!(
        "Pods of {top} wait with no condition and no event: the scheduler is down or cannot reach the API server."
    );
    let mut sighting = Sighting::of(subject, title, explanation);
    if let Some(lease) = lease {
        sighting = sighting.blames(lease.reference(), "leads");
        let renewed = lease.spec.renew_time;
        if !cluster.is_within(renewed, cluster.thresholds_in("").leader_stale) {
            let seconds = cluster.seconds_since(renewed).seconds();
            sighting = sighting.evidence(
                Evidence::field(
                    lease.reference(),
                    "spec.renewTime",
                    format!("{seconds} s ago"),
                )
                .at(renewed),
            );
        }
    }
    sighting.suggest(Suggestion::look(
        "See whether the scheduler runs",
        "kubectl -n kube-system get pods,leases | grep -i scheduler",
    ))
}

fn other_scheduler(top: &ObjectRef, pod: &Pod, scheduler: &str) -> Sighting {
    let title = format!("{top} asks for scheduler `{scheduler}`, which does not answer");
    let explanation = format!(
        "No pod here was ever placed by a scheduler of that name: `{scheduler}` does not exist or does not run, so nobody places its pods."
    );
    Sighting::of(top.clone(), title, explanation)
        .identified_by("scheduler", scheduler)
        .evidence(Evidence::field(
            pod.reference(),
            "spec.schedulerName",
            scheduler,
        ))
        .suggest(Suggestion::advice(format!(
            "Correct schedulerName in {top} (`default-scheduler` is the usual one), or start `{scheduler}`"
        )))
}
