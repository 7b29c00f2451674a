use super::pull_error::PullFault;
use super::pull_problem::{PullProblem, problems_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The container's pull policy is Never, and its node does not have the image.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "web:dev", imagePullPolicy: Never}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: ErrImageNeverPull, message: 'Container image "web:dev" is not present with pull policy of Never'}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "web:dev"}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T11:00:00Z"}}
    /// ```
    ///
    /// # How to fix
    /// Load the image onto the node, or let it be pulled: `imagePullPolicy: IfNotPresent`.
    ///
    /// # What it cannot know
    /// Which other nodes have the image.
    ///
    /// # Source
    /// The kubelet's `ErrImageNeverPull`.
    IMG011 "image-never-pulled" {
        role: Root,
        severity: Critical,
        confidence: 0.98,
        reads: [Event, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Pod", "classic:image_pull"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for problem in problems_of(cluster, pod, &[PullFault::NeverPulled]) {
        sink.report(sighting(&problem, cluster));
    }
}

fn sighting<'a>(problem: &PullProblem<'a>, cluster: &Cluster<'a>) -> Sighting {
    let top = cluster.top_of(problem.pod);
    let node = problem.pod.node_name.non_empty().unwrap_or("its node");
    let title = format!(
        "Image `{}` of {top} is not present on the node, and imagePullPolicy Never forbids to pull it",
        problem.image
    );
    let explanation = format!(
        "Node {node} does not have it, so {} cannot start there.",
        problem.container.title()
    );
    problem
        .sighting(cluster, title, explanation)
        .evidence(Evidence::field(
            problem.pod.reference(),
            &format!("spec.containers[{}].imagePullPolicy", problem.container.name()),
            "Never",
        ))
        .suggest(Suggestion::advice(format!(
            "Set imagePullPolicy: IfNotPresent in {top}, or load the image onto every node that may run it"
        )))
        .suggest(problem.look())
}
