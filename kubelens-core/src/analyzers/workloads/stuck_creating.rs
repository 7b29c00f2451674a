use super::advice::describe_pod;
use super::last_words::quoted;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::analyzers::control_plane_pod::component_pods;
use crate::kubernetes::{ContainerRole, ContainerView, Event, Object, Pod};
use crate::model::{Evidence, ObjectRef, Severity};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A pod has a node, and its containers are not made for minutes. What the volumes, the sandbox,
    /// the image or the node show explains this one.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:50:00Z"}
    /// spec: {nodeName: n1, containers: [{name: web}], volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]}
    /// status:
    ///   phase: Pending
    ///   startTime: "2026-01-01T11:50:00Z"
    ///   conditions: [{type: PodReadyToStartContainers, status: "False"}]
    ///   containerStatuses: [{name: web, state: {waiting: {reason: ContainerCreating}}}]
    /// ```
    /// An image that takes very long:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:40:00Z"}
    /// spec: {nodeName: n1, containers: [{name: web, image: "shop/huge:1"}]}
    /// status:
    ///   phase: Pending
    ///   startTime: "2026-01-01T11:40:00Z"
    ///   containerStatuses: [{name: web, state: {waiting: {reason: ContainerCreating}}}]
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// type: Normal
    /// reason: Pulling
    /// message: 'Pulling image "shop/huge:1"'
    /// lastTimestamp: "2026-01-01T11:40:10Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:55:00Z"}
    /// spec: {nodeName: n1, containers: [{name: web, image: "shop/huge:1"}]}
    /// status:
    ///   phase: Pending
    ///   startTime: "2026-01-01T11:55:00Z"
    ///   containerStatuses: [{name: web, state: {waiting: {reason: ContainerCreating}}}]
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// type: Normal
    /// reason: Pulling
    /// message: 'Pulling image "shop/huge:1"'
    /// lastTimestamp: "2026-01-01T11:55:10Z"
    /// ```
    /// Containers that wait for an init container which runs:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:55:00Z"}
    /// spec: {nodeName: n1, initContainers: [{name: migrate}], containers: [{name: web}]}
    /// status:
    ///   phase: Pending
    ///   startTime: "2026-01-01T11:55:00Z"
    ///   initContainerStatuses: [{name: migrate, state: {running: {startedAt: "2026-01-01T11:55:02Z"}}}]
    ///   containerStatuses: [{name: web, state: {waiting: {reason: PodInitializing}}}]
    /// ```
    ///
    /// # How to fix
    /// Look at the pod's events, its volumes and its node.
    ///
    /// # What it cannot know
    /// What a kubelet waits for that writes no event.
    ///
    /// # Source
    /// `state.waiting.reason` ContainerCreating, PodInitializing; condition
    /// `PodReadyToStartContainers`; kubelet event Pulling.
    WRK018 "stuck-creating" {
        role: Symptom,
        severity: Critical,
        confidence: 0.60,
        reads: [Event],
        maps_to: ["k8sgpt:Pod", "POP-202", "POP-203", "POP-207"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !pod.is_live() || pod.is_ready() || !pod.is_scheduled() {
        return;
    }
    let Some(container) = next_to_start(pod).filter(is_being_made) else {
        return;
    };
    if cluster.seconds_since(waits_since(pod)) <= cluster.thresholds(&pod.metadata).creating_grace {
        return;
    }
    match pull_in_progress(cluster, pod) {
        Some(pulling)
            if cluster.is_within(
                pulling.last_seen(),
                cluster.thresholds(&pod.metadata).pull_grace,
            ) => {}
        Some(pulling) => sink.report(slow_pull(pod, cluster, &container, pulling)),
        None => sink.report(stuck(pod, cluster)),
    }
}

/// The container whose turn it is: the first one that has neither started nor done its work.
fn next_to_start(pod: &Pod) -> Option<ContainerView<'_>> {
    pod.containers().find(|container| {
        let has_run = container.role == ContainerRole::Init
            && container
                .status
                .is_some_and(|status| status.state.terminated.is_some());
        let runs_along = container.role != ContainerRole::Init && container.is_running();
        !has_run && !runs_along
    })
}

fn is_being_made(container: &ContainerView<'_>) -> bool {
    matches!(
        container.waiting_reason(),
        "ContainerCreating" | "PodInitializing"
    ) || (container.status.is_none() && container.role != ContainerRole::Sidecar)
}

