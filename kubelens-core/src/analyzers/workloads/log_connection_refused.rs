use super::log_peer::Peers;
use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use super::sole_keeper::sole_keeper;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::log_host::suspects;
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that is not well, or counts as ready and writes hardly anything else, says that nobody listens where it connects to: the other side is
    /// down, has no ready pod, or listens on another port.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | FATAL: dial tcp 10.96.0.7:5432: connect: connection refused
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
    /// A name that the picture does not hold, and the address of the pod that was tried for it:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Service
    /// # log: shop/web-1/proxy | WARN controller{addr=ca-headless.mesh.svc.cluster.local:8080}: Failed to connect error=endpoint 10.244.2.11:8080: Connection refused (os error 111)
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {containers: [{name: proxy}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False"}]
    ///   containerStatuses:
    ///   - {name: proxy, ready: false, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: ca-1, namespace: mesh, uid: p2}
    /// spec: {containers: [{name: ca}]}
    /// status: {phase: Running, podIP: 10.244.2.11, conditions: [{type: Ready, status: "False"}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | FATAL: dial tcp 10.96.0.7:5432: connect: connection refused
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
    /// Nothing that only runs again and again is read as its own reason:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | INFO all is well
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
    /// ```
    ///
    /// # How to fix
    /// Bring the other side back; if it is well, correct the host or port that the container is
    /// given.
    ///
    /// # What it cannot know
    /// Whether the program could go on without the other side.
    ///
    /// # Source
    /// ECONNREFUSED in the words of Go, Node.js, Python, Java, PHP, libpq, MySQL, Redis, curl and nc.
    WRK101 "log-connection-refused" {
        role: Both,
        severity: Critical,
        confidence: 0.70,
        reads: [Event, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.70;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK101",
    words: Pattern::new(
        r#"(?i)connection refused|ECONNREFUSED|actively refused|connection to \S+:\d+ refused|can't connect to mysql server|failed to connect to \S+ port \d+|couldn't connect to server|\(111\)|errno 111|error 111 connecting"#,
    ),
    weight: Weight::Telling,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

/// What its log says.
const SAID: &str = "Its log says that nobody listens there, so it fails.";

/// A Service that leads to the addresses of another IP family than that of the pods' probes, which are answered: the
/// program listens in one family only (core/v1 ServiceSpec.ipFamilies; kubelets probe status.podIP).
fn of_one_family<'a>(
    found: &LogMatch<'a>,
    peers: &Peers<'a>,
    cluster: &Cluster<'a>,
    of_the_client: &str,
) -> Option<Sighting> {
    let service = peers.service(cluster)?;
    let [family] = &*service.spec.ip_families else {
        return None;
    };
    let pods = cluster.pods_behind(service);
    let is_other = |pod: &&Pod| {
        let probed = if pod.status.pod_ip.contains(':') {
            "IPv6"
        } else {
            "IPv4"
        };
        pod.is_ready() && !pod.status.pod_ip.is_empty() && *family != *probed
    };
    if pods.is_empty() || !pods.iter().all(is_other) {
        return None;
    }
    let own = service.reference();
    let title =
        format!("{own} leads to the {family} addresses of its pods alone, where nobody listens");
    let explanation = format!(
        "{of_the_client}. The pods are ready: their probes ask the address of the other family."
    );
    let mut sighting = found
        .sighting_on(own.clone(), CONFIDENCE, title, explanation)
        .evidence(Evidence::field(own.clone(), "spec.ipFamilies", family))
        .all_evidence(
            pods.first()
                .map(|pod| Evidence::field(pod.reference(), "status.podIP", &pod.status.pod_ip)),
        );
    sighting.relation = "called by";
    Some(advise(
        sighting,
        format!(
            "Let the program listen on {family} as well (such as [::]), or give {own} the family on which it does"
        ),
    ))
}

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let top = cluster.top_of(found.pod());
    let peers = Peers::of(found, cluster);
    let title = format!(
        "{} cannot connect to {}: connection refused",
        found.speaker(&top),
        peers.names()
    );
    if let Some(sighting) = of_one_family(found, &peers, cluster, &title) {
        return sighting;
    }
    let keeper = sole_keeper(cluster, found.pod()).filter(|_| peers.hosts.is_empty());
    let explanation = keeper.map_or_else(
        || SAID.to_owned(),
        |keeper| {
            let keeper = keeper.reference();
            format!("{SAID} It names nobody; {keeper} is the only one of the namespace in front of a server that keeps data, and went down about then.")
        },
    );
    let shared = peers.shared(
        |peer| format!("{peer} refuses the connections of"),
        ": connection refused",
        "Their logs say that nobody listens there, so they fail.",
    );
    let shared = shared
        .map(|shared| shared.suggest(Suggestion::advice(format!("Bring {} back", peers.names()))));
    let mut sighting = peers
        .sighting(found, cluster, CONFIDENCE, title, &explanation)
        .shared(shared);
    if let Some(keeper) = keeper {
        let namespace = &keeper.metadata.namespace;
        for (object, relation) in suspects(cluster, namespace, &keeper.metadata.name) {
            sighting = sighting.blames(object, relation);
        }
    }
    advise(
        sighting,
        format!(
            "Bring {} back, or correct the address in {top}",
            peers.names()
        ),
    )
}
