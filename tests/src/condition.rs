//! The conditions that a story waits for.

use anyhow::Result;
use serde::Deserialize;
use serde_json::Value;

use crate::cluster::{Cluster, Target};
use crate::manifest::text_at;

/// Something that can be seen in a cluster. Where no namespace is said, the story's first is meant.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Condition {
    /// Exactly so many pods are in a state.
    Pods(Pods),
    /// An Event was written.
    Event(Event),
    /// An object's `status.conditions` has an entry.
    Condition(StatusCondition),
    /// An object's field has a value.
    Field(Field),
}

/// Pods that carry labels, and all of what else is said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pods {
    #[serde(default)]
    labels: String,
    #[serde(default)]
    namespace: String,
    count: usize,
    /// A container, of either sort, waits for this reason.
    waiting: Option<String>,
    /// The condition Ready is (or is not) True.
    ready: Option<bool>,
    /// `status.phase`.
    phase: Option<String>,
    /// A deletion was asked for.
    deleted: Option<bool>,
}

/// An Event about an object of a kind.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    #[serde(default)]
    namespace: String,
    kind: String,
    reason: String,
    /// What the message contains.
    #[serde(default)]
    text: String,
}

/// An entry of `status.conditions`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusCondition {
    of: Target,
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

/// A value at a JSON pointer; `null` is also what is not there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    of: Target,
    path: String,
    is: Value,
}

impl Condition {
    /// Looks once: nothing if the condition holds, else what is there instead.
    pub async fn missing(&self, cluster: &Cluster, namespace: &str) -> Result<Option<String>> {
        match self {
            Self::Pods(pods) => pods.missing(cluster, namespace).await,
            Self::Event(event) => event.missing(cluster, namespace).await,
            Self::Condition(condition) => {
                let target = within(&condition.of, namespace);
                let object = cluster.get(&target).await?.unwrap_or_default();
                let all = object
                    .pointer("/status/conditions")
                    .and_then(Value::as_array);
                let is = all
                    .into_iter()
                    .flatten()
                    .find(|entry| text_at(entry, "/type") == condition.kind);
                let holds = is.is_some_and(|entry| text_at(entry, "/status") == condition.status);
                Ok((!holds).then(|| {
                    format!(
                        "{} {}: {} is {is:?}",
                        target.kind, target.name, condition.kind
                    )
                }))
            }
            Self::Field(field) => {
                let target = within(&field.of, namespace);
                let object = cluster.get(&target).await?.unwrap_or_default();
                let is = object.pointer(&field.path).unwrap_or(&Value::Null);
                Ok((*is != field.is)
                    .then(|| format!("{} {}: {} is {is}", target.kind, target.name, field.path)))
            }
        }
    }
}

fn within(target: &Target, namespace: &str) -> Target {
    let own = &target.namespace;
    Target {
        namespace: if own.is_empty() {
            namespace.to_owned()
        } else {
            own.clone()
        },
        ..target.clone()
    }
}

fn kind(name: &str, own: &str, namespace: &str) -> Target {
    let target = Target {
        api_version: "v1".to_owned(),
        kind: name.to_owned(),
        namespace: own.to_owned(),
        name: String::new(),
    };
    within(&target, namespace)
}

impl Pods {
    async fn missing(&self, cluster: &Cluster, namespace: &str) -> Result<Option<String>> {
        let all = cluster
            .list(&kind("Pod", &self.namespace, namespace), &self.labels)
            .await?;
        let found = all.iter().filter(|pod| self.holds(pod)).count();
        Ok((found != self.count)
            .then(|| format!("{found} of {} pods are as {self:?} says", all.len())))
    }

    fn holds(&self, pod: &Value) -> bool {
        let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
        let ready = conditions
            .into_iter()
            .flatten()
            .any(|c| text_at(c, "/type") == "Ready" && text_at(c, "/status") == "True");
        let containers = ["/status/initContainerStatuses", "/status/containerStatuses"];
        let mut containers = containers
            .iter()
            .filter_map(|list| pod.pointer(list))
            .filter_map(Value::as_array)
            .flatten();
        self.ready.is_none_or(|wanted| wanted == ready)
            && self
                .phase
                .as_deref()
                .is_none_or(|wanted| wanted == text_at(pod, "/status/phase"))
            && self.deleted.is_none_or(|wanted| {
                wanted != text_at(pod, "/metadata/deletionTimestamp").is_empty()
            })
            && self.waiting.as_deref().is_none_or(|wanted| {
                containers.any(|c| text_at(c, "/state/waiting/reason") == wanted)
            })
    }
}

impl Event {
    async fn missing(&self, cluster: &Cluster, namespace: &str) -> Result<Option<String>> {
        let all = cluster
            .list(&kind("Event", &self.namespace, namespace), "")
            .await?;
        let holds = all.iter().any(|event| {
            text_at(event, "/involvedObject/kind") == self.kind
                && text_at(event, "/reason") == self.reason
                && text_at(event, "/message").contains(&self.text)
        });
        Ok((!holds).then(|| format!("{} events, none is {self:?}", all.len())))
    }
}
