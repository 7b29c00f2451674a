use super::advice::{edit, read_last_log};
use super::failing_run::{failing_end, severity};
use super::{exit_code, last_words};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{ContainerView, Object, Pod, Terminated};
use crate::model::{Evidence, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container's program crashes by a signal of the kernel (SIGSEGV, SIGABRT, SIGILL, SIGBUS,
    /// SIGFPE ...): a fault in the program, in a library, or a processor that lacks a feature.
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
    ///     lastState: {terminated: {exitCode: 139, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
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
    ///     lastState: {terminated: {exitCode: 143, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// # How to fix
    /// Go back to the image version that ran, or get a corrected build; for SIGILL use a build for the
    /// processors of the nodes.
    ///
    /// # What it cannot know
    /// Where in the program it happens, unless the log shows it.
    ///
    /// # Source
    /// `terminated.exitCode` of core/v1 ContainerStatus: 128 + n for signal n.
    WRK008 "crashes-by-signal" {
        role: Both,
        severity: Critical,
        confidence: 0.85,
        reads: [Job, CronJob, Node],
        maps_to: [],
        check: Pod(check),
    }
}

/// Signals that come from outside and are no crash: SIGKILL and SIGTERM.
const FROM_OUTSIDE: [i64; 2] = [9, 15];

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.is_ready() && pod.containers().all(|container| container.restarts() == 0) {
        return;
    }
    for container in pod.containers() {
        let Some(end) = failing_end(cluster, pod, &container) else {
            continue;
        };
        let signal = exit_code::signal_of(end).filter(|signal| !FROM_OUTSIDE.contains(signal));
        if let Some(signal) = signal.filter(|_| end.reason != "OOMKilled") {
            sink.report(sighting(pod, cluster, &container, end, signal));
        }
    }
}

fn sighting<'a>(
    pod: &'a Pod,
    cluster: &Cluster<'a>,
    container: &ContainerView<'a>,
    end: &Terminated,
    signal: i64,
) -> Sighting {
    let top = cluster.top_of(pod);
    let name = exit_code::signal_name(signal);
    let title = format!(
        "{} of {top} crashes by {name} (exit code {})",
        capitalized(&container.title()),
        end.exit_code
    );
    let meaning = exit_code::signal_meaning(signal)
        .map_or_else(String::new, |meaning| format!(" ({meaning})"));
    let last = last_words::telling_line(cluster, pod, container).map_or_else(String::new, |line| {
        format!(" Before that it wrote {}.", last_words::quoted(line))
    });
    let explanation = format!(
        "The kernel ended its program by {name}{meaning}: a fault in the program or its image.{last} Restarts so far: {}.",
        container.restarts()
    );
    let processor = cluster
        .get::<crate::kubernetes::Node>("", &pod.node_name)
        .map(|node| {
            Evidence::field(
                node.reference(),
                "status.nodeInfo.architecture",
                &node.status.node_info.architecture,
            )
        });
    Sighting::of(top.clone(), title, explanation)
        .seen_on(pod.reference(), "template of")
        .in_container(container.name())
        .severity(severity(cluster, pod, container))
        .since(end.finished_at)
        .evidence(
            Evidence::field(
                pod.reference(),
                &container.last_end_path("exitCode"),
                format!("{} ({name})", end.exit_code),
            )
            .at(end.finished_at),
        )
        .evidence(Evidence::field(
            pod.reference(),
            &format!("spec.containers[{}].image", container.name()),
            &container.spec.image,
        ))
        .all_evidence(processor.filter(|_| signal == 4))
        .all_evidence(last_words::as_evidence(cluster, pod, container))
        .suggest(read_last_log(pod, container))
        .suggest(edit(
            &top,
            "Go back to an image version that ran, or use a corrected build",
        ))
}
