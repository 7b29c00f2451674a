use super::advice::{edit, kubectl_name};
use super::failing_run::{JobOutcome, is_looping, job_outcome};
use super::limit_range_default::{DefaultLimit, default_limit};
use super::node_shortage::shortage_of_the_node;
use super::stated_heap::heap_beyond;
use super::{exit_code, last_words};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::analyzers::measured::memory_in_use;
use crate::kubernetes::{ContainerView, Kind, Object, Pod, Terminated};
use crate::model::{Evidence, ObjectRef, Quantity, Risk, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container used more memory than its limit allows, and the kernel killed it: out of memory
    /// (OOMKilled).
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, resources: {limits: {memory: 96Mi}}}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 9
    ///     state: {waiting: {reason: CrashLoopBackOff, message: back-off 5m0s restarting failed container=web}}
    ///     lastState: {terminated: {exitCode: 137, reason: OOMKilled, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-03T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, resources: {limits: {memory: 96Mi}}}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True"}]
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 1
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T09:00:00Z"}}
    ///     lastState: {terminated: {exitCode: 137, reason: OOMKilled, finishedAt: "2026-01-01T08:59:00Z"}}
    /// ```
    ///
    /// # How to fix
    /// Raise the memory limit to what the program needs, or make it need less: smaller caches, a heap
    /// setting below the limit, a leak closed.
    ///
    /// # What it cannot know
    /// Whether the program leaks, or honestly needs more than it may have.
    ///
    /// # Source
    /// `terminated.reason` OOMKilled of core/v1 ContainerStatus; kubelet event SystemOOM.
    WRK003 "container-out-of-memory" {
        role: Both,
        severity: Critical,
        confidence: 0.95,
        reads: [Event, Node, Job, CronJob, ReplicaSet, StatefulSet, DaemonSet, LimitRange],
        maps_to: ["k8sgpt:Pod", "classic:crashloop"],
        check: Pod(check),
    }
}

/// Seconds within which a second kill makes it a repeated one.
const REPEAT_WINDOW: i64 = 3600;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.metadata.is_terminating() || pod.has_succeeded() {
        return;
    }
    for container in pod.containers() {
        let Some(end) = container.last_end().filter(|end| end.reason == "OOMKilled") else {
            continue;
        };
        if !is_history(cluster, pod, &container, end)
            && job_outcome(cluster, pod) != JobOutcome::Done
        {
            sink.report(sighting(pod, cluster, &container, end));
        }
    }
}

/// Whether the container is ready since, and for long.
pub(super) fn is_history(
    cluster: &Cluster<'_>,
    pod: &Pod,
    container: &ContainerView<'_>,
    end: &Terminated,
) -> bool {
    let window = cluster.thresholds(&pod.metadata).oom_window;
    container.is_ready() && !cluster.is_within(end.finished_at, window)
}

fn severity_of(
    cluster: &Cluster<'_>,
    pod: &Pod,
    container: &ContainerView<'_>,
    end: &Terminated,
) -> Severity {
    let is_up = container.is_running() && !is_looping(cluster, pod, container);
    let is_repeated = container.restarts() >= 2;
    if !is_up || (is_repeated && cluster.is_within(end.started_at, REPEAT_WINDOW)) {
        Severity::Critical
    } else if is_repeated || cluster.is_within(end.finished_at, REPEAT_WINDOW) {
        Severity::Warning
    } else {
        Severity::Info
    }
}

