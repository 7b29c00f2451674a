use std::collections::BTreeSet;

use super::pull_error::PullFault;
use super::pull_problem::{PullProblem, problems_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::log_lines::unwell_containers;
use crate::kubernetes::{ContainerView, Node, Object, Pod};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The image is not built for the processor or system of the node: there is no variant of it for
    /// the node, or its program has another machine's format. Or its manifest has a form that the
    /// runtime no longer reads.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "registry.corp.example/shop/web:1.4"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "registry.corp.example/shop/web:1.4": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image: no match for platform in manifest: not found'}}
    /// ```
    /// A program of another processor ends at once:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | exec /usr/bin/web: exec format error
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "web:1"}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 4
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 255, reason: Error}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "registry.corp.example/shop/web:1.4"}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T11:00:00Z"}}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "registry.corp.example/shop/web:1.4"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: ErrImagePull, message: 'rpc error: code = NotFound desc = failed to pull and unpack image "registry.corp.example/shop/web:1.4": failed to resolve reference "registry.corp.example/shop/web:1.4": registry.corp.example/shop/web:1.4: not found'}}
    /// ```
    ///
    /// # How to fix
    /// Build the image for the nodes' platform (a multi-platform image), or keep the pods on nodes
    /// that fit with a node selector `kubernetes.io/arch`.
    ///
    /// # What it cannot know
    /// For which platforms the image is built.
    ///
    /// # Source
    /// Platform errors of containerd, CRI-O and Docker; the kernel's ENOEXEC.
    IMG009 "image-platform-or-format-mismatch" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [Event, Node, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Pod", "classic:image_pull"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for problem in problems_of(
        cluster,
        pod,
        &[PullFault::PlatformMismatch, PullFault::FormatUnknown],
    ) {
        sink.report(of_the_pull(&problem, cluster));
    }
    if !pod.is_ready() {
        for container in pod.containers() {
            if let Some(proof) = format_error(cluster, pod, &container) {
                sink.report(of_the_program(cluster, pod, &container, proof));
            }
        }
    }
}

fn of_the_pull<'a>(problem: &PullProblem<'a>, cluster: &Cluster<'a>) -> Sighting {
    let top = cluster.top_of(problem.pod);
    let image = problem.image;
    let (title, explanation) = if problem.fault == PullFault::FormatUnknown {
        (
            format!(
                "Image `{image}` of {top} has a manifest format that the node's runtime does not support"
            ),
            "It was built for an old form of registry; current runtimes no longer read it."
                .to_owned(),
        )
    } else {
        (
            format!(
                "Image `{image}` of {top} is not built for the platform of its node{}",
                platform(cluster, problem.pod)
            ),
            format!(
                "No variant of it matches the node's processor and system, so {} cannot start.",
                problem.container.title()
            ),
        )
    };
    let sighting = problem.sighting(cluster, title, explanation);
    with_platform(sighting, cluster, problem.pod).suggest(problem.look())
}

fn of_the_program(
    cluster: &Cluster<'_>,
    pod: &Pod,
    container: &ContainerView<'_>,
    proof: Evidence,
) -> Sighting {
    let top = cluster.top_of(pod);
    let image = container.spec.image.as_str();
    let title = format!(
        "Program of image `{image}` of {top} is not for its node{}: exec format error",
        platform(cluster, pod)
    );
    let explanation = "The kernel does not know the program's format: it was built for another processor architecture, or it is a script without an interpreter line.";
    let sighting = Sighting::of(top, title, explanation)
        .seen_on(pod.reference(), "template of")
        .in_container(container.name())
        .identified_by("image", image)
        .evidence(proof);
    with_platform(sighting, cluster, pod)
}

/// Where a start or a log says `exec format error`.
fn format_error<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: &ContainerView<'a>,
) -> Option<Evidence> {
    const WORDS: &str = "exec format error";
    let end = container.last_end()?;
    if end.exit_code == 0 {
        return None;
    }
    if end.message.contains(WORDS) {
        let path = container.last_end_path("message");
        return Some(Evidence::message(pod.reference(), &path, &end.message).at(end.finished_at));
    }
    unwell_containers(cluster, pod)
        .iter()
        .filter(|unwell| unwell.container.name() == container.name())
        .flat_map(|unwell| &unwell.runs)
        // The kernel's answer is all that such a container writes.
        .flat_map(|run| run.lines.iter().take(5))
        .find(|line| line.to_ascii_lowercase().contains(WORDS))
        .map(|line| Evidence::log(pod.reference(), container.name(), line, end.finished_at))
}

/// ` (linux/arm64)`, where the node tells.
fn platform(cluster: &Cluster<'_>, pod: &Pod) -> String {
    cluster
        .get::<Node>("", &pod.node_name)
        .map_or_else(String::new, |node| {
            let labels = &node.metadata.labels;
            let system = labels.value("kubernetes.io/os").unwrap_or("linux");
            labels
                .value("kubernetes.io/arch")
                .map_or_else(String::new, |processor| format!(" ({system}/{processor})"))
        })
}

const OS: &str = "kubernetes.io/os";
const ARCH: &str = "kubernetes.io/arch";

/// The sighting with the platform of the node as proof, and how pods come to nodes of another.
fn with_platform(sighting: Sighting, cluster: &Cluster<'_>, pod: &Pod) -> Sighting {
    let Some(node) = cluster.get::<Node>("", &pod.node_name) else {
        return sighting.suggest(Suggestion::advice(
            "Build the image for the platform of the nodes",
        ));
    };
    // What is made for Linux, as most is, does not run on Windows whatever the processor.
    let is_windows = node.metadata.labels.value(OS) == Some("windows");
    let keys = if is_windows { &[OS, ARCH][..] } else { &[ARCH] };
    let mut differing = keys.iter().copied().filter_map(|key| {
        let own = node.metadata.labels.value(key)?;
        let others: BTreeSet<&str> = cluster
            .all::<Node>()
            .filter_map(|other| other.metadata.labels.value(key))
            .filter(|other| *other != own)
            .collect();
        (!others.is_empty()).then_some((key, others))
    });
    let (key, advice) = match differing.next() {
        Some((key, others)) => (
            key,
            format!(
                "Select nodes with {key}={}, or build the image for every platform of the cluster",
                others.into_iter().collect::<Vec<_>>().join(" or ")
            ),
        ),
        None => (
            ARCH,
            "Build the image for the platform of the nodes".to_owned(),
        ),
    };
    let label = format!("metadata.labels[{key}]");
    let own = node.metadata.labels.value(key);
    sighting
        .all_evidence(own.map(|own| Evidence::field(node.reference(), &label, own)))
        .suggest(Suggestion::advice(advice))
}
