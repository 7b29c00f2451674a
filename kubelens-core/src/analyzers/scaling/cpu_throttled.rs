use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::measured::{Measured, containers, percent};
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, Quantity, Severity, Suggestion, capitalized};
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
    for measured in containers(cluster, pod) {
        let (Some(used), Some(limit)) = (measured.used("cpu"), measured.limit("cpu")) else {
            continue;
        };
        if used.as_f64() >= limit.as_f64() * AT_THE_LIMIT {
            sink.report(sighting(cluster, &measured, used, limit));
        }
    }
}

fn sighting(
    cluster: &Cluster<'_>,
    measured: &Measured<'_>,
    used: Quantity,
    limit: Quantity,
) -> Sighting {
    let (pod, container) = (measured.pod, &measured.container);
    let top = cluster.top_of(pod);
    let computes = matches!(top.kind.as_str(), "Job" | "CronJob");
    let severity = if computes {
        Severity::Info
    } else {
        Severity::Warning
    };
    let title = format!(
        "{} of {top} uses {} of its CPU limit and is throttled",
        capitalized(&container.title()),
        percent(used, limit)
    );
    let explanation = format!(
        "It uses {} and may use {}: the kernel makes it pause, whatever the node has left.",
        used.human_count(),
        limit.human_count()
    );
    let own = pod.reference();
    Sighting::of(top, title, explanation)
        .seen_on(own.clone(), "template of")
        .in_container(container.name())
        .severity(severity)
        .confidence(ONE_SAMPLE)
        .evidence(measured.evidence("cpu", "limit", limit))
        .evidence(Evidence::field(
            own,
            &measured.path("limits", "cpu"),
            limit.human_count(),
        ))
        .suggest(Suggestion::advice(format!(
            "Raise the CPU limit (here to {} or more) or take it away, or spread the load over more replicas",
            super::right_size::with_room(used, "cpu", 1.5)
        )))
        .suggest(super::right_size::look(pod))
}
