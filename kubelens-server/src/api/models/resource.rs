//! Objects of any kind as rows: a status and a summary, in the words of the contract.

use jiff::Timestamp;
use kubelens_core::kubernetes::{
    AnyObject, CustomObject, Kind, Labels, NodeMetrics, ObjectMeta, PodMetrics, Text, condition,
};
use kubelens_core::model::safe_text;
use serde::Serialize;

use super::pod_words;
use super::{node_of, node_status, pod_of};
use crate::api::text::{UNKNOWN, age, cpu, memory};
use crate::live::Picture;

/// An object in a list of its kind.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct ResourceItem {
    /// Its uid.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// How it is, in a word.
    pub status: String,
    /// How old it is.
    pub age: String,
    /// What there is to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

/// The objects of a kind.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceList {
    /// The kind, as it was asked for.
    pub kind: String,
    /// The objects.
    pub items: Vec<ResourceItem>,
    /// Where the next page begins.
    #[serde(rename = "continue", skip_serializing_if = "Option::is_none")]
    pub continue_: Option<String>,
    /// How many there are, this page and others.
    pub total: usize,
    /// True where the list may be old.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
    /// The instant that the list is of.
    pub as_of: String,
}

/// A row with what it is narrowed and sorted by.
#[derive(Debug, Clone)]
pub struct Row {
    /// The row.
    pub item: ResourceItem,
    /// The labels of its object.
    pub labels: Labels,
    /// When its object was made.
    pub created: Option<Timestamp>,
    /// Restarts, where its object is a pod.
    pub restarts: i64,
}

fn row(
    meta: &ObjectMeta,
    now: Timestamp,
    status: impl Into<String>,
    summary: impl Into<String>,
) -> Row {
    let summary = summary.into();
    Row {
        item: ResourceItem {
            id: meta.uid.to_string(),
            name: meta.name.to_string(),
            namespace: meta.namespace.non_empty().map(str::to_owned),
            status: safe_text(&status.into()),
            age: age(meta.creation_timestamp, now),
            summary: (!summary.is_empty()).then(|| safe_text(&summary)),
        },
        labels: meta.labels.clone(),
        created: meta.creation_timestamp,
        restarts: 0,
    }
}

/// The rows of these kinds, one kind after the other.
pub fn rows(picture: &Picture, kinds: &[Kind], now: Timestamp) -> Vec<Row> {
    let mut all = Vec::new();
    for kind in kinds.iter().copied() {
        all.extend(
            picture
                .snapshot
                .tables()
                .all(kind)
                .iter()
                .map(|object| row_of(object, picture, now)),
        );
    }
    all
}

/// The row of an object of a kind that has no type here.
pub(crate) fn custom_row(object: &CustomObject, now: Timestamp) -> Row {
    let ready = object
        .status
        .get("conditions")
        .and_then(serde_json::Value::as_array)
        .and_then(|all| {
            all.iter()
                .find(|one| one.get("type").and_then(serde_json::Value::as_str) == Some("Ready"))
        });
    let status = match ready
        .and_then(|ready| ready.get("status"))
        .and_then(serde_json::Value::as_str)
    {
        Some("True") => "Ready",
        Some("False") => "NotReady",
        Some(_) => "Unknown",
        None => match object.status_text("/phase") {
            "" => "Active",
            phase => phase,
        },
    };
    row(&object.metadata, now, status, object.api_version.as_str())
}

fn ready_of(ready: i64, desired: i64) -> String {
    format!("{ready}/{desired} Ready")
}

fn joined<'t>(texts: impl IntoIterator<Item = &'t Text>) -> String {
    texts
        .into_iter()
        .map(Text::as_str)
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join(",")
}

fn load_balanced(addresses: usize) -> &'static str {
    if addresses > 0 {
        "Address assigned"
    } else {
        "No address"
    }
}

