use jiff::Timestamp;

use super::text::unique;
use super::{Kind, Labels, List, Text};

slim! {
    /// metav1.ObjectMeta, without managedFields.
    pub struct ObjectMeta {
        pub name: Text,
        pub namespace: Text,
        #[serde(deserialize_with = "unique")]
        pub uid: Text,
        /// Newer versions are larger numbers (KEP-5504); none where it is no number.
        #[serde(with = "resource_version", skip_serializing_if = "Option::is_none")]
        pub resource_version: Option<u64>,
        pub generation: Option<i64>,
        pub creation_timestamp: Option<Timestamp>,
        pub deletion_timestamp: Option<Timestamp>,
        pub deletion_grace_period_seconds: Option<i64>,
        pub labels: Labels,
        #[serde(deserialize_with = "short_annotations")]
        pub annotations: Labels,
        pub owner_references: List<OwnerReference>,
        pub finalizers: List<Text>,
        pub generate_name: Text,
        /// The newest write to anything but the status: what is kept of managedFields.
        #[serde(rename = "managedFields", with = "last_write", skip_serializing_if = "Option::is_none")]
        pub last_write: Option<Timestamp>,
    }

    /// metav1.OwnerReference.
    pub struct OwnerReference {
        pub api_version: Text,
        pub kind: Text,
        pub name: Text,
        pub uid: Text,
        pub controller: bool,
        pub block_owner_deletion: bool,
    }

    /// metav1.Condition and its older relatives.
    pub struct Condition {
        #[serde(rename = "type")]
        pub type_: Text,
        pub status: Text,
        pub reason: Text,
        pub message: Text,
        pub last_transition_time: Option<Timestamp>,
        pub last_update_time: Option<Timestamp>,
        pub last_heartbeat_time: Option<Timestamp>,
        pub observed_generation: Option<i64>,
    }

    /// metav1.LabelSelector.
    pub struct LabelSelector {
        pub match_labels: Labels,
        pub match_expressions: List<SelectorRequirement>,
    }

    /// One expression of a label or node selector.
    pub struct SelectorRequirement {
        pub key: Text,
        pub operator: Text,
        pub values: List<Text>,
    }
}

impl Kind {
    /// Whether its objects are workloads, from which pods are made.
    pub const fn makes_pods(self) -> bool {
        matches!(
            self,
            Self::Deployment
                | Self::ReplicaSet
                | Self::StatefulSet
                | Self::DaemonSet
                | Self::ReplicationController
                | Self::CronJob
                | Self::Job
        )
    }
}

impl ObjectMeta {
    /// The owner that manages the object.
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|owner| owner.controller)
    }

    /// The controller, if it is of a kind that KubeLens knows to make pods: a workload, or something that one makes.
    /// What a custom resource makes is not made by one: an operator's StatefulSet stands for itself.
    pub fn workload_controller(&self) -> Option<(Kind, &OwnerReference)> {
        let owner = self.controller()?;
        let kind = Kind::from_manifest(&owner.api_version, &owner.kind)?;
        // A static pod belongs to its Node.
        (kind.makes_pods() || kind == Kind::Node).then_some((kind, owner))
    }

    /// Whether it is being deleted.
    pub const fn is_terminating(&self) -> bool {
        self.deletion_timestamp.is_some()
    }
}

impl Condition {
    /// Whether the status is `True`.
    pub fn is_true(&self) -> bool {
        self.status == "True"
    }

    /// Whether the status is `False`.
    pub fn is_false(&self) -> bool {
        self.status == "False"
    }

    /// Status, reason and message, as far as they are there: `False NoRoom: none is left`.
    pub fn in_words(&self) -> String {
        let state = [self.status.as_str(), self.reason.as_str()];
        let state: Vec<&str> = state.into_iter().filter(|it| !it.is_empty()).collect();
        let state = state.join(" ");
        match self.message.as_str() {
            "" => state,
            message => format!("{state}: {message}"),
        }
    }
}

/// The condition of a type in a list.
pub fn condition<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

impl LabelSelector {
    /// Whether it has no requirement. What that means depends on where it stands: mostly everything.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    /// Whether the labels meet every requirement; an empty selector matches everything.
    pub fn matches(&self, labels: &Labels) -> bool {
        labels.holds(&self.match_labels)
            && self
                .match_expressions
                .iter()
                .all(|requirement| requirement.matches(labels))
    }
}