fn sighting<'a>(
    pod: &'a Pod,
    cluster: &Cluster<'a>,
    container: &ContainerView<'a>,
    end: &'a Terminated,
) -> Sighting {
    let top = cluster.top_of(pod);
    let limit = memory_limit(pod, container);
    let at_limit = limit.map_or_else(
        || "without a memory limit of its own".to_owned(),
        |limit| format!("at its memory limit of {}", limit.human_bytes()),
    );
    let title = format!(
        "{} of {top} runs out of memory (OOMKilled) {at_limit}",
        crate::model::capitalized(&container.title())
    );
    let restarts = match container.restarts() {
        0 => String::new(),
        count => format!(" Restarts so far: {count}."),
    };
    let explanation = format!(
        "The kernel killed it: out of memory (OOMKilled, {}), {at_limit}.{restarts}",
        exit_code::in_words(end).replace(" (OOMKilled)", "")
    );
    let default = limit.and_then(|limit| default_limit(cluster, pod, container, limit));
    if let Some(default) = default
        .as_ref()
        .filter(|default| is_to_blame(cluster, pod, default))
    {
        return of_default(pod, cluster, container, end, default);
    }
    let explanation = match &default {
        None => explanation,
        Some(default) => format!(
            "{explanation} The limit is the default of {}; the template sets none.",
            default.range.reference()
        ),
    };
    let heap = limit.and_then(|limit| heap_beyond(cluster, pod, container, limit));
    let explanation = match heap {
        None => explanation,
        Some((line, heap)) => format!(
            "{explanation} It says {}: it means to have {}, more than the limit. So does a runtime that was told a fixed size, or one that does not see the limit of its container, as Java before 8u372 and 11.0.16 on nodes with cgroup v2.",
            last_words::quoted(line),
            heap.human_bytes()
        ),
    };
    let mut sighting = kill(
        Sighting::of(top.clone(), title, explanation),
        pod,
        container,
        end,
    )
    .seen_on(pod.reference(), "template of")
    .identified_by("container", container.name())
    .severity(severity_of(cluster, pod, container, end));
    if let Some(limit) = limit {
        let path = format!(
            "spec.containers[{}].resources.limits.memory",
            container.name()
        );
        sighting = sighting.evidence(Evidence::field(pod.reference(), &path, limit.human_bytes()));
    }
    if let Some(default) = &default {
        sighting = sighting.all_evidence(default.evidence(pod, container.name()));
    }
    if let Some((line, _)) = heap {
        sighting = sighting
            .evidence(Evidence::log(pod.reference(), container.name(), line, None))
            .suggest(Suggestion::advice(format!(
                "Let {top} size its heap by its limit: a runtime that reads the limit of its container, or a size of its own below it (-Xmx, -XX:MaxRAMPercentage)"
            )));
    }
    let now = memory_in_use(cluster, pod, container.name(), limit);
    sighting = sighting.all_evidence(now.filter(|_| container.is_running()));
    if let Some(shortage) = shortage_of_the_node(cluster, pod, end).filter(|_| limit.is_none()) {
        let node = ObjectRef::cluster_scoped("v1", Kind::Node.as_str(), &pod.node_name);
        sighting = sighting
            .evidence(event_evidence(shortage))
            .blames(node, "runs on");
    }
    let sighting = sighting
        .all_evidence(last_words::as_evidence(cluster, pod, container))
        .suggest(raise(cluster, pod, &top, container, limit));
    if !pod.is_live() {
        return sighting;
    }
    sighting.suggest(Suggestion::look(
        "Compare with what it uses while it runs",
        format!(
            "kubectl -n {} top pod {} --containers",
            pod.metadata.namespace, pod.metadata.name
        ),
    ))
}

/// The kill as proof.
fn kill(
    mut sighting: Sighting,
    pod: &Pod,
    container: &ContainerView<'_>,
    end: &Terminated,
) -> Sighting {
    sighting.container = Some(container.name().to_owned());
    sighting
        .since(end.finished_at)
        .evidence(
            Evidence::field(
                pod.reference(),
                &container.last_end_path("reason"),
                "OOMKilled",
            )
            .at(end.finished_at),
        )
        .evidence(exit_code::as_evidence(pod, container, end))
        .evidence(Evidence::field(
            pod.reference(),
            &container.status_path("restartCount"),
            container.restarts(),
        ))
}

/// Whether a default is what has to be changed, and not the one workload that does not set its own: it changed before
/// the pod was made, or pods of others are killed at it too.
fn is_to_blame(cluster: &Cluster<'_>, pod: &Pod, default: &DefaultLimit<'_>) -> bool {
    let top = cluster.top_of(pod);
    let is_killed_at_it = |other: &Pod| {
        other.containers().any(|container| {
            let end = container.last_end().filter(|end| end.reason == "OOMKilled");
            let limit = memory_limit(other, &container);
            end.is_some_and(|end| !is_history(cluster, other, &container, end))
                && limit
                    .and_then(|limit| default_limit(cluster, other, &container, limit))
                    .is_some_and(|its| its.range.metadata.uid == default.range.metadata.uid)
        })
    };
    default.changed_before(pod).is_some()
        || cluster
            .in_namespace::<Pod>(&pod.metadata.namespace)
            .any(|other| !cluster.top_of(other).is_same(&top) && is_killed_at_it(other))
}

