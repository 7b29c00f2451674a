use super::shortage::is_late;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Object, Pod, StatefulSet};
use crate::model::{Evidence, Suggestion, counted};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The members of a StatefulSet become ready together, by a quorum, and its policy `OrderedReady` makes the next one
    /// only when those before it are ready: neither comes first.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/bus-0/bus | [WRN] Healthcheck failed: "no contact with a meta leader"
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: bus, namespace: shop, uid: s1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 3, serviceName: bus}
    /// status: {replicas: 1, readyReplicas: 0}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: bus-0, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T10:00:00Z", ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: bus, uid: s1, controller: true}]}
    /// spec: {containers: [{name: bus}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False", reason: ContainersNotReady, lastTransitionTime: "2026-01-01T10:00:00Z"}]
    ///   containerStatuses: [{name: bus, ready: false, state: {running: {startedAt: "2026-01-01T10:00:10Z"}}}]
    /// ```
    ///
    /// # Stays silent on
    /// Most members are there, so they have their quorum, and another fault:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/bus-1/bus | [WRN] Healthcheck failed: "no contact with a meta leader"
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: bus, namespace: shop, uid: s1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 3, serviceName: bus}
    /// status: {replicas: 2, readyReplicas: 1}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: bus-0, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T10:00:00Z", ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: bus, uid: s1, controller: true}]}
    /// spec: {containers: [{name: bus}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: bus-1, namespace: shop, uid: p2, creationTimestamp: "2026-01-01T10:00:00Z", ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: bus, uid: s1, controller: true}]}
    /// spec: {containers: [{name: bus}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False", reason: ContainersNotReady, lastTransitionTime: "2026-01-01T10:00:00Z"}]
    ///   containerStatuses: [{name: bus, ready: false, state: {running: {startedAt: "2026-01-01T10:00:10Z"}}}]
    /// ```
    ///
    /// # How to fix
    /// `podManagementPolicy: Parallel`. The field cannot be changed: delete the set with `--cascade=orphan` and make it
    /// anew. Else a readiness probe that asks the member about itself, not about the cluster.
    ///
    /// # What it cannot know
    /// Members that keep silent about what they wait for.
    ///
    /// # Source
    /// `spec.podManagementPolicy` of apps/v1 StatefulSet; logs of members that wait.
    ROL019 "ordered-members-await-each-other" {
        role: Root,
        severity: Critical,
        confidence: 0.88,
        reads: [Pod],
        maps_to: [],
        check: StatefulSet(check),
    }
}

/// Seconds for which a pod may be unready before it counts as waiting.
const WAITING_GRACE: i64 = 120;

/// Last lines of a log that count.
const LINES: usize = 60;

/// Words of a member that has too few others.
static LACKS_PEERS: Pattern = Pattern::new(
    r"(?i)\b(?:no|lost|without|not enough|waiting for|cannot (?:reach|form)|failed to (?:reach|form)|no contact with|not established contact with)(?: an?| the)? (?:\w+ )?(?:quorum|leader)\b|\bquorum (?:is )?(?:not|lost|unavailable)|leader not (?:found|elected|discovered)|master not discovered|waiting for (?:all|other|more|enough|\d+) (?:more )?(?:\w+ )?(?:nodes|members|peers|replicas|servers|brokers)\b|cluster size .{0,30}(?:too small|not reached|less than)",
);

/// Words of a name that has no address.
static NOT_KNOWN: Pattern = Pattern::new(
    r"(?i)no such host|name or service not known|ENOTFOUND|nxdomain|nodename nor servname|unknown ?host|does not resolve|(?:could not|failed to|can't|not) resolve",
);

