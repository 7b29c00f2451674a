use super::pull_error::PullFault;
use super::pull_problem::{PullProblem, problems_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::Pod;
use crate::model::Suggestion;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The registry's host name has no address as the node sees it: the name is misspelled, its DNS
    /// record is gone, or the node's name server does not answer.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "regsitry.corp.example/shop/web:1.4"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "regsitry.corp.example/shop/web:1.4": ErrImagePull: failed to do request: Head "https://regsitry.corp.example/v2/shop/web/manifests/1.4": dial tcp: lookup regsitry.corp.example on 10.0.0.2:53: no such host'}}
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
    /// Correct the registry's name in the workload, or its DNS record. Nodes use their own resolver,
    /// not the cluster's DNS.
    ///
    /// # What it cannot know
    /// What the node's resolver is configured to ask.
    ///
    /// # Source
    /// Go's resolver errors in the texts of containerd, CRI-O and Docker.
    IMG005 "registry-name-not-resolved" {
        role: Root,
        severity: Critical,
        confidence: 0.92,
        reads: [Event, Node, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Pod", "classic:image_pull"],
        check: Pod(check),
    }
}

/// The classes of text that this is about.
const FAULTS: [PullFault; 1] = [PullFault::NameNotResolved];

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for problem in problems_of(cluster, pod, &FAULTS) {
        sink.report(sighting(&problem, cluster));
    }
}

fn sighting<'a>(problem: &PullProblem<'a>, cluster: &Cluster<'a>) -> Sighting {
    let registry = problem.name().registry;
    if let Some(sighting) =
        problem.on_its_node(cluster, &FAULTS, "cannot resolve the names of registries")
    {
        return sighting;
    }
    let top = cluster.top_of(problem.pod);
    let title = format!(
        "Registry host `{}` of image `{}` of {top} cannot be resolved: no such host",
        problem.name().host(),
        problem.image
    );
    let explanation = format!(
        "The node finds no address for the registry's name. {} cannot start.",
        crate::model::capitalized(&problem.container.title())
    );
    problem
        .sighting(cluster, title, explanation)
        .shared(Some(problem.shared_registry(
            "cannot be resolved for",
            ": no such host",
            "The nodes find no address for the registry's name.",
            format!(
                "Correct the registry in these images, or make {registry} resolvable on the nodes"
            ),
        )))
        .suggest(Suggestion::advice(format!(
            "Correct the registry in the image of {top}, or make {registry} resolvable on the nodes"
        )))
        .suggest(problem.look())
}
