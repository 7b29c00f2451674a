use super::log_peer::Peers;
use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use crate::analysis::{Shared, Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::Pod;
use crate::model::{ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that is not well says that the other side does not answer in time: packets are
    /// dropped on the way (a NetworkPolicy, a firewall), no endpoint is there, or the other side is
    /// overloaded.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | ERROR dial tcp 10.96.0.7:5432: i/o timeout
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db, namespace: shop}
    /// spec: {clusterIP: 10.96.0.7, ports: [{port: 5432}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | ERROR dial tcp 10.96.0.7:5432: i/o timeout
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
    /// Look at the NetworkPolicies of both sides, at the endpoints of the Service, and at the load of
    /// the other side.
    ///
    /// # What it cannot know
    /// Where on the way the packets end.
    ///
    /// # Source
    /// ETIMEDOUT and EHOSTUNREACH in the words of many languages; Go's context errors.
    WRK103 "log-connection-timeout" {
        role: Both,
        severity: Critical,
        confidence: 0.60,
        reads: [Event, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.60;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK103",
    words: Pattern::new(
        r#"(?i)i/o timeout|ETIMEDOUT|ESOCKETTIMEDOUT|connection timed out|connect(?:ion)? timeout|connect timed out|context deadline exceeded|no route to host|EHOSTUNREACH|ENETUNREACH|network is unreachable|upstream request timeout|read timed out|operation timed out|timed out (?:while )?(?:waiting for|connecting)|timeout (?:while )?(?:connecting|waiting for)|ConnectTimeout|ServerSelectionError|server selection (?:error|timed out|timeout)|- no response"#,
    ),
    weight: Weight::Vague,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

/// The service on a node's link-local address that hands out the identity of a machine of a cloud.
static METADATA: Pattern =
    Pattern::new(r"(?i)\bec2imds\b|\bIMDS\b|169\.254\.169\.254|metadata\.google\.internal");

/// A pod is one hop further from it than its node: tokens of IMDSv2 do not reach it with a hop limit of 1.
fn no_metadata<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let pod = found.pod();
    let top = cluster.top_of(pod);
    let title = format!(
        "{} gets no answer from the instance metadata service of its node",
        found.speaker(&top)
    );
    let explanation = if pod.spec.host_network {
        "It asks who the machine is in its cloud and waits in vain, on the network of the node itself."
    } else {
        "It asks who the machine is in its cloud and waits in vain: from the network of pods the answer is dropped where the hop limit of IMDSv2 is 1 or where metadata is blocked for pods."
    };
    let advice = |whom: &str| {
        format!(
            "Give {whom} credentials and a region of their own (IRSA, EKS Pod Identity, Workload Identity), or raise the hop limit of the nodes' metadata to 2"
        )
    };
    let shared = Shared::of(
        ObjectRef::pseudo("Host", "169.254.169.254"),
        "The instance metadata service of nodes does not answer",
        "",
        explanation,
    )
    .suggest(Suggestion::advice(advice("them")));
    let sighting = found
        .sighting(cluster, CONFIDENCE, title, explanation.to_owned())
        .identified_by("host", "instance metadata")
        .shared(Some(shared));
    advise(sighting, advice(&format!("the pods of {top}")))
}

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    if METADATA.is_in(found.line()) {
        return no_metadata(found, cluster);
    }
    let top = cluster.top_of(found.pod());
    let peers = Peers::of(found, cluster);
    let title = format!(
        "{} gets no answer from {}: timeout",
        found.speaker(&top),
        peers.names()
    );
    let explanation = "Its log says that it waited in vain: nothing refused the connection, so packets are dropped on the way or the other side is stuck.";
    let shared = peers.shared(
        |peer| format!("{peer} gives no answer to"),
        ": timeout",
        "Their logs say that they waited in vain: nothing refused the connection, so packets are dropped on the way or the other side is stuck.",
    );
    let shared = shared.map(|shared| {
        shared.suggest(Suggestion::advice(format!(
            "See whether {} is up and can be reached from the cluster: what it shares with those who wait for it is the way there",
            peers.names()
        )))
    });
    let sighting = peers
        .sighting(found, cluster, CONFIDENCE, title, explanation)
        .shared(shared);
    advise(
        sighting,
        format!(
            "Check the NetworkPolicies between {top} and {}, and whether that answers others",
            peers.names()
        ),
    )
}
