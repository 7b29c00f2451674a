use super::near_limit::{Near, near};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::Pod;
use crate::model::Severity;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container uses all the CPU that its limit allows: the kernel makes it pause in every period until
    /// the next one begins. Answers come late, and probes may time out. For a Job that computes, that is
    /// only noted.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, resources: {limits: {cpu: 500m}}}]
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: web, ready: true, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}]
    /// ---
    /// apiVersion: metrics.k8s.io/v1beta1
    /// kind: PodMetrics
    /// metadata: {name: web-1, namespace: shop}
    /// timestamp: "2026-01-01T11:59:40Z"
    /// window: 20s
    /// containers: [{name: web, usage: {cpu: 498213441n, memory: 90Mi}}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, resources: {limits: {cpu: 500m}}}, {name: worker}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - {name: web, ready: true, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}
    ///   - {name: worker, ready: true, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}
    /// ---
    /// apiVersion: metrics.k8s.io/v1beta1
    /// kind: PodMetrics
    /// metadata: {name: web-1, namespace: shop}
    /// timestamp: "2026-01-01T11:59:40Z"
    /// window: 20s
    /// containers: [{name: web, usage: {cpu: 300m}}, {name: worker, usage: {cpu: 1900m}}]
    /// ```
    /// A container that starts:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, resources: {limits: {cpu: 500m}}}]
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: web, ready: true, state: {running: {startedAt: "2026-01-01T11:59:30Z"}}}]
    /// ---
    /// apiVersion: metrics.k8s.io/v1beta1
    /// kind: PodMetrics
    /// metadata: {name: web-1, namespace: shop}
    /// timestamp: "2026-01-01T11:59:40Z"
    /// window: 20s
    /// containers: [{name: web, usage: {cpu: 500m}}]
    /// ```
    ///
    /// # How to fix
    /// Raise the CPU limit or take it away; more replicas help where the load can be spread.
    ///
    /// # What it cannot know
    /// How many periods were throttled: this API tells an average over one window. A short peak looks like
    /// a lasting one.
    ///
    /// # Source
    /// `containers[].usage.cpu` of metrics.k8s.io PodMetrics, against `resources.limits.cpu`.
    SCA042 "cpu-throttled" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [PodMetrics],
        maps_to: ["POP-111", "classic:resource"],
        check: Pod(check),
    }
}

/// The share of the limit at which the kernel has to hold the container back.
const AT_THE_LIMIT: f64 = 0.95;

/// Of one sample: it may be a peak.
const ONE_SAMPLE: f64 = 0.70;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for near in near(cluster, pod, "cpu", AT_THE_LIMIT) {
        sink.report(sighting(cluster, &near));
    }
}

fn sighting(cluster: &Cluster<'_>, near: &Near<'_>) -> Sighting {
    let top = cluster.top_of(near.measured.pod);
    let computes = matches!(top.kind.as_str(), "Job" | "CronJob");
    let severity = if computes {
        Severity::Info
    } else {
        Severity::Warning
    };
    let explanation = format!(
        "It uses {} and may use {}: the kernel makes it pause, whatever the node has left.",
        near.used.human_count(),
        near.limit.human_count()
    );
    let remedy = (
        "Raise the CPU limit",
        " or more) or take it away, or spread the load over more replicas",
    );
    near.sighting(cluster, " and is throttled", explanation, remedy)
        .severity(severity)
        .confidence(ONE_SAMPLE)
}
