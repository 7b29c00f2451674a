use super::pull_error::PullFault;
use super::pull_problem::{PullProblem, problems_of};
use crate::analysis::{Shared, Sighting, Sink, declare_analyzer};
use crate::analyzers::log_host::{Host, hosts_in, suspects};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::Pod;
use crate::model::{ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The registry does not answer, or answers with an error of its own: it is down, a firewall or
    /// proxy is in between, or the address is wrong.
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
    ///     state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "registry.corp.example/shop/web:1.4": ErrImagePull: failed to do request: Head "https://registry.corp.example/v2/shop/web/manifests/1.4": dial tcp 10.0.0.5:443: connect: connection refused'}}
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
    /// Bring the registry back, or open the way to it from the nodes (firewall, proxy, route).
    ///
    /// # What it cannot know
    /// Which hop on the way drops the connection.
    ///
    /// # Source
    /// Errors of dialling and of HTTP in the texts of containerd, CRI-O and Docker; the kubelet's
    /// `RegistryUnavailable`.
    IMG006 "registry-unreachable" {
        role: Root,
        severity: Critical,
        confidence: 0.85,
        reads: [Event, Node, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Pod", "classic:image_pull"],
        check: Pod(check),
    }
}

/// The classes of text that this is about.
const FAULTS: [PullFault; 1] = [PullFault::Unreachable];

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for problem in problems_of(cluster, pod, &FAULTS) {
        sink.report(sighting(&problem, cluster));
    }
}

/// How far such a pull gets.
const UNHEARD: &str = "The pull fails before the registry says anything about the image.";

fn sighting<'a>(problem: &PullProblem<'a>, cluster: &Cluster<'a>) -> Sighting {
    let registry = problem.name().registry;
    if let Some(sighting) = problem.on_its_node(cluster, &FAULTS, "cannot reach any registry") {
        return sighting;
    }
    let top = cluster.top_of(problem.pod);
    let proxy = PROXY.first(problem.text);
    let mirror = mirror_in(problem.text, registry).filter(|_| proxy.is_none());
    let through = match (proxy, &mirror) {
        (Some(proxy), _) => format!(" through proxy {proxy}"),
        (None, Some(mirror)) => format!(" through mirror {mirror}"),
        (None, None) => String::new(),
    };
    let title = format!(
        "Registry {registry} cannot be reached{through} for image `{}` of {top}: {}",
        problem.image,
        short(problem.words())
    );
    let explanation = format!(
        "{UNHEARD} {} cannot start.",
        crate::model::capitalized(&problem.container.title())
    );
    let mut sighting = problem.sighting(cluster, title, explanation);
    // A registry may run in the cluster itself.
    if proxy.is_none() {
        let host = registry.split(':').next().unwrap_or(registry);
        let host = mirror.as_ref().map_or(host, |mirror| mirror.name);
        let suspects = suspects(cluster, &problem.pod.metadata.namespace, host);
        if suspects.iter().any(|(object, _)| object.is_same(&top)) {
            sighting.explanation.push_str(
                " It is what answers there itself: its own image has to come another way.",
            );
        } else {
            for (object, relation) in suspects {
                sighting = sighting.blames(object, relation);
            }
        }
    }
    let asked = mirror
        .as_ref()
        .map_or_else(|| registry.to_owned(), Host::to_string);
    let advice = proxy.map_or_else(
        || format!("Check that {asked} is up and reachable from the nodes"),
        |proxy| {
            format!(
                "Check that proxy {proxy}, which the container runtime of the nodes is set to, is up, or correct the setting"
            )
        },
    );
    let behind = format!(": {}", short(problem.words()));
    let shared = match (proxy, &mirror) {
        (None, Some(mirror)) => Shared::of(
            ObjectRef::pseudo("Host", &mirror.to_string()),
            format!("Mirror {mirror} of registry {registry} cannot be reached for the images of"),
            behind,
            UNHEARD,
        )
        .suggest(Suggestion::advice(&advice)),
        (None, None) => problem.shared_registry("cannot be reached for", &behind, UNHEARD, &advice),
        (Some(proxy), _) => Shared::of(
            ObjectRef::pseudo("Host", proxy),
            format!("Proxy {proxy} lets nodes reach no registry for the images of"),
            behind,
            UNHEARD,
        )
        .suggest(Suggestion::advice(&advice)),
    };
    sighting
        .shared(Some(shared))
        .suggest(Suggestion::advice(advice))
        .suggest(problem.look())
}

/// The mirror that was asked in place of the registry: the host of the call, where that is another.
fn mirror_in<'t>(text: &'t str, registry: &str) -> Option<Host<'t>> {
    let asked = text.contains("?ns=").then(|| hosts_in(text))?;
    let asked = asked
        .into_iter()
        .find(|host| text.contains(&format!("//{host}")))?;
    (asked.to_string() != registry && asked.name != registry).then_some(asked)
}

/// The proxy that did not answer in place of the registry.
static PROXY: Pattern =
    Pattern::new(r"(?i)proxyconnect tcp: dial tcp:? (?:lookup )?([\w.-]+(?::\d+)?)");

/// The end of what was said: the step that failed stands last.
fn short(words: &str) -> &str {
    let from = words
        .rmatch_indices(": ")
        .nth(2)
        .map_or(0, |(at, separator)| at + separator.len());
    words.get(from..).unwrap_or(words)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_step_that_failed_is_told() {
        let words = "failed to do request: Head \"https://r/v2/\": dial tcp 10.0.0.5:443: connect: connection refused";
        assert_eq!(
            super::short(words),
            "dial tcp 10.0.0.5:443: connect: connection refused"
        );
    }
}
