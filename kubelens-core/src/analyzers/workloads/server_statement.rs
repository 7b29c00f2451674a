//! What servers say of themselves while they run and do not do their work.

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use super::log_place::{path_in, place_of};
use crate::analyzers::data_keeper::keeps_data;
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{ContainerView, Pod};
use crate::snapshot::Cluster;

/// What a server says of itself.
#[derive(Debug)]
pub(super) struct Statement {
    /// What tells it from others.
    pub(super) name: &'static str,
    /// Its words: of the server itself, or as a client quotes them.
    pub(super) words: Pattern,
    /// Words that take it back.
    taken_back: Option<Pattern>,
    /// Whether it is said once and holds until it is taken back; else it is said again and again.
    stands: bool,
    /// Words in which the environment of a client names such a server.
    pub(super) servers: &'static [&'static str],
    /// What it means.
    pub(super) meaning: &'static str,
    /// What to do.
    pub(super) advice: &'static str,
}

const SEARCH: &[&str] = &["elastic", "opensearch"];
const REDIS: &[&str] = &["redis", "valkey", "keydb"];

pub(super) static STATEMENTS: [Statement; 17] = [
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
    Statement {
        name: "store",
        words: Pattern::new(
            r"(?i)persistent store is full|usage manager (?:store|memory) limit reached|stopping producer|AMQ222210|AMQ222183|beyond max-disk-usage",
        ),
        taken_back: Some(Pattern::new(r"AMQ222211|(?i)unblocking message production")),
        stands: false,
        servers: &["activemq", "artemis", "amq"],
        meaning: "its message store is full, so it stops producers",
        advice: "Let consumers empty its queues, or raise the limit of its store (with a volume that holds it)",
    },
    Statement {
        name: "ledgers",
        words: Pattern::new(
            r"(?i)all ledger directories are non[- ]?writable|transitioning bookie to read[- ]?only mode",
        ),
        taken_back: Some(Pattern::new(r"(?i)transitioning bookie to writable mode")),
        stands: false,
        servers: &["pulsar", "bookie", "bookkeeper"],
        meaning: "its ledger disks are used beyond their threshold, so it takes no writes",
        advice: "Give the ledger volumes more space or let retention free some; below the threshold it writes again by itself",
    },
    Statement {
        name: "jetstream",
        words: Pattern::new(
            r"(?i)jetstream (?:resource limits exceeded|out of .{0,20}resources)|insufficient (?:storage|memory) resources",
        ),
        taken_back: None,
        stands: false,
        servers: &["nats"],
        meaning: "the limit of its JetStream store is reached, so it refuses messages",
        advice: "Raise max_file_store or max_memory_store (with a volume that holds it), or let streams discard old messages",
    },
    Statement {
        name: "parts",
        words: Pattern::new(r"(?i)too many parts \(|TOO_MANY_PARTS"),
        taken_back: None,
        stands: false,
        servers: &["clickhouse"],
        meaning: "a table has too many parts, so it rejects inserts",
        advice: "Insert in larger batches; let its merges catch up, and see that they have disk and threads",
    },
    Statement {
        name: "wraparound",
        words: Pattern::new(r"not accepting commands (?:to avoid wraparound|that assign new)"),
        taken_back: None,
        stands: false,
        servers: &["postgres", "pg", "database", "db"],
        meaning: "its transaction ids are used up, so it refuses writes",
        advice: "End old prepared transactions and replication slots, and vacuum the database that it names",
    },
    Statement {
        name: BLOCKED,
        words: Pattern::new(r"Host '[^']+' is blocked because of many connection errors"),
        taken_back: None,
        stands: false,
        servers: &["mysql", "mariadb", "percona"],
        meaning: "it blocks a host that broke off too many connections (max_connect_errors)",
        advice: "Find what connects from that host and breaks off, mostly a check of a proxy that only opens a connection; then flush its list of hosts (mysqladmin flush-hosts, TRUNCATE performance_schema.host_cache)",
    },
    Statement {
        name: "archiver",
        words: Pattern::new(r"\bORA-(?:19809|19804|00257|16038)\b"),
        taken_back: None,
        stands: false,
        servers: &["oracle"],
        meaning: "its recovery area is full, so it cannot archive its log and stands still",
        advice: "Free the recovery area (RMAN: delete archived logs that are backed up), or raise db_recovery_file_dest_size",
    },
    Statement {
        name: "halted",
        words: Pattern::new(r"critical error detected; halting"),
        taken_back: Some(Pattern::new(
            r"compaction iterations done|starting compact node",
        )),
        stands: true,
        servers: &["thanos"],
        meaning: "it halted at an error that it does not overcome by itself",
        advice: "Repair what the error names (blocks that overlap are mostly written by two sources of one name), then restart it",
    },
    Statement {
        name: "audit",
        words: Pattern::new(r"no audit backend succeeded in logging the re(?:quest|sponse)"),
        taken_back: None,
        stands: false,
        servers: &["vault", "bao"],
        meaning: "it cannot write its audit log, so it refuses all requests",
        advice: "Free the disk of its audit device, or enable another one",
    },
    Statement {
        name: "member",
        words: Pattern::new(
            r"does not have a valid entry for the current node|No host described in (?:new|replica set) configuration .{0,80}maps to this node",
        ),
        taken_back: Some(Pattern::new(
            r#"(?i)transition to (?:primary|secondary)|"newState":"(?:PRIMARY|SECONDARY)""#,
        )),
        stands: true,
        servers: &["mongo"],
        meaning: "the configuration of its replica set does not name this member, so it serves nothing",
        advice: "Reconfigure the replica set with the hosts that its members have here (rs.reconfig with force)",
    },
];

