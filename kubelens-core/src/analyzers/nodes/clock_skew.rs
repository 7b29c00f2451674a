use jiff::Timestamp;

use super::node_unreachable::{lagging_lease, lease_evidence};
use super::state::{describe, is_in_use};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::analyzers::node_clock::complaint;
use crate::kubernetes::{Condition, Event, Lease, Node, Object, Pod};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::{Cluster, Digest};

declare_analyzer! {
    /// # What it means
    /// A node's clock is wrong: it stamps its lease with another time than the API server does for the
    /// same write. Certificates then seem expired or not yet valid, and tokens are refused.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1}
    /// ---
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: n1, namespace: kube-node-lease, managedFields: [{manager: kubelet, time: "2026-01-01T11:59:50Z"}]}
    /// spec: {renewTime: "2026-01-01T12:06:00Z"}
    /// ---
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: n2, namespace: kube-node-lease, managedFields: [{manager: kubelet, time: "2026-01-01T11:59:52Z"}]}
    /// spec: {renewTime: "2026-01-01T11:59:52Z"}
    /// ---
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: n3, namespace: kube-node-lease, managedFields: [{manager: kubelet, time: "2026-01-01T11:59:57Z"}]}
    /// spec: {renewTime: "2026-01-01T11:59:57Z"}
    /// ```
    /// Where the time of the write is not there, an agent's word and a lease that lags while the node is ready:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "True", lastTransitionTime: "2025-12-01T00:00:00Z"}
    ///   - {type: NTPProblem, status: "True", reason: NTPIsDown, message: ntp service is not running, lastTransitionTime: "2026-01-01T02:00:00Z"}
    /// ---
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: n1, namespace: kube-node-lease}
    /// spec: {renewTime: "2026-01-01T11:20:00Z"}
    /// ---
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: n2, namespace: kube-node-lease}
    /// spec: {renewTime: "2026-01-01T11:59:52Z"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1}
    /// ---
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: n1, namespace: kube-node-lease, managedFields: [{manager: kubelet, time: "2026-01-01T11:59:50Z"}]}
    /// spec: {renewTime: "2026-01-01T11:59:51Z"}
    /// ```
    ///
    /// # How to fix
    /// Start and check time synchronisation (chrony, systemd-timesyncd) on that machine.
    ///
    /// # What it cannot know
    /// Clocks of nodes whose leases come without the time of their write, where nothing else tells of them.
    ///
    /// # Source
    /// `spec.renewTime` (the kubelet's clock) and `managedFields[].time` (the API server's) of
    /// coordination/v1 Lease.
    NOD019 "clock-skew" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [Lease, Pod, Event],
        maps_to: [],
        check: Node(check),
    }
}

/// Namespace of the leases by which kubelets say that they live.
const NODE_LEASES: &str = "kube-node-lease";

/// Other nodes that must agree with the API server, so that the picture itself is not to blame.
const WITNESSES: usize = 2;

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !is_in_use(node) {
        return;
    }
    if let Some((lease, skew)) = by_one_write(cluster, node) {
        sink.report(measured(node, lease, skew));
    } else if let Some(behind) = Behind::of(cluster, node) {
        sink.report(behind.sighting(node));
    }
}

/// Whether the node's clock is known to be wrong.
pub(super) fn is_known<'a>(cluster: &Cluster<'a>, node: &'a Node) -> bool {
    by_one_write(cluster, node).is_some() || Behind::of(cluster, node).is_some()
}

/// By how much the node's clock differs from the API server's, where both stamped one write of its lease.
fn by_one_write<'a>(cluster: &Cluster<'a>, node: &Node) -> Option<(&'a Lease, i64)> {
    let lease = cluster.get::<Lease>(NODE_LEASES, &node.metadata.name)?;
    let skew =
        skew(lease).filter(|skew| skew.abs() > cluster.thresholds(&node.metadata).clock_skew)?;
    let clocks = cluster.digest::<Clocks>();
    let Clocks {
        agreeing,
        differing,
    } = *clocks;
    (agreeing >= WITNESSES && differing <= agreeing).then_some((lease, skew))
}

/// A kubelet that lives and stamps everything with a time long past: its lease lags, and still the node controller,
/// which looks whether a lease changes and not what stands in it, calls the node ready.
struct Behind<'a> {
    renewed: Timestamp,
    newest: Timestamp,
    /// The agent's word for it.
    condition: Option<&'a Condition>,
    /// An event that the API server wrote down later than the kubelet says that it saw it.
    event: Option<&'a Event>,
    /// A pod that the kubelet says it took up before the API server made it.
    pod: Option<&'a Pod>,
}

