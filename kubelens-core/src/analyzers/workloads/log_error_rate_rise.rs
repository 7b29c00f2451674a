use super::broken_server::waited_for;
use super::cloud_identity::refused_identity;
use super::log_peer::Peers;
use super::log_signature::{LogMatch, Signature, Weight, advise, matches};
use super::log_words::short;
use super::waits_for::is_about_another;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::log_lines::SERVES_AGAIN;
use crate::analyzers::node_clock::skewed_node;
use crate::analyzers::pattern::Pattern;
use crate::analyzers::storage::system_below::blaming_the_system;
use crate::kubernetes::{CustomResourceDefinition, Object, Pod, group_of};
use crate::model::{Evidence, ObjectRef, Severity, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container that crashed wrote an error before it ended, and no other condition knows its
    /// words. What it said first of its last errors is shown: what follows it mostly says that the
    /// program gives up.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | ERROR: licence expired for feature reports
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
    /// A version that is not served any more:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/op-1/op previous | ERROR no matches for kind "Queue" in version "mq.example.com/v1alpha1"
    /// # log: shop/op-1/op previous | ERROR problem running manager: failed to wait for queue caches to sync
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: op-1, namespace: shop}
    /// spec: {containers: [{name: op}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: op
    ///     restartCount: 6
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ---
    /// apiVersion: apiextensions.k8s.io/v1
    /// kind: CustomResourceDefinition
    /// metadata: {name: queues.mq.example.com}
    /// spec: {group: mq.example.com, names: {kind: Queue, plural: queues}, versions: [{name: v1, served: true}, {name: v1alpha1, served: false}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | ERROR: licence expired for feature reports
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
    /// A level that says all is well:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web previous | INFO 0 errors, failover ready
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
    /// Read what the program says.
    ///
    /// # What it cannot know
    /// What the words mean. A rise of the error rate over time is not measured: log lines are kept
    /// without their times.
    ///
    /// # Source
    /// The levels that loggers write.
    WRK124 "log-error-rate-rise" {
        role: Both,
        severity: Critical,
        confidence: 0.55,
        reads: [Event, Node, PersistentVolume, PersistentVolumeClaim, Namespace, ServiceAccount, Service, Ingress, CustomResourceDefinition, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: ["k8sgpt:Log"],
        check: Pod(check),
    }
}

/// How sure it is.
const CONFIDENCE: f64 = 0.55;

/// Lines after the deciding one that are quoted with it: many programs tell the details there.
const DETAILS: usize = 2;

/// Its words.
pub(super) static SIGNATURE: Signature = Signature {
    code: "WRK124",
    words: Pattern::new(
        r#"(?i)\berror\b|\bfatal\b|\bexception\b|\bfail(?:ed|ure)?\b|\bcannot\b|\bunable to\b|\binvalid\b|\brefus|\babort|\bdenied\b|\bexpired\b|\bE\d{4} \d\d:|\bpanic\b|\bcritical\b|\bcorrupt|\bbad file format\b|\bdamaged\b|\bcould(?:n't| not)\b|\[(?:alert|emerg)\]"#,
    ),
    weight: Weight::Any,
};

/// What controllers say when the first list of a kind did not come: another line says why. No network waited there.
pub(super) static CACHE: Signature = Signature {
    code: "WRK124",
    words: Pattern::new(
        r"(?i)timed out waiting for (?:the )?caches?\b|caches? to (?:be )?sync(?:ed)?: timed out|failed to wait for \S+ caches? to sync",
    ),
    weight: Weight::Any,
};

/// A kind that the API server does not serve in the version that a program asks for. Group 1 is the kind, 2 the version.
static NOT_SERVED: Pattern =
    Pattern::new(r#"no matches for kind \\?"(\w+)\\?" in version \\?"([\w./-]+?)\\?""#);

/// What the API server says of a namespace that is on its way out. Group 1 is its name.
static TERMINATING: Pattern =
    Pattern::new(r"namespace ([a-z0-9][a-z0-9-]*) because it is being terminated");

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    for found in matches(cluster, pod, &SIGNATURE) {
        sink.report(sighting(&found, cluster));
    }
}

