//! What the scheduler writes about a pod that it cannot place, taken apart.
//!
//! ```text
//! 0/5 nodes are available: 2 Insufficient cpu, 3 node(s) were unschedulable. preemption: …
//! 0/5 nodes are available: pod has unbound immediate PersistentVolumeClaims. …
//! ```
//! Source: `FitError.Error` of the scheduler framework and the reasons of its plugins, 1.28 to 1.36.
//! What is not known stays as text.

/// A message of the scheduler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SchedulerMessage<'m> {
    /// How many nodes it looked at, where it says so.
    pub(super) nodes: Option<usize>,
    /// What it holds against them.
    pub(super) reasons: Vec<Reason<'m>>,
}

/// One reason, and how many nodes it excludes; no count where it is about the pod itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reason<'m> {
    pub(super) count: Option<usize>,
    pub(super) kind: ReasonKind<'m>,
    pub(super) text: &'m str,
}

/// What a reason is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReasonKind<'m> {
    NoNodes,
    Insufficient(&'m str),
    TooManyPods,
    Selector,
    /// The taint's key where it is printed (up to 1.34).
    Taint(Option<&'m str>),
    Unschedulable,
    AntiAffinity,
    ExistingAntiAffinity,
    Affinity,
    Spread,
    Ports,
    NodeName,
    UnboundClaims,
    ClaimMissing(&'m str),
    ClaimDeleting(&'m str),
    ClaimLost,
    EphemeralClaim,
    VolumeNode,
    VolumeCount,
    NoVolume,
    FreeStorage,
    ExclusiveVolume,
    DriverMissing(&'m str),
    DeviceClass(&'m str),
    DeviceClaimMissing,
    Devices,
    Gates,
    Gang,
    Other,
}

impl<'m> SchedulerMessage<'m> {
    /// Takes a message apart; text of an unknown form becomes one reason of kind `Other`.
    pub(super) fn parse(message: &'m str) -> Self {
        let message = message.trim();
        let Some((head, body)) = message.split_once(" nodes are available: ") else {
            return Self {
                nodes: None,
                reasons: whole(message),
            };
        };
        let nodes = head
            .rsplit_once('/')
            .and_then(|(_, total)| total.trim().parse().ok());
        let body = body.split("preemption: ").next().unwrap_or_default();
        let body = body.split_once(". ").map_or(body, |(body, _)| body);
        let body = body.trim().trim_end_matches('.');
        Self {
            nodes,
            reasons: split(body).into_iter().map(reason).collect(),
        }
    }

    /// Whether any reason is of a kind that the test accepts.
    pub(super) fn has(&self, test: impl Fn(ReasonKind<'m>) -> bool) -> bool {
        self.reasons.iter().any(|reason| test(reason.kind))
    }
}

fn whole(message: &str) -> Vec<Reason<'_>> {
    if message.is_empty() {
        return Vec::new();
    }
    vec![Reason {
        count: None,
        kind: kind_of(message),
        text: message,
    }]
}

/// Splits at a comma that a count follows: reasons themselves may hold commas.
fn split(body: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut begin = 0;
    for (at, _) in body.match_indices(", ") {
        let rest = body.get(at + 2..).unwrap_or_default();
        if begins_with_count(rest) {
            parts.extend(body.get(begin..at));
            begin = at + 2;
        }
    }
    parts.extend(body.get(begin..).filter(|rest| !rest.is_empty()));
    parts
}

fn begins_with_count(text: &str) -> bool {
    text.split_once(' ').is_some_and(|(count, rest)| {
        !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit()) && !rest.is_empty()
    })
}

fn reason(part: &str) -> Reason<'_> {
    let (count, text) = match part.split_once(' ') {
        Some((count, text)) if begins_with_count(part) => (count.parse().ok(), text),
        _ => (None, part),
    };
    Reason {
        count,
        kind: kind_of(text),
        text,
    }
}

fn kind_of(text: &str) -> ReasonKind<'_> {
    if let Some(resource) = text.strip_prefix("Insufficient ") {
        return ReasonKind::Insufficient(resource.trim());
    }
    if text.contains("untolerated taint") || text.contains("that the pod didn't tolerate") {
        return ReasonKind::Taint(taint_key(text));
    }
    if text.starts_with("persistentvolumeclaim ") {
        return claim_reason(text);
    }
    if let Some((driver, _)) = text.split_once(" CSI driver is not installed on the node") {
        return ReasonKind::DriverMissing(driver);
    }
    if text.contains("device class ") && text.contains("does not exist") {
        let name = text
            .split_once("device class ")
            .and_then(|(_, rest)| rest.split(' ').next());
        return ReasonKind::DeviceClass(name.unwrap_or_default());
    }
    if text.contains("resourceclaim")
        && (text.contains("not found") || text.contains("not created"))
    {
        return ReasonKind::DeviceClaimMissing;
    }
    KNOWN
        .iter()
        .find(|(words, _)| text.contains(words))
        .map_or(ReasonKind::Other, |(_, kind)| *kind)
}

/// Words that tell a reason, the more exact ones first.
const KNOWN: &[(&str, ReasonKind<'static>)] = &[
    ("no nodes available to schedule pods", ReasonKind::NoNodes),
    ("Too many pods", ReasonKind::TooManyPods),
    ("Pod's node affinity", ReasonKind::Selector),
    ("scheduler-enforced node affinity", ReasonKind::Selector),
    ("pod affinity terms conflict", ReasonKind::Selector),
    ("satisfy plugin(s) [NodeAffinity", ReasonKind::Selector),
    ("node declared features check failed", ReasonKind::Selector),
    ("were unschedulable", ReasonKind::Unschedulable),
    ("had unknown conditions", ReasonKind::Unschedulable),
    (
        "satisfy existing pods anti-affinity",
        ReasonKind::ExistingAntiAffinity,
    ),
    ("anti-affinity", ReasonKind::AntiAffinity),
    ("pod affinity rules", ReasonKind::Affinity),
    ("pod affinity/anti-affinity", ReasonKind::AntiAffinity),
    ("topology spread constraints", ReasonKind::Spread),
    ("have free ports", ReasonKind::Ports),
    ("requested node name", ReasonKind::NodeName),
    ("unbound immediate", ReasonKind::UnboundClaims),
    ("waiting for ephemeral volume", ReasonKind::EphemeralClaim),
    (
        "bound to non-existent persistentvolume",
        ReasonKind::ClaimLost,
    ),
    ("bound to non-existent pv(s)", ReasonKind::ClaimLost),
    ("PersistentVolume's node affinity", ReasonKind::VolumeNode),
    ("volume node affinity conflict", ReasonKind::VolumeNode),
    ("no available volume zone", ReasonKind::VolumeNode),
    ("exceed max volume count", ReasonKind::VolumeCount),
    (
        "find available persistent volumes to bind",
        ReasonKind::NoVolume,
    ),
    ("enough free storage", ReasonKind::FreeStorage),
    ("ReadWriteOncePod", ReasonKind::ExclusiveVolume),
    ("no available disk", ReasonKind::ExclusiveVolume),
    ("cannot allocate all claims", ReasonKind::Devices),
    (
        "cannot schedule extended resource claim",
        ReasonKind::Devices,
    ),
    ("allocating devices", ReasonKind::Devices),
    ("allocate devices", ReasonKind::Devices),
    (
        "waiting for dynamic resource",
        ReasonKind::DeviceClaimMissing,
    ),
    ("resourceclaim", ReasonKind::Devices),
    ("resource claim", ReasonKind::Devices),
    ("scheduling gates", ReasonKind::Gates),
    ("waiting for minCount pods", ReasonKind::Gang),
    ("waiting for pods's workload", ReasonKind::Gang),
    ("pod group", ReasonKind::Gang),
];

/// `key` of `{key: value}`.
fn taint_key(text: &str) -> Option<&str> {
    let (_, inside) = text.split_once('{')?;
    inside.split([':', '}']).next().map(str::trim)
}

fn claim_reason(text: &str) -> ReasonKind<'_> {
    let name = text.split('"').nth(1).unwrap_or_default();
    if text.contains("not found") {
        ReasonKind::ClaimMissing(name)
    } else if text.contains("being deleted") {
        ReasonKind::ClaimDeleting(name)
    } else if text.contains("bound to non-existent persistentvolume") {
        ReasonKind::ClaimLost
    } else {
        ReasonKind::UnboundClaims
    }
}

#[cfg(test)]
mod tests {
    use super::{ReasonKind as K, SchedulerMessage};

    fn kinds(message: &str) -> Vec<(Option<usize>, K<'_>)> {
        SchedulerMessage::parse(message)
            .reasons
            .into_iter()
            .map(|reason| (reason.count, reason.kind))
            .collect()
    }

    #[test]
    fn reasons_of_several_nodes_are_told_apart() {
        let message = "0/5 nodes are available: 2 node(s) had untolerated taint(s), 3 node(s) didn't match Pod's node \
            affinity/selector. no new claims to deallocate, preemption: 0/5 nodes are available: 5 Preemption is not \
            helpful for scheduling.";
        assert_eq!(
            kinds(message),
            [(Some(2), K::Taint(None)), (Some(3), K::Selector)]
        );
        assert_eq!(SchedulerMessage::parse(message).nodes, Some(5));
    }

    #[test]
    fn the_taint_is_read_where_it_is_printed() {
        let message = "0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, \
            1 node(s) had untolerated taint {dedicated: ml}, 2 Insufficient nvidia.com/gpu. preemption: 0/4 nodes are \
            available: 2 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling..";
        assert_eq!(
            kinds(message),
            [
                (
                    Some(1),
                    K::Taint(Some("node-role.kubernetes.io/control-plane"))
                ),
                (Some(1), K::Taint(Some("dedicated"))),
                (Some(2), K::Insufficient("nvidia.com/gpu")),
            ]
        );
    }

    #[test]
    fn what_is_about_the_pod_itself_has_no_count() {
        let cases = [
            (
                "0/4 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found",
                K::UnboundClaims,
            ),
            (
                "0/3 nodes are available: persistentvolumeclaim \"data\" not found. preemption: 0/3 nodes are available: 3 \
                 Preemption is not helpful for scheduling.",
                K::ClaimMissing("data"),
            ),
            (
                "persistentvolumeclaim \"data\" is being deleted",
                K::ClaimDeleting("data"),
            ),
            ("no nodes available to schedule pods", K::NoNodes),
            (
                "Scheduling is blocked due to non-empty scheduling gates",
                K::Gates,
            ),
            (
                "running PreBind plugin \"VolumeBinding\": binding volumes: context deadline exceeded",
                K::Other,
            ),
            (
                "0/4 nodes are available: waiting for ephemeral volume controller to create the persistentvolumeclaim \"a-tmp\". \
                 preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.",
                K::EphemeralClaim,
            ),
            (
                "0/4 nodes are available: persistentvolumeclaim \"data\" bound to non-existent persistentvolume \"pv-1\".",
                K::ClaimLost,
            ),
            (
                "0/4 nodes are available: waiting for scheduling gates: [a b].",
                K::Gates,
            ),
        ];
        for (message, kind) in cases {
            assert_eq!(kinds(message), [(None, kind)], "{message}");
        }
    }

    #[test]
    fn every_known_reason_has_its_kind() {
        let cases = [
            ("Insufficient memory", K::Insufficient("memory")),
            ("Too many pods", K::TooManyPods),
            ("node(s) were unschedulable", K::Unschedulable),
            (
                "node(s) didn't match pod anti-affinity rules",
                K::AntiAffinity,
            ),
            (
                "node(s) didn't satisfy existing pods anti-affinity rules",
                K::ExistingAntiAffinity,
            ),
            ("node(s) didn't match pod affinity rules", K::Affinity),
            (
                "node(s) didn't match pod topology spread constraints (missing required label)",
                K::Spread,
            ),
            (
                "node(s) didn't have free ports for the requested pod ports",
                K::Ports,
            ),
            ("node(s) didn't match the requested node name", K::NodeName),
            ("node(s) had volume node affinity conflict", K::VolumeNode),
            (
                "node(s) didn't match PersistentVolume's node affinity",
                K::VolumeNode,
            ),
            ("node(s) exceed max volume count", K::VolumeCount),
            (
                "node(s) didn't find available persistent volumes to bind",
                K::NoVolume,
            ),
            ("node(s) did not have enough free storage", K::FreeStorage),
            (
                "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode",
                K::ExclusiveVolume,
            ),
            (
                "disk.csi.example.com CSI driver is not installed on the node",
                K::DriverMissing("disk.csi.example.com"),
            ),
            ("cannot allocate all claims", K::Devices),
            (
                "request gpu: device class big-gpu does not exist",
                K::DeviceClass("big-gpu"),
            ),
            ("something of a plugin, never seen", K::Other),
            // Of the plugins of 1.28 to 1.36, as their sources have them.
            (
                "Insufficient ephemeral-storage",
                K::Insufficient("ephemeral-storage"),
            ),
            (
                "Insufficient hugepages-2Mi",
                K::Insufficient("hugepages-2Mi"),
            ),
            (
                "node(s) didn't match Pod's node affinity/selector",
                K::Selector,
            ),
            (
                "node(s) didn't match scheduler-enforced node affinity",
                K::Selector,
            ),
            (
                "node(s) didn't satisfy plugin(s) [NodeAffinity]",
                K::Selector,
            ),
            (
                "node declared features check failed - unsatisfied requirements: InPlace",
                K::Selector,
            ),
            ("node(s) had untolerated taint(s)", K::Taint(None)),
            (
                "node(s) had untolerated taint {spot: }",
                K::Taint(Some("spot")),
            ),
            (
                "node(s) had taint {spot: true}, that the pod didn't tolerate",
                K::Taint(Some("spot")),
            ),
            (
                "node(s) had taints that the pod didn't tolerate",
                K::Taint(None),
            ),
            ("node(s) had unknown conditions", K::Unschedulable),
            (
                "node(s) didn't match pod topology spread constraints",
                K::Spread,
            ),
            ("node(s) had no available volume zone", K::VolumeNode),
            ("node(s) had no available disk", K::ExclusiveVolume),
            (
                "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
                K::ExclusiveVolume,
            ),
            (
                "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
                K::ClaimLost,
            ),
            ("resourceclaim not available on the node", K::Devices),
            ("resourceclaim in use", K::Devices),
            ("resourceclaim must be reallocated", K::Devices),
            ("unallocated immediate resourceclaim", K::Devices),
            (
                "resource claim shop/gpu is in the process of being allocated",
                K::Devices,
            ),
            ("timed out trying to allocate devices", K::Devices),
            ("asked by caller to stop allocating devices: no", K::Devices),
            ("resourceclaim \"gpu\" is being deleted", K::Devices),
            (
                "resourceclaim.resource.k8s.io \"gpu\" not found",
                K::DeviceClaimMissing,
            ),
            (
                "waiting for dynamic resource controller to create the resourceclaim \"gpu\"",
                K::DeviceClaimMissing,
            ),
            (
                "waiting for minCount pods from a gang to appear in scheduling queue",
                K::Gang,
            ),
            (
                "pod group \"a\" doesn't exist for a workload \"b\"",
                K::Gang,
            ),
            (
                "waiting for pods's workload \"b\" to appear in scheduling queue",
                K::Gang,
            ),
        ];
        for (text, kind) in cases {
            let message = format!("0/3 nodes are available: 3 {text}.");
            assert_eq!(kinds(&message), [(Some(3), kind)], "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken_apart_without_a_panic(text in "\\PC{0,80}") {
            let _ = SchedulerMessage::parse(&text);
        }

        #[test]
        fn any_body_is_taken_apart_without_a_panic(body in "[0-9a-z,. {}:é]{0,60}") {
            let _ = SchedulerMessage::parse(&format!("0/3 nodes are available: {body}"));
        }
    }
}
