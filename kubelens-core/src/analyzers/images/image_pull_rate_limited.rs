use super::pull_error::PullFault;
use super::pull_problem::{PullProblem, problems_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Node, Object, Pod};
use crate::model::{Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The registry has counted too many pulls from this address or account and refuses more for a
    /// while. Where it is the kubelet's own limit, the node pulls more images at once than it was
    /// allowed to.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "nginx:1.27"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "nginx:1.27": ErrImagePull: failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/nginx/manifests/1.27: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit.'}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "nginx:1.27"}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T11:00:00Z"}}
    /// ```
    ///
    /// # How to fix
    /// Log in to the registry with a pull secret, or pull through a mirror or cache of your own.
    ///
    /// # What it cannot know
    /// When the registry will answer again.
    ///
    /// # Source
    /// 429 answers and `TOOMANYREQUESTS` of the distribution specification; the kubelet's
    /// `registryPullQPS`.
    IMG004 "image-pull-rate-limited" {
        role: Root,
        severity: Critical,
        confidence: 0.97,
        reads: [Event, Node, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Pod", "classic:image_pull"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for problem in problems_of(
        cluster,
        pod,
        &[PullFault::RateLimited, PullFault::KubeletRateLimited],
    ) {
        sink.report(sighting(&problem, cluster));
    }
}

fn sighting<'a>(problem: &PullProblem<'a>, cluster: &Cluster<'a>) -> Sighting {
    if problem.fault == PullFault::KubeletRateLimited {
        return of_the_kubelet(problem, cluster);
    }
    let top = cluster.top_of(problem.pod);
    let registry = problem.name().registry;
    let title = format!(
        "Registry {registry} refuses to serve image `{}` of {top}: pull rate limit reached (too many requests)",
        problem.image
    );
    let explanation = format!(
        "The registry counts pulls by address or account. {} cannot start until it answers again.",
        crate::model::capitalized(&problem.container.title())
    );
    problem
        .sighting(cluster, title, explanation)
        .shared(Some(problem.shared_registry(
            "refuses to serve",
            ": pull rate limit reached (too many requests)",
            "The registry counts pulls by address or account.",
            format!("Log in to {registry} with a pull secret, or pull through a mirror"),
        )))
        .suggest(Suggestion::advice(format!(
            "Log in to {registry} with a pull secret, or pull through a mirror"
        )))
        .suggest(problem.look())
}

fn of_the_kubelet(problem: &PullProblem<'_>, cluster: &Cluster<'_>) -> Sighting {
    let node = cluster
        .get::<Node>("", &problem.pod.node_name)
        .map_or_else(|| cluster.top_of(problem.pod), Object::reference);
    let title =
        format!("{node} pulls more images at once than its kubelet allows (pull QPS exceeded)");
    let explanation = "Pods start late: the kubelet tries again by itself.".to_owned();
    problem
        .sighting_on(node, title, explanation)
        .severity(Severity::Warning)
        .suggest(Suggestion::advice(
            "Raise registryPullQPS and registryBurst of the kubelet, or let it pull one image at a time",
        ))
}