impl<'a> Behind<'a> {
    fn of(cluster: &Cluster<'a>, node: &'a Node) -> Option<Self> {
        let (renewed, newest) = lagging_lease(cluster, node)?;
        let most = cluster.thresholds(&node.metadata).clock_skew;
        let event = cluster
            .pods_on(&node.metadata.name)
            .flat_map(|pod| cluster.events_of(pod))
            .filter(|event| event.reporting_component == "kubelet" && event.series.is_none())
            .find(|event| {
                let written = event.metadata.creation_timestamp;
                let pair = written.zip(event.last_timestamp);
                pair.is_some_and(|(written, seen)| written.duration_since(seen).as_secs() > most)
            });
        let pod = cluster
            .pods_on(&node.metadata.name)
            .filter(|pod| !pod.is_static())
            .find(|pod| {
                let pair = pod.metadata.creation_timestamp.zip(pod.status.start_time);
                pair.is_some_and(|(made, taken)| made.duration_since(taken).as_secs() > most)
            });
        // Clocks that drift lose seconds; a machine that died a moment ago may have had such a clock, too.
        let is_long = newest.duration_since(renewed).as_secs() > NOTICED;
        let condition = complaint(node).filter(|_| is_long);
        (event.is_some() || condition.is_some() || pod.is_some()).then_some(Self {
            renewed,
            newest,
            condition,
            event,
            pod,
        })
    }

    fn sighting(&self, node: &Node) -> Sighting {
        let own = node.reference();
        let seconds = self.newest.duration_since(self.renewed).as_secs();
        let lease = lease_evidence(node, self.renewed);
        let condition = self.condition.map(|condition| {
            let text = format!(
                "{}, {}: {}",
                condition.status, condition.reason, condition.message
            );
            let path = format!("status.conditions[{}]", condition.type_);
            Evidence::message(own.clone(), &path, &text).at(condition.last_transition_time)
        });
        let event = self.event.into_iter().flat_map(|event| {
            let written = event.metadata.creation_timestamp;
            let text = written.map_or_else(String::new, |written| written.to_string());
            let written = Evidence::field(event.reference(), "metadata.creationTimestamp", text);
            [event_evidence(event), written]
        });
        let pod = self.pod.into_iter().flat_map(|pod| {
            let made = pod.metadata.creation_timestamp.map(|made| {
                Evidence::field(pod.reference(), "metadata.creationTimestamp", made).at(Some(made))
            });
            let taken = pod.status.start_time.map(|taken| {
                Evidence::field(pod.reference(), "status.startTime", taken).at(Some(taken))
            });
            [taken, made].into_iter().flatten()
        });
        Sighting::of(
            own.clone(),
            format!("The clock of {own} is about {seconds} s behind that of the other nodes"),
            "Its kubelet renews its lease, and the node is ready, with a time long past; certificates and tokens that are new may be refused there.",
        )
        .since(self.condition.and_then(|condition| condition.last_transition_time))
        .all_evidence(condition)
        .evidence(lease)
        .evidence(Evidence::field(own.clone(), "newest renewTime of the other nodes", self.newest))
        .all_evidence(event)
        .all_evidence(pod)
        .suggest(Suggestion::advice(format!(
            "Start the time service (chronyd, ntpd, systemd-timesyncd) of {own} and let it set the clock"
        )))
        .suggest(describe(node))
    }
}

/// Seconds after which the node controller has noticed a kubelet that is silent, whatever it is set to.
const NOTICED: i64 = 300;

fn measured(node: &Node, lease: &Lease, skew: i64) -> Sighting {
    let own = node.reference();
    let direction = if skew > 0 { "ahead of" } else { "behind" };
    Sighting::of(
            own.clone(),
            format!("The clock of {own} is {} s {direction} the API server's", skew.abs()),
            "It stamps its lease with another time than the API server does for the same write; certificates and tokens may be refused there.",
        )
        .all_evidence(lease.spec.renew_time.map(|time| Evidence::field(lease.reference(), "spec.renewTime", time)))
        .all_evidence(lease.metadata.last_write.map(|time| Evidence::field(lease.reference(), "metadata.managedFields[].time", time)))
        .suggest(describe(node))
}

/// How many nodes agree with the API server on the time, and how many do not.
#[derive(Debug, PartialEq)]
struct Clocks {
    agreeing: usize,
    differing: usize,
}

impl Digest for Clocks {
    fn of(cluster: &Cluster<'_>, _: &str) -> Self {
        // One measure for all of them: what is shared cannot hang on the node that asks.
        let most = cluster.thresholds_in("").clock_skew;
        let skews = cluster.in_namespace::<Lease>(NODE_LEASES);
        let (agreeing, differing): (Vec<i64>, Vec<i64>) =
            skews.filter_map(skew).partition(|skew| skew.abs() <= most);
        Self {
            agreeing: agreeing.len(),
            differing: differing.len(),
        }
    }
}

/// Seconds by which the kubelet's clock is ahead of the API server's.
fn skew(lease: &Lease) -> Option<i64> {
    let kubelet = lease.spec.renew_time?;
    let server = lease.metadata.last_write?;
    Some(kubelet.duration_since(server).as_secs())
}
