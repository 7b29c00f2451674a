use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use super::log_place::{path_in, place_of};
use super::log_signature::{LogMatch, Signature, Weight, advise, matches, short};
use super::refusing_server::server_of;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::data_keeper::keeps_data;
use crate::analyzers::pattern::Pattern;
use crate::analyzers::storage::system_below::blaming_the_system;
use crate::kubernetes::{ContainerView, Object, Pod};
use crate::model::{Evidence, EvidenceKind, Suggestion, capitalized};
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
        reads: [Pod, PersistentVolume, PersistentVolumeClaim, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
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
        r"MISCONF (?:\w+ is configured to save|Errors writing to the AOF)|OOM command not allowed when used memory|cluster_block_exception.{0,200}(?:read-only-allow-delete|flood-stage)|etcdserver: mvcc: database space exceeded",
    ),
    weight: Weight::Telling,
};

/// What a server says of itself.
#[derive(Debug)]
pub(super) struct Statement {
    /// What tells it from others.
    pub(super) name: &'static str,
    /// Its words: of the server itself, or as a client quotes them.
    words: Pattern,
    /// Words that take it back.
    taken_back: Option<Pattern>,
    /// Whether it is said once and holds until it is taken back; else it is said again and again.
    stands: bool,
    /// Words in which the environment of a client, or an image, names such a server.
    pub(super) servers: &'static [&'static str],
    /// What it means.
    meaning: &'static str,
    /// What to do.
    advice: &'static str,
}

const SEARCH: &[&str] = &["elastic", "opensearch"];
const REDIS: &[&str] = &["redis", "valkey", "keydb"];

static STATEMENTS: [Statement; 7] = [
    Statement {
        name: "watermark",
        words: Pattern::new(
            r"(?i)flood[- ]stage (?:disk )?watermark .{0,60}exceeded|cluster_block_exception.{0,200}(?:read-only-allow-delete|flood-stage)",
        ),
        taken_back: Some(Pattern::new(
            r"(?i)watermark .{0,60}no longer exceeded|releas\w+ read[-_]only[-_]allow[-_]delete block",
        )),
        stands: false,
        servers: SEARCH,
        meaning: "its disk is full beyond the flood-stage watermark, so indices are read-only",
        advice: "Delete old indices or give the data volumes more space; then writing is allowed again by itself (in old versions once index.blocks.read_only_allow_delete is removed)",
    },
    Statement {
        name: "alarm",
        words: Pattern::new(r"(?i)(?:memory|disk) resource limit alarm set on node"),
        taken_back: Some(Pattern::new(r"(?i)resource limit alarm cleared")),
        stands: true,
        servers: &["rabbit", "amqp"],
        meaning: "an alarm of memory or disk blocks all publishers",
        advice: "Give the broker more memory or disk, or let consumers empty its queues; the alarm clears by itself",
    },
    Statement {
        name: "misconf",
        words: Pattern::new(
            r"MISCONF (?:\w+ is configured to save|Errors writing to the AOF)|Can't save in background: fork|(?i:error saving DB on disk)|Failed opening the (?:temp )?RDB file|Error moving temp DB file|(?:Error|Short write while) writing to the AOF file",
        ),
        taken_back: Some(Pattern::new(
            r"Background saving terminated with success|DB saved on disk|AOF write error looks solved",
        )),
        stands: false,
        servers: REDIS,
        meaning: "it cannot save its data to disk, so it refuses all writes",
        advice: "See in its own log why it cannot save: mostly its volume is full or not writable, or it lacks memory for the fork",
    },
    Statement {
        name: "memory",
        words: Pattern::new(r"OOM command not allowed when used memory"),
        taken_back: None,
        stands: false,
        servers: REDIS,
        meaning: "its memory is used up (maxmemory), so it refuses writes",
        advice: "Raise maxmemory with the memory limit, let keys expire, or set a maxmemory-policy that evicts",
    },
    Statement {
        name: "quota",
        words: Pattern::new(r"etcdserver: mvcc: database space exceeded"),
        taken_back: None,
        stands: false,
        servers: &["etcd"],
        meaning: "its space quota is used up, so it refuses writes",
        advice: "Compact and defragment it, then disarm its NOSPACE alarm",
    },
    Statement {
        name: "space",
        words: Pattern::new(
            r"(?i)no space left on device|\bENOSPC\b|could not extend file|disk is full writing|disk quota exceeded|NOT_ENOUGH_SPACE|minimum free drive threshold",
        ),
        taken_back: None,
        stands: false,
        servers: &[],
        meaning: "no space is left on its disk",
        advice: "Delete what is not needed on the volume, or raise the claim's storage request where its class allows expansion",
    },
    Statement {
        name: READ_ONLY,
        words: Pattern::new(r"(?i)read-only file ?system|\bEROFS\b"),
        taken_back: None,
        stands: false,
        servers: &[],
        meaning: "its disk takes no writes (read-only file system)",
        advice: "Look at the volume and at its node: a file system turns read-only after an error of its disk, or where another node holds the lock; check it, then let the pod mount it anew",
    },
];

/// The statement about a disk that became read-only.
const READ_ONLY: &str = "read-only";

