use super::right_size::{look, with_room};
use crate::analysis::{Profile, Sighting, Sink, declare_analyzer};
use crate::analyzers::measured::{Measured, containers};
use crate::analyzers::scheduling::usage::{Usage, allocatable};
use crate::kubernetes::{HorizontalPodAutoscaler, Node, NodeMetrics, Object, Pod, PodMetrics};
use crate::model::{Evidence, Quantity, Severity, Suggestion, counted};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A container uses twice what it asks for, or more, on a node that has given nearly all away: the
    /// scheduler counted on less, and the pods there take from each other. In the profile `hygiene` also what
    /// hurts nobody: memory far above the request where the node has room, and containers of which every
    /// replica uses half of its request or less, with amounts that would fit.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1}
    /// status: {allocatable: {cpu: "2", memory: 4Gi, pods: "110"}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n1
    ///   containers: [{name: web, resources: {requests: {cpu: 200m, memory: 128Mi}}}]
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: web, ready: true, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: batch, namespace: shop, uid: p2}
    /// spec: {nodeName: n1, containers: [{name: batch, resources: {requests: {cpu: 1600m}}}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: metrics.k8s.io/v1beta1
    /// kind: PodMetrics
    /// metadata: {name: web-1, namespace: shop}
    /// timestamp: "2026-01-01T11:59:40Z"
    /// window: 20s
    /// containers: [{name: web, usage: {cpu: 900m, memory: 100Mi}}]
    /// ```
    /// Every replica asks for much more than it uses (profile `hygiene`):
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1}
    /// spec: {replicas: 2, template: {spec: {containers: [{name: db, resources: {requests: {cpu: "2"}}}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s1, controller: true}]}
    /// spec: {containers: [{name: db, resources: {requests: {cpu: "2"}}}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: db, ready: true, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-1, namespace: shop, uid: p2, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s1, controller: true}]}
    /// spec: {containers: [{name: db, resources: {requests: {cpu: "2"}}}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: db, ready: true, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}]
    /// ---
    /// apiVersion: metrics.k8s.io/v1beta1
    /// kind: PodMetrics
    /// metadata: {name: db-0, namespace: shop}
    /// timestamp: "2026-01-01T11:59:40Z"
    /// window: 20s
    /// containers: [{name: db, usage: {cpu: 120m}}]
    /// ---
    /// apiVersion: metrics.k8s.io/v1beta1
    /// kind: PodMetrics
    /// metadata: {name: db-1, namespace: shop}
    /// timestamp: "2026-01-01T11:59:40Z"
    /// window: 20s
    /// containers: [{name: db, usage: {cpu: 300m}}]
    /// ```
    ///
    /// # Stays silent on
    /// CPU above the request is free where the node has room:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1}
    /// status: {allocatable: {cpu: "8", memory: 4Gi, pods: "110"}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n1
    ///   containers: [{name: web, resources: {requests: {cpu: 200m}}}]
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: web, ready: true, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}]
    /// ---
    /// apiVersion: metrics.k8s.io/v1beta1
    /// kind: PodMetrics
    /// metadata: {name: web-1, namespace: shop}
    /// timestamp: "2026-01-01T11:59:40Z"
    /// window: 20s
    /// containers: [{name: web, usage: {cpu: 900m}}]
    /// ```
    ///
    /// # How to fix
    /// Ask for what is used, with some room: the amounts are in the suggestion.
    ///
    /// # What it cannot know
    /// Peaks and quiet hours: it sees one sample of each replica. Look at a week before a request is lowered.
    ///
    /// # Source
    /// `containers[].usage` of metrics.k8s.io PodMetrics, against `resources.requests`; the sum of the
    /// requests on the node against `status.allocatable`.
    SCA043 "usage-far-from-request" {
        role: Root,
        severity: Warning,
        confidence: 0.70,
        reads: [PodMetrics, NodeMetrics, Node, HorizontalPodAutoscaler],
        maps_to: ["POP-109", "POP-110", "POP-503", "POP-504", "POP-505", "POP-506"],
        profiles: [Default, Hygiene],
        check: Workload(check),
    }
}