impl SelectorRequirement {
    /// Whether the labels meet it. Source: apimachinery `labels.Requirement.Matches`; an operator
    /// that is not known meets nothing.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        match self.operator.as_str() {
            "In" => value.is_some_and(|value| self.values.contains(value)),
            "NotIn" => value.is_none_or(|value| !self.values.contains(value)),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            "Gt" | "Lt" => {
                let bound = self
                    .values
                    .first()
                    .and_then(|bound| bound.parse::<i64>().ok());
                let number = value.and_then(|value| value.parse::<i64>().ok());
                match (number, bound) {
                    (Some(number), Some(bound)) if self.operator == "Gt" => number > bound,
                    (Some(number), Some(bound)) => number < bound,
                    _ => false,
                }
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for SelectorRequirement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let values = self.values.join(", ");
        match self.operator.as_str() {
            "In" => write!(f, "{} in ({values})", self.key),
            "NotIn" => write!(f, "{} notin ({values})", self.key),
            "Exists" => write!(f, "{}", self.key),
            "DoesNotExist" => write!(f, "!{}", self.key),
            "Gt" => write!(f, "{} > {values}", self.key),
            "Lt" => write!(f, "{} < {values}", self.key),
            other => write!(f, "{} {other} ({values})", self.key),
        }
    }
}

impl std::fmt::Display for LabelSelector {
    /// As `kubectl -l` takes it: `app=web,tier in (a, b)`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pairs = self
            .match_labels
            .iter()
            .map(|(key, value)| format!("{key}={value}"));
        let expressions = self.match_expressions.iter().map(ToString::to_string);
        f.write_str(&pairs.chain(expressions).collect::<Vec<_>>().join(","))
    }
}

/// Longest annotation that is kept; longer ones are copies of whole manifests.
const LONGEST_ANNOTATION: usize = 256;

/// How the annotations end in which ingress controllers take raw configuration, and how long these may be.
const SNIPPET: &str = "-snippet";
const LONGEST_SNIPPET: usize = 4096;

/// A copy of the whole manifest, with the values of a Secret in it.
const COPY_OF_ALL: &str = "kubectl.kubernetes.io/last-applied-configuration";

fn short_annotations<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Labels, D::Error> {
    let all = <Labels as serde::Deserialize>::deserialize(deserializer)?;
    let is_kept = |key: &Text, value: &Text| {
        let longest = if key.ends_with(SNIPPET) {
            LONGEST_SNIPPET
        } else {
            LONGEST_ANNOTATION
        };
        value.len() <= longest && *key != *COPY_OF_ALL
    };
    if all.iter().all(|(key, value)| is_kept(key, value)) {
        return Ok(all);
    }
    Ok(all
        .iter()
        .filter(|(key, value)| is_kept(key, value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect())
}

mod resource_version {
    use serde::{Deserializer, Serializer};

    use crate::kubernetes::text::unique;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<u64>, D::Error> {
        Ok(unique(deserializer)?.parse().ok())
    }

    // serde's `with` hands over a reference to the field's own type.
    #[allow(clippy::ref_option, reason = "the signature is serde's")]
    pub(super) fn serialize<S: Serializer>(
        version: &Option<u64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&version.unwrap_or_default())
    }
}

mod last_write {
    use jiff::Timestamp;
    use serde::ser::SerializeSeq;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::kubernetes::{List, Text};

    #[derive(Default, Deserialize, Serialize)]
    #[serde(default)]
    struct Entry {
        time: Option<Timestamp>,
        subresource: Text,
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let entries = List::<Entry>::deserialize(deserializer)?;
        Ok(entries
            .iter()
            .filter(|entry| entry.subresource.is_empty())
            .filter_map(|entry| entry.time)
            .max())
    }

    // serde's `with` hands over a reference to the field's own type.
    #[allow(clippy::ref_option, reason = "the signature is serde's")]
    pub(super) fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let mut entries = serializer.serialize_seq(Some(1))?;
        entries.serialize_element(&Entry {
            time: *time,
            subresource: Text::default(),
        })?;
        entries.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(json: &str) -> SelectorRequirement {
        serde_json::from_str(json).unwrap_or_default()
    }

    fn labels(json: &str) -> Labels {
        serde_json::from_str(json).unwrap_or_default()
    }

    #[test]
    fn selector_operators_follow_the_api() {
        let web = labels(r#"{"app":"web","cores":"8"}"#);
        let cases = [
            (
                r#"{"key":"app","operator":"In","values":["web","api"]}"#,
                true,
            ),
            (
                r#"{"key":"app","operator":"NotIn","values":["web"]}"#,
                false,
            ),
            (
                r#"{"key":"tier","operator":"NotIn","values":["web"]}"#,
                true,
            ),
            (r#"{"key":"tier","operator":"Exists"}"#, false),
            (r#"{"key":"tier","operator":"DoesNotExist"}"#, true),
            (r#"{"key":"cores","operator":"Gt","values":["4"]}"#, true),
            (r#"{"key":"cores","operator":"Lt","values":["4"]}"#, false),
            (r#"{"key":"app","operator":"Gt","values":["4"]}"#, false),
            (r#"{"key":"app","operator":"Like","values":["w"]}"#, false),
        ];
        for (json, expected) in cases {
            assert_eq!(requirement(json).matches(&web), expected, "{json}");
        }
    }
}
