//! Which pods of a server that replicates lead and which follow, by the label that its operator moves.

use crate::kubernetes::{Pod, Service};
use crate::snapshot::Cluster;

/// The part that a pod plays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Role<'p> {
    /// The label.
    pub(super) key: &'p str,
    /// Its value.
    pub(super) value: &'p str,
    /// Whether it leads; else it follows.
    pub(super) is_primary: bool,
}

/// The pod that leads those behind a Service, and the label that says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Led<'a> {
    /// The pod.
    pub(super) primary: &'a Pod,
    /// The label.
    pub(super) key: &'a str,
    /// Its value.
    pub(super) value: &'a str,
}

const LEADS: [&str; 3] = ["primary", "master", "leader"];
const FOLLOWS: [&str; 7] = [
    "replica",
    "secondary",
    "slave",
    "standby",
    "follower",
    "sync_standby",
    "readonly",
];

/// The part that a pod plays: `role=master`, `spilo-role=replica`, `cnpg.io/instanceRole=primary`.
pub(super) fn role_of(pod: &Pod) -> Option<Role<'_>> {
    pod.metadata.labels.iter().find_map(|(key, value)| {
        if !key.to_ascii_lowercase().ends_with("role") {
            return None;
        }
        let is = |words: &[&str]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
        let is_primary = is(&LEADS);
        (is_primary || is(&FOLLOWS)).then(|| Role {
            key: key.as_str(),
            value: value.as_str(),
            is_primary,
        })
    })
}

/// Who leads the pods of a Service that all follow: a ready pod of the same controller. None where one of them leads, or
/// one does not say what it does. Reads Pod and the kinds of workloads.
pub(super) fn led_by<'a>(cluster: &Cluster<'a>, pods: &[&'a Pod]) -> Option<Led<'a>> {
    let first = pods.first()?;
    let key = role_of(first)?.key;
    let follows = |pod: &&Pod| role_of(pod).is_some_and(|role| role.key == key && !role.is_primary);
    if !pods.iter().all(follows) {
        return None;
    }
    let controller = first.metadata.controller()?;
    let mut siblings = cluster.in_namespace::<Pod>(&first.metadata.namespace);
    siblings.find_map(|pod| {
        let role = role_of(pod)?;
        let is_sibling = pod
            .metadata
            .controller()
            .is_some_and(|other| other.uid == controller.uid);
        let leads = role.key == key && role.is_primary && pod.is_ready() && pod.is_live();
        (is_sibling && leads).then_some(Led {
            primary: pod,
            key: role.key,
            value: role.value,
        })
    })
}

/// Whether a Service asks for the part that its pods play.
pub(super) fn selects_by_role(service: &Service, key: &str) -> bool {
    service.spec.selector.contains_key(key)
}
