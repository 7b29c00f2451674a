use super::near_limit::{Near, near};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::measured::{Measured, containers, percent};
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, Quantity, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container uses 90 % or more of the memory that it may have, or the containers of a pod that has a
    /// limit of its own use so much of that. A little more, and the kernel ends one (OOMKilled). A container
    /// that has lived at that height for a week is only noted, and so is a pod between 80 and 90 %.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, resources: {limits: {memory: 512Mi}}}]
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: web, ready: true, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}]
    /// ---
    /// apiVersion: metrics.k8s.io/v1beta1
    /// kind: PodMetrics
    /// metadata: {name: web-1, namespace: shop}
    /// timestamp: "2026-01-01T11:59:40Z"
    /// window: 20s
    /// containers: [{name: web, usage: {cpu: 10m, memory: 496Mi}}]
    /// ```
    ///
    /// A pod has a limit of its own:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   resources: {limits: {memory: 1Gi}}
    ///   containers: [{name: web}, {name: proxy}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - {name: web, ready: true, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}
    ///   - {name: proxy, ready: true, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}
    /// ---
    /// apiVersion: metrics.k8s.io/v1beta1
    /// kind: PodMetrics
    /// metadata: {name: web-1, namespace: shop}
    /// timestamp: "2026-01-01T11:59:40Z"
    /// window: 20s
    /// containers: [{name: web, usage: {memory: 600Mi}}, {name: proxy, usage: {memory: 380Mi}}]
    /// ```
    ///
    /// # Stays silent on
    /// Each container has its own limit; sums say nothing:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, resources: {limits: {memory: 512Mi}}}, {name: proxy}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - {name: web, ready: true, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}
    ///   - {name: proxy, ready: true, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}
    /// ---
    /// apiVersion: metrics.k8s.io/v1beta1
    /// kind: PodMetrics
    /// metadata: {name: web-1, namespace: shop}
    /// timestamp: "2026-01-01T11:59:40Z"
    /// window: 20s
    /// containers: [{name: web, usage: {memory: 300Mi}}, {name: proxy, usage: {memory: 600Mi}}]
    /// ```
    /// A sample of hours ago:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, resources: {limits: {memory: 512Mi}}}]
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: web, ready: true, state: {running: {startedAt: "2026-01-01T07:00:00Z"}}}]
    /// ---
    /// apiVersion: metrics.k8s.io/v1beta1
    /// kind: PodMetrics
    /// metadata: {name: web-1, namespace: shop}
    /// timestamp: "2026-01-01T08:00:00Z"
    /// window: 20s
    /// containers: [{name: web, usage: {memory: 496Mi}}]
    /// ```
    ///
    /// # How to fix
    /// Raise the limit, or make the program need less.
    ///
    /// # What it cannot know
    /// How much of it is page cache, which the kernel takes back before it ends anything: the working set
    /// counts what was read from files lately. Use of ephemeral storage: only each kubelet tells it, to those who
    /// may speak to kubelets (`nodes/proxy`), and none is asked.
    ///
    /// # Source
    /// `containers[].usage.memory` of metrics.k8s.io PodMetrics, against `resources.limits.memory`
    /// of the container or of the pod (KEP-2837).
    SCA040 "usage-near-limit" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [PodMetrics],
        maps_to: ["POP-112", "classic:resource"],
        check: Pod(check),
    }
}

/// Seconds after which a container has shown that it can live near its limit.
const HISTORY: i64 = 7 * 86_400;

/// How sure it is at the limit itself: what is over it, is page cache that the kernel can take back.
const AT_THE_LIMIT: f64 = 0.80;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let share = cluster.thresholds(&pod.metadata).mem_near_limit;
    let near = near(cluster, pod, "memory", share);
    for one in &near {
        sink.report(of_container(cluster, one));
    }
    // A container at its own limit is the nearer fault.
    if near.is_empty() {
        of_pod(cluster, pod, sink);
    }
}

fn of_container(cluster: &Cluster<'_>, near: &Near<'_>) -> Sighting {
    let runs = cluster.seconds_since(near.measured.started_at());
    let has_lived = runs >= HISTORY && near.used < near.limit;
    let (severity, outlook) = if has_lived {
        let days = runs / 86_400;
        let lived = format!("It has run so for {days} days without being ended.");
        (Severity::Info, lived)
    } else {
        let soon = "A little more and the kernel ends it: out of memory (OOMKilled). Page cache is counted in.";
        (Severity::Warning, soon.to_owned())
    };
    let explanation = format!(
        "Its working set is {} and its limit {}. {outlook}",
        near.used.human_bytes(),
        near.limit.human_bytes()
    );
    let remedy = ("Raise the limit", "), or make the program need less");
    let sighting = near
        .sighting(cluster, "", explanation, remedy)
        .severity(severity);
    if near.used >= near.limit {
        sighting.confidence(AT_THE_LIMIT)
    } else {
        sighting
    }
}

/// A pod with a limit of its own (KEP-2837), which its containers share.
fn of_pod<'a>(cluster: &Cluster<'a>, pod: &'a Pod, sink: &mut Sink) {
    let own_limit = pod.spec.resources.as_ref();
    let limit = own_limit.and_then(|own| own.limits.get("memory")).copied();
    let Some(limit) = limit.filter(|limit| !limit.is_zero()) else {
        return;
    };
    // A container that was not measured all along would be missing in the sum, and never in a lesser one.
    let measured = containers(cluster, pod);
    let each = measured.iter().filter_map(|one| one.used("memory"));
    let used = each.fold(Quantity::ZERO, Quantity::plus);
    let thresholds = cluster.thresholds(&pod.metadata);
    if used.as_f64() < limit.as_f64() * thresholds.pod_use {
        return;
    }
    let is_near = used.as_f64() >= limit.as_f64() * thresholds.mem_near_limit;
    let severity = if is_near {
        Severity::Warning
    } else {
        Severity::Info
    };
    let top = cluster.top_of(pod);
    let own = pod.reference();
    let title = format!(
        "The containers of {top} use {} of the pod's memory limit",
        percent(used, limit)
    );
    let explanation = format!(
        "Their working sets are {} together and the limit that they share is {}: the kernel ends one of them when it is reached.",
        used.human_bytes(),
        limit.human_bytes()
    );
    let bound = |one: &Measured<'_>| one.evidence("memory", "the pod's limit", limit);
    sink.report(
        Sighting::of(top, title, explanation)
            .seen_on(own.clone(), "template of")
            .identified_by("limit", "pod")
            .severity(severity)
            .all_evidence(measured.iter().map(bound))
            .evidence(Evidence::field(
                own,
                "spec.resources.limits.memory",
                limit.human_bytes(),
            ))
            .suggest(Suggestion::advice(format!(
                "Raise the pod's limit (here to {}), or make the programs need less",
                super::right_size::with_room(used, "memory", 1.5)
            )))
            .suggest(super::right_size::look(pod)),
    );
}