/// The statement about a host whose connections are refused.
pub(super) const BLOCKED: &str = "blocked";

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

impl Statement {
    /// Whether a container is such a server, by its name or image.
    fn is_of(&self, container: &ContainerView<'_>) -> bool {
        let names = [container.name(), container.spec.image.as_str()];
        let mut servers = self.servers.iter();
        servers.any(|server| names.iter().any(|name| name.contains(server)))
    }
}

/// Words by which a line is recognized as an answer that a client got, or as one about no disk.
static PASSED_ON: Pattern = Pattern::new(
    r"(?i)shared memory|/dev/shm|semaphore|inotify|file watchers|psycopg|PSQLException|SQLSTATE|\bPG::|\bpq: |sqlalchemy|rpc error|\bHTTP(?:/\d|\s)|status(?:_?code)?\W{1,3}\d|response|upstream|remote|cluster_block_exception|MISCONF",
);

/// Seconds within which a server must have said it again.
const RECENT: i64 = 900;

/// How near to the end of a log a line without a time must stand to count as said now.
const NEAR_THE_END: usize = 6;

/// What a server that is ready says of itself now, and the lines. Words of one product are its own where its container
/// is such a one; else they may be passed on by a client, and only who keeps data is believed.
pub(super) fn own_statement<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: &ContainerView<'a>,
) -> Option<(&'static Statement, Vec<&'a str>)> {
    let log = cluster.log(pod, container.name(), false)?;
    STATEMENTS.iter().find_map(|statement| {
        let is_such = statement.is_of(container);
        if !is_such && !keeps_data(pod) {
            return None;
        }
        let said = |line: &&String| {
            statement.words.is_in(line)
                && (is_such || !PASSED_ON.is_in(line))
                && (statement.name != READ_ONLY || is_of_its_disk(pod, container, line))
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
        let is_near_the_end = last + NEAR_THE_END >= log.lines.len();
        let newest = lines.last().copied().unwrap_or_default();
        let is_now = is_said_now(cluster, newest, is_near_the_end);
        (statement.stands || (is_now && lines.len() > 1)).then_some((statement, lines))
    })
}

/// Whether any container of a pod says so.
pub(super) fn states_it<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> bool {
    let mut containers = pod.containers();
    containers.any(|container| own_statement(cluster, pod, &container).is_some())
}

/// The containers of a pod that count as ready and say so, with what they say.
pub(super) fn statements_of<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
) -> impl Iterator<Item = (ContainerView<'a>, &'static Statement, Vec<&'a str>)> {
    let serves = pod.is_ready() && pod.is_live();
    let containers = pod
        .containers()
        .filter(move |container| serves && container.is_ready());
    containers.filter_map(|container| {
        let (statement, lines) = own_statement(cluster, pod, &container)?;
        Some((container, statement, lines))
    })
}

/// Whether a pod counts as ready and says that it refuses work.
pub(super) fn refuses_work<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> bool {
    statements_of(cluster, pod).next().is_some()
}

/// Whether a line was written lately, by its time, else by its place.
pub(super) fn is_said_now(cluster: &Cluster<'_>, line: &str, is_near_the_end: bool) -> bool {
    match time_of(line) {
        Some(at) => cluster.is_within(Some(at), RECENT),
        None => is_near_the_end,
    }
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
            (
                "INFO | Usage(default:store:queue://a:store) percentUsage=100%: Persistent store is Full, 100% of 1073741824. Stopping producer",
                "store",
            ),
            (
                "WARN LedgerDirsMonitor - LedgerDirsMonitor check process: All ledger directories are non writable",
                "ledgers",
            ),
            (
                "[7] 2026/01/02 03:04:05 [ERR] JetStream resource limits exceeded for server",
                "jetstream",
            ),
            (
                "<Error> TCPHandler: Code: 252. DB::Exception: Too many parts (3001)",
                "parts",
            ),
        ] {
            assert_eq!(name(line), Some(expected), "{line}");
        }
        assert_eq!(name("low disk watermark [85%] exceeded on [a]"), None);
    }
}
