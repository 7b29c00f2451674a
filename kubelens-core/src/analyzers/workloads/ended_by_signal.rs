use super::advice::{describe_pod, read_last_log};
use super::command_line::command_line;
use super::failing_run::{failing_end, is_looping, severity};
use super::node_shortage::shortage_of_the_node;
use super::{exit_code, last_words};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{ContainerRole, ContainerView, Kind, Object, Pod, Terminated};
use crate::model::{Evidence, ObjectRef, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container is ended from outside again and again (SIGKILL, SIGTERM), or its program comes to
    /// its end although it should stay (exit code 0 under `restartPolicy: Always`).
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 137, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    /// A program that does its work and leaves, where something that stays is wanted:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   restartPolicy: Always
    ///   containers: [{name: web, command: [echo, hello]}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 0, reason: Completed, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 137, reason: OOMKilled, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// # How to fix
    /// Find who ends it: a probe, the kernel, an agent on the node. For a program that ends by itself
    /// use a Job, or a command that stays in the foreground.
    ///
    /// # What it cannot know
    /// Who sent a signal that nobody wrote down.
    ///
    /// # Source
    /// `terminated.exitCode` of core/v1 ContainerStatus; kubelet events Killing, SystemOOM.
    WRK005 "ended-by-signal" {
        role: Both,
        severity: Critical,
        confidence: 0.60,
        reads: [Event, Job, CronJob],
        maps_to: ["k8sgpt:Pod"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.is_ready() && pod.containers().all(|container| container.restarts() == 0) {
        return;
    }
    for container in pod.containers() {
        let Some(end) = failing_end(cluster, pod, &container) else {
            continue;
        };
        let is_killed = end.exit_code == 137 && end.reason != "OOMKilled";
        let is_ended = matches!(end.exit_code, 0 | 143)
            && container.role != ContainerRole::Init
            && container.restarts() >= cluster.thresholds(&pod.metadata).crash_restarts
            && is_looping(cluster, pod, &container);
        if is_killed || is_ended {
            sink.report(sighting(pod, cluster, &container, end));
        }
    }
}

fn sighting<'a>(
    pod: &'a Pod,
    cluster: &Cluster<'a>,
    container: &ContainerView<'a>,
    end: &Terminated,
) -> Sighting {
    let top = cluster.top_of(pod);
    let code = exit_code::in_words(end);
    let subject = capitalized(&container.title());
    let (title, meaning) = match end.exit_code {
        0 => (
            format!("{subject} of {top} ends by itself with {code} and is started again"),
            "Its program does not stay: it comes to its end without an error, and its pod wants it to run on (restartPolicy Always).",
        ),
        143 => (
            format!("{subject} of {top} is stopped again and again: {code}"),
            "Something asks it to stop (SIGTERM) although its pod is not deleted: a probe, an agent, or the program itself.",
        ),
        _ => (
            format!("{subject} of {top} is killed again and again: {code}"),
            "Something kills it (SIGKILL); it is not its memory limit, for then the reason would be OOMKilled.",
        ),
    };
    let last = last_words::telling_line(cluster, pod, container).map_or_else(String::new, |line| {
        format!(" Before that it wrote {}.", last_words::quoted(line))
    });
    let explanation = format!("{meaning}{last} Restarts so far: {}.", container.restarts());
    let mut sighting = Sighting::of(top, title, explanation)
        .seen_on(pod.reference(), "template of")
        .in_container(container.name())
        .severity(severity(cluster, pod, container))
        .since(end.finished_at)
        .evidence(
            Evidence::field(
                pod.reference(),
                &container.last_end_path("exitCode"),
                format!("{} ({})", end.exit_code, end.reason),
            )
            .at(end.finished_at),
        );
    if let Some(shortage) = shortage_of_the_node(cluster, pod, end) {
        let node = ObjectRef::cluster_scoped("v1", Kind::Node.as_str(), &pod.node_name);
        sighting = sighting
            .evidence(event_evidence(shortage))
            .blames(node, "runs on");
    }
    let command = command_line(container.spec);
    if end.exit_code == 0 && !command.is_empty() {
        let path = format!("spec.containers[{}].command", container.name());
        sighting = sighting.evidence(Evidence::field(pod.reference(), &path, command));
    }
    sighting
        .all_evidence(cluster.newest_event(pod, &["Killing"]).map(event_evidence))
        .all_evidence(last_words::as_evidence(cluster, pod, container))
        .suggest(read_last_log(pod, container))
        .suggest(describe_pod(pod))
}
