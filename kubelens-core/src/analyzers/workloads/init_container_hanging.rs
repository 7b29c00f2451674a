use super::advice::edit;
use super::awaited_host::{Awaited, awaited};
use super::awaited_job::awaited_job;
use super::command_line::command_line;
use super::last_words::{is_failure, most_telling, quoted};
use super::log_words::short;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{ContainerRole, ContainerView, Object, Pod, Service};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An init container runs without an end, so no other container of its pod starts. Mostly it waits
    /// for something; what is wrong with that explains this one.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Service
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   initContainers: [{name: wait, command: [sh, -c, "until nc -z redis 6379; do sleep 2; done"]}]
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Pending
    ///   initContainerStatuses: [{name: wait, state: {running: {startedAt: "2026-01-01T11:30:00Z"}}}]
    ///   containerStatuses: [{name: web, state: {waiting: {reason: PodInitializing}}}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   initContainers: [{name: migrate, command: [migrate]}]
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Pending
    ///   initContainerStatuses: [{name: migrate, state: {running: {startedAt: "2026-01-01T11:58:00Z"}}}]
    ///   containerStatuses: [{name: web, state: {waiting: {reason: PodInitializing}}}]
    /// ```
    /// A word of a sentence is no Service that is missing:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Service
    /// # log: shop/web-1/migrate | waiting for migrations to finish
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   initContainers: [{name: migrate, command: [migrate]}]
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Pending
    ///   initContainerStatuses: [{name: migrate, state: {running: {startedAt: "2026-01-01T11:55:00Z"}}}]
    ///   containerStatuses: [{name: web, state: {waiting: {reason: PodInitializing}}}]
    /// ```
    ///
    /// # How to fix
    /// Provide what it waits for, or correct the name in its command.
    ///
    /// # What it cannot know
    /// Whether its work honestly takes that long.
    ///
    /// # Source
    /// `initContainerStatuses[].state.running` of core/v1 Pod.
    WRK033 "init-container-hanging" {
        role: Both,
        severity: Critical,
        confidence: 0.80,
        reads: [Service, Namespace, Pod, Job, CronJob],
        maps_to: [],
        check: Pod(check),
    }
}

/// Seconds after which one counts as hanging that waits for something which cannot answer.
const HOPELESS_GRACE: i64 = 120;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !pod.is_live() || pod.status.phase != "Pending" {
        return;
    }
    for container in pod
        .containers()
        .filter(|container| container.role == ContainerRole::Init)
    {
        let run = container
            .status
            .and_then(|status| status.state.running.as_ref());
        let Some(run) = run.filter(|run| cluster.seconds_since(run.started_at) > HOPELESS_GRACE)
        else {
            continue;
        };
        let line = cluster
            .log(pod, container.name(), false)
            .and_then(most_telling);
        let host = awaited(cluster, &pod.metadata.namespace, container.spec, line);
        let is_late =
            cluster.seconds_since(run.started_at) > cluster.thresholds(&pod.metadata).init_grace;
        if is_late
            || host
                .as_ref()
                .is_some_and(|host| cannot_answer(cluster, host))
        {
            sink.report(sighting(
                pod,
                cluster,
                &container,
                run.started_at,
                host.as_ref(),
                line,
            ));
        }
    }
}

/// Another workload whose pod on this node shares the directory of the node that holds a file which the
/// command names, and is not ready: what makes the file has not done so.
fn maker_of_the_file(pod: &Pod, cluster: &Cluster<'_>, command: &str) -> Option<ObjectRef> {
    let own = cluster.top_of(pod);
    let awaited: Vec<&str> = directories(pod)
        .filter(|path| path.len() > 1 && command.contains(path))
        .collect();
    if awaited.is_empty() {
        return None;
    }
    let on_node = cluster.pods_on(&pod.node_name);
    let mut makers = on_node.filter(|other| other.is_live() && !other.is_ready());
    makers.find_map(|other| {
        let top = cluster.top_of(other);
        let shares = directories(other).any(|path| {
            path.len() > 1
                && awaited
                    .iter()
                    .any(|wanted| wanted.strip_prefix(path).is_some_and(is_below))
        });
        let waits_too = other.status.phase == "Pending";
        (shares && !waits_too && !top.is_same(&own)).then_some(top)
    })
}

/// How init containers are called that wait for another part of what they belong to, before or behind its name.
const WAITS: [&str; 2] = ["wait-for-", "wait-"];
const VALIDATES: [&str; 2] = ["-validation", "-wait"];

