use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kubelens_core::kubernetes::{Node, NodeMetrics, Resources, condition};
use serde::Serialize;

use crate::api::text::{UNKNOWN, age, instant, percent};
use crate::live::{Picture, Usage};

/// A node in a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeItem {
    /// Its name.
    pub name: String,
    /// `Ready`, `NotReady` or `Unknown`.
    pub status: String,
    /// With commas; `cordoned` among them while nothing new may run there.
    pub roles: String,
    /// Whether nothing new may run there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unschedulable: bool,
    /// How old it is.
    pub age: String,
    /// The kubelet's version.
    pub version: String,
    /// `18%`, or `N/A` where it was not measured.
    pub cpu_usage: String,
    /// `44%`, or `N/A` where it was not measured.
    pub mem_usage: String,
    /// What it used lately.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cpu_history: Vec<HistoryPoint>,
}

/// One sample.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct HistoryPoint {
    /// Hours and minutes, UTC: `15:04`.
    pub time: String,
    /// Percent.
    pub value: i64,
}

/// A node with everything that is known of it.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct NodeDetail {
    /// What lists say of it.
    #[serde(flatten)]
    pub node: NodeItem,
    /// What it has.
    pub capacity: Amounts,
    /// What it can give to pods.
    pub allocatable: Amounts,
    /// Its conditions.
    pub conditions: Vec<NodeCondition>,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// `key=value:Effect` each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<String>,
    /// Its labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// Amounts of what pods need.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Amounts {
    /// `7.8`.
    pub cpu: String,
    /// `30Gi`.
    pub memory: String,
    /// `110`.
    pub pods: String,
}

/// A condition of a node.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeCondition {
    /// `Ready`.
    #[serde(rename = "type")]
    pub type_: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// When that began.
    pub last_transition_time: String,
    /// Why, in a word.
    pub reason: String,
    /// Why.
    pub message: String,
}

/// An address of a node.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Address {
    /// `InternalIP`, `Hostname`.
    #[serde(rename = "type")]
    pub type_: String,
    /// The address.
    pub address: String,
}

/// `Ready`, `NotReady`, or `Unknown` where the node never said. A node that fell silent is not ready.
pub fn node_status(node: &Node) -> &'static str {
    match condition(&node.status.conditions, "Ready") {
        None => "Unknown",
        Some(ready) if ready.is_true() => "Ready",
        Some(_) => "NotReady",
    }
}

fn roles(node: &Node) -> String {
    const PREFIX: &str = "node-role.kubernetes.io/";
    let mut roles: Vec<&str> = node
        .metadata
        .labels
        .keys()
        .filter_map(|key| key.strip_prefix(PREFIX))
        .collect();
    if node.spec.unschedulable {
        roles.push("cordoned");
    }
    if roles.is_empty() {
        "<none>".to_owned()
    } else {
        roles.join(",")
    }
}

/// A node as it stands in lists.
pub fn node_of(node: &Node, picture: &Picture, now: Timestamp) -> NodeItem {
    let sample = picture
        .snapshot
        .table::<NodeMetrics>()
        .get("", &node.metadata.name);
    let share = |resource: &str| {
        percent(sample.and_then(|sample| crate::live::percent(node, sample, resource)))
    };
    NodeItem {
        name: node.metadata.name.to_string(),
        status: node_status(node).to_owned(),
        roles: roles(node),
        unschedulable: node.spec.unschedulable,
        age: age(node.metadata.creation_timestamp, now),
        version: node.status.node_info.kubelet_version.to_string(),
        cpu_usage: share("cpu"),
        mem_usage: share("memory"),
        cpu_history: history(&picture.usage, &node.metadata.name),
    }
}

fn history(usage: &Usage, node: &str) -> Vec<HistoryPoint> {
    let point = |point: &crate::live::Point| HistoryPoint {
        time: point
            .at
            .to_zoned(TimeZone::UTC)
            .strftime("%H:%M")
            .to_string(),
        value: point.cpu_percent,
    };
    usage.of(node).map(point).collect()
}

fn amounts(resources: &Resources) -> Amounts {
    let text = |resource: &str| {
        resources
            .get(resource)
            .map_or_else(|| UNKNOWN.to_owned(), |amount| amount.human(resource))
    };
    Amounts {
        cpu: text("cpu"),
        memory: text("memory"),
        pods: text("pods"),
    }
}

/// A node with everything that is known of it.
pub fn node_detail(node: &Node, picture: &Picture, now: Timestamp) -> NodeDetail {
    let conditions = node.status.conditions.iter().map(|one| NodeCondition {
        type_: one.type_.to_string(),
        status: one.status.to_string(),
        last_transition_time: one.last_transition_time.map(instant).unwrap_or_default(),
        reason: one.reason.to_string(),
        message: kubelens_core::model::safe_text(&one.message),
    });
    let addresses = node.status.addresses.iter().map(|one| Address {
        type_: one.type_.to_string(),
        address: one.address.to_string(),
    });
    NodeDetail {
        node: node_of(node, picture, now),
        capacity: amounts(&node.status.capacity),
        allocatable: amounts(&node.status.allocatable),
        conditions: conditions.collect(),
        addresses: addresses.collect(),
        taints: node.spec.taints.iter().map(ToString::to_string).collect(),
        labels: node
            .metadata
            .labels
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect(),
    }
}