/// The share of what a node has from which on it counts as given away, or as used up where that is measured.
const GIVEN_AWAY: f64 = 0.85;
const USED_UP: f64 = 0.80;

/// Seconds that a container has run before its use is a habit.
const HABIT: i64 = 3600;

/// How sure a hint is that knows one sample of each replica.
const A_HINT: f64 = 0.50;

const RESOURCES: [&str; 2] = ["cpu", "memory"];

/// Differences below this are not worth a word.
fn least(resource: &str) -> Quantity {
    match resource {
        "cpu" => Quantity::from_thousandths(100),
        _ => Quantity::from_units(64 << 20),
    }
}

fn check<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    if cluster.all::<PodMetrics>().next().is_none() {
        return;
    }
    let pods = cluster.pods_of(workload);
    let measured: Vec<Measured<'a>> = pods
        .iter()
        .flat_map(|pod| containers(cluster, pod))
        .collect();
    for one in &measured {
        for resource in RESOURCES {
            sink_over(workload, cluster, one, resource, sink);
        }
    }
    let live = pods.iter().filter(|pod| pod.is_live()).count();
    if !workload.is_batch() && live >= 2 {
        for (_, container) in workload.pod_spec().all_containers() {
            let same = |one: &&Measured<'a>| container.name == one.container.name();
            let all: Vec<&Measured<'a>> = measured.iter().filter(same).collect();
            for resource in RESOURCES {
                if all.len() == live && is_under(cluster, workload, &all, resource) {
                    sink.report(under(workload, &all, resource));
                }
            }
        }
    }
}

fn sink_over<'a>(
    workload: &Workload<'a>,
    cluster: &Cluster<'a>,
    measured: &Measured<'a>,
    resource: &str,
    sink: &mut Sink,
) {
    let (Some(used), Some(request)) = (measured.used(resource), measured.request(resource)) else {
        return;
    };
    let times = cluster.thresholds(&measured.pod.metadata).over_request;
    let is_far =
        used.as_f64() >= request.as_f64() * times && used.minus(request) >= least(resource);
    if !is_far {
        return;
    }
    if let Some(tight) = tight_node(cluster, measured.pod, resource) {
        let all = over(workload, measured, resource, (used, request), &tight.words);
        sink.report(all.all_evidence(tight.evidence));
    } else if resource == "memory" {
        let words = "Its node has room left for it now.";
        sink.report(
            over(workload, measured, resource, (used, request), words)
                .severity(Severity::Info)
                .only_in(Profile::Hygiene),
        );
    }
}

fn over(
    workload: &Workload<'_>,
    measured: &Measured<'_>,
    resource: &str,
    (used, request): (Quantity, Quantity),
    words: &str,
) -> Sighting {
    let top = workload.reference();
    let container = &measured.container;
    let times = used.as_f64() / request.as_f64();
    let title = format!(
        "{} of {top} uses {times:.1} times the {resource} that it asks for",
        crate::model::capitalized(&container.title())
    );
    let explanation = format!(
        "It uses {} and asks for {}: the scheduler counts on no more than that. {words}",
        used.human(resource),
        request.human(resource)
    );
    let own = measured.pod.reference();
    Sighting::of(top, title, explanation)
        .seen_on(own.clone(), "template of")
        .in_container(container.name())
        .identified_by("resource", resource)
        .evidence(measured.evidence(resource, "request", request))
        .evidence(Evidence::field(
            own,
            &measured.path("requests", resource),
            request.human(resource),
        ))
        .suggest(Suggestion::advice(format!(
            "Ask for about {} {resource} in container `{}`",
            with_room(used, resource, 1.2),
            container.name()
        )))
        .suggest(look(measured.pod))
}

/// A node that has nothing of a resource left, in words and proof.
struct Tight {
    words: String,
    evidence: Vec<Evidence>,
}

