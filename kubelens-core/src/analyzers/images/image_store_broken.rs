use super::pull_error::PullFault;
use super::pull_problem::{PullProblem, problems_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Node, Object, Pod};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The node cannot store or read images: its disk is full, or the runtime's image store is
    /// damaged. The image itself is not at fault.
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
    ///     state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "registry.corp.example/shop/web:1.4": ErrImagePull: failed to extract layer sha256:00: write /var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/x: no space left on device'}}
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
    ///     state: {waiting: {reason: ImageInspectError, message: 'Failed to inspect image "registry.corp.example/shop/web:1.4": rpc error: code = Unknown desc = layer does not exist'}}
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
    /// Free space on the node's image file system; a damaged store is repaired by removing the image
    /// on the node, or by a new node.
    ///
    /// # What it cannot know
    /// What fills the disk.
    ///
    /// # Source
    /// ENOSPC in the texts of containerd and CRI-O; the kubelet's `ImageInspectError`.
    IMG012 "image-store-broken" {
        role: Symptom,
        severity: Critical,
        confidence: 0.95,
        reads: [Event, Node, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Pod", "classic:image_pull"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for problem in problems_of(cluster, pod, &[PullFault::NoSpace, PullFault::StoreBroken]) {
        sink.report(sighting(&problem, cluster));
    }
}

fn sighting(problem: &PullProblem<'_>, cluster: &Cluster<'_>) -> Sighting {
    let top = cluster.top_of(problem.pod);
    let node = cluster.get::<Node>("", &problem.pod.node_name);
    let subject = node.map_or_else(|| top.clone(), Object::reference);
    let what = if problem.fault == PullFault::NoSpace {
        "has no space left on device for images"
    } else {
        "has a damaged image store"
    };
    let name = problem.pod.node_name.non_empty().unwrap_or("of the pod");
    let title = format!(
        "Node {name} {what}: image `{}` cannot be stored or read",
        problem.image
    );
    let explanation = format!(
        "{} of {top} cannot start there: {}",
        crate::model::capitalized(&problem.container.title()),
        problem.words()
    );
    let pressure = node.and_then(|node| {
        let pressure = crate::kubernetes::condition(&node.status.conditions, "DiskPressure")?;
        Some(
            Evidence::field(
                node.reference(),
                "status.conditions[DiskPressure].status",
                &pressure.status,
            )
            .at(pressure.last_transition_time),
        )
    });
    problem
        .sighting_on(subject.clone(), title, explanation)
        .all_evidence(pressure)
        .blames(subject, "runs on")
        .suggest(Suggestion::advice(format!(
            "Free space on the image file system of node {name}, or move the pod to another node"
        )))
        .suggest(problem.look())
}
