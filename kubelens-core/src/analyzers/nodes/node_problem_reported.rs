use super::kernel_events;
use super::state::{describe, is_in_use};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::node_clock::is_about_the_clock;
use crate::analyzers::polarity::{Polarity, polarity};
use crate::kubernetes::{Condition, Node, Object};
use crate::model::{Evidence, Suggestion, safe_text};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An agent that watches a node's machine (a node problem detector and its like) reports a fault of
    /// kernel, disk, runtime or hardware.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: KernelDeadlock, status: "True", reason: DockerHung, message: task docker:7 blocked for more than 120 seconds, lastTransitionTime: "2026-01-01T11:50:00Z"}
    /// ```
    /// What such an agent tells in events alone, again and again:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: default}
    /// involvedObject: {kind: Node, name: n1, uid: n1}
    /// type: Warning
    /// reason: ConntrackFull
    /// message: 'nf_conntrack: table full, dropping packet'
    /// count: 40
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: default}
    /// involvedObject: {kind: Node, name: n1, uid: n1}
    /// type: Warning
    /// reason: OOMKilling
    /// message: 'Memory cgroup out of memory: Killed process 7 (java)'
    /// count: 40
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: KernelDeadlock, status: "False", reason: KernelHasNoDeadlock}
    ///   - {type: EtcdIsVoter, status: "True", reason: MemberIsVoter}
    /// ```
    ///
    /// # How to fix
    /// Drain the node and repair or replace its machine.
    ///
    /// # What it cannot know
    /// What conditions of agents mean that nobody has named; they are left alone.
    ///
    /// # Source
    /// `status.conditions` of core/v1 Node that the kubelet does not set; types and temporary
    /// problems of node-problem-detector.
    NOD007 "node-problem-reported" {
        role: Root,
        severity: Warning,
        confidence: 0.88,
        reads: [Event],
        maps_to: ["k8sgpt:Node"],
        check: Node(check),
    }
}

/// Conditions of kubelets and route controllers, which have rules of their own.
const OWN_RULES: [&str; 6] = [
    "Ready",
    "MemoryPressure",
    "DiskPressure",
    "PIDPressure",
    "NetworkUnavailable",
    "OutOfDisk",
];

/// Seconds for which a condition must hold.
const GRACE: i64 = 60;

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !is_in_use(node) {
        return;
    }
    for condition in &node.status.conditions {
        let is_old = cluster.seconds_since(condition.last_transition_time) > GRACE;
        if is_bad(condition) && is_old {
            sink.report(sighting(node, condition));
        }
    }
    for sighting in kernel_events::sightings(cluster, node) {
        sink.report(sighting);
    }
}

/// A fault of a kubelet or its runtime, which blames what an agent says of the kernel or the file systems under it, where
/// that began before.
pub(super) fn blaming_the_kernel(sighting: Sighting, node: &Node, fault: &Condition) -> Sighting {
    const KINDS: [&str; 3] = [
        "KernelDeadlock",
        "ReadonlyFilesystem",
        "CorruptDockerOverlay2",
    ];
    let was_broken = node.status.conditions.iter().any(|condition| {
        KINDS.iter().any(|kind| condition.type_ == *kind)
            && condition.is_true()
            && condition.last_transition_time.is_some()
            && condition.last_transition_time <= fault.last_transition_time
    });
    if was_broken {
        sighting.blames(node.reference(), "kernel under")
    } else {
        sighting
    }
}

pub(super) fn is_bad(condition: &Condition) -> bool {
    let type_ = condition.type_.as_str();
    if OWN_RULES.contains(&type_) {
        return false;
    }
    match polarity(type_) {
        Polarity::Negative => condition.is_true(),
        Polarity::Positive => type_.ends_with("Ready") && condition.is_false(),
        Polarity::Neutral => false,
    }
}

fn sighting(node: &Node, condition: &Condition) -> Sighting {
    let own = node.reference();
    let type_ = &condition.type_;
    let is_of_file_systems = type_.eq_ignore_ascii_case("ReadonlyFilesystem");
    let advice = if is_of_file_systems {
        Some(format!(
            "Look at the kernel log of {own}: a disk with errors is mounted read-only. Drain the node, and repair or replace its disk"
        ))
    } else if type_ == "KernelDeadlock" {
        Some(format!(
            "Reboot the machine of {own}, or drain and replace it: tasks that hang in its kernel do not come back"
        ))
    } else if is_about_the_clock(condition) {
        Some(format!(
            "Start the time service of {own} again and let it set the clock: what is signed with a wrong time is refused elsewhere"
        ))
    } else {
        None
    };
    let advice = advice.map(Suggestion::advice);
    let sighting = Sighting::of(
        own.clone(),
        format!(
            "{own} reports {type_}={} ({})",
            condition.status, condition.reason
        ),
        format!(
            "An agent on the node says: {}.",
            safe_text(&condition.message).trim_end_matches('.')
        ),
    )
    .identified_by("condition", type_.as_str())
    .since(condition.last_transition_time)
    .evidence(
        Evidence::message(
            own,
            &format!("status.conditions[{type_}]"),
            &format!(
                "{}, {}: {}",
                condition.status, condition.reason, condition.message
            ),
        )
        .at(condition.last_transition_time),
    );
    advice
        .into_iter()
        .fold(sighting, Sighting::suggest)
        .suggest(describe(node))
}
