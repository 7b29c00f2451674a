use jiff::SignedDuration;

use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Lease, Object, Pod};
use crate::model::{Evidence, ObjectRef, Risk, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Lease is held by a pod that does not exist any more, and runs on for long: no other pod of the workload may take
    /// it before it ends, so none leads.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// # log: shop/jobs-5d-b/jobs | attempting to acquire leader lease shop/jobs...
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: jobs, namespace: shop}
    /// spec: {holderIdentity: jobs-5d-a_6b1f, leaseDurationSeconds: 86400, renewTime: "2026-01-01T08:00:00.000000Z"}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: jobs-5d-b, namespace: shop, uid: p2, labels: {pod-template-hash: 5d}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: jobs-5d, uid: r1, controller: true}]}
    /// spec: {containers: [{name: jobs}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// # Stays silent on
    /// One that is over in a moment:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: jobs, namespace: shop}
    /// spec: {holderIdentity: jobs-5d-a_6b1f, leaseDurationSeconds: 15, renewTime: "2026-01-01T11:59:50.000000Z"}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: jobs-5d-b, namespace: shop, uid: p2, labels: {pod-template-hash: 5d}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: jobs-5d, uid: r1, controller: true}]}
    /// spec: {containers: [{name: jobs}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// # How to fix
    /// Delete the Lease: the next pod takes it. Let the program ask for seconds, give the lease back when it ends, and
    /// renew it.
    ///
    /// # What it cannot know
    /// Holders that do not call themselves by the name of their pod.
    ///
    /// # Source
    /// `spec.holderIdentity`, `renewTime` and `leaseDurationSeconds` of coordination/v1 Lease; client-go leaderelection names
    /// a holder by its host name, which is the pod's, and a random id.
    WRK048 "lease-outlives-its-holder" {
        role: Root,
        severity: Warning,
        confidence: 0.92,
        reads: [Pod, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: [],
        check: Lease(check),
    }
}

/// Seconds from which on a lease is long.
const LONG: i64 = 600;

/// Seconds that it must still run.
const STILL_RUNS: i64 = 300;

/// Seconds since it was renewed, after which its holder is not just being replaced.
const NOT_RENEWED: i64 = 120;

/// Last lines of a log that count.
const LINES: usize = 60;

/// Words of a program that waits for the lease.
static WAITS: Pattern = Pattern::new(
    r"(?i)attempting to acquire leader lease|not (?:yet )?the leader|waiting (?:for|to become)(?: the| a)? (?:leader|lock|lease)|failed to acquire lease|lock is held by|standing by",
);

fn check<'a>(lease: &'a Lease, cluster: &Cluster<'a>, sink: &mut Sink) {
    let spec = &lease.spec;
    let namespace = lease.metadata.namespace.as_str();
    let holder = spec.holder_identity.split('_').next().unwrap_or_default();
    let (Some(duration), Some(renewed)) = (spec.lease_duration_seconds, spec.renew_time) else {
        return;
    };
    if duration < LONG || holder.is_empty() || !cluster.has_lasted(Some(renewed), NOT_RENEWED) {
        return;
    }
    let nearly_over = renewed.checked_add(SignedDuration::from_secs(duration - STILL_RUNS));
    if nearly_over.is_ok_and(|then| cluster.has_come(then))
        || !cluster.look_up::<Pod>(namespace, holder).is_absent()
    {
        return;
    }
    let waiting: Vec<(&Pod, ObjectRef)> = cluster
        .in_namespace::<Pod>(namespace)
        .filter(|pod| pod.is_live())
        .map(|pod| (pod, cluster.top_of(pod)))
        .filter(|(_, top)| is_pod_name_of(holder, &top.name))
        .collect();
    if let Some((_, top)) = waiting.first() {
        let proof = waiting.iter().find_map(|(pod, _)| says_so(cluster, pod));
        sink.report(sighting(lease, holder, duration, top, proof));
    }
}

/// Whether a pod of that name is one of the workload: its name, and one or two words that controllers add.
fn is_pod_name_of(pod: &str, workload: &str) -> bool {
    let rest = pod
        .strip_prefix(workload)
        .and_then(|rest| rest.strip_prefix('-'));
    rest.is_some_and(|rest| !rest.is_empty() && rest.split('-').count() <= 2)
}

/// The line by which a pod says that it waits.
fn says_so<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Option<Evidence> {
    pod.containers().find_map(|container| {
        let log = cluster.log(pod, container.name(), false)?;
        let mut last = log.lines.iter().rev().take(LINES);
        let line = last.find(|line| WAITS.is_in(line))?;
        Some(Evidence::log(pod.reference(), container.name(), line, None))
    })
}

fn sighting(
    lease: &Lease,
    holder: &str,
    duration: i64,
    top: &ObjectRef,
    proof: Option<Evidence>,
) -> Sighting {
    let own = lease.reference();
    let namespace = &lease.metadata.namespace;
    let title = format!(
        "{own} is held by pod {holder}, which does not exist any more, and runs for {duration} s (leaseDurationSeconds)"
    );
    let explanation = format!(
        "Pods of {top} may take it only when that time after its last renewal is over: none of them leads until then."
    );
    let severity = if proof.is_some() {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let gone = ObjectRef::namespaced("v1", "Pod", namespace, holder);
    Sighting::of(own.clone(), title, explanation)
        .seen_on(top.clone(), "leads")
        .severity(severity)
        .evidence(Evidence::field(
            own.clone(),
            "spec.holderIdentity",
            &lease.spec.holder_identity,
        ))
        .evidence(Evidence::absence(gone, "not in the namespace"))
        .evidence(
            Evidence::field(own.clone(), "spec.leaseDurationSeconds", duration)
                .at(lease.spec.renew_time),
        )
        .all_evidence(proof)
        .since(lease.spec.renew_time)
        .suggest(Suggestion::run(
            "Free the lease; another pod takes it",
            format!("kubectl -n {namespace} delete lease {}", own.name),
            Risk::Medium,
        ))
        .suggest(Suggestion::advice(format!(
            "Let {top} ask for a lease of seconds, and give it back when it ends"
        )))
}

#[cfg(test)]
mod tests {
    use super::is_pod_name_of;

    #[test]
    fn the_name_of_a_pod_tells_its_workload() {
        assert!(is_pod_name_of("jobs-5d4f-x2x", "jobs"));
        assert!(is_pod_name_of("jobs-0", "jobs"));
        assert!(!is_pod_name_of("jobs-runner-5d4f-x2x", "jobs"));
        assert!(!is_pod_name_of("jobs", "jobs"));
    }
}
