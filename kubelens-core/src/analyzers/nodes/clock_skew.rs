use super::state::{describe, is_in_use};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Lease, Node, Object};
use crate::model::Evidence;
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
    /// Clocks of nodes whose leases come without the time of their write.
    ///
    /// # Source
    /// `spec.renewTime` (the kubelet's clock) and `managedFields[].time` (the API server's) of
    /// coordination/v1 Lease.
    NOD019 "clock-skew" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [Lease],
        maps_to: [],
        check: Node(check),
    }
}

/// Namespace of the leases by which kubelets say that they live.
const NODE_LEASES: &str = "kube-node-lease";

/// Other nodes that must agree with the API server, so that the picture itself is not to blame.
const WITNESSES: usize = 2;

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    let Some(lease) = cluster.get::<Lease>(NODE_LEASES, &node.metadata.name) else {
        return;
    };
    let Some(skew) =
        skew(lease).filter(|skew| skew.abs() > cluster.thresholds(&node.metadata).clock_skew)
    else {
        return;
    };
    let clocks = cluster.digest::<Clocks>();
    let Clocks {
        agreeing,
        differing,
    } = *clocks;
    if agreeing < WITNESSES || differing > agreeing || !is_in_use(node) {
        return;
    }
    let own = node.reference();
    let direction = if skew > 0 { "ahead of" } else { "behind" };
    sink.report(
        Sighting::of(
            own.clone(),
            format!("The clock of {own} is {} s {direction} the API server's", skew.abs()),
            "It stamps its lease with another time than the API server does for the same write; certificates and tokens may be refused there.",
        )
        .all_evidence(lease.spec.renew_time.map(|time| Evidence::field(lease.reference(), "spec.renewTime", time)))
        .all_evidence(lease.metadata.last_write.map(|time| Evidence::field(lease.reference(), "metadata.managedFields[].time", time)))
        .suggest(describe(node)),
    );
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
