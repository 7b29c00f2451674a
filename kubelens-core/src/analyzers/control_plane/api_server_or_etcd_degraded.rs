use std::collections::{BTreeMap, BTreeSet};

use super::{priority_level, server_health, server_log};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Condition, Event, List, Object, Pod, condition};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::{Cluster, EventTrait};

declare_analyzer! {
    /// # What it means
    /// etcd or the API server does not keep up: writes fail or take long, for everybody. Also told: a
    /// FlowSchema that points at no priority level, or that sends all programs to one of few seats; an API server that
    /// cannot encrypt or verify tokens; and one sort of warning that floods the cluster.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: apps/v1, kind: ReplicaSet, namespace: shop, name: web-5d}
    /// type: Warning
    /// reason: FailedCreate
    /// message: 'Error creating: etcdserver: mvcc: database space exceeded'
    /// count: 12
    /// lastTimestamp: "2026-01-01T11:55:00Z"
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: kube-system/kube-apiserver-cp-1/kube-apiserver | E0101 11:58:00.1 controller.go:113] etcdserver: no leader
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: kube-apiserver-cp-1, namespace: kube-system, labels: {tier: control-plane, component: kube-apiserver}}
    /// spec: {nodeName: cp-1, containers: [{name: kube-apiserver}]}
    /// status: {phase: Running}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: kube-system/etcd-cp-1/etcd | {"level":"warn","ts":"2026-01-01T11:51:00Z","msg":"slow fdatasync","took":"2.1s","expected-duration":"1s"}
    /// # log: kube-system/etcd-cp-1/etcd | {"level":"warn","ts":"2026-01-01T11:52:00Z","msg":"slow fdatasync","took":"1.9s","expected-duration":"1s"}
    /// # log: kube-system/etcd-cp-1/etcd | {"level":"warn","ts":"2026-01-01T11:53:00Z","msg":"slow fdatasync","took":"4.4s","expected-duration":"1s"}
    /// # log: kube-system/etcd-cp-1/etcd | {"level":"warn","ts":"2026-01-01T11:54:00Z","msg":"slow fdatasync","took":"3.0s","expected-duration":"1s"}
    /// # log: kube-system/etcd-cp-1/etcd | {"level":"warn","ts":"2026-01-01T11:55:00Z","msg":"leader failed to send out heartbeat on time; took too long, leader is overloaded likely from slow disk"}
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: etcd-cp-1, namespace: kube-system, labels: {tier: control-plane, component: etcd}}
    /// spec: {nodeName: cp-1, containers: [{name: etcd}]}
    /// status: {phase: Running}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: flowcontrol.apiserver.k8s.io/v1
    /// kind: FlowSchema
    /// metadata: {name: batch, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {priorityLevelConfiguration: {name: bulk}}
    /// status: {conditions: [{type: Dangling, status: "True", reason: NotFound, message: 'This FlowSchema references the PriorityLevelConfiguration object named "bulk" but there is no such object', lastTransitionTime: "2026-01-01T08:00:00Z"}]}
    /// ```
    /// What the API server says of itself, and how many requests of a run it turned away:
    /// ```yaml
    /// apiVersion: observed.kubelens.dev/v1alpha1
    /// kind: ApiServerHealth
    /// metadata: {name: readyz}
    /// status: {failingChecks: ["[-]etcd failed: reason withheld"]}
    /// ```
    /// ```yaml
    /// apiVersion: observed.kubelens.dev/v1alpha1
    /// kind: ApiServerHealth
    /// metadata: {name: readyz}
    /// status: {turnedAway: {5f1c: 7}}
    /// ---
    /// apiVersion: flowcontrol.apiserver.k8s.io/v1
    /// kind: PriorityLevelConfiguration
    /// metadata: {name: workload-low, uid: 5f1c}
    /// ```
    /// One API server out of several that cannot verify tokens, and one that cannot encrypt:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: kube-system/kube-apiserver-cp-1/kube-apiserver | I0101 11:00:00.0 controller.go:615] quota admission added evaluator for: leases
    /// # log: kube-system/kube-apiserver-cp-2/kube-apiserver | E0101 11:51:00.0 authentication.go:73] "Unable to authenticate the request" err="[invalid bearer token, square/go-jose: error in cryptographic primitive]"
    /// # log: kube-system/kube-apiserver-cp-2/kube-apiserver | E0101 11:52:00.0 authentication.go:73] "Unable to authenticate the request" err="[invalid bearer token, square/go-jose: error in cryptographic primitive]"
    /// # log: kube-system/kube-apiserver-cp-2/kube-apiserver | E0101 11:53:00.0 authentication.go:73] "Unable to authenticate the request" err="[invalid bearer token, square/go-jose: error in cryptographic primitive]"
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: kube-apiserver-cp-1, namespace: kube-system, labels: {tier: control-plane, component: kube-apiserver}}
    /// spec: {nodeName: cp-1, containers: [{name: kube-apiserver}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: kube-apiserver-cp-2, namespace: kube-system, labels: {tier: control-plane, component: kube-apiserver}}
    /// spec: {nodeName: cp-2, containers: [{name: kube-apiserver}]}
    /// status: {phase: Running}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: kube-system/kube-apiserver-cp-1/kube-apiserver | E0101 11:51:00.0 controller.go:113] "KMS provider health check failed" name="kms-provider-0" err="rpc error: code = Unavailable"
    /// # log: kube-system/kube-apiserver-cp-1/kube-apiserver | E0101 11:52:00.0 controller.go:113] "KMS provider health check failed" name="kms-provider-0" err="rpc error: code = Unavailable"
    /// # log: kube-system/kube-apiserver-cp-1/kube-apiserver | E0101 11:53:00.0 controller.go:113] "KMS provider health check failed" name="kms-provider-0" err="rpc error: code = Unavailable"
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: kube-apiserver-cp-1, namespace: kube-system, labels: {tier: control-plane, component: kube-apiserver}}
    /// spec: {nodeName: cp-1, containers: [{name: kube-apiserver}]}
    /// status: {phase: Running}
    /// ```
    /// A FlowSchema that sends all programs to a level that lets hardly any request through:
    /// ```yaml
    /// apiVersion: flowcontrol.apiserver.k8s.io/v1
    /// kind: FlowSchema
    /// metadata: {name: batch}
    /// spec:
    ///   matchingPrecedence: 150
    ///   priorityLevelConfiguration: {name: batch}
    ///   rules:
    ///   - subjects: [{kind: Group, group: {name: "system:serviceaccounts"}}]
    ///     resourceRules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"], clusterScope: true, namespaces: ["*"]}]
    /// ---
    /// apiVersion: flowcontrol.apiserver.k8s.io/v1
    /// kind: PriorityLevelConfiguration
    /// metadata: {name: batch}
    /// spec: {type: Limited, limited: {nominalConcurrencyShares: 1, limitResponse: {type: Reject}}}
    /// ---
    /// apiVersion: flowcontrol.apiserver.k8s.io/v1
    /// kind: PriorityLevelConfiguration
    /// metadata: {name: workload-low}
    /// spec: {type: Limited, limited: {nominalConcurrencyShares: 300, limitResponse: {type: Queue}}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: apps/v1, kind: ReplicaSet, namespace: shop, name: web-5d}
    /// type: Warning
    /// reason: FailedCreate
    /// message: 'Error creating: etcdserver: request timed out'
    /// count: 1
    /// lastTimestamp: "2026-01-01T09:55:00Z"
    /// ---
    /// apiVersion: flowcontrol.apiserver.k8s.io/v1
    /// kind: FlowSchema
    /// metadata: {name: batch, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// status: {conditions: [{type: Dangling, status: "False", reason: Found}]}
    /// ```
    /// Tokens that all API servers refuse are old ones:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: kube-system/kube-apiserver-cp-1/kube-apiserver | E0101 11:51:00.0 authentication.go:73] "Unable to authenticate the request" err="[invalid bearer token, square/go-jose: error in cryptographic primitive]"
    /// # log: kube-system/kube-apiserver-cp-1/kube-apiserver | E0101 11:52:00.0 authentication.go:73] "Unable to authenticate the request" err="[invalid bearer token, square/go-jose: error in cryptographic primitive]"
    /// # log: kube-system/kube-apiserver-cp-1/kube-apiserver | E0101 11:53:00.0 authentication.go:73] "Unable to authenticate the request" err="[invalid bearer token, square/go-jose: error in cryptographic primitive]"
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: kube-apiserver-cp-1, namespace: kube-system, labels: {tier: control-plane, component: kube-apiserver}}
    /// spec: {nodeName: cp-1, containers: [{name: kube-apiserver}]}
    /// status: {phase: Running}
    /// ```
    /// What a program of its own says of its own etcd:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/etcd-0/etcd | etcdserver: no leader
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: etcd-0, namespace: shop}
    /// spec: {containers: [{name: etcd}]}
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Space: compact and defragment etcd, raise its quota, find what writes so much. Leader and timeouts: look
    /// at the disks and the network of the control plane.
    ///
    /// # What it cannot know
    /// The API server's metrics, which are not asked for: so it does not know how requests of others fare. Which of
    /// several API servers answered `/readyz?verbose`. Logs of components are only read where their pods are not
    /// well.
    ///
    /// # Source
    /// Words of etcd (`etcdserver: …`) in events and in logs of pods with the label `tier=control-plane`;
    /// condition `Dangling` of flowcontrol FlowSchema; `/readyz?verbose`; answers of status 429 and their header
    /// `X-Kubernetes-PF-PriorityLevel-UID`.
    CTL028 "api-server-or-etcd-degraded" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [Event, Pod],
        maps_to: [],
        check: Cluster(check),
    }
}