fn check<'a>(set: &'a StatefulSet, cluster: &Cluster<'a>, sink: &mut Sink) {
    let wanted = set.spec.replicas.unwrap_or(1);
    let meta = &set.metadata;
    if meta.is_terminating()
        || set.spec.pod_management_policy == "Parallel"
        || set.status.ready_replicas > 0
        || wanted < 2
    {
        return;
    }
    let pods: Vec<&Pod> = cluster.controlled_pods(meta).collect();
    let made = i64::try_from(pods.len()).unwrap_or(wanted);
    // Those that are made are no majority, so none of them can be ready by one.
    if pods.is_empty() || 2 * made > wanted {
        return;
    }
    let waits = |pod: &&&'a Pod| pod.is_live() && is_late(cluster, pod, WAITING_GRACE);
    if let Some((pod, proof)) = pods
        .iter()
        .filter(waits)
        .find_map(|pod| Some((*pod, lacks_peers(cluster, set, pod, (made, wanted))?)))
    {
        sink.report(sighting(set, pod, proof, (made, wanted)));
    }
}

/// The newest line by which a running member says that it lacks others.
fn lacks_peers<'a>(
    cluster: &Cluster<'a>,
    set: &StatefulSet,
    pod: &'a Pod,
    (made, wanted): (i64, i64),
) -> Option<Evidence> {
    let first = set.spec.ordinals.as_ref().map_or(0, |it| it.start);
    let missing: Vec<String> = (first + made..first + wanted)
        .take(LINES)
        .map(|ordinal| format!("{}-{ordinal}.", set.metadata.name))
        .collect();
    let mut waiting = pod
        .containers()
        .filter(|container| container.is_running() && !container.is_ready());
    waiting.find_map(|container| {
        let log = cluster.log(pod, container.name(), false)?;
        let mut last = log.lines.iter().rev().take(LINES);
        let line = last.find(|line| {
            let seeks = missing.iter().any(|name| line.contains(name.as_str()));
            LACKS_PEERS.is_in(line) || seeks && NOT_KNOWN.is_in(line)
        })?;
        Some(Evidence::log(pod.reference(), container.name(), line, None))
    })
}

fn sighting(set: &StatefulSet, pod: &Pod, proof: Evidence, (made, wanted): (i64, i64)) -> Sighting {
    let own = set.reference();
    let name = &pod.metadata.name;
    let title = format!(
        "{own} starts its members one after the other (OrderedReady), and {name} becomes ready only with the others"
    );
    let explanation = format!(
        "Of {} there is {made}: the next is made when {name} is ready, and {name} waits for a quorum.",
        counted(usize::try_from(wanted).unwrap_or_default(), "member")
    );
    let policy = set.spec.pod_management_policy.non_empty();
    Sighting::of(own.clone(), title, explanation)
        .evidence(proof)
        .evidence(Evidence::field(
            own.clone(),
            "spec.podManagementPolicy",
            policy.unwrap_or("OrderedReady"),
        ))
        .evidence(Evidence::field(
            own.clone(),
            "status.replicas",
            format!("{made} of {wanted}"),
        ))
        .since(
            pod.condition("Ready")
                .and_then(|ready| ready.last_transition_time),
        )
        .suggest(Suggestion::advice(format!(
            "Make {own} anew with podManagementPolicy: Parallel (kubectl delete --cascade=orphan keeps its pods), or let its readiness probe ask only about the member itself"
        )))
        .suggest(Suggestion::look(
            "See what the member waits for",
            format!("kubectl -n {} logs {name} --tail=60", pod.metadata.namespace),
        ))
}

#[cfg(test)]
mod tests {
    use super::LACKS_PEERS;

    #[test]
    fn words_of_members_that_wait_for_others() {
        for line in [
            "Healthcheck failed: \"JetStream has not established contact with a meta leader\"",
            "[ERROR] agent: Coordinate update error: error=\"No cluster leader\"",
            "master not discovered yet, this node has not previously joined a bootstrapped cluster",
            "etcdserver: no leader",
            "waiting for other nodes to join",
        ] {
            assert!(LACKS_PEERS.is_in(line), "{line}");
        }
        for line in [
            "became leader at term 3",
            "quorum reached",
            "attempting to acquire leader lease",
            "waiting for the database",
        ] {
            assert!(!LACKS_PEERS.is_in(line), "{line}");
        }
    }
}
