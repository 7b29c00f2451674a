use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::measured::{Measured, containers, percent};
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, Quantity, Severity, Suggestion, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container uses 90 % or more of the memory that it may have. A little more, and the kernel ends it
    /// (OOMKilled). One that has lived at that height for a week is only noted.
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
    /// counts what was read from files lately. Use of ephemeral storage, which this API does not tell.
    ///
    /// # Source
    /// `containers[].usage.memory` of metrics.k8s.io PodMetrics, against `resources.limits.memory`.
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
    let near = cluster.thresholds(&pod.metadata).mem_near_limit;
    for measured in containers(cluster, pod) {
        let (Some(used), Some(limit)) = (measured.used("memory"), measured.limit("memory")) else {
            continue;
        };
        if used.as_f64() >= limit.as_f64() * near {
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
    let runs = cluster.seconds_since(measured.started_at());
    let has_lived = runs >= HISTORY && used < limit;
    let (severity, outlook) = if has_lived {
        let days = runs / 86_400;
        let lived = format!("It has run so for {days} days without being ended.");
        (Severity::Info, lived)
    } else {
        let soon = "A little more and the kernel ends it: out of memory (OOMKilled). Page cache is counted in.";
        (Severity::Warning, soon.to_owned())
    };
    let title = format!(
        "{} of {top} uses {} of its memory limit",
        capitalized(&container.title()),
        percent(used, limit)
    );
    let explanation = format!(
        "Its working set is {} and its limit {}. {outlook}",
        used.human_bytes(),
        limit.human_bytes()
    );
    let own = pod.reference();
    let mut sighting = Sighting::of(top, title, explanation)
        .seen_on(own.clone(), "template of")
        .in_container(container.name())
        .severity(severity)
        .evidence(measured.evidence("memory", "limit", limit))
        .evidence(Evidence::field(
            own,
            &measured.path("limits", "memory"),
            limit.human_bytes(),
        ))
        .suggest(Suggestion::advice(format!(
            "Raise the limit (here to {}), or make the program need less",
            super::right_size::with_room(used, "memory", 1.5)
        )))
        .suggest(super::right_size::look(pod));
    if used >= limit {
        sighting = sighting.confidence(AT_THE_LIMIT);
    }
    sighting
}