/// Seconds for which an event counts.
const EVENT_WINDOW: i64 = 3600;

/// How often a passing trouble is heard before it is more than that.
const OFTEN: u32 = 5;

/// Seconds in which a number of warnings of one sort is a flood.
const STORM_WINDOW: i64 = 600;

/// How many objects a flood is about at least.
const STORM_OBJECTS: usize = 10;

/// Seconds for which a FlowSchema may wait for its priority level.
const DANGLING_GRACE: i64 = 300;

/// A sort of trouble, its words, and whether once is enough.
struct Trouble {
    fact: &'static str,
    words: Pattern,
    title: &'static str,
    effect: &'static str,
    advice: &'static str,
    lasts: bool,
}

static TROUBLES: [Trouble; 3] = [
    Trouble {
        fact: "space",
        words: Pattern::new("etcdserver: (?:mvcc: )?database space exceeded"),
        title: "etcd is full: it takes no more writes",
        effect: "Until space is freed and the alarm is cleared, nothing in the cluster can be changed but deleted.",
        advice: "Free space: `etcdctl compact` up to a recent revision, `etcdctl defrag` on each member, then `etcdctl alarm disarm`; find what writes so much, or raise --quota-backend-bytes",
        lasts: true,
    },
    Trouble {
        fact: "leader",
        words: Pattern::new("etcdserver: no leader"),
        title: "etcd has no leader",
        effect: "Without a majority of its members nothing can be written.",
        advice: "Bring a majority of the members back: `etcdctl endpoint status --cluster` tells which answer",
        lasts: true,
    },
    Trouble {
        fact: "slow",
        words: Pattern::new("etcdserver: (?:request timed out|leader changed|too many requests)"),
        title: "etcd is slow or changes its leader",
        effect: "Writes fail now and then, and leases of controllers and nodes may run out.",
        advice: "Give etcd a disk of its own that is fast, and look at what else writes to it; between members, look at the network (`etcdctl endpoint status --cluster`)",
        lasts: false,
    },
];

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for trouble in &TROUBLES {
        if let Some(sighting) = heard(cluster, trouble) {
            sink.report(sighting);
        }
    }
    server_health::check(cluster, sink);
    server_log::check(cluster, sink);
    priority_level::check(cluster, sink);
    dangling(cluster, sink);
    storms(cluster, sink);
}