/// The row of an object.
pub fn row_of(object: &AnyObject, picture: &Picture, now: Timestamp) -> Row {
    let meta = object.metadata();
    let of = |status: String, summary: String| row(meta, now, status, summary);
    match object {
        AnyObject::Pod(pod) => {
            let item = pod_of(pod, &picture.snapshot, now);
            let summary = format!(
                "CPU {}, Memory {}, Restarts {}",
                item.cpu, item.memory, item.restarts
            );
            let mut row = of(item.status.to_owned(), summary);
            row.restarts = pod_words::restarts(pod);
            row
        }
        AnyObject::Node(node) => {
            let item = node_of(node, picture, now);
            of(
                node_status(node).to_owned(),
                format!("CPU {}, Memory {}", item.cpu_usage, item.mem_usage),
            )
        }
        AnyObject::Deployment(one) => of(
            ready_of(one.status.ready_replicas, one.spec.replicas.unwrap_or(1)),
            one.spec.strategy.type_.to_string(),
        ),
        AnyObject::ReplicaSet(one) => of(
            ready_of(one.status.ready_replicas, one.spec.replicas.unwrap_or(1)),
            format!(
                "Observed generation {}",
                one.status.observed_generation.unwrap_or(0)
            ),
        ),
        AnyObject::ReplicationController(one) => of(
            ready_of(one.status.ready_replicas, one.spec.replicas.unwrap_or(1)),
            format!(
                "Observed generation {}",
                one.status.observed_generation.unwrap_or(0)
            ),
        ),
        AnyObject::StatefulSet(one) => of(
            ready_of(one.status.ready_replicas, one.spec.replicas.unwrap_or(1)),
            format!("Service: {}", one.spec.service_name),
        ),
        AnyObject::DaemonSet(one) => of(
            ready_of(one.status.number_ready, one.status.desired_number_scheduled),
            format!("Updated {}", one.status.updated_number_scheduled),
        ),
        AnyObject::Job(one) => {
            let is = |name: &str| {
                condition(&one.status.conditions, name).is_some_and(|one| one.is_true())
            };
            let status = if is("Failed") {
                format!("Failed ({})", one.status.failed)
            } else if is("Complete") {
                format!("Succeeded ({})", one.status.succeeded)
            } else {
                "Running".to_owned()
            };
            of(
                status,
                format!("Completions: {}", one.spec.completions.unwrap_or(1)),
            )
        }
        AnyObject::CronJob(one) => {
            let status = if one.spec.suspend == Some(true) {
                "Suspended"
            } else {
                "Active"
            };
            of(
                status.to_owned(),
                format!("Schedule: {}", one.spec.schedule),
            )
        }
        AnyObject::Service(one) => {
            let ports: Vec<String> = one
                .spec
                .ports
                .iter()
                .map(|port| port.port.to_string())
                .collect();
            let type_ = one.spec.type_.non_empty().unwrap_or("ClusterIP");
            let address = one.spec.cluster_ip.non_empty().unwrap_or("None");
            of(
                type_.to_owned(),
                format!("ClusterIP {address}, Ports {}", ports.join(",")),
            )
        }
        AnyObject::Ingress(one) => of(
            load_balanced(one.status.load_balancer.ingress.len()).to_owned(),
            joined(one.spec.rules.iter().map(|rule| &rule.host)),
        ),
        AnyObject::NetworkPolicy(one) => {
            let count = |rules: Option<usize>| rules.unwrap_or(0);
            of(
                "Active".to_owned(),
                format!(
                    "Ingress rules {}, Egress rules {}",
                    count(one.spec.ingress.as_ref().map(|rules| rules.len())),
                    count(one.spec.egress.as_ref().map(|rules| rules.len()))
                ),
            )
        }
        AnyObject::ConfigMap(one) => {
            let keys = one.data.iter().count() + one.binary_data.iter().count();
            of("Active".to_owned(), format!("Keys: {keys}"))
        }
        AnyObject::Secret(one) => {
            let keys = one.data.as_ref().map_or_else(
                || UNKNOWN.to_owned(),
                |keys| keys.iter().count().to_string(),
            );
            let type_ = one.type_.non_empty().unwrap_or(UNKNOWN);
            of("Active".to_owned(), format!("Type: {type_}, Keys: {keys}"))
        }
        AnyObject::PersistentVolume(one) => of(
            one.status.phase.to_string(),
            format!(
                "Capacity: {}",
                one.spec
                    .capacity
                    .get("storage")
                    .map_or_else(|| UNKNOWN.to_owned(), |size| size.human_bytes())
            ),
        ),
        AnyObject::PersistentVolumeClaim(one) => of(
            one.status.phase.to_string(),
            format!(
                "Storage: {}",
                one.spec
                    .resources
                    .requests
                    .get("storage")
                    .map_or_else(|| UNKNOWN.to_owned(), |size| size.human_bytes())
            ),
        ),
        AnyObject::StorageClass(one) => {
            const DEFAULT: &str = "storageclass.kubernetes.io/is-default-class";
            let is_default = meta.annotations.value(DEFAULT) == Some("true");
            of(
                if is_default { "Default" } else { "No" }.to_owned(),
                one.provisioner.to_string(),
            )
        }
        AnyObject::Namespace(one) => of(one.status.phase.to_string(), "Namespace".to_owned()),
        AnyObject::ServiceAccount(one) => of(
            "Active".to_owned(),
            format!("Secrets: {}", one.secrets.len()),
        ),
        AnyObject::Role(one) => of("Role".to_owned(), format!("Rules: {}", one.rules.len())),
        AnyObject::ClusterRole(one) => of(
            "ClusterRole".to_owned(),
            format!("Rules: {}", one.rules.len()),
        ),
        AnyObject::RoleBinding(one) => of(
            "RoleBinding".to_owned(),
            format!("Subjects: {}", one.subjects.len()),
        ),
        AnyObject::ClusterRoleBinding(one) => of(
            "ClusterRoleBinding".to_owned(),
            format!("Subjects: {}", one.subjects.len()),
        ),
        AnyObject::Event(one) => {
            let mut row = of(one.type_.to_string(), one.message.to_string());
            row.item.name = safe_text(&one.reason);
            row.item.age = age(one.last_seen(), now);
            row.created = one.last_seen();
            row
        }
        AnyObject::NodeMetrics(sample) => measured("Node", "node", meta, now, node_use(sample)),
        AnyObject::PodMetrics(sample) => measured("Pod", "pod", meta, now, pod_use(sample)),
        other => of("Active".to_owned(), other.kind().api_version().to_owned()),
    }
}

fn node_use(sample: &NodeMetrics) -> (String, String) {
    let used = |resource: &str| sample.usage.get(resource).copied();
    (
        used("cpu").map_or_else(|| UNKNOWN.to_owned(), cpu),
        used("memory").map_or_else(|| UNKNOWN.to_owned(), memory),
    )
}

fn pod_use(sample: &PodMetrics) -> (String, String) {
    (
        cpu(sample.used_in_all("cpu")),
        memory(sample.used_in_all("memory")),
    )
}

fn measured(
    status: &str,
    prefix: &str,
    meta: &ObjectMeta,
    now: Timestamp,
    (cpu, memory): (String, String),
) -> Row {
    let mut row = row(meta, now, status, format!("CPU {cpu}, Memory {memory}"));
    let place = meta
        .namespace
        .non_empty()
        .map(|namespace| format!("{namespace}-"))
        .unwrap_or_default();
    row.item.id = format!("{prefix}-{place}{}", meta.name);
    row
}
