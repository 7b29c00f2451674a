use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Evidence, ObjectRef, Severity, Suggestion};

/// One fault, once, with everything that shows it folded in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// Where to start: 1 is first.
    pub rank: usize,
    /// Fingerprint over code, subject and the facts that identify the fault.
    pub id: String,
    /// The analyzer's code.
    pub code: String,
    /// The analyzer's name: the condition in words.
    pub name: String,
    /// How bad it is, everything that it breaks included.
    pub severity: Severity,
    /// How sure, 0 to 1.
    pub confidence: f64,
    /// The object that someone has to change, create or free.
    pub subject: ObjectRef,
    /// The fault in one line.
    pub title: String,
    /// What it means for what runs.
    pub explanation: String,
    /// The proof.
    pub evidence: Vec<Evidence>,
    /// How the fault reaches what shows it, one link a relation.
    pub chain: Vec<ChainLink>,
    /// Everything that suffers from it, the subject aside.
    pub affected: Vec<ObjectRef>,
    /// What else it could have been, and why it is not.
    pub ruled_out: Vec<RuledOut>,
    /// What to do.
    pub suggestions: Vec<Suggestion>,
    /// Causes that one fix elsewhere could cure together.
    pub group: Option<Group>,
    /// When it was first seen.
    #[schemars(with = "Option<String>")]
    pub first_seen: Option<Timestamp>,
    /// When it was last seen.
    #[schemars(with = "Option<String>")]
    pub last_seen: Option<Timestamp>,
    /// The clusters that have it, in a report over several; empty in a report over one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<ClusterCause>,
}

/// One cluster that has a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterCause {
    /// The cluster's name.
    pub name: String,
    /// How bad it is there.
    pub severity: Severity,
    /// How many objects suffer from it there.
    pub affected: usize,
}

impl Cause {
    /// Whether the object is to blame, suffers, or is a step on the way; a namespace is concerned by what lies
    /// in it.
    pub fn concerns(&self, object: &ObjectRef) -> bool {
        let is_it = |other: &ObjectRef| {
            other.is_same(object)
                || (object.kind == "Namespace"
                    && other.namespace.as_deref() == Some(object.name.as_str()))
        };
        is_it(&self.subject)
            || self.affected.iter().any(is_it)
            || self
                .chain
                .iter()
                .any(|link| is_it(&link.cause) || is_it(&link.effect))
    }
}

/// One step from a cause to an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChainLink {
    /// The object at fault.
    pub cause: ObjectRef,
    /// The object that shows it; one sample where several do.
    pub effect: ObjectRef,
    /// How the two hang together: `envFrom`, `owned by`, `selects`.
    pub relation: String,
    /// How many objects stand in the effect's place.
    pub count: usize,
    /// Places in the cause's `evidence` that prove the step.
    pub evidence: Vec<usize>,
}

/// A cause that was considered and is not the one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuledOut {
    /// The analyzer's code.
    pub code: String,
    /// The object it would have been about.
    pub subject: ObjectRef,
    /// Why it is not the cause.
    pub reason: String,
}

/// A set of causes that share what could cure them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// The same for all causes of the group.
    pub key: String,
    /// What they have in common, in one line.
    pub title: String,
    /// How many causes it has.
    pub size: usize,
}
