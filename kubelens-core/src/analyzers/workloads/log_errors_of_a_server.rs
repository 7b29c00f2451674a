use super::advice::read_log;
use super::complaint::{Complaint, complaint_of};
use super::log_signature::advise;
use super::log_words::short;
use super::missing_peers::missing_peers;
use super::neighbours::Neighbours;
use super::server_statement::time_of;
use super::waits_for::{KnownBy, Server, is_about_another, services_in, waiting};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container answers that it is not ready, or gives up, because of somebody else, and the server that it calls is
    /// ready and complains in its log, again and again, up to now. Probes that only connect do not notice such a server.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/db-0/db | 2026-01-01 11:40:02.123 UTC [70] ERROR:  cannot execute INSERT in a read-only transaction
    /// # log: shop/db-0/db | 2026-01-01 11:50:02.123 UTC [71] ERROR:  cannot execute INSERT in a read-only transaction
    /// # log: shop/db-0/db | 2026-01-01 11:58:02.123 UTC [72] ERROR:  cannot execute INSERT in a read-only transaction
    /// # log: shop/web-1/web | 2026-01-01T11:58:02.200Z ERROR could not store the order, giving up
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db, namespace: shop}
    /// spec: {clusterIP: 10.96.0.7, selector: {app: db}, ports: [{port: 5432}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1, labels: {app: db}}
    /// spec: {containers: [{name: db}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True"}]
    ///   containerStatuses: [{name: db, ready: true, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p2}
    /// spec: {containers: [{name: web, env: [{name: DATABASE_URL, value: "postgres://shop@db:5432/shop"}]}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:40:00Z"}]
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:03Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// A server that complains while nobody waits for it:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/db-0/db | 2026-01-01 11:40:02.123 UTC [70] ERROR:  duplicate key value violates unique constraint "a"
    /// # log: shop/db-0/db | 2026-01-01 11:50:02.123 UTC [71] ERROR:  duplicate key value violates unique constraint "a"
    /// # log: shop/db-0/db | 2026-01-01 11:58:02.123 UTC [72] ERROR:  duplicate key value violates unique constraint "a"
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db, namespace: shop}
    /// spec: {clusterIP: 10.96.0.7, selector: {app: db}, ports: [{port: 5432}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1, labels: {app: db}}
    /// spec: {containers: [{name: db}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True"}]
    ///   containerStatuses: [{name: db, ready: true, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}]
    /// ```
    ///
    /// # How to fix
    /// Act on what the server says.
    ///
    /// # What it cannot know
    /// Whether the complaint is what the caller suffers from; where no host is named, only a server of the same namespace
    /// is looked at, and only if it is the only one that complains.
    ///
    /// # Source
    /// Logs of both; hosts that lines and environments name. The levels that loggers write.
    WRK126 "log-errors-of-a-server" {
        role: Root,
        severity: Critical,
        confidence: 0.75,
        reads: [Event, Node, Pod, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: [],
        check: Pod(check),
    }
}

/// How sure it is where the server is named, and where it is the only one that complains.
const NAMED: f64 = 0.75;
const UNNAMED: f64 = 0.55;

/// Servers that one waits for through another, at most.
const HOPS: usize = 3;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let Some(waiting) = waiting(cluster, pod) else {
        return;
    };
    let mut servers = waiting.named(cluster);
    if servers.is_empty() {
        let neighbours = Neighbours::of(cluster, &pod.metadata.namespace);
        servers.extend(neighbours.complaining(cluster, &cluster.top_of(pod)));
    }
    let found = servers.into_iter().filter_map(|server| {
        let said = complaint_of(cluster, &server.pods)?;
        Some(match server.known_by {
            KnownBy::Namespace => (server, said),
            _ => behind(cluster, server, said),
        })
    });
    for (server, said) in found {
        if waiting.passes_on(said.line) {
            continue;
        }
        let mut sighting = sighting(pod, &server, &said);
        // It may wait itself, for one that is down.
        let neighbour = pod
            .unready_since()
            .filter(|_| is_about_another(said.line))
            .and_then(|since| {
                let neighbours = Neighbours::of(cluster, &said.pod.metadata.namespace);
                neighbours.broken(&cluster.top_of(said.pod), since)
            });
        if let Some(neighbour) = neighbour {
            sighting = sighting.blames(neighbour, "waits for");
        }
        for peer in missing_peers(cluster, said.pod, said.line) {
            sighting = sighting.blames(peer, "replicates with");
        }
        sink.report(sighting);
    }
}

/// The server behind one whose complaint is about another server, which complains as well.
fn behind<'a>(
    cluster: &Cluster<'a>,
    server: Server<'a>,
    said: Complaint<'a>,
) -> (Server<'a>, Complaint<'a>) {
    let (mut server, mut said) = (server, said);
    for _ in 0..HOPS {
        let line = said.line;
        let next = services_in(cluster, said.pod, line)
            .into_iter()
            .filter(|_| is_about_another(line))
            .find_map(|service| {
                let known_by = KnownBy::Log(said.container.spec.name.as_str(), line);
                let next = Server::behind(cluster, service, known_by)?;
                let said = complaint_of(cluster, &next.pods)?;
                Some((next, said))
            });
        let Some(next) = next else {
            break;
        };
        (server, said) = next;
    }
    (server, said)
}

fn sighting(pod: &Pod, server: &Server<'_>, said: &Complaint<'_>) -> Sighting {
    let top = &server.top;
    let title = format!(
        "{} of {top} runs and says again and again: {}",
        capitalized(&said.container.title()),
        short(said.line)
    );
    let caller = pod.reference();
    let (how, confidence) = match server.known_by {
        KnownBy::Log(..) => (format!("{caller} waits for it and says so"), NAMED),
        KnownBy::Environment(service) => (
            format!("{caller} is configured to call {}", service.reference()),
            NAMED,
        ),
        KnownBy::Namespace => (
            format!(
                "{caller} waits for somebody whom it does not name, and no other server of its namespace complains"
            ),
            UNNAMED,
        ),
    };
    let mut proof = Evidence::log(
        said.pod.reference(),
        said.container.name(),
        said.line,
        time_of(said.line),
    );
    proof.count = u32::try_from(said.count).ok();
    let words = match server.known_by {
        KnownBy::Log(container, line) => {
            Some(Evidence::log(caller, container, line, time_of(line)))
        }
        _ => None,
    };
    let sighting = Sighting::of(top.clone(), title, format!("It counts as ready. {how}."))
        .seen_on(pod.reference(), "calls")
        .identified_by("container", said.container.name())
        .confidence(confidence)
        .since(time_of(said.first))
        .evidence(proof)
        .all_evidence(words);
    advise(sighting, format!("Act on what the log of {top} says")).suggest(read_log(
        said.pod,
        said.container.name(),
        false,
    ))
}