fn waits_since(pod: &Pod) -> Option<jiff::Timestamp> {
    let scheduled = pod
        .condition("PodScheduled")
        .and_then(|scheduled| scheduled.last_transition_time);
    let last_end = pod
        .containers()
        .filter_map(|container| container.last_end()?.finished_at)
        .max();
    scheduled
        .max(pod.status.start_time)
        .max(last_end)
        .or(pod.metadata.creation_timestamp)
}

/// The newest event about a pull, if it says that one is going on.
fn pull_in_progress<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Option<&'a Event> {
    cluster
        .events_of(pod)
        .rev()
        .find(|event| {
            matches!(
                event.reason.as_str(),
                "Pulling" | "Pulled" | "Failed" | "BackOff"
            )
        })
        .filter(|event| event.reason == "Pulling")
}

fn slow_pull(
    pod: &Pod,
    cluster: &Cluster<'_>,
    container: &ContainerView<'_>,
    pulling: &Event,
) -> Sighting {
    let top = cluster.top_of(pod);
    let minutes = cluster.seconds_since(pulling.last_seen()) / 60;
    let image = &container.spec.image;
    Sighting::of(
        top.clone(),
        format!("Image {image} of {top} has been pulling for {minutes} minutes"),
        "The pull has begun and neither ended nor failed: a large image, or a slow way to its registry.",
    )
    .seen_on(pod.reference(), "template of")
    .in_container(container.name())
    .identified_by("fact", "slow pull")
    .severity(Severity::Warning)
    .confidence(0.70)
    .since(pulling.last_seen())
    .evidence(event_evidence(pulling))
    .suggest(describe_pod(pod))
}

/// What a kubelet says that gets no Secret or ConfigMap from the API server.
const NOT_SYNCED: [&str; 2] = [
    "failed to sync secret cache",
    "failed to sync configmap cache",
];

/// The API servers that are not ready, where the kubelet waits for what it reads from them.
fn silent_servers(cluster: &Cluster<'_>, warning: Option<&Event>) -> Vec<ObjectRef> {
    let waits = |event: &Event| NOT_SYNCED.iter().any(|words| event.message.contains(words));
    if !warning.is_some_and(waits) {
        return Vec::new();
    }
    component_pods(cluster, "kube-apiserver")
        .filter(|server| !server.is_ready())
        .map(Object::reference)
        .collect()
}

fn stuck<'a>(pod: &'a Pod, cluster: &Cluster<'a>) -> Sighting {
    let top = cluster.top_of(pod);
    let since = waits_since(pod);
    let minutes = cluster.seconds_since(since) / 60;
    let stage = match pod.condition("PodReadyToStartContainers") {
        Some(condition) if condition.is_true() => "its image or its configuration",
        Some(_) => "its volumes or its sandbox",
        None => "its volumes, its sandbox or its image",
    };
    let warning = cluster
        .events_of(pod)
        .rev()
        .find(|event| event.is_warning());
    let said = warning.map_or_else(
        || "No event says why.".to_owned(),
        |event| {
            format!(
                "The last warning is {}.",
                quoted(&format!("{}: {}", event.reason, event.message))
            )
        },
    );
    let volumes: Vec<&str> = pod
        .spec
        .volumes
        .iter()
        .map(|volume| volume.name.as_str())
        .collect();
    let node = &pod.node_name;
    let sighting = Sighting::of(
        top.clone(),
        format!("Containers of {top} have not been made for {minutes} minutes"),
        format!("The pod has a node ({node}) and still waits for {stage}. {said}"),
    )
    .seen_on(pod.reference(), "template of")
    .since(since)
    .evidence(Evidence::field(pod.reference(), "spec.nodeName", node))
    .all_evidence(
        (!volumes.is_empty())
            .then(|| Evidence::field(pod.reference(), "spec.volumes", volumes.join(", "))),
    )
    .all_evidence(
        pod.containers()
            .filter(is_being_made)
            .take(1)
            .map(|container| {
                Evidence::field(
                    pod.reference(),
                    &container.status_path("state.waiting.reason"),
                    container.waiting_reason(),
                )
            }),
    )
    .all_evidence(warning.map(event_evidence))
    .suggest(describe_pod(pod));
    silent_servers(cluster, warning)
        .into_iter()
        .fold(sighting, |sighting, server| sighting.blames(server, "asks"))
}