/// The DaemonSet beside the pod's own that a container waits for by its name, where its pod on this node is not ready:
/// `driver-validation` waits for the driver of the node. Where none bears the name, the only one there that crashes: what
/// waits in a row waits for the first.
fn awaited_part(pod: &Pod, cluster: &Cluster<'_>, container: &str) -> Option<ObjectRef> {
    let awaited = WAITS
        .iter()
        .find_map(|start| container.strip_prefix(start))
        .or_else(|| VALIDATES.iter().find_map(|end| container.strip_suffix(end)))?;
    let own = pod.metadata.controller().map(|set| &set.uid);
    let beside = cluster.pods_on(&pod.node_name).filter(|other| {
        other.metadata.namespace == pod.metadata.namespace && other.is_live() && !other.is_ready()
    });
    // One custom resource may make them all: they are told apart by their sets.
    let parts: Vec<(&Pod, ObjectRef)> = beside
        .filter(|other| other.is_of_daemon_set())
        .filter_map(|other| {
            let set = other.metadata.controller()?;
            let namespace = &other.metadata.namespace;
            let part = ObjectRef::namespaced(&set.api_version, &set.kind, namespace, &set.name);
            (Some(&set.uid) != own).then_some((other, part))
        })
        .collect();
    let bears_the_name = |part: &ObjectRef| part.name.split('-').any(|word| word == awaited);
    let named = parts.iter().find(|(_, part)| bears_the_name(part));
    let mut crashing = parts.iter().filter(|(other, _)| crashes(other));
    let only = crashing.next().filter(|_| crashing.next().is_none());
    named.or(only).map(|(_, part)| part.clone())
}

/// Whether a container of a pod ended in a failure and waits to be started again.
fn crashes(pod: &Pod) -> bool {
    pod.containers().any(|container| {
        !container.is_running() && container.last_end().is_some_and(|end| end.exit_code != 0)
    })
}

fn is_below(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

/// The directories of the node that a pod mounts.
fn directories(pod: &Pod) -> impl Iterator<Item = &str> {
    let volumes = pod.spec.volumes.iter();
    volumes.filter_map(|volume| volume.host_path.as_deref().map(|host| host.path.as_str()))
}

/// Whether the awaited Service is not there, or has no ready pod.
fn cannot_answer(cluster: &Cluster<'_>, host: &Awaited) -> bool {
    let Some(reference) = &host.service else {
        return false;
    };
    let namespace = reference.namespace.as_deref().unwrap_or_default();
    let service = cluster.get::<Service>(namespace, &reference.name);
    let is_idle = service.is_some_and(|service| {
        !service.spec.selector.is_empty()
            && !cluster
                .pods_behind(service)
                .iter()
                .any(|pod| pod.is_ready())
    });
    host.is_absent || is_idle
}

fn sighting(
    pod: &Pod,
    cluster: &Cluster<'_>,
    container: &ContainerView<'_>,
    since: Option<jiff::Timestamp>,
    host: Option<&Awaited>,
    line: Option<&str>,
) -> Sighting {
    let top = cluster.top_of(pod);
    let minutes = cluster.seconds_since(since) / 60;
    let name = container.name();
    let failure = line.filter(|line| is_failure(line));
    let missing = host
        .filter(|host| host.is_absent)
        .and_then(|host| host.service.as_ref());
    let title = match (host, missing) {
        (Some(host), Some(service)) => {
            format!("Init container `{name}` of {top} waits for {host}: {service} does not exist")
        }
        (Some(host), None) => {
            format!("Init container `{name}` of {top} waits for {host} for {minutes} minutes now")
        }
        (None, _) => {
            let fault = failure.map_or_else(String::new, |line| format!(": {}", short(line)));
            format!(
                "Init container `{name}` of {top} has been running for {minutes} minutes and does not end{fault}"
            )
        }
    };
    let said = line.map_or_else(String::new, |line| {
        format!(" Its log says {}.", quoted(line))
    });
    let explanation = format!(
        "No other container of the pod starts before it ends; it has been running for {minutes} minutes.{said}"
    );
    let command = command_line(container.spec);
    let mut sighting = Sighting::of(top.clone(), title, explanation)
        .seen_on(pod.reference(), "template of")
        .in_container(name)
        .since(since)
        .evidence(Evidence::field(
            pod.reference(),
            &container.status_path("state.running.startedAt"),
            since.map_or_else(String::new, |since| since.to_string()),
        ));
    if !command.is_empty() {
        let path = format!("spec.initContainers[{name}].command");
        sighting = sighting.evidence(Evidence::message(pod.reference(), &path, &command));
    }
    if let Some(service) = host.and_then(|host| host.service.clone()) {
        sighting = sighting.blames(service, "waits for");
    }
    if host.is_none()
        && let Some(maker) = maker_of_the_file(pod, cluster, &command)
    {
        sighting = sighting.blames(maker, "makes the file that is awaited by");
    }
    if host.is_none()
        && let Some(part) = awaited_part(pod, cluster, name)
    {
        sighting = sighting.blames(part, "is awaited by");
    }
    if !host.is_some_and(|host| cannot_answer(cluster, host))
        && let Some(job) = awaited_job(cluster, pod, name, &command, line)
    {
        sighting = sighting.blames(job, "is awaited by");
    }
    if let Some(service) = missing {
        sighting = sighting
            .evidence(Evidence::absence(service.clone(), "not in the namespace"))
            .suggest(Suggestion::advice(format!(
                "Create {service}, or correct the name in the command of `{name}`"
            )));
    }
    sighting
        .all_evidence(line.map(|line| Evidence::log(pod.reference(), name, line, None)))
        .suggest(Suggestion::look(
            "Read what it does",
            format!(
                "kubectl -n {} logs {} -c {name} --tail=60",
                pod.metadata.namespace, pod.metadata.name
            ),
        ))
        .suggest(edit(
            &top,
            match failure.filter(|_| host.is_none()) {
                Some(_) => format!("Act on what the log of init container `{name}` says"),
                None => format!("Correct the command of init container `{name}`"),
            },
        ))
}
