use super::pull_error::PullFault;
use super::pull_problem::{PullProblem, problems_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::Pod;
use crate::model::Suggestion;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The image reference of a container cannot be parsed, or it is a short name for which the
    /// runtime knows no registry. No node can pull it.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "registry.corp.example/Web Shop:1.0"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: InvalidImageName, message: 'Failed to apply default image tag "registry.corp.example/Web Shop:1.0": couldn''t parse image name "registry.corp.example/Web Shop:1.0": invalid reference format'}}
    /// ```
    /// A short name, as CRI-O refuses it:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "web:1"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "web:1": ErrImagePull: short-name "web:1" did not resolve to an alias and no unqualified-search registries are defined in "/etc/containers/registries.conf"'}}
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
    /// Correct the image reference: lower-case repository, no blanks, `registry/repository:tag`; with
    /// CRI-O, name the registry.
    ///
    /// # What it cannot know
    /// Which image was meant.
    ///
    /// # Source
    /// The kubelet's `InvalidImageName`; reference grammar of the distribution specification; CRI-O's
    /// short-name resolution.
    IMG001 "image-name-invalid" {
        role: Root,
        severity: Critical,
        confidence: 0.99,
        reads: [Event, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Pod", "classic:image_pull"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for problem in problems_of(cluster, pod, &[PullFault::NameInvalid]) {
        sink.report(sighting(&problem, cluster));
    }
}

fn sighting<'a>(problem: &PullProblem<'a>, cluster: &Cluster<'a>) -> Sighting {
    let top = cluster.top_of(problem.pod);
    let image = problem.image;
    let title = format!("Image name `{image}` of {top} is invalid: it cannot be parsed");
    let explanation = format!(
        "No node can pull it, so {} never starts. {}",
        problem.container.title(),
        flaw(image)
    );
    problem
        .sighting(cluster, title, explanation)
        .suggest(Suggestion::advice(format!(
            "Correct the image of {} in {top}",
            problem.container.title()
        )))
        .suggest(problem.look())
}

/// What is wrong with the reference, where that can be seen.
fn flaw(image: &str) -> &'static str {
    if image.contains(char::is_whitespace) {
        "The reference has a blank in it."
    } else if image.chars().any(char::is_uppercase) {
        "Repository names must be in lower case."
    } else if image.ends_with(':') || image.contains("::") {
        "The tag is missing after the colon."
    } else if image.contains("://") {
        "An image reference has no scheme."
    } else if !image.contains('/') {
        "It is a short name without a registry."
    } else {
        "The form is registry/repository:tag or registry/repository@digest."
    }
}