/// Whether a line about a read-only disk is about one that its pod wants to write: a claim, or a place that is not told
/// while nothing in the spec is read-only.
fn is_of_its_disk(pod: &Pod, container: &ContainerView<'_>, line: &str) -> bool {
    let is_writable = |path| {
        let place = place_of(pod, container.spec, path)?;
        let claim = place.volume.persistent_volume_claim.as_ref()?;
        Some(!place.mount.read_only && !claim.read_only)
    };
    let context = container.spec.security_context.as_ref();
    let root = context.and_then(|context| context.read_only_root_filesystem);
    match path_in(line) {
        Some(path) => is_writable(path).unwrap_or(false),
        None => root != Some(true),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(quoted(&found, cluster));
    }
    if !pod.is_ready() || !pod.is_live() || !keeps_data(pod) {
        return;
    }
    for container in pod.containers().filter(ContainerView::is_ready) {
        if let Some((statement, lines)) = own_statement(cluster, pod, &container) {
            sink.report(own(cluster, pod, &container, statement, &lines));
        }
    }
}

/// Words by which a line is recognized as an answer that a client got, or as one about no disk.
static PASSED_ON: Pattern = Pattern::new(
    r"(?i)shared memory|/dev/shm|semaphore|inotify|file watchers|psycopg|PSQLException|SQLSTATE|\bPG::|\bpq: |sqlalchemy|rpc error|\bHTTP\b|status(?:_?code)?\W{1,3}\d|response|upstream|remote|cluster_block_exception|MISCONF",
);

/// Seconds within which a server must have said it again.
const RECENT: i64 = 900;

/// How near to the end of a log a line without a time must stand to count as said now.
const NEAR_THE_END: usize = 6;

/// What a server that is ready says of itself now, and the lines.
pub(super) fn own_statement<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: &ContainerView<'a>,
) -> Option<(&'static Statement, Vec<&'a str>)> {
    let log = cluster.log(pod, container.name(), false)?;
    STATEMENTS.iter().find_map(|statement| {
        let said = |line: &&String| {
            let is_its_own = statement.words.is_in(line) && !PASSED_ON.is_in(line);
            is_its_own && (statement.name != READ_ONLY || is_of_its_disk(pod, container, line))
        };
        let last = log.lines.iter().rposition(|line| said(&line))?;
        let mut after = log.lines.iter().skip(last + 1);
        if after.any(|line| {
            statement
                .taken_back
                .as_ref()
                .is_some_and(|it| it.is_in(line))
        }) {
            return None;
        }
        let lines: Vec<&str> = log.lines.iter().filter(said).map(String::as_str).collect();
        let is_now = match lines.last().and_then(|line| time_of(line)) {
            Some(at) => cluster.is_within(Some(at), RECENT),
            None => last + NEAR_THE_END >= log.lines.len(),
        };
        (statement.stands || (is_now && lines.len() > 1)).then_some((statement, lines))
    })
}

/// `2026-01-02 03:04:05`, `[2026-01-02T03:04:05`, `2026/01/02 03:04:05` as servers begin their lines; in UTC, as containers run.
static TIME: Pattern = Pattern::new(r"^\W{0,2}(\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d)");

/// `1:M 02 Jan 2026 03:04:05.123`, as Redis writes it.
static TIME_OF_REDIS: Pattern =
    Pattern::new(r"^\d+:[A-Z] (\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d)");

/// When a line was written, where its front says so.
pub(super) fn time_of(line: &str) -> Option<jiff::Timestamp> {
    let civil: DateTime = if let Some(time) = TIME.first(line) {
        time.replace('/', "-").replace(' ', "T").parse().ok()?
    } else {
        let time = TIME_OF_REDIS.first(line)?;
        let read = strtime::parse("%d %b %Y %H:%M:%S", time).ok()?;
        read.to_datetime().ok()?
    };
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
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
    let sighting = blaming_the_system(sighting, cluster, pod, [last]);
    advise(sighting, statement.advice).suggest(Suggestion::look(
        "Read the log",
        format!(
            "kubectl -n {} logs {} -c {} --tail=60",
            pod.metadata.namespace,
            pod.metadata.name,
            container.name()
        ),
    ))
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
    let explanation = format!(
        "{} passes on what its server answers: \"{}\".{own}",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_when_they_were_written() {
        for line in [
            "[2026-01-02T03:04:05,000][WARN ][o.o.c.r.a.DiskThresholdMonitor] x",
            "2026-01-02 03:04:05.123 UTC [7] ERROR:  x",
            "2026/01/02 03:04:05 [error] x",
            "1:M 02 Jan 2026 03:04:05.123 # x",
        ] {
            let at = time_of(line).map(|at| at.to_string());
            assert_eq!(at.as_deref(), Some("2026-01-02T03:04:05Z"), "{line}");
        }
        assert_eq!(time_of("x 2026-01-02 03:04:05"), None);
    }

    #[test]
    fn statements_are_recognized_in_the_words_of_servers() {
        let name = |line: &str| {
            let mut all = STATEMENTS.iter();
            all.find(|statement| statement.words.is_in(line))
                .map(|statement| statement.name)
        };
        for (line, expected) in [
            (
                "[WARN ][o.e.c.r.a.DiskThresholdMonitor] [es-0] flood stage disk watermark [95%] exceeded on [a][es-0][/d] free: 1gb[1%], all indices on this node will be marked read-only",
                "watermark",
            ),
            (
                "[warning] <0.1.0> disk resource limit alarm set on node rabbit@mq-0.",
                "alarm",
            ),
            (
                "1:M 02 Jan 2026 03:04:05.123 # Can't save in background: fork: Cannot allocate memory",
                "misconf",
            ),
            (
                "ReplyError: OOM command not allowed when used memory > 'maxmemory'.",
                "memory",
            ),
            (
                "2026-01-02T03:04:05.123456Z 0 [ERROR] [MY-010931] Disk is full writing './binlog.000012'",
                "space",
            ),
        ] {
            assert_eq!(name(line), Some(expected), "{line}");
        }
        assert_eq!(name("low disk watermark [85%] exceeded on [a]"), None);
    }
}
