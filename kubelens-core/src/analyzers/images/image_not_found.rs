use super::image_name::ImageName;
use super::pull_error::PullFault;
use super::pull_problem::{PullProblem, problems_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::Pod;
use crate::model::Suggestion;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The registry answers, and has no such image: the tag or digest was never pushed, was deleted,
    /// or the repository is spelled otherwise.
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
    ///     state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "registry.corp.example/shop/web:1.4": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "registry.corp.example/shop/web:1.4": failed to resolve reference "registry.corp.example/shop/web:1.4": registry.corp.example/shop/web:1.4: not found'}}
    /// ```
    /// Before Kubernetes 1.32 only the event tells why:
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
    ///     state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "registry.corp.example/shop/web:1.4"'}}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// reason: Failed
    /// type: Warning
    /// message: 'Failed to pull image "registry.corp.example/shop/web:1.4": rpc error: code = NotFound desc = failed to pull and unpack image "registry.corp.example/shop/web:1.4": failed to resolve reference "registry.corp.example/shop/web:1.4": registry.corp.example/shop/web:1.4: not found'
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
    ///   containers: [{name: web, image: "registry.corp.example/shop/web:1.4"}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T11:00:00Z"}}
    /// ```
    /// A login that is refused is another condition:
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
    ///     state: {waiting: {reason: ErrImagePull, message: 'failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized'}}
    /// ```
    ///
    /// # How to fix
    /// Push the tag, or correct it in the workload. Waiting pods start by themselves once it exists.
    ///
    /// # What it cannot know
    /// What the registry holds: some registries also say `not found` to who may not see a repository.
    ///
    /// # Source
    /// `manifest unknown` and `name unknown` of the distribution specification; texts of containerd,
    /// CRI-O and Docker.
    IMG002 "image-not-found" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [Event, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Pod", "classic:image_pull"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for problem in problems_of(cluster, pod, &[PullFault::NotFound]) {
        sink.report(sighting(&problem, cluster));
    }
}

fn sighting<'a>(problem: &PullProblem<'a>, cluster: &Cluster<'a>) -> Sighting {
    let top = cluster.top_of(problem.pod);
    let name = problem.name();
    let whose = problem.volume().map_or_else(
        || top.to_string(),
        |volume| format!("image volume `{volume}` of {top}"),
    );
    let title = format!(
        "Image `{}` of {whose} is not found in its registry",
        problem.image
    );
    let what = match (name.digest, name.tag) {
        ("", tag) => format!("tag `{tag}` of repository `{}`", name.repository),
        (digest, _) => format!("digest `{digest}` of repository `{}`", name.repository),
    };
    let siblings = siblings(problem, cluster);
    let hint = siblings.first().map_or_else(String::new, |tag| {
        format!(" Other pods run this repository with tag `{tag}`.")
    });
    let explanation = format!(
        "Registry {} does not have {what}: it does not exist there, so {} cannot start.{hint}",
        name.registry,
        problem.container.title()
    );
    let advice = siblings.first().map_or_else(
        || format!("Push the image, or correct its name in {top}"),
        |tag| format!("Push the image, or set {top} to a tag that exists, such as `{tag}`"),
    );
    problem
        .sighting(cluster, title, explanation)
        .suggest(Suggestion::advice(advice))
        .suggest(problem.look())
}

/// Tags of the same repository that run in the namespace, the newest name last.
fn siblings(problem: &PullProblem<'_>, cluster: &Cluster<'_>) -> Vec<String> {
    let wanted = problem.name();
    let mut tags: Vec<String> = cluster
        .in_namespace::<Pod>(&problem.pod.metadata.namespace)
        .flat_map(Pod::containers)
        .filter(|container| container.is_running())
        .map(|container| ImageName::parse(&container.spec.image))
        .filter(|name| name.is_sibling_of(&wanted) && name.tag != wanted.tag)
        .map(|name| name.tag.to_owned())
        .collect();
    tags.sort();
    tags.dedup();
    tags.retain(|tag| !tag.is_empty());
    tags
}
