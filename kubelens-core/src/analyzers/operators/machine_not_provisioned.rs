use super::bad_condition::{is_resting, since, words};
use super::failing::{failing, titled};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::analyzers::scheduling::node_pools::would_serve;
use crate::kubernetes::{Condition, CustomObject, Object, Pod};
use crate::model::{Evidence, ObjectRef, Quantity, Severity, Suggestion, safe_text};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A machine that is to become a node does not: its provider refuses it, it does not join, or it is
    /// not set up. Or a pool has reached its limit while pods wait for room.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: karpenter.sh/v1
    /// kind: NodeClaim
    /// metadata: {name: default-x7k2p, creationTimestamp: "2026-01-01T11:30:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: Launched, status: "Unknown", reason: LaunchFailed, message: "InsufficientInstanceCapacity: no capacity", lastTransitionTime: "2026-01-01T11:30:00Z"}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: cluster.x-k8s.io/v1beta1
    /// kind: Machine
    /// metadata: {name: md-0-abc, namespace: clusters, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {phase: Failed, failureReason: CreateError, failureMessage: quota of the project is used up}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: karpenter.sh/v1
    /// kind: NodeClaim
    /// metadata: {name: default-x7k2p, creationTimestamp: "2026-01-01T11:58:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: Launched, status: "True", lastTransitionTime: "2026-01-01T11:58:00Z"}
    ///   - {type: Registered, status: "Unknown", reason: NodeNotFound, lastTransitionTime: "2026-01-01T11:58:00Z"}
    /// ---
    /// apiVersion: cluster.x-k8s.io/v1beta1
    /// kind: Machine
    /// metadata: {name: md-0-abc, namespace: clusters, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Do what the provider's message asks for: another instance type or zone, more quota; raise the limit
    /// of the pool.
    ///
    /// # What it cannot know
    /// What happens at the provider. The status that cluster-autoscaler keeps in a ConfigMap is a value and
    /// not read; its events are.
    ///
    /// # Source
    /// Conditions of NodeClaim and `limits` of NodePool of karpenter.sh; `status.phase` of Machine of
    /// cluster.x-k8s.io; events of cluster-autoscaler.
    OPS090 "machine-not-provisioned" {
        role: Both,
        severity: Critical,
        confidence: 0.90,
        reads: [Pod, Event],
        maps_to: [],
        check: Cluster(check),
    }
}

/// Seconds that a machine may take to launch and join, and to be provisioned at all.
const JOIN_GRACE: i64 = 600;
const PROVISION_GRACE: i64 = 1200;

/// Seconds for which an event counts.
const EVENT_WINDOW: i64 = 900;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for claim in cluster.customs("karpenter.sh", "NodeClaim") {
        check_claim(cluster, claim, sink);
    }
    for pool in cluster.customs("karpenter.sh", "NodePool") {
        check_pool(cluster, pool, sink);
    }
    for group in ["cluster.x-k8s.io", "machine.openshift.io"] {
        for machine in cluster.customs(group, "Machine") {
            check_machine(cluster, machine, sink);
        }
    }
    check_autoscaler(cluster, sink);
}

/// Where a claim stands still for longer than a machine takes.
fn stuck(cluster: &Cluster<'_>, claim: &CustomObject) -> Option<Condition> {
    if cluster.age(&claim.metadata) <= JOIN_GRACE {
        return None;
    }
    let stuck = ["Launched", "Registered", "Initialized"]
        .into_iter()
        .filter_map(|type_| claim.condition(type_))
        .find(|condition| !condition.is_true())?;
    (cluster.seconds_since(since(claim, &stuck)) > JOIN_GRACE).then_some(stuck)
}

fn check_claim(cluster: &Cluster<'_>, claim: &CustomObject, sink: &mut Sink) {
    let Some(stuck) = stuck(cluster, claim) else {
        return;
    };
    let state = match stuck.type_.as_str() {
        "Launched" => "gets no machine",
        "Registered" => "does not join as a node",
        _ => "is not set up as a node",
    };
    let said = words(&stuck);
    let text = "Pods that wait for this node go on waiting.";
    let mut sighting = failing(cluster, claim, titled(claim, state, &said), text, &[stuck]);
    let pool = claim.metadata.labels.value("karpenter.sh/nodepool");
    if let Some(pool) = pool {
        let pool = ObjectRef::cluster_scoped(&claim.api_version, "NodePool", pool);
        sighting = sighting.blames(pool, "made by");
    }
    sink.report(sighting.severity(severity(cluster)));
}

