use super::outcome::is_finished;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{ContainerRole, ContainerView, Job, Object, Pod};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The work of a Job's pod is done: its main container ended well. Another ordinary container,
    /// such as a proxy or an agent, runs on, so the pod never ends and the Job never completes.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: month-end, namespace: pay, uid: j1}
    /// status: {active: 1}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: month-end-x, namespace: pay, uid: p1, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: month-end, uid: j1, controller: true}]}
    /// spec: {containers: [{name: main}, {name: sql-proxy}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - {name: main, state: {terminated: {exitCode: 0, reason: Completed, finishedAt: "2026-01-01T11:00:00Z"}}}
    ///   - {name: sql-proxy, state: {running: {startedAt: "2026-01-01T10:00:00Z"}}}
    /// ```
    ///
    /// # Stays silent on
    /// A native sidecar ends by itself:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: month-end, namespace: pay, uid: j1}
    /// status: {active: 1}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: month-end-x, namespace: pay, uid: p1, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: month-end, uid: j1, controller: true}]}
    /// spec: {initContainers: [{name: sql-proxy, restartPolicy: Always}], containers: [{name: main}]}
    /// status:
    ///   phase: Running
    ///   initContainerStatuses:
    ///   - {name: sql-proxy, state: {running: {startedAt: "2026-01-01T10:00:00Z"}}}
    ///   containerStatuses:
    ///   - {name: main, state: {terminated: {exitCode: 0, reason: Completed, finishedAt: "2026-01-01T11:00:00Z"}}}
    /// ```
    ///
    /// # How to fix
    /// Make the helper a native sidecar: an init container with `restartPolicy: Always`.
    ///
    /// # What it cannot know
    /// Whether the container that runs on does work of its own.
    ///
    /// # Source
    /// `status.containerStatuses` of pods of batch/v1 Jobs; KEP-753.
    JOB009 "helper-container-keeps-job-alive" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [Job, CronJob],
        maps_to: [],
        check: Pod(check),
    }
}

/// Seconds after the end of the main container from which on the helper counts as forgotten.
const ENDED_GRACE: i64 = 300;

/// Words in the names and images of containers that help others and never end by themselves.
const HELPERS: [&str; 10] = [
    "proxy", "envoy", "sidecar", "agent", "istio", "linkerd", "fluent", "exporter", "vault",
    "logger",
];

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let is_of_a_job = pod
        .metadata
        .controller()
        .is_some_and(|owner| owner.kind == "Job");
    if !is_of_a_job || !pod.is_live() || pod.status.phase != "Running" {
        return;
    }
    let main = || {
        pod.containers()
            .filter(|container| container.role == ContainerRole::App)
    };
    let done: Vec<ContainerView<'_>> = main()
        .filter(|container| has_ended_well(cluster, container))
        .collect();
    let others: Vec<ContainerView<'_>> = main()
        .filter(|container| !done.iter().any(|ended| ended.name() == container.name()))
        .collect();
    let all_run = others.iter().all(ContainerView::is_running);
    if done.is_empty() || others.is_empty() || !all_run || has_finished_job(cluster, pod) {
        return;
    }
    sink.report(sighting(cluster, pod, &done, &others));
}

fn has_ended_well(cluster: &Cluster<'_>, container: &ContainerView<'_>) -> bool {
    container
        .status
        .and_then(|status| status.state.terminated.as_deref())
        .is_some_and(|end| {
            end.exit_code == 0
                && end.finished_at.is_some()
                && !cluster.is_within(end.finished_at, ENDED_GRACE)
        })
}

fn has_finished_job(cluster: &Cluster<'_>, pod: &Pod) -> bool {
    pod.metadata
        .controller()
        .and_then(|owner| cluster.get::<Job>(&pod.metadata.namespace, &owner.name))
        .is_some_and(is_finished)
}

fn is_helper(container: &ContainerView<'_>) -> bool {
    let words = format!("{} {}", container.name(), container.spec.image).to_lowercase();
    HELPERS.iter().any(|helper| words.contains(helper))
}

fn sighting(
    cluster: &Cluster<'_>,
    pod: &Pod,
    done: &[ContainerView<'_>],
    others: &[ContainerView<'_>],
) -> Sighting {
    let top = cluster.top_of(pod);
    let names = |list: &[ContainerView<'_>]| {
        let names: Vec<String> = list.iter().map(|one| format!("`{}`", one.name())).collect();
        names.join(", ")
    };
    let (ended, running) = (names(done), names(others));
    let (severity, confidence) = if others.iter().all(is_helper) {
        (Severity::Critical, 0.93)
    } else {
        (Severity::Warning, 0.70)
    };
    let title = format!("{top} never completes: {ended} is done, and {running} runs on");
    let explanation = format!(
        "A pod of a Job ends when all of its containers have ended. {running} does not end by itself."
    );
    let mut sighting = Sighting::of(top, title, explanation)
        .seen_on(pod.reference(), "template of")
        .identified_by("container", running.as_str())
        .severity(severity)
        .confidence(confidence);
    for container in done {
        if let Some(end) = container.last_end() {
            let path = container.last_end_path("exitCode");
            sighting = sighting.evidence(
                Evidence::field(pod.reference(), &path, end.exit_code).at(end.finished_at),
            );
        }
    }
    for container in others {
        let path = container.status_path("state");
        sighting = sighting.evidence(Evidence::field(pod.reference(), &path, "running"));
    }
    sighting.suggest(Suggestion::advice(format!(
        "Make {running} a native sidecar: move it to initContainers with restartPolicy: Always"
    )))
}
