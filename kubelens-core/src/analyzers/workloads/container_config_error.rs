use super::advice::describe_pod;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{ContainerView, Event, Object, Pod};
use crate::model::{Evidence, Severity, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The kubelet cannot put a container's configuration together: something that its environment,
    /// its user or its paths refer to is not there. The rule about that thing explains this one.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: CreateContainerConfigError, message: 'unsupported fieldPath: metadata.color'}}
    /// ```
    ///
    /// # Stays silent on
    /// A kubelet's cache that is not warm yet proves nothing:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:59:00Z"}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: CreateContainerConfigError, message: 'failed to sync configmap cache: timed out waiting for the condition'}}
    /// ```
    ///
    /// # How to fix
    /// Provide what the message names, or correct the reference in the workload.
    ///
    /// # What it cannot know
    /// More than the kubelet's words say.
    ///
    /// # Source
    /// `state.waiting.reason` CreateContainerConfigError; kubelet events Failed,
    /// InvalidEnvironmentVariableNames.
    WRK010 "container-config-error" {
        role: Symptom,
        severity: Critical,
        confidence: 0.80,
        reads: [Event],
        maps_to: ["k8sgpt:Pod", "POP-202", "POP-203"],
        check: Pod(check),
    }
}

/// Seconds in which a kubelet may still be filling its cache.
const WARM_UP: i64 = 120;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !pod.is_live() {
        return;
    }
    if !pod.is_ready() {
        for container in pod.containers() {
            let waits = container.waiting_reason() == "CreateContainerConfigError";
            if waits && !is_warming_up(cluster, pod, &container) {
                sink.report(refused(pod, cluster, &container));
            }
        }
    }
    if !cluster.is_within(
        pod.metadata.creation_timestamp,
        cluster.thresholds(&pod.metadata).event_window,
    ) {
        return;
    }
    if let Some(event) = cluster.newest_event(pod, &["InvalidEnvironmentVariableNames"]) {
        sink.report(skipped_variables(pod, cluster, event));
    }
}

fn is_warming_up(cluster: &Cluster<'_>, pod: &Pod, container: &ContainerView<'_>) -> bool {
    let message = container
        .waiting()
        .map_or("", |waiting| waiting.message.as_str());
    let is_of_the_cache = message.contains("failed to sync") || message.contains("not registered");
    is_of_the_cache && cluster.age(&pod.metadata) < WARM_UP
}

fn refused<'a>(pod: &'a Pod, cluster: &Cluster<'a>, container: &ContainerView<'a>) -> Sighting {
    let top = cluster.top_of(pod);
    let message = container
        .waiting()
        .map_or("", |waiting| waiting.message.as_str());
    let title = format!(
        "{} of {top} cannot be configured: {}",
        capitalized(&container.title()),
        crate::model::safe_text(message)
    );
    let path = container.status_path("state.waiting.message");
    let failed = cluster.events_of(pod).rev().find(|event| {
        event.reason == "Failed" && !message.is_empty() && event.message.contains(message)
    });
    Sighting::of(
        top,
        title,
        "The kubelet does not create the container until what it names is there.",
    )
    .seen_on(pod.reference(), "template of")
    .in_container(container.name())
    .since(pod.metadata.creation_timestamp)
    .evidence(Evidence::message(
        pod.reference(),
        &path,
        &format!("CreateContainerConfigError: {message}"),
    ))
    .all_evidence(failed.map(event_evidence))
    .suggest(describe_pod(pod))
}

fn skipped_variables(pod: &Pod, cluster: &Cluster<'_>, event: &Event) -> Sighting {
    let top = cluster.top_of(pod);
    Sighting::of(
        top.clone(),
        format!("{top} misses variables: keys whose names are no variable names were skipped"),
        "The kubelet leaves out keys of a ConfigMap or Secret that cannot be names of environment variables.",
    )
    .seen_on(pod.reference(), "template of")
    .identified_by("fact", "skipped variables")
    .severity(Severity::Warning)
    .evidence(event_evidence(event))
    .suggest(describe_pod(pod))
}
