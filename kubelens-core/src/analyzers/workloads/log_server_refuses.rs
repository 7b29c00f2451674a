use super::advice::read_log;
use super::log_peer::Peers;
use super::log_signature::{LogMatch, Signature, Weight, advise, matches, matches_beside};
use super::log_words::short;
use super::missing_peers::missing_peers;
use super::neighbours::Neighbours;
use super::refusing_server::server_of;
use super::server_statement::{BLOCKED, STATEMENTS, Statement, statements_of, time_of};
use super::waits_for::{Waiting, waiting};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::analyzers::storage::system_below::blaming_the_system;
use crate::kubernetes::{ContainerView, Object, Pod};
use crate::model::{Evidence, EvidenceKind, Severity, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A server that runs and counts as ready says again and again that it does not do its work: its disk is full, its
    /// data are read-only, an alarm blocks who writes. Or a container that is not well quotes such words of its server.
    /// Probes that only connect do not notice it.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/db-0/db | 2026-01-01 11:50:02.123 UTC [70] ERROR:  could not extend file "base/5/1": No space left on device
    /// # log: shop/db-0/db | 2026-01-01 11:58:02.123 UTC [71] ERROR:  could not extend file "base/5/1": No space left on device
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: db, volumeMounts: [{name: data, mountPath: /data}]}]
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data-db-0}}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True"}]
    ///   containerStatuses:
    ///   - name: db
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T09:00:00Z"}}
    /// ```
    ///
    /// A client that names no server, and the server that says why:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | redis.exceptions.ResponseError: MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.
    /// # log: shop/cache-0/cache | 410:C 01 Jan 2026 11:57:07.009 # Failed opening the temp RDB file temp-410.rdb (in server root dir /data) for saving: Read-only file system
    /// # log: shop/cache-0/cache | 411:C 01 Jan 2026 11:58:07.009 # Failed opening the temp RDB file temp-411.rdb (in server root dir /data) for saving: Read-only file system
    /// # log: shop/cache-0/cache | 1:M 01 Jan 2026 11:58:07.100 # Background saving error
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {containers: [{name: web}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: cache-0, namespace: shop, uid: p2}
    /// spec:
    ///   containers: [{name: cache, volumeMounts: [{name: data, mountPath: /data}]}]
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data-cache-0}}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True"}]
    ///   containerStatuses:
    ///   - name: cache
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T09:00:00Z"}}
    /// ```
    /// A disk that takes no more writes:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/db-0/db | 2026-01-01 11:57:02.123 UTC [70] ERROR:  could not write file "base/5/1": Read-only file system
    /// # log: shop/db-0/db | 2026-01-01 11:58:02.123 UTC [71] ERROR:  could not write file "base/5/1": Read-only file system
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: db, volumeMounts: [{name: data, mountPath: /data}]}]
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data-db-0}}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True"}]
    ///   containerStatuses:
    ///   - name: db
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T09:00:00Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// A place that is read-only by the spec:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/db-0/db | 2026-01-01 11:57:02.123 UTC [70] WARN cannot write /etc/app/x: Read-only file system
    /// # log: shop/db-0/db | 2026-01-01 11:58:02.123 UTC [71] WARN cannot write /etc/app/x: Read-only file system
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: db, volumeMounts: [{name: data, mountPath: /data}]}]
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data-db-0}}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True"}]
    ///   containerStatuses:
    ///   - name: db
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T09:00:00Z"}}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/mq-0/mq | 2026-01-01 10:50:02.123 [info] <0.1.0> disk resource limit alarm set on node rabbit@mq-0.
    /// # log: shop/mq-0/mq | 2026-01-01 10:58:02.123 [info] <0.1.0> disk resource limit alarm cleared on node rabbit@mq-0
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: mq-0, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: mq, volumeMounts: [{name: data, mountPath: /data}]}]
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data-mq-0}}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True"}]
    ///   containerStatuses:
    ///   - name: mq
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T09:00:00Z"}}
    /// ```
    /// What was over before the last quarter of an hour:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/db-0/db | 2026-01-01 09:50:02.123 UTC [70] ERROR:  could not extend file "base/5/1": No space left on device
    /// # log: shop/db-0/db | 2026-01-01 09:58:02.123 UTC [71] ERROR:  could not extend file "base/5/1": No space left on device
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: db, volumeMounts: [{name: data, mountPath: /data}]}]
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data-db-0}}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True"}]
    ///   containerStatuses:
    ///   - name: db
    ///     ready: true
    ///     state: {running: {startedAt: "2026-01-01T09:00:00Z"}}
    /// ```
    ///
    /// # How to fix
    /// Give the server the disk or memory that it lacks, or delete what it need not keep; some servers have to be told
    /// afterwards that they may write again.
    ///
    /// # What it cannot know
    /// Which of the clients are turned away: those that are ready are not asked for their logs.
    ///
    /// # Source
    /// The disk watermarks of Elasticsearch and OpenSearch, the alarms of RabbitMQ, the MISCONF and OOM answers of Redis,
    /// EROFS, and ENOSPC in the words of PostgreSQL, MySQL, MongoDB, Redis, ClickHouse, MinIO and Prometheus.
    WRK125 "log-server-refuses-work" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [Event, Node, Pod, PersistentVolume, PersistentVolumeClaim, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: [],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.85;

/// Words of a server that a client passes on.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK125",
    words: Pattern::new(
        r"MISCONF (?:\w+ is configured to save|Errors writing to the AOF)|OOM command not allowed when used memory|cluster_block_exception.{0,200}(?:read-only-allow-delete|flood-stage)|etcdserver: mvcc: database space exceeded|Host '[^']+' is blocked because of many connection errors",
    ),
    weight: Weight::Telling,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let own = matches(cluster, pod, &SIGNATURE);
    if own.is_empty() {
        for found in matches_beside(cluster, pod, &SIGNATURE) {
            let mut sighting = quoted(&found, cluster);
            // It keeps the whole pod from being ready, whichever container the probe asks.
            sighting.container = None;
            sink.report(sighting);
        }
    }
    for found in own {
        sink.report(quoted(&found, cluster));
    }
    if let Some(waiting) = waiting(cluster, pod) {
        for sighting in of_servers(cluster, &waiting) {
            let seen = sighting.seen_on(pod.reference(), "calls");
            sink.report(seen.severity(Severity::Critical));
        }
    }
    for sighting in of_itself(cluster, pod) {
        sink.report(sighting);
    }
}

