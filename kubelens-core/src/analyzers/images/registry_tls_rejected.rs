use super::pull_error::PullFault;
use super::pull_problem::{PullProblem, problems_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::Pod;
use crate::model::Suggestion;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The node does not accept the registry's certificate: its authority is unknown there, it
    /// expired, or it is for another name. Or the registry speaks plain HTTP where HTTPS is asked
    /// for.
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
    ///     state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "registry.corp.example/shop/web:1.4": ErrImagePull: failed to do request: Head "https://registry.corp.example/v2/shop/web/manifests/1.4": tls: failed to verify certificate: x509: certificate signed by unknown authority'}}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, image: "10.0.0.5:5000/web:1"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: ErrImagePull, message: 'failed to do request: Head "https://10.0.0.5:5000/v2/web/manifests/1": http: server gave HTTP response to HTTPS client'}}
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
    /// Renew the registry's certificate, or add its authority to the runtime's trust on every node
    /// (`certs.d`); for a plain HTTP registry, configure it as such.
    ///
    /// # What it cannot know
    /// Which authorities a node trusts.
    ///
    /// # Source
    /// Go's x509 errors in the texts of containerd, CRI-O and Docker.
    IMG007 "registry-tls-rejected" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [Event, Node, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Pod", "classic:image_pull"],
        check: Pod(check),
    }
}

/// The classes of text that this is about.
const FAULTS: [PullFault; 2] = [PullFault::TlsRejected, PullFault::PlainHttp];

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for problem in problems_of(cluster, pod, &FAULTS) {
        sink.report(sighting(&problem, cluster));
    }
}

fn sighting<'a>(problem: &PullProblem<'a>, cluster: &Cluster<'a>) -> Sighting {
    let registry = problem.name().registry;
    if let Some(sighting) =
        problem.on_its_node(cluster, &FAULTS, "accepts no registry's certificate")
    {
        return sighting;
    }
    let top = cluster.top_of(problem.pod);
    let title = format!(
        "Registry {registry} of image `{}` of {top} is not trusted: {}",
        problem.image,
        fault(problem)
    );
    let explanation = format!(
        "The node ends the connection before it asks for the image. {} cannot start.",
        crate::model::capitalized(&problem.container.title())
    );
    problem
        .sighting(cluster, title, explanation)
        .shared(Some(problem.shared_registry(
            "is not trusted for",
            &format!(": {}", fault(problem)),
            "The nodes end the connection before they ask for an image.",
            remedy(problem, registry),
        )))
        .suggest(Suggestion::advice(remedy(problem, registry).clone()))
        .suggest(problem.look())
}

/// What of the certificate is not accepted.
fn fault<'a>(problem: &PullProblem<'a>) -> &'a str {
    if problem.fault == PullFault::PlainHttp {
        return "it answers in plain HTTP to an HTTPS client";
    }
    let words = problem.words();
    words
        .rfind("x509: ")
        .and_then(|at| words.get(at..))
        .unwrap_or(words)
}

fn remedy(problem: &PullProblem<'_>, registry: &str) -> String {
    if problem.fault == PullFault::PlainHttp {
        format!(
            "Serve {registry} over HTTPS, or configure it as an HTTP registry in the runtime of every node"
        )
    } else {
        format!(
            "Renew the certificate of {registry}, or add its authority to the runtime's trust on every node"
        )
    }
}
