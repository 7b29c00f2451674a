use super::greedy_client::greedy_client;
use super::log_peer::Peers;
use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use super::log_words::short;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that is not well says that what it depends on has no capacity left for it: too
    /// many connections or requests, a gateway without a healthy backend.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | ERROR upstream http://rates:8080/v1 answered 429 Too Many Requests
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
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | ERROR upstream http://rates:8080/v1 answered 429 Too Many Requests
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
    /// Give the other side more capacity, or let this workload open fewer connections.
    ///
    /// # What it cannot know
    /// Who else uses up the capacity.
    ///
    /// # Source
    /// 429 and 50x of HTTP; connection limits of PostgreSQL, MySQL, Redis and connection pools;
    /// Envoy.
    WRK123 "log-dependency-overloaded" {
        role: Both,
        severity: Critical,
        confidence: 0.60,
        reads: [Event, Pod, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.60;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK123",
    words: Pattern::new(
        r#"(?i)\b429\b.{0,30}(?:too many|rate|limit)|too many requests|rate limit(?:ed)?\b.{0,20}(?:exceeded|reached|hit)|\b50[234] (?:bad gateway|service unavailable|gateway time-?out)|(?:status|code|http)[ :=\"]*50[234]\b|too many (?:clients|connections)|remaining connection slots|pool.{0,40}exhausted|connection is not available, request timed out|upstream connect error|no healthy upstream|server is (?:too )?busy|throttl(?:ed|ing)exception|max number of clients reached"#,
    ),
    weight: Weight::Vague,
};

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let top = cluster.top_of(found.pod());
    let peers = Peers::of(found, cluster);
    let whom = if peers.hosts.is_empty() {
        "what it depends on".to_owned()
    } else {
        peers.names()
    };
    if let Some(sighting) = taken_up(found, cluster, &peers, &top) {
        return sighting;
    }
    let is_unserved = UNSERVED.is_in(found.line());
    let title = format!(
        "{} is turned away by {whom}: {}",
        found.speaker(&top),
        short(found.line())
    );
    let explanation = if is_unserved {
        "A gateway answers in place of the other side: nothing behind it serves the request."
    } else {
        "The other side answers that it takes no more."
    };
    let advice = if is_unserved {
        format!("Bring what serves {whom} back")
    } else {
        format!("Give {whom} more capacity, or let {top} ask less of it")
    };
    let shared = peers.shared(
        |peer| format!("{peer} turns away"),
        format!(": {}", short(found.line())),
        explanation,
    );
    let shared = shared.map(|shared| {
        shared.suggest(Suggestion::advice(if is_unserved {
            advice.clone()
        } else {
            format!("Give {whom} more capacity, or let those who call it ask less of it")
        }))
    });
    let sighting = peers
        .sighting(found, cluster, CONFIDENCE, title, explanation)
        .shared(shared);
    advise(sighting, advice)
}

/// A server that counts its clients has no connection left.
static CONNECTIONS: Pattern = Pattern::new(
    r"(?i)too many (?:clients|connections)|remaining connection slots|max number of clients reached",
);

/// The connections are taken up by another workload, which has by far the most pods of those that are told to call it.
fn taken_up<'a>(
    found: &LogMatch<'a>,
    cluster: &Cluster<'a>,
    peers: &Peers<'a>,
    top: &ObjectRef,
) -> Option<Sighting> {
    let service = peers
        .service(cluster)
        .filter(|_| CONNECTIONS.is_in(found.line()))?;
    let failed = found.pod().unready_since()?;
    let greedy =
        greedy_client(cluster, service, failed).filter(|greedy| !greedy.top.is_same(top))?;
    let server = service.reference();
    let title = format!(
        "{} takes up the connections of {server} with {} pods, and {top} gets none",
        greedy.top, greedy.pods
    );
    let explanation = format!(
        "{} is told: {}. Of all that are configured to call it, {} has by far the most pods, and {} of its {} were made in the hours before.",
        found.speaker(top),
        short(found.line()),
        greedy.top,
        greedy.new,
        greedy.pods
    );
    let mut sighting = found
        .sighting_on(greedy.top.clone(), CONFIDENCE, title, explanation)
        .identified_by("server", server.path())
        .evidence(Evidence::field(
            greedy.top.clone(),
            "status.replicas",
            greedy.pods,
        ))
        .evidence(Evidence::change(
            greedy.top.clone(),
            &format!("{} of {} pods are new", greedy.new, greedy.pods),
            greedy.grown,
        ))
        .evidence(greedy.proof);
    sighting.relation = "takes the connections of";
    Some(advise(
        sighting,
        format!(
            "Let {} run fewer pods or open fewer connections in each, put a pooler before {server}, or allow more connections there",
            greedy.top
        ),
    ))
}

/// Words of a gateway that has nobody to pass a request to.
static UNSERVED: Pattern = Pattern::new(
    r#"(?i)\b50[234] (?:bad gateway|service (?:temporarily )?unavailable|gateway time-?out)|(?:status|code|http)[ :=\"]*50[234]\b|upstream connect error|no healthy upstream"#,
);