/// What a pod that counts as ready says of itself.
fn of_itself<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> impl Iterator<Item = Sighting> {
    let said = statements_of(cluster, pod);
    said.map(|(container, statement, lines)| own(cluster, pod, &container, statement, &lines))
}

/// What those say of themselves for whom a pod waits: whom it names, else the only one of its namespace that does.
fn of_servers<'a>(cluster: &Cluster<'a>, waiting: &Waiting<'a>) -> Vec<Sighting> {
    let mut servers = waiting.named(cluster);
    if servers.is_empty() {
        let neighbours = Neighbours::of(cluster, &waiting.pod.metadata.namespace);
        servers.extend(neighbours.refusing(cluster, &cluster.top_of(waiting.pod)));
    }
    let pods = servers.into_iter().flat_map(|server| server.pods);
    pods.flat_map(|pod| of_itself(cluster, pod)).collect()
}

/// The server says so itself.
fn own<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: &ContainerView<'a>,
    statement: &'static Statement,
    lines: &[&str],
) -> Sighting {
    let top = cluster.top_of(pod);
    let last = lines.last().copied().unwrap_or_default();
    let title = format!(
        "{} of {top} runs and does not do its work: {}",
        capitalized(&container.title()),
        statement.meaning
    );
    let explanation = format!("It counts as ready, and its log says \"{}\".", short(last));
    let mut proof = Evidence::log(pod.reference(), container.name(), last, time_of(last));
    proof.count = u32::try_from(lines.len()).ok();
    let claims = pod.spec.volumes.iter().filter_map(|volume| {
        let claim = volume.persistent_volume_claim.as_ref()?;
        Some(claim.claim_name.as_str())
    });
    let mounts = claims.map(|claim| {
        Evidence::field(
            pod.reference(),
            "spec.volumes.persistentVolumeClaim.claimName",
            claim,
        )
    });
    let sighting = Sighting::of(top, title, explanation)
        .seen_on(pod.reference(), "runs")
        .identified_by("statement", statement.name)
        .since(lines.first().and_then(|line| time_of(line)))
        .evidence(proof)
        .all_evidence(mounts);
    let sighting = missing_peers(cluster, pod, last)
        .into_iter()
        .fold(sighting, |sighting, peer| {
            sighting.blames(peer, "replicates with")
        });
    let sighting = blaming_the_system(sighting, cluster, pod, [last]);
    advise(sighting, statement.advice).suggest(read_log(pod, container.name(), false))
}

/// A client quotes it.
fn quoted<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let line = found.line();
    let top = cluster.top_of(found.pod());
    let statement = STATEMENTS
        .iter()
        .find(|statement| statement.words.is_in(line));
    let meaning = statement.map_or("it refuses work", |statement| statement.meaning);
    let server = statement.and_then(|statement| server_of(found, cluster, statement));
    let own = server.as_ref().and_then(|(_, proof)| proof.as_ref());
    let own = own.filter(|proof| proof.kind == EvidenceKind::Log);
    let own = own.and_then(|proof| proof.text.as_deref());
    let own = own.map_or_else(String::new, |said| {
        format!(" The server itself says \"{}\".", short(said))
    });
    let blocked = statement
        .filter(|statement| statement.name == BLOCKED)
        .map(|_| format!(" The host is {}.", Peers::of(found, cluster).names()))
        .unwrap_or_default();
    let explanation = format!(
        "{} passes on what its server answers: \"{}\".{blocked}{own}",
        found.speaker(&top),
        short(line)
    );
    let sighting = if let Some((server, host)) = server {
        let title = format!("{server} does not do its work: {meaning}");
        let mut sighting = found
            .sighting_on(server, CONFIDENCE, title, explanation)
            .all_evidence(host);
        sighting.relation = "serves";
        sighting
    } else {
        let title = format!("The server of {} refuses work: {meaning}", found.name(&top));
        found.sighting(cluster, CONFIDENCE, title, explanation)
    };
    let sighting = sighting.identified_by("statement", statement.map_or("", |it| it.name));
    advise(
        sighting,
        statement.map_or("Act on what the server says", |it| it.advice),
    )
}