fn tight_node(cluster: &Cluster<'_>, pod: &Pod, resource: &str) -> Option<Tight> {
    let node = cluster.get::<Node>("", &pod.node_name)?;
    let usage = cluster.once(Usage::of);
    let all = allocatable(node, resource);
    let given = all.minus(usage.free(node, resource));
    if all.is_zero() || !usage.is_complete || given.as_f64() < all.as_f64() * GIVEN_AWAY {
        return None;
    }
    let own = node.reference();
    let path = format!("status.allocatable.{resource}");
    let share = format!(
        "{} of {} requested",
        given.human(resource),
        all.human(resource)
    );
    let mut evidence = vec![Evidence::field(own.clone(), &path, share)];
    if let Some(sample) = cluster.get::<NodeMetrics>("", &node.metadata.name) {
        let used = sample.usage.get(resource).copied().unwrap_or_default();
        if used.as_f64() < all.as_f64() * USED_UP {
            return None;
        }
        let text = format!("{resource} of the node ({})", sample.sample());
        let value = format!(
            "{} of allocatable {}",
            used.human(resource),
            all.human(resource)
        );
        evidence.push(Evidence::metric(own.clone(), &text, value).at(sample.timestamp));
    }
    let words = format!(
        "{own} has given away {} of {}: what it takes, others lack.",
        given.human(resource),
        all.human(resource)
    );
    Some(Tight { words, evidence })
}

fn is_under<'a>(
    cluster: &Cluster<'a>,
    workload: &Workload<'a>,
    all: &[&Measured<'a>],
    resource: &str,
) -> bool {
    let most = cluster.thresholds(workload.metadata()).under_use;
    let wasteful = all.iter().all(|one| {
        let (Some(used), Some(request)) = (one.used(resource), one.request(resource)) else {
            return false;
        };
        let is_habit = cluster.seconds_since(one.started_at()) >= HABIT;
        let spare = request.minus(used);
        is_habit && used.as_f64() <= request.as_f64() * most && spare >= least(resource)
    });
    wasteful && !(resource == "cpu" && is_scaled(cluster, workload))
}

/// An autoscaler keeps the use below the request on purpose.
fn is_scaled(cluster: &Cluster<'_>, workload: &Workload<'_>) -> bool {
    let meta = workload.metadata();
    cluster
        .in_namespace::<HorizontalPodAutoscaler>(&meta.namespace)
        .map(|scaler| &scaler.spec.scale_target_ref)
        .any(|target| target.kind == workload.kind().as_str() && target.name == meta.name)
}

fn under(workload: &Workload<'_>, all: &[&Measured<'_>], resource: &str) -> Sighting {
    let top = workload.reference();
    let most = all.iter().filter_map(|one| one.used(resource)).max();
    let most = most.unwrap_or_default();
    let first = all.first();
    let request = first
        .and_then(|one| one.request(resource))
        .unwrap_or_default();
    let container = first.map_or("", |one| one.container.name());
    let fit = with_room(most, resource, 1.25);
    let title = format!(
        "Container `{container}` of {top} asks for {} {resource} and uses at most {}",
        request.human(resource),
        most.human(resource)
    );
    let explanation = format!(
        "None of its {} uses more than half of what it asks for; nobody else can have the rest. About {fit} would fit.",
        counted(all.len(), "replica")
    );
    let path = format!(
        "{}.containers[{container}].resources.requests.{resource}",
        workload.pod_spec_path()
    );
    let mut sighting = Sighting::of(top.clone(), title, explanation)
        .in_container(container)
        .identified_by("resource", resource)
        .identified_by("fact", "asks for too much")
        .severity(Severity::Info)
        .confidence(A_HINT)
        .only_in(Profile::Hygiene)
        .evidence(Evidence::field(top, &path, request.human(resource)));
    for one in all.iter().take(3) {
        let request = one.request(resource).unwrap_or_default();
        sighting = sighting.evidence(one.evidence(resource, "request", request));
    }
    sighting.suggest(Suggestion::advice(format!(
        "After a look at a week of its use, ask for about {fit} {resource}"
    )))
}