/// The default of a LimitRange that is too small for what runs in the namespace.
fn of_default<'a>(
    pod: &'a Pod,
    cluster: &Cluster<'a>,
    container: &ContainerView<'a>,
    end: &'a Terminated,
    default: &DefaultLimit<'a>,
) -> Sighting {
    let range = default.range.reference();
    let top = cluster.top_of(pod);
    let (name, namespace) = (container.name(), pod.metadata.namespace.as_str());
    let limit = memory_limit(pod, container).unwrap_or(default.now);
    let at = limit.human_bytes();
    let title = format!(
        "{range} gives containers that set no memory limit one of {at}, and they run out of memory (OOMKilled)"
    );
    let explanation = format!(
        "The template of {top} sets no memory limit, so container `{name}` got the default when its pod was made; the kernel kills it at {at} (OOMKilled)."
    );
    let path = format!("spec.containers[{name}].resources.limits.memory");
    kill(Sighting::of(range.clone(), title, explanation), pod, container, end)
        .seen_on(pod.reference(), "limits")
        .severity(severity_of(cluster, pod, container, end))
        .evidence(Evidence::field(pod.reference(), &path, &at))
        .all_evidence(default.evidence(pod, name))
        .all_evidence(default.changed_before(pod))
        .suggest(Suggestion::run(
            "Raise default.memory, or set limits of their own in the templates; then make the pods anew: those that are there keep their limit",
            format!("kubectl -n {namespace} edit limitrange {}", range.name),
            Risk::Low,
        ))
        .suggest(Suggestion::look(
            "See which workloads set no limit",
            format!("kubectl -n {namespace} describe limitrange {}", range.name),
        ))
}

fn memory_limit(pod: &Pod, container: &ContainerView<'_>) -> Option<Quantity> {
    let of_pod = || pod.spec.resources.as_ref()?.limits.get("memory");
    container
        .spec
        .resources
        .limits
        .get("memory")
        .or_else(of_pod)
        .copied()
}

/// The limit that the template gives the container now, where that is more than the pod has: the pod is of an older
/// revision, and its controller has not replaced it.
fn newer_limit(
    cluster: &Cluster<'_>,
    top: &ObjectRef,
    container: &ContainerView<'_>,
    limit: Quantity,
) -> Option<Quantity> {
    let template = cluster.workload(top)?.pod_spec();
    let own = template.container(container.name())?;
    let now = own.resources.limits.get("memory").copied()?;
    (now > limit).then_some(now)
}

fn raise(
    cluster: &Cluster<'_>,
    pod: &Pod,
    top: &ObjectRef,
    container: &ContainerView<'_>,
    limit: Option<Quantity>,
) -> Suggestion {
    let Some(limit) = limit else {
        return edit(
            top,
            "Give it a memory request and a limit that fit what it needs",
        );
    };
    if let Some(now) = newer_limit(cluster, top, container, limit) {
        let older = format!(
            "The template of {top} says {} by now, and this pod is of an older revision",
            now.human_bytes()
        );
        // Who replaces a pod of its own accord does it from the newest template; a Deployment through its rollout.
        if !matches!(top.kind.as_str(), "StatefulSet" | "DaemonSet") {
            return Suggestion::advice(format!("{older}: see why it is not replaced"));
        }
        return Suggestion::run(
            format!("{older}: delete it, so that it comes back with the new limit"),
            format!(
                "kubectl -n {} delete pod {}",
                pod.metadata.namespace, pod.metadata.name
            ),
            Risk::Medium,
        );
    }
    let double = limit.plus(limit).human_bytes();
    let text = format!(
        "Raise the limit (here to {double}), or make the program need less than {}",
        limit.human_bytes()
    );
    let can_be_set = matches!(
        top.kind.as_str(),
        "Deployment" | "StatefulSet" | "DaemonSet" | "CronJob"
    );
    match kubectl_name(top).filter(|_| can_be_set) {
        Some(name) => Suggestion::run(
            text,
            format!(
                "kubectl -n {} set resources {name} -c {} --limits=memory={double}",
                top.namespace.as_deref().unwrap_or_default(),
                container.name()
            ),
            Risk::Medium,
        ),
        None => Suggestion::advice(text),
    }
}
