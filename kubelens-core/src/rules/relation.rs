use cel::Context;

use super::expression::Miss;
use super::rule::{Follow, Step};
use super::seen::Seen;
use crate::kubernetes::{GroupKind, LabelSelector};
use crate::model::ObjectRef;
use crate::snapshot::{Cluster, Snapshot};

/// Most objects that one step leads to; more are as good as many.
const MOST: usize = 1000;

/// What a step from an object leads to.
#[derive(Debug, Default)]
pub(super) struct Related {
    pub(super) objects: Vec<Seen>,
    /// For a reference: what it names, there or not.
    pub(super) named: Option<ObjectRef>,
}

/// Takes the step. None where it cannot be known where it leads: then nothing is said.
pub(super) fn follow(
    snapshot: &Snapshot,
    object: &Seen,
    follow: &Follow,
    context: &Context<'_, '_>,
) -> Result<Option<Related>, Miss> {
    let kind = &follow.kind;
    let found = |namespace: &str, name: &str| {
        let whole = snapshot.whole().get(kind, namespace, name)?;
        Seen::of(snapshot, kind, whole)
    };
    match &follow.step {
        Step::Owner => {
            let owner = object
                .controller
                .as_ref()
                .filter(|owner| GroupKind::of(&owner.api_version, &owner.kind) == *kind);
            let Some(owner) = owner else {
                return Ok(Some(Related::default()));
            };
            let there = found(object.namespace(), &owner.name);
            let is_known = there.is_some() || snapshot.knows_all(kind, object.namespace());
            Ok(is_known.then(|| Related {
                objects: there.into_iter().collect(),
                named: None,
            }))
        }
        Step::Reference { name, namespace } => {
            let name = match name.json(context)? {
                serde_json::Value::String(name) if !name.is_empty() => name,
                _ => return Ok(Some(Related::default())),
            };
            let namespace = match namespace {
                Some(namespace) => namespace.shown(context)?,
                None if kind.typed().is_some_and(|kind| !kind.is_namespaced()) => String::new(),
                None => object.namespace().to_owned(),
            };
            let there = found(&namespace, &name);
            let is_known = there.is_some() || snapshot.knows_all(kind, &namespace);
            let api_version = kind
                .typed()
                .map_or(follow.api_version.as_str(), |kind| kind.api_version());
            let named = ObjectRef::namespaced(api_version, &kind.kind, &namespace, &name);
            Ok(is_known.then(|| Related {
                objects: there.into_iter().collect(),
                named: Some(named),
            }))
        }
        Step::Selector(selector) => {
            let asked = selector.json(context)?;
            let Some(selector) = selector_of(asked) else {
                return Ok(Some(Related::default()));
            };
            if !snapshot.knows_all(kind, object.namespace()) {
                return Ok(None);
            }
            let cluster = Cluster::new(snapshot);
            let objects = cluster
                .pods_selected(object.namespace(), &selector)
                .take(MOST)
                .filter_map(|pod| found(object.namespace(), &pod.metadata.name))
                .collect();
            Ok(Some(Related {
                objects,
                named: None,
            }))
        }
    }
}

/// A label selector, or labels; one that asks for nothing selects nothing.
fn selector_of(asked: serde_json::Value) -> Option<LabelSelector> {
    let is_selector = asked
        .get("matchLabels")
        .is_some_and(|labels| labels.is_object())
        || asked.get("matchExpressions").is_some();
    let asked = if is_selector {
        asked
    } else {
        serde_json::json!({ "matchLabels": asked })
    };
    let selector: LabelSelector = serde_json::from_value(asked).ok()?;
    (!selector.is_empty()).then_some(selector)
}