/// What etcd writes when its disk takes long for what must be on it before an answer may be given.
static SLOW_DISK: Pattern = Pattern::new(
    "slow fdatasync|sync duration of .{1,20}expected less than|overloaded likely from slow disk",
);

fn heard(cluster: &Cluster<'_>, trouble: &Trouble) -> Option<Sighting> {
    let events: Vec<&Event> = cluster
        .events_that(EventTrait::QuotesEtcd)
        .filter(|event| cluster.is_within(event.last_seen(), EVENT_WINDOW))
        .filter(|event| trouble.words.is_in(&event.message))
        .collect();
    let lines = lines(cluster, &trouble.words);
    let times = events
        .iter()
        .fold(0_u32, |sum, event| sum.saturating_add(event.times()));
    let times = times.saturating_add(count(&lines));
    let disk = if trouble.lasts {
        Vec::new()
    } else {
        self::lines(cluster, &SLOW_DISK)
    };
    let is_slow_disk = count(&disk) >= OFTEN;
    let is_heard = if trouble.lasts { times > 0 } else { times > 1 };
    if !is_heard && !is_slow_disk {
        return None;
    }
    let severity = if trouble.lasts || times >= OFTEN || (is_slow_disk && times > 0) {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let title = if is_slow_disk {
        "etcd is slow: its disk does not keep up"
    } else {
        trouble.title
    };
    let since = events.iter().filter_map(|event| event.first_seen()).min();
    Some(
        Sighting::of(
            slowest(cluster, &disk).unwrap_or_else(|| etcd(cluster)),
            title,
            trouble.effect,
        )
        .identified_by("fact", trouble.fact)
        .severity(severity)
        .since(since)
        .all_evidence(
            events
                .iter()
                .rev()
                .take(3)
                .map(|event| event_evidence(event)),
        )
        .all_evidence(lines.into_iter().take(3))
        .all_evidence(disk.into_iter().rev().take(3))
        .suggest(Suggestion::look(
            "See what the API server says of itself",
            "kubectl get --raw '/readyz?verbose'",
        ))
        .suggest(Suggestion::advice(trouble.advice)),
    )
}

fn count(lines: &[Evidence]) -> u32 {
    u32::try_from(lines.len()).unwrap_or(u32::MAX)
}

/// The pods of the control plane that the picture holds.
fn components<'a>(cluster: &Cluster<'a>) -> impl Iterator<Item = &'a Pod> {
    cluster
        .in_namespace::<Pod>("kube-system")
        .filter(|pod| pod.is_control_plane())
}

