//! Which listeners of a Gateway keep the routes of a namespace out, and by what.

use serde_json::Value;

use super::gateway::{find, list, object_ref, parents, text};
use crate::kubernetes::{CustomObject, LabelSelector, Namespace, Object};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::Cluster;

/// A listener that admits no route of a namespace.
#[derive(Debug, Clone)]
pub(super) struct ClosedGate {
    gateway: ObjectRef,
    listener: String,
    at: usize,
    /// What it admits, in words.
    admits: String,
    /// The labels that a namespace needs, where plain labels are all that it takes.
    pub(super) labels: Option<String>,
}

impl ClosedGate {
    pub(super) fn sentence(&self, namespace: &str) -> String {
        format!(
            "Listener `{}` admits {}; namespace {namespace} is not one of these.",
            self.listener, self.admits
        )
    }

    pub(super) fn evidence(&self) -> Evidence {
        Evidence::message(
            self.gateway.clone(),
            &format!("spec.listeners[{}].allowedRoutes.namespaces", self.at),
            &self.admits,
        )
    }
}

/// The labels that a namespace carries.
pub(super) fn labels_of(cluster: &Cluster<'_>, namespace: &str) -> Evidence {
    let found = cluster.get::<Namespace>("", namespace);
    let labels = found.map_or_else(String::new, |found| found.metadata.labels.to_string());
    let own = found.map_or_else(
        || ObjectRef::cluster_scoped("v1", "Namespace", namespace),
        Object::reference,
    );
    Evidence::message(own, "metadata.labels", &labels)
}

/// The listeners that a route asks for on a Gateway and that admit nothing of its namespace.
pub(super) fn closed_gates(
    cluster: &Cluster<'_>,
    route: &CustomObject,
    gateway: &str,
) -> Vec<ClosedGate> {
    let mut all = Vec::new();
    for parent in parents(route) {
        if parent.kind != "Gateway" || parent.name != gateway {
            continue;
        }
        let Some(found) = find(cluster, "Gateway", &parent.namespace, &parent.name) else {
            continue;
        };
        for (at, listener) in list(&found.spec, "listeners").iter().enumerate() {
            let name = text(listener, "name");
            let is_asked = parent.section.is_empty() || parent.section == name;
            if !is_asked {
                continue;
            }
            if let Some((admits, labels)) = refusal(cluster, route, found, listener) {
                all.push(ClosedGate {
                    gateway: object_ref(found),
                    listener: name.to_owned(),
                    at,
                    admits,
                    labels,
                });
            }
        }
    }
    all
}

/// What a listener admits, if the route's namespace is not part of it; none where that is not known.
fn refusal(
    cluster: &Cluster<'_>,
    route: &CustomObject,
    gateway: &CustomObject,
    listener: &Value,
) -> Option<(String, Option<String>)> {
    let own = &gateway.metadata.namespace;
    let namespaces = listener
        .get("allowedRoutes")
        .and_then(|allowed| allowed.get("namespaces"));
    let from = namespaces.map_or("", |namespaces| text(namespaces, "from"));
    match from {
        "" | "Same" => (route.metadata.namespace != *own).then(|| {
            (
                format!("only routes of its own namespace {own} (from: Same)"),
                None,
            )
        }),
        "Selector" => {
            let selector: LabelSelector =
                serde_json::from_value(namespaces?.get("selector")?.clone()).ok()?;
            let namespace = cluster.get::<Namespace>("", &route.metadata.namespace)?;
            let is_plain = selector.match_expressions.is_empty();
            (!selector.matches(&namespace.metadata.labels)).then(|| {
                (
                    format!("routes of namespaces labelled {selector}"),
                    is_plain.then(|| {
                        selector
                            .match_labels
                            .iter()
                            .map(|(key, value)| format!("{key}={value}"))
                            .collect::<Vec<_>>()
                            .join(" ")
                    }),
                )
            })
        }
        _ => None,
    }
}
