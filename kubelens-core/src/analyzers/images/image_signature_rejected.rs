use super::pull_error::PullFault;
use super::pull_problem::{PullProblem, problems_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::Pod;
use crate::model::Suggestion;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The node's container runtime accepts only images that are signed in a certain way, and this
    /// one is not.
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
    ///     state: {waiting: {reason: SignatureValidationFailed, message: 'Source image rejected: A signature was required, but no signature exists'}}
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
    ///
    /// # How to fix
    /// Sign the image, or correct the runtime's policy (`policy.json`) or the ClusterImagePolicy for
    /// its repository.
    ///
    /// # What it cannot know
    /// What the policy demands.
    ///
    /// # Source
    /// The kubelet's `SignatureValidationFailed`; containers-policy of CRI-O.
    IMG010 "image-signature-rejected" {
        role: Root,
        severity: Critical,
        confidence: 0.97,
        reads: [Event, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["classic:image_pull"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for problem in problems_of(cluster, pod, &[PullFault::SignatureRejected]) {
        sink.report(sighting(&problem, cluster));
    }
}

fn sighting<'a>(problem: &PullProblem<'a>, cluster: &Cluster<'a>) -> Sighting {
    let top = cluster.top_of(problem.pod);
    let title = format!(
        "Image `{}` of {top} is rejected: its signature is missing or not accepted",
        problem.image
    );
    let explanation = format!(
        "The node's policy for images says: \"{}\".",
        problem.words()
    );
    problem
        .sighting(cluster, title, explanation)
        .suggest(Suggestion::advice(
            "Sign the image, or correct the policy for its repository",
        ))
        .suggest(problem.look())
}