/// Lines in the logs of the control plane, as proof.
fn lines(cluster: &Cluster<'_>, words: &Pattern) -> Vec<Evidence> {
    let mut found = Vec::new();
    for pod in components(cluster) {
        for container in pod.containers() {
            let log = cluster.log(pod, container.name(), false);
            let lines = log.map_or(&[][..], |log| &log.lines);
            let said = lines.iter().filter(|line| words.is_in(line));
            found.extend(
                said.map(|line| Evidence::log(pod.reference(), container.name(), line, None)),
            );
        }
    }
    found
}

/// The member whose disk is slow, where nearly all that is said of slow disks is said by one.
fn slowest(cluster: &Cluster<'_>, disk: &[Evidence]) -> Option<ObjectRef> {
    let said = |pod: &&Pod| {
        let own = pod.reference();
        disk.iter().filter(|line| line.object.is_same(&own)).count()
    };
    let most = components(cluster)
        .filter(|pod| pod.component() == Some("etcd"))
        .max_by_key(said)?;
    (count(disk) >= OFTEN && said(&most) * 5 >= disk.len() * 4).then(|| most.reference())
}

/// The etcd pod where there is one that can be seen, else the cluster.
fn etcd(cluster: &Cluster<'_>) -> ObjectRef {
    let seen: Vec<&Pod> = components(cluster)
        .filter(|pod| pod.component() == Some("etcd"))
        .collect();
    match seen.as_slice() {
        [only] => only.reference(),
        _ => cluster.reference(),
    }
}