fn check_pool(cluster: &Cluster<'_>, pool: &CustomObject, sink: &mut Sink) {
    let not_ready = pool
        .condition("Ready")
        .filter(|ready| ready.is_false() && !is_resting(pool))
        .filter(|ready| cluster.seconds_since(since(pool, ready)) > JOIN_GRACE);
    if let Some(ready) = not_ready {
        let title = titled(pool, "makes no nodes", &words(&ready));
        let text = "Karpenter makes no node of it until it is ready.";
        let severity = severity(cluster);
        return sink.report(failing(cluster, pool, title, text, &[ready]).severity(severity));
    }
    if !has_waiting_pods(cluster) {
        return;
    }
    if let Some(failure) = LaunchFailure::of(cluster, pool) {
        return sink.report(failure.sighting(pool));
    }
    let limits = pool
        .spec
        .get("limits")
        .and_then(serde_json::Value::as_object);
    let mut reached = Vec::new();
    for (resource, limit) in limits.into_iter().flatten() {
        let used = pool.status.pointer(&format!("/resources/{resource}"));
        let (Some(limit), Some(used)) = (amount(limit), used.and_then(amount)) else {
            continue;
        };
        if used.0 >= limit.0 {
            reached.push(Reached {
                resource,
                used: used.1,
                limit: limit.1,
            });
        }
    }
    if !reached.is_empty() {
        sink.report(at_limit(pool, &reached));
    }
}

/// What the cloud answered when a machine was asked for. Karpenter gives up such a claim and makes the next one, so none
/// grows old.
struct LaunchFailure<'a> {
    words: String,
    proof: Evidence,
    /// A pod that waits for such a machine.
    pod: &'a Pod,
}

impl<'a> LaunchFailure<'a> {
    /// That of the pool's newest claims, where a pod has waited for one of its nodes for longer than a machine takes.
    fn of(cluster: &Cluster<'a>, pool: &CustomObject) -> Option<Self> {
        let name = &pool.metadata.name;
        let claims = || {
            let all = cluster.customs("karpenter.sh", "NodeClaim");
            all.filter(|claim| {
                claim.metadata.labels.value("karpenter.sh/nodepool") == Some(name.as_str())
            })
        };
        // A claim that did grow old tells it itself.
        if claims().any(|claim| stuck(cluster, claim).is_some()) {
            return None;
        }
        let by_condition = || {
            claims().find_map(|claim| {
                let launched = claim.condition("Launched")?;
                let is_refused = !launched.is_true() && launched.reason == "LaunchFailed";
                let proof = condition_evidence(claim, &launched);
                is_refused.then(|| (words(&launched), proof))
            })
        };
        let by_event = || {
            let prefix = format!("{name}-");
            cluster
                .events_with_reason("InsufficientCapacityError")
                .filter(|event| {
                    let about = &event.involved_object;
                    about.kind == "NodeClaim" && about.name.starts_with(&prefix)
                })
                .filter(|event| cluster.is_within(event.last_seen(), EVENT_WINDOW))
                .max_by_key(|event| event.last_seen())
                .map(|event| (safe_text(&event.message), event_evidence(event)))
        };
        let (words, proof) = by_condition().or_else(by_event)?;
        let pod = cluster.all::<Pod>().find(|pod| {
            let waits = pod
                .condition("PodScheduled")
                .filter(|scheduled| scheduled.reason == "Unschedulable");
            pod.is_live()
                && waits.is_some_and(|waits| {
                    cluster.seconds_since(waits.last_transition_time) > JOIN_GRACE
                })
                && would_serve(pool, pod)
        })?;
        Some(Self { words, proof, pod })
    }

    fn sighting(self, pool: &CustomObject) -> Sighting {
        let title = titled(pool, "gets no machine", &self.words);
        let own = pool.reference();
        Sighting::of(
            own.clone(),
            title,
            "Karpenter asks the cloud for a machine again and again, and pods that need a node of this pool go on waiting.",
        )
        .identified_by("fact", "launch")
        .evidence(self.proof)
        .all_evidence(self.pod.condition("PodScheduled").map(|waits| {
            let text = format!("{}: {}", waits.reason, waits.message);
            Evidence::message(self.pod.reference(), "status.conditions[PodScheduled]", &text)
                .at(waits.last_transition_time)
        }))
        .suggest(Suggestion::advice(format!(
            "Let {own} use more types of machines, zones or capacity types (spec.template.spec.requirements), or wait until the cloud has some"
        )))
    }
}

fn condition_evidence(object: &CustomObject, condition: &Condition) -> Evidence {
    let path = format!("status.conditions[{}]", condition.type_);
    let text = format!(
        "{}, {}: {}",
        condition.status, condition.reason, condition.message
    );
    Evidence::message(object.reference(), &path, &text).at(condition.last_transition_time)
}