fn sighting<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Sighting {
    let top = cluster.top_of(found.pod());
    let title = format!(
        "{} {} and says: {}",
        found.speaker(&top),
        if found.unwell.is_down {
            "crashes"
        } else {
            "ended a run"
        },
        found.said()
    );
    let last = found
        .same_lines()
        .last()
        .filter(|line| *line != found.line());
    let explanation = last.map_or_else(
        || "That is the last error in the log of the run that ended.".to_owned(),
        |last| {
            format!(
                "With that begin the errors that end the log of the run; the last is \"{}\".",
                short(last)
            )
        },
    );
    let pod = found.pod();
    let container = found.unwell.container.name();
    let mut sighting = found
        .sighting(cluster, CONFIDENCE, title, explanation)
        .all_evidence(
            found
                .errors_before(DETAILS)
                .map(|line| Evidence::log(pod.reference(), container, line, None)),
        )
        .all_evidence(
            found
                .after()
                .take(DETAILS)
                .map(|line| Evidence::log(pod.reference(), container, line, None)),
        );
    // However long the run before was: any word may stand last, and few of them come again.
    let run = found
        .unwell
        .container
        .status
        .and_then(|status| status.state.running.as_ref());
    let started_at = run.and_then(|run| run.started_at);
    let serves_again = started_at.is_some() && cluster.seconds_since(started_at) > SERVES_AGAIN;
    if serves_again && !found.unwell.is_down {
        sighting = sighting.severity(Severity::Info);
    }
    if let Some(node) = skewed_node(pod, found.line(), cluster) {
        sighting = sighting.blames(node, "runs on");
    }
    sighting = blaming_the_system(sighting, cluster, pod, found.same_lines());
    let leaving = found
        .same_lines()
        .find_map(|line| TERMINATING.captures(line)?.get(1));
    if let Some(name) = leaving {
        let namespace = ObjectRef::cluster_scoped("v1", "Namespace", name.as_str());
        sighting = sighting.blames(namespace, "is being deleted");
    }
    if let Some(peer) = Peers::of(found, cluster).found() {
        sighting = sighting.blames(peer.clone(), "calls");
    }
    if is_about_another(found.line()) {
        for (server, relation) in waited_for(cluster, pod) {
            sighting = sighting.blames(server, relation);
        }
    }
    if let Some(unserved) = Unserved::of(found, cluster) {
        return unserved.told_of(&top, sighting);
    }
    let advice = format!("Act on what the log of {top} says");
    match refused_identity(found, cluster) {
        Some(identity) => advise(sighting.evidence(identity.proof), identity.advice),
        None => advise(sighting, advice),
    }
}

/// A kind that a program asks for in a version in which the API server does not serve it.
struct Unserved<'a> {
    kind: &'a str,
    version: &'a str,
    line: &'a str,
    definition: Option<&'a CustomResourceDefinition>,
}

impl<'a> Unserved<'a> {
    /// What the run says of it, from its beginning on: that a cache did not fill is said later.
    fn of(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Option<Self> {
        let (line, names) = found
            .around(usize::MAX, DETAILS)
            .find_map(|line| Some((line, NOT_SERVED.captures(line)?)))?;
        let (kind, version) = (names.get(1)?.as_str(), names.get(2)?.as_str());
        let mut all = cluster.all::<CustomResourceDefinition>();
        let definition = all.find(|definition| {
            definition.spec.names.kind == kind && definition.spec.group == group_of(version)
        });
        Some(Self {
            kind,
            version,
            line,
            definition,
        })
    }

    fn told_of(&self, top: &ObjectRef, mut sighting: Sighting) -> Sighting {
        let Self { kind, version, .. } = self;
        sighting.title =
            format!("{top} asks for {kind} of {version}, which the API server does not serve");
        let own = sighting.seen_on.clone();
        let container = sighting.container.clone().unwrap_or_default();
        sighting = sighting.evidence(Evidence::log(own, &container, self.line, None));
        let Some(definition) = self.definition else {
            return advise(
                sighting,
                format!(
                    "Install the CustomResourceDefinition of {kind}, or use a version of {top} that asks for one that is served instead of {version}: `kubectl api-resources` names them"
                ),
            );
        };
        let crd = definition.reference();
        let of = |is_served: bool| {
            let versions = definition.spec.versions.iter();
            let names = versions.filter(move |one| one.served == is_served);
            some_of(names.map(|one| one.name.to_string()), 4)
        };
        sighting.explanation = format!(
            "{crd} serves {}; a program that asks for another version is told that there is no such kind, and its caches never fill.",
            of(true)
        );
        let path = "spec.versions";
        let mut served = format!("served: {}", of(true));
        if !of(false).is_empty() {
            served.push_str(&format!("; not served any more: {}", of(false)));
        }
        let changed = definition.metadata.last_write;
        let proof = Evidence::field(crd.clone(), path, served).at(changed);
        advise(
            sighting.evidence(proof).blames(crd.clone(), "serves"),
            format!(
                "Use a version of {top} that asks for what {crd} serves, or let {crd} serve {version} again"
            ),
        )
    }
}
