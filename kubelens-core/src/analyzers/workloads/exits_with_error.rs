use super::advice::{edit, read_last_log};
use super::broken_server::waited_for;
use super::failing_run::{failing_end, severity};
use super::waits_for::is_about_another;
use super::{exit_code, last_words, start_error};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{ContainerView, Object, Pod, Terminated};
use crate::model::{Evidence, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container's program ends by itself with an error code, and the container is down because of
    /// it. Its last log lines are the best hint; a rule that understands them explains this one.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | fatal: no region given
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
    ///     lastState: {terminated: {exitCode: 3, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
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
    ///     restartCount: 1
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T09:00:00Z"}}
    ///     lastState: {terminated: {exitCode: 3, reason: Error, finishedAt: "2026-01-01T08:59:00Z"}}
    /// ```
    /// A pod of a Job whose next try did the work:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: batch/v1
    /// kind: Job
    /// metadata: {name: load, namespace: shop, uid: j1}
    /// status: {succeeded: 1, failed: 1, conditions: [{type: Complete, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: load-1
    ///   namespace: shop
    ///   uid: p1
    ///   ownerReferences: [{apiVersion: batch/v1, kind: Job, name: load, uid: j1, controller: true}]
    /// spec:
    ///   restartPolicy: Never
    ///   containers: [{name: load}]
    /// status:
    ///   phase: Failed
    ///   containerStatuses:
    ///   - name: load
    ///     state: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:00:00Z"}}
    /// ```
    ///
    /// A step of a workflow that got its work done by a later try:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: argoproj.io/v1alpha1
    /// kind: Workflow
    /// metadata: {name: etl, namespace: shop, uid: w1}
    /// status: {phase: Succeeded}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: etl-1
    ///   namespace: shop
    ///   uid: p1
    ///   ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: Workflow, name: etl, uid: w1, controller: true}]
    /// spec:
    ///   restartPolicy: Never
    ///   containers: [{name: main}]
    /// status:
    ///   phase: Failed
    ///   containerStatuses:
    ///   - name: main
    ///     state: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:00:00Z"}}
    /// ```
    ///
    /// # How to fix
    /// Read the log of the run that ended, and change what it names.
    ///
    /// # What it cannot know
    /// What an exit code means to this program, where its log does not say it.
    ///
    /// # Source
    /// `terminated.exitCode` of core/v1 ContainerStatus; codes from 129 on are signals (POSIX shells).
    WRK004 "exits-with-error" {
        role: Both,
        severity: Critical,
        confidence: 0.60,
        reads: [Event, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Pod", "POP-200", "POP-201"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.is_ready() && pod.containers().all(|container| container.restarts() == 0) {
        return;
    }
    for container in pod.containers() {
        let end = failing_end(cluster, pod, &container).filter(|end| is_own_error(end));
        if let Some(end) = end.filter(|_| start_error::start_error(pod, &container).is_none()) {
            sink.report(sighting(pod, cluster, &container, end));
        }
    }
}

/// An end that the program chose: neither a signal, nor a command that could not be run.
fn is_own_error(end: &Terminated) -> bool {
    let is_error = matches!(end.exit_code, 1..=125 | 193..) || end.exit_code < 0;
    is_error && end.reason != "OOMKilled" && exit_code::signal_of(end).is_none()
}

fn sighting<'a>(
    pod: &'a Pod,
    cluster: &Cluster<'a>,
    container: &ContainerView<'a>,
    end: &Terminated,
) -> Sighting {
    let top = cluster.top_of(pod);
    let code = exit_code::in_words(end);
    let title = format!(
        "{} of {top} ends with {code}",
        capitalized(&container.title())
    );
    let line = last_words::telling_line(cluster, pod, container);
    let waits = line.is_some_and(is_about_another);
    let explanation = match line {
        Some(line) => format!(
            "Its program ends by itself; before that it wrote {}. Restarts so far: {}.",
            last_words::quoted(line),
            container.restarts()
        ),
        None => format!(
            "Its program ends by itself, and no log of that run was read. Restarts so far: {}.",
            container.restarts()
        ),
    };
    let advice = format!("Correct what the log of `{}` names", container.name());
    let mut sighting = Sighting::of(top.clone(), title, explanation);
    for (server, relation) in waits
        .then(|| waited_for(cluster, pod))
        .into_iter()
        .flatten()
    {
        sighting = sighting.blames(server, relation);
    }
    sighting
        .seen_on(pod.reference(), "template of")
        .in_container(container.name())
        .severity(severity(cluster, pod, container))
        .since(end.finished_at)
        .evidence(exit_code::as_evidence(pod, container, end))
        .all_evidence(end.message.non_empty().map(|message| {
            Evidence::message(
                pod.reference(),
                &container.last_end_path("message"),
                message,
            )
        }))
        .all_evidence(last_words::as_evidence(cluster, pod, container))
        .suggest(read_last_log(pod, container))
        .suggest(edit(&top, advice))
}