/// A limit of a pool that is used up.
struct Reached<'p> {
    resource: &'p str,
    used: String,
    limit: String,
}

/// A quantity, and how it is written.
fn amount(value: &serde_json::Value) -> Option<(Quantity, String)> {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    Some((text.parse().ok()?, text))
}

fn at_limit(pool: &CustomObject, reached: &[Reached<'_>]) -> Sighting {
    let own = pool.reference();
    let names: Vec<&str> = reached.iter().map(|one| one.resource).collect();
    let used = reached
        .iter()
        .map(|one| format!("{} of {} {}", one.used, one.limit, one.resource));
    let used = used.collect::<Vec<_>>().join(", ");
    let mut sighting = Sighting::of(
        own.clone(),
        format!(
            "{own} has reached its limit of {} while pods wait",
            names.join(" and ")
        ),
        format!("{used} are in use; it makes no further node."),
    )
    .identified_by("resource", names.join(","));
    for one in reached {
        let resource = one.resource;
        sighting = sighting
            .evidence(Evidence::field(
                own.clone(),
                &format!("spec.limits.{resource}"),
                &one.limit,
            ))
            .evidence(Evidence::field(
                own.clone(),
                &format!("status.resources.{resource}"),
                &one.used,
            ));
    }
    let fields = names.iter().map(|name| format!("spec.limits.{name}"));
    sighting.suggest(Suggestion::advice(format!(
        "Raise {} of {own}",
        fields.collect::<Vec<_>>().join(" and ")
    )))
}

fn check_machine(cluster: &Cluster<'_>, machine: &CustomObject, sink: &mut Sink) {
    let phase = machine.status_text("/phase");
    let is_late = cluster.age(&machine.metadata) > PROVISION_GRACE;
    let state = match phase {
        "Failed" => "failed",
        "Provisioning" | "Pending" | "Provisioned" if is_late => "does not become a node",
        _ => return,
    };
    let own = machine.reference();
    let reason = format!(
        "{} {}",
        first_of(machine, ["/failureReason", "/errorReason"]),
        first_of(machine, ["/failureMessage", "/errorMessage"])
    );
    let bad: Vec<Condition> = machine
        .conditions()
        .into_iter()
        .filter(|condition| condition.is_false() && !condition.message.is_empty())
        .take(2)
        .collect();
    let said = match (reason.trim(), bad.first()) {
        ("", Some(condition)) => words(condition),
        (reason, _) => reason.to_owned(),
    };
    let text = "The cluster has a node less than it is asked to have.";
    sink.report(
        failing(cluster, machine, titled(machine, state, &said), text, &bad)
            .severity(severity(cluster))
            .evidence(Evidence::message(
                own,
                "status.phase",
                format!("{phase} {reason}").trim_end(),
            )),
    );
}

fn first_of<'o>(machine: &'o CustomObject, fields: [&str; 2]) -> &'o str {
    fields
        .iter()
        .map(|field| machine.status_text(field))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

/// What cluster-autoscaler says of groups that it could not enlarge.
fn check_autoscaler(cluster: &Cluster<'_>, sink: &mut Sink) {
    let name = "cluster-autoscaler-status";
    let newest = cluster
        .events_about("ConfigMap", "kube-system", name, "")
        .rev()
        .find(|event| {
            matches!(
                event.reason.as_str(),
                "FailedToScaleUpGroup" | "ScaledUpGroup"
            )
        });
    let failed = newest.filter(|event| {
        event.reason == "FailedToScaleUpGroup" && cluster.is_within(event.last_seen(), EVENT_WINDOW)
    });
    if let Some(event) = failed {
        let own = ObjectRef::namespaced("v1", "ConfigMap", "kube-system", name);
        let title = "cluster-autoscaler could not enlarge a node group";
        let text = "Pods that wait for room go on waiting; the group is left alone for a while.";
        sink.report(
            Sighting::of(own, title, text)
                .severity(severity(cluster))
                .event(event)
                .suggest(Suggestion::look(
                    "Read what it says of each group",
                    format!("kubectl -n kube-system get configmap {name} -o yaml"),
                )),
        );
    }
}

/// Critical while pods wait for room.
fn severity(cluster: &Cluster<'_>) -> Severity {
    if has_waiting_pods(cluster) {
        Severity::Critical
    } else {
        Severity::Warning
    }
}

fn has_waiting_pods(cluster: &Cluster<'_>) -> bool {
    cluster.all::<Pod>().any(|pod| {
        pod.is_live()
            && pod
                .condition("PodScheduled")
                .is_some_and(|scheduled| scheduled.reason == "Unschedulable")
    })
}