fn dangling(cluster: &Cluster<'_>, sink: &mut Sink) {
    for schema in cluster.custom("FlowSchema") {
        let conditions: List<Condition> = schema
            .status
            .get("conditions")
            .and_then(|all| serde_json::from_value(all.clone()).ok())
            .unwrap_or_default();
        let Some(dangling) = condition(&conditions, "Dangling").filter(|one| one.is_true()) else {
            continue;
        };
        if cluster.seconds_since(dangling.last_transition_time) < DANGLING_GRACE {
            continue;
        }
        let own = ObjectRef {
            uid: schema.metadata.uid.non_empty().map(str::to_owned),
            ..ObjectRef::cluster_scoped(&schema.api_version, &schema.kind, &schema.metadata.name)
        };
        let text = format!("{}: {}", dangling.reason, dangling.message);
        let path = "status.conditions[Dangling]";
        sink.report(
            Sighting::of(
                own.clone(),
                format!("{own} points at a priority level that does not exist"),
                "Requests that it is for are treated by another schema, mostly the one for everything else.",
            )
            .severity(Severity::Warning)
            .since(dangling.last_transition_time)
            .evidence(Evidence::message(own, path, &text).at(dangling.last_transition_time))
            .suggest(Suggestion::advice(
                "Make the PriorityLevelConfiguration that it names, or name one that exists",
            )),
        );
    }
}

/// Events of one sort.
struct Storm<'a> {
    times: u32,
    objects: BTreeSet<(&'a str, &'a str)>,
    newest: &'a Event,
}

/// Kind, reason and writer of events: what makes them one sort.
type Sort<'a> = (&'a str, &'a str, &'a str);

fn storms(cluster: &Cluster<'_>, sink: &mut Sink) {
    let mut sorts: BTreeMap<Sort<'_>, Storm<'_>> = BTreeMap::new();
    // Normal events come in crowds with every large rollout.
    for event in cluster.events_that(EventTrait::Warning) {
        if !cluster.is_within(event.last_seen(), STORM_WINDOW) {
            continue;
        }
        // A count covers the whole life of an event: only what began within the window is counted in it.
        let times = if cluster.is_within(event.first_seen(), STORM_WINDOW) {
            event.times()
        } else {
            1
        };
        let about = &event.involved_object;
        let sort = (
            about.kind.as_str(),
            event.reason.as_str(),
            event.reporting_component.as_str(),
        );
        let storm = sorts.entry(sort).or_insert_with(|| Storm {
            times: 0,
            objects: BTreeSet::new(),
            newest: event,
        });
        storm.times = storm.times.saturating_add(times);
        storm.objects.insert((&about.namespace, &about.name));
        if event.last_seen() > storm.newest.last_seen() {
            storm.newest = event;
        }
    }
    let flood = cluster.thresholds_in("").storm_count;
    for ((kind, reason, writer), storm) in sorts {
        let Storm { times, newest, .. } = storm;
        // What one object suffers is its own story.
        if i64::from(times) < flood || storm.objects.len() < STORM_OBJECTS {
            continue;
        }
        let own = cluster.reference();
        let by = if writer.is_empty() {
            "somebody"
        } else {
            writer
        };
        sink.report(
            Sighting::of(
                own.clone(),
                format!("Warnings flood the cluster: {times} of reason {reason} about {kind} objects in ten minutes"),
                format!("{by} writes them; each is a write to etcd, and others are lost among them."),
            )
            .identified_by("reason", reason)
            .identified_by("kind", kind)
            .severity(Severity::Info)
            .evidence(Evidence::metric(own, "warnings in ten minutes", times))
            .evidence(event_evidence(newest))
            .suggest(Suggestion::advice("See what the newest of them is about")),
        );
    }
}
