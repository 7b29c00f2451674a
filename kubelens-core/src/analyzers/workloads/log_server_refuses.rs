use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use super::log_peer::Peers;
use super::log_signature::{LogMatch, Signature, Weight, advise, matches, short};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::data_keeper::keeps_data;
use crate::analyzers::log_host::{Target, hosts_in, resolve};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Container, ContainerView, Object, Pod, Service};
use crate::model::{Evidence, ObjectRef, Suggestion, capitalized};
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
    /// # Stays silent on
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
    /// ENOSPC in the words of PostgreSQL, MySQL, MongoDB, Redis, ClickHouse, MinIO and Prometheus.
    WRK125 "log-server-refuses-work" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [Pod, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
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
        r"MISCONF \w+ is configured to save|OOM command not allowed when used memory|cluster_block_exception.{0,200}(?:read-only-allow-delete|flood-stage)|etcdserver: mvcc: database space exceeded",
    ),
    weight: Weight::Telling,
};

/// What a server says of itself.
#[derive(Debug)]
struct Statement {
    /// What tells it from others.
    name: &'static str,
    /// Its words: of the server itself, or as a client quotes them.
    words: Pattern,
    /// Words that take it back.
    taken_back: Option<Pattern>,
    /// Whether it is said once and holds until it is taken back; else it is said again and again.
    stands: bool,
    /// Words in which the environment of a client names such a server.
    servers: &'static [&'static str],
    /// What it means.
    meaning: &'static str,
    /// What to do.
    advice: &'static str,
}

const SEARCH: &[&str] = &["elastic", "opensearch"];
const REDIS: &[&str] = &["redis", "valkey", "keydb"];

static STATEMENTS: [Statement; 6] = [
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
            r"MISCONF \w+ is configured to save|Can't save in background: fork|Error saving DB on disk",
        ),
        taken_back: Some(Pattern::new(
            r"Background saving terminated with success|DB saved on disk",
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
];

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
fn own_statement<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: &ContainerView<'a>,
) -> Option<(&'static Statement, Vec<&'a str>)> {
    let log = cluster.log(pod, container.name(), false)?;
    STATEMENTS.iter().find_map(|statement| {
        let said = |line: &&String| statement.words.is_in(line) && !PASSED_ON.is_in(line);
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
    let servers = statement.map_or(&[][..], |statement| statement.servers);
    let server = server_of(found, cluster, servers);
    let explanation = format!(
        "{} passes on what its server answers: \"{}\".",
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

/// The workload that answers: behind the Service that the line names, else behind the one that the environment names as
/// such a server, with the variable as proof.
fn server_of<'a>(
    found: &LogMatch<'a>,
    cluster: &Cluster<'a>,
    servers: &[&str],
) -> Option<(ObjectRef, Option<Evidence>)> {
    let pod = found.pod();
    let peers = Peers::of(found, cluster);
    let named = peers.found().filter(|object| object.kind == "Service");
    if let Some(service) = named.and_then(|object| {
        cluster.get::<Service>(
            object.namespace.as_deref().unwrap_or_default(),
            &object.name,
        )
    }) {
        return Some((behind(cluster, service), None));
    }
    let spec: &'a Container = found.unwell.container.spec;
    let mut all = spec.env.iter().filter_map(|variable| {
        let names_it = |text: &str| {
            let text = text.to_lowercase();
            servers.iter().any(|server| text.contains(server))
        };
        if !names_it(&variable.name) && !names_it(&variable.value) {
            return None;
        }
        let hosts = hosts_in(&variable.value);
        let host = hosts
            .first()
            .map_or(variable.value.as_str(), |host| host.name);
        match resolve(cluster, &pod.metadata.namespace, host) {
            Target::Service(service) if !service.is_in_front_of(pod) => {
                let path = format!(
                    "spec.containers[{}].env[{}]",
                    found.unwell.container.name(),
                    variable.name
                );
                let proof = Evidence::field(pod.reference(), &path, host);
                Some((behind(cluster, service), Some(proof)))
            }
            _ => None,
        }
    });
    let first = all.next()?;
    all.all(|(server, _)| server.is_same(&first.0))
        .then_some(first)
}

/// The workload behind a Service; the Service where nobody is.
fn behind<'a>(cluster: &Cluster<'a>, service: &'a Service) -> ObjectRef {
    let pods = cluster.pods_behind(service);
    pods.first()
        .map_or_else(|| service.reference(), |pod| cluster.top_of(pod))
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
