use schemars::JsonSchema;
use serde::Deserialize;

use super::Problem;
use super::reading::read;
use crate::model::{Placed, Risk, Severity};

/// Rules that need no Rust: conditions over objects, written in YAML with CEL expressions.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RulePackDocument {
    /// Always `kubelens.dev/v1alpha1`.
    pub api_version: String,
    /// Always `RulePack`.
    pub kind: String,
    /// What the pack is called.
    pub metadata: PackMetadata,
    /// The rules.
    pub rules: Vec<Placed<RuleEntry>>,
}

/// What a pack is called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PackMetadata {
    /// The name.
    pub name: String,
    /// What its rules have in common.
    #[serde(default)]
    pub description: String,
}

/// One rule: a condition that some objects can be in.
///
/// Expressions can name `object` (the object, with every field that the API sent), `age` (its seconds since
/// creation) and `related` (the objects that `follow` leads to).
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RuleEntry {
    /// Three capitals of your own and three digits: `TEA001`.
    #[schemars(regex(pattern = r"^[A-Z]{3}[0-9]{3}$"))]
    pub code: Placed<String>,
    /// The condition in words: `owner-label-missing`.
    #[schemars(regex(pattern = r"^[a-z][a-z0-9-]*$"))]
    pub name: Placed<String>,
    /// What it means, in a sentence or two.
    pub description: String,
    /// The kinds that it looks at.
    #[serde(rename = "match")]
    #[schemars(length(min = 1))]
    pub matches: Placed<Vec<MatchEntry>>,
    /// Where `related` comes from. Where that cannot be known in full, the rule is silent.
    #[serde(default)]
    pub follow: Option<Placed<FollowEntry>>,
    /// CEL: when it is so. A field that is not there makes it false.
    pub when: Placed<String>,
    /// CEL: when it does not matter. A field that is not there makes it false.
    #[serde(default)]
    pub unless: Option<Placed<String>>,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is, 0 to 1.
    #[serde(default)]
    pub confidence: Option<Placed<f64>>,
    /// What has to be changed: the object itself, what owns it, or what `follow` leads to.
    #[serde(default)]
    pub subject: SubjectName,
    /// The condition in one line; `{{ CEL }}` stands for a value.
    pub message: Placed<String>,
    /// What it means for what runs, as `message`; the description where it is left out.
    #[serde(default)]
    pub explanation: Option<Placed<String>>,
    /// Paths of fields that prove it: `spec.replicas`, `metadata.labels['team.example/owner']`.
    #[schemars(length(min = 1))]
    pub evidence: Placed<Vec<Placed<String>>>,
    /// What to do.
    #[serde(default)]
    pub suggestions: Vec<Placed<SuggestionEntry>>,
    /// Its tests.
    pub examples: Placed<Examples>,
}

/// A kind of Kubernetes or of a custom resource, in any version.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MatchEntry {
    /// As in manifests; only the group counts.
    pub api_version: String,
    /// As in manifests.
    pub kind: String,
}

/// A step from an object to others.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FollowEntry {
    /// How they hang together.
    pub relation: RelationName,
    /// The others' `apiVersion`; only the group counts.
    pub api_version: String,
    /// The others' kind.
    pub kind: String,
    /// For `selector`, CEL: the labels, or the label selector, of pods in the object's namespace.
    #[serde(default)]
    pub selector: Option<Placed<String>>,
    /// For `reference`, CEL: the name.
    #[serde(default)]
    pub name: Option<Placed<String>>,
    /// For `reference`, CEL: the namespace; the object's own where it is left out.
    #[serde(default)]
    pub namespace: Option<Placed<String>>,
}

/// How objects hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RelationName {
    /// The other controls the object.
    Owner,
    /// The object selects pods.
    Selector,
    /// The object names the other.
    Reference,
}

/// What has to be changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubjectName {
    /// The object.
    #[default]
    #[serde(rename = "self")]
    Own,
    /// The topmost owner of the object.
    Owner,
    /// What `follow` leads to, each of them; for a `reference` also what is not there.
    Related,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuggestionEntry {
    /// The advice, as `message`.
    pub text: String,
    /// A command, as `message`; left out where a value would make a shell do something else.
    #[serde(default)]
    pub command: Option<String>,
    /// What the command can do.
    #[serde(default = "harmless")]
    pub risk: Risk,
}

const fn harmless() -> Risk {
    Risk::Low
}

/// Examples of a rule, which are its tests: manifests of everything that there is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Examples {
    /// Where it fires.
    #[schemars(length(min = 1))]
    pub fires: Vec<Placed<String>>,
    /// Where it stays silent.
    #[schemars(length(min = 1))]
    pub silent: Vec<Placed<String>>,
}

impl RulePackDocument {
    /// The kind of the document.
    pub const KIND: &'static str = "RulePack";

    /// Reads it; `place` is what messages call the file.
    pub fn parse(place: &str, text: &str) -> Result<Self, Problem> {
        read(place, Self::KIND, text)
    }
}
