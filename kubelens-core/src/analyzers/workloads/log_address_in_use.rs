use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Object, Pod};
use crate::model::Evidence;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that is not well says that its port is taken: another container of the pod listens
    /// on it, or, with the node's network, another process of the node.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | listen tcp :8080: bind: address already in use
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web, ports: [{containerPort: 8080}]}, {name: proxy, ports: [{containerPort: 8080}]}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | listen tcp :8080: bind: address already in use
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True"}]
    ///   containerStatuses:
    ///   - name: web
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T09:00:00Z"}}
    /// ```
    ///
    /// # How to fix
    /// Give one of them another port.
    ///
    /// # What it cannot know
    /// Which processes of a node listen on it.
    ///
    /// # Source
    /// EADDRINUSE in the words of many languages.
    WRK106 "log-address-in-use" {
        role: Both,
        severity: Critical,
        confidence: 0.85,
        reads: [ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.85;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK106",
    words: Pattern::new(
        r#"(?i)address already in use|EADDRINUSE|port \d+ (?:is )?already in use|only one usage of each socket address|address in use|port is already allocated"#,
    ),
    weight: Weight::Telling,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

/// The port that is taken.
static PORT: Pattern = Pattern::new(
    r"(?i):(\d{2,5}):? (?:bind|address|is)|port[ =:]*(\d{2,5})\b|(?:listen|bind|0\.0\.0\.0|::|\*)\S*\s?\S*?:(\d{2,5})\b|:(\d{4,5})\b",
);

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let pod = found.pod();
    let top = cluster.top_of(pod);
    let port = PORT.first(found.line());
    let number = port.and_then(|port| port.parse::<i64>().ok());
    let other = pod.containers().find(|other| {
        other.name() != found.unwell.container.name()
            && other
                .spec
                .ports
                .iter()
                .any(|known| Some(known.container_port) == number)
    });
    let name = port.map_or_else(|| "its port".to_owned(), |port| format!("port {port}"));
    let title = format!(
        "{} cannot listen on {name}: address already in use",
        found.speaker(&top)
    );
    let explanation = match (&other, pod.spec.host_network) {
        (Some(other), _) => format!("{} of the same pod declares that port too.", crate::model::capitalized(&other.title())),
        (None, true) => format!("The pod uses the network of node {}: another process there listens on it.", pod.node_name),
        (None, false) => "Another process of the pod listens on it already: containers of a pod share their ports.".to_owned(),
    };
    let proof = other.map(|other| {
        let path = format!("spec.containers[{}].ports", other.name());
        Evidence::field(pod.reference(), &path, port.unwrap_or_default())
    });
    let proof = proof.or_else(|| {
        let host = pod.spec.host_network;
        host.then(|| Evidence::field(pod.reference(), "spec.hostNetwork", true))
    });
    let sighting = found
        .sighting(cluster, CONFIDENCE, title, explanation)
        .all_evidence(proof);
    advise(sighting, format!("Give one of them another port in {top}"))
}

#[cfg(test)]
mod tests {
    use super::PORT;

    #[test]
    fn the_port_is_told_from_the_time() {
        for line in [
            "2026/01/01 11:57:02 listen tcp :8080: bind: address already in use",
            "Error: listen EADDRINUSE: address already in use :::8080",
            "11:57:02 [emerg] bind() to 0.0.0.0:8080 failed (98: Address already in use)",
            "Web server failed to start. Port 8080 was already in use.",
        ] {
            assert_eq!(PORT.first(line), Some("8080"), "{line}");
        }
    }
}
