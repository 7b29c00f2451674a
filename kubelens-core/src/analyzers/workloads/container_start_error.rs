use super::advice::{describe_pod, edit};
use super::last_words::quoted;
use super::start_error::{StartError, StartFault, start_error};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{ContainerView, Event, Object, Pod, Service};
use crate::model::{Evidence, Severity, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The container runtime, or a hook of the container, refuses its start, and no rule knows this
    /// text better.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "shop/empty:1"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: CreateContainerError, message: 'failed to generate container "c" spec: failed to generate spec: no command specified'}}
    /// ```
    /// A hook after the start that fails:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, lifecycle: {postStart: {exec: {command: [warm-up]}}}}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 4
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 137, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1, fieldPath: "spec.containers{web}"}
    /// type: Warning
    /// reason: FailedPostStartHook
    /// message: 'PostStartHook failed'
    /// count: 5
    /// lastTimestamp: "2026-01-01T11:58:00Z"
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
    ///     state: {waiting: {reason: RunContainerError, message: 'exec: "run": executable file not found in $PATH'}}
    /// ```
    ///
    /// # How to fix
    /// Correct what the runtime names in the workload; where its text speaks of the runtime itself
    /// (time-outs, names that are reserved), look at the node.
    ///
    /// # What it cannot know
    /// What a text means that runtimes invent tomorrow; it is shown as it is.
    ///
    /// # Source
    /// `state.waiting.reason` RunContainerError, CreateContainerError, PostStartHookError;
    /// `terminated.reason` StartError, ContainerCannotRun; kubelet events FailedPostStartHook,
    /// FailedPreStopHook.
    WRK012 "container-start-error" {
        role: Both,
        severity: Critical,
        confidence: 0.85,
        reads: [Event, Service],
        maps_to: ["k8sgpt:Pod", "POP-202", "POP-203"],
        check: Pod(check),
    }
}

/// Services from which their variables alone can make an environment too long.
const MANY_SERVICES: usize = 500;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.is_ready() || !(pod.is_live() || pod.status.reason == "AppArmor") {
        return;
    }
    for container in pod.containers() {
        let known = start_error(pod, &container)
            .and_then(|error| Some((in_words(&error, &container)?, error)));
        if let Some((what, error)) = known {
            sink.report(refused(pod, cluster, &container, error, &what));
        } else if let Some(event) = failed_hook(cluster, pod, &container) {
            sink.report(hook(pod, cluster, &container, event));
        }
    }
    if pod.status.reason == "AppArmor" {
        sink.report(refused_by_apparmor(pod, cluster));
    }
}

/// What is wrong, unless a nearer rule says it.
fn in_words(error: &StartError<'_>, container: &ContainerView<'_>) -> Option<String> {
    Some(match &error.fault {
        StartFault::NoCommand => format!(
            "has no command: neither it nor image {} names one",
            container.spec.image
        ),
        StartFault::NameReserved => "is still held under its name by the runtime".to_owned(),
        StartFault::RuntimeTimeout => {
            "was not made in time: the container runtime did not answer".to_owned()
        }
        StartFault::SecurityProfile(_) => format!(
            "needs a security profile that the node does not have: {}",
            quoted(error.message)
        ),
        StartFault::ArgumentsTooLong => {
            "has arguments and environment that are longer than the kernel takes".to_owned()
        }
        StartFault::Other if error.reason == "CreateContainerConfigError" => return None,
        StartFault::Other if error.message.is_empty() => {
            format!("cannot be started ({})", error.reason)
        }
        StartFault::Other => format!("cannot be started: {}", quoted(error.message)),
        _ => return None,
    })
}

fn failed_hook<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: &ContainerView<'_>,
) -> Option<&'a Event> {
    let has_hook = container
        .spec
        .lifecycle
        .as_ref()
        .is_some_and(|lifecycle| lifecycle.post_start.is_some());
    if !has_hook || container.is_ready() {
        return None;
    }
    let started = container
        .status
        .and_then(|status| status.state.running.as_ref())
        .and_then(|run| run.started_at);
    cluster
        .newest_event(pod, &["FailedPostStartHook"])
        .filter(|event| event.last_seen() >= started)
        .filter(|event| {
            let path = &event.involved_object.field_path;
            path.is_empty() || path.contains(&format!("{{{}}}", container.name()))
        })
}

fn refused(
    pod: &Pod,
    cluster: &Cluster<'_>,
    container: &ContainerView<'_>,
    error: StartError<'_>,
    what: &str,
) -> Sighting {
    let top = cluster.top_of(pod);
    let title = format!("{} of {top} {what}", capitalized(&container.title()));
    let mut sighting = Sighting::of(
        top.clone(),
        title,
        "The container does not start; the kubelet tries it again without end.",
    )
    .seen_on(pod.reference(), "template of")
    .in_container(container.name())
    .evidence(error.proof);
    if error.fault == StartFault::ArgumentsTooLong {
        let services = cluster
            .in_namespace::<Service>(&pod.metadata.namespace)
            .count();
        if services >= MANY_SERVICES && pod.spec.enable_service_links != Some(false) {
            let text = format!("enableServiceLinks puts {services} Services into the environment");
            sighting = sighting.evidence(Evidence::field(
                pod.reference(),
                "spec.enableServiceLinks",
                text,
            ));
        }
    }
    sighting
        .suggest(edit(&top, "Correct what the message names"))
        .suggest(describe_pod(pod))
}

fn hook(
    pod: &Pod,
    cluster: &Cluster<'_>,
    container: &ContainerView<'_>,
    event: &Event,
) -> Sighting {
    let top = cluster.top_of(pod);
    let command = container
        .spec
        .lifecycle
        .as_ref()
        .and_then(|lifecycle| lifecycle.post_start.as_ref()?.exec.as_ref())
        .map_or_else(String::new, |exec| exec.command.join(" "));
    let title = format!("The postStart hook of {} of {top} fails", container.title());
    let explanation = format!(
        "The kubelet ends a container whose postStart hook fails, and starts it again: {}.",
        quoted(&event.message)
    );
    let path = format!("spec.containers[{}].lifecycle.postStart", container.name());
    Sighting::of(top.clone(), title, explanation)
        .seen_on(pod.reference(), "template of")
        .in_container(container.name())
        .identified_by("fact", "postStart")
        .evidence(Evidence::message(pod.reference(), &path, &command))
        .evidence(event_evidence(event))
        .suggest(edit(&top, "Correct the postStart hook, or take it out"))
}

fn refused_by_apparmor(pod: &Pod, cluster: &Cluster<'_>) -> Sighting {
    let top = cluster.top_of(pod);
    Sighting::of(
        top.clone(),
        format!("{top} needs an AppArmor profile that its node does not have"),
        format!(
            "The kubelet refused the pod: {}.",
            quoted(&pod.status.message)
        ),
    )
    .seen_on(pod.reference(), "template of")
    .identified_by("fact", "AppArmor")
    .severity(Severity::Critical)
    .evidence(Evidence::message(
        pod.reference(),
        "status.message",
        &pod.status.message,
    ))
    .suggest(describe_pod(pod))
}
