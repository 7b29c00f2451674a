//! Gateway API objects (gateway.networking.k8s.io), which have no type of their own here.

use serde_json::Value;

use crate::kubernetes::{Condition, CustomObject};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// The kinds of routes.
const ROUTES: [&str; 5] = ["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"];

/// The API group.
const GROUP: &str = "gateway.networking.k8s.io";

/// The objects of one of its kinds, without those that are being deleted.
pub(in crate::analyzers) fn objects<'a>(
    cluster: &Cluster<'a>,
    kind: &str,
) -> Vec<&'a CustomObject> {
    cluster
        .custom(kind)
        .iter()
        .map(|object| &**object)
        .filter(|object| object.api_version.starts_with(GROUP))
        .filter(|object| !object.metadata.is_terminating())
        .collect()
}

/// Every route.
pub(super) fn routes<'a>(cluster: &Cluster<'a>) -> Vec<&'a CustomObject> {
    ROUTES
        .iter()
        .flat_map(|kind| objects(cluster, kind))
        .collect()
}

/// The object of a kind by name; cluster-scoped with an empty namespace.
pub(super) fn find<'a>(
    cluster: &Cluster<'a>,
    kind: &str,
    namespace: &str,
    name: &str,
) -> Option<&'a CustomObject> {
    objects(cluster, kind)
        .into_iter()
        .find(|object| object.metadata.name == *name && object.metadata.namespace == *namespace)
}

/// Names an object.
pub(in crate::analyzers) fn object_ref(object: &CustomObject) -> ObjectRef {
    object.reference()
}

/// Names an object of the group that is not there.
pub(super) fn missing_ref(kind: &str, namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::namespaced("gateway.networking.k8s.io/v1", kind, namespace, name)
}

/// The items of a list below a value; none where there is no list.
pub(super) fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value
        .get(field)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A text below a value; empty where there is none.
pub(super) fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The conditions of a status or of a part of it.
pub(super) fn conditions(value: &Value) -> Vec<Condition> {
    list(value, "conditions")
        .iter()
        .filter_map(|condition| serde_json::from_value(condition.clone()).ok())
        .collect()
}

/// The condition of a type.
pub(super) fn condition(value: &Value, type_: &str) -> Option<Condition> {
    conditions(value)
        .into_iter()
        .find(|condition| condition.type_ == *type_)
}

/// A reference from one object to another: defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::analyzers) struct Reference {
    /// The group; empty for core.
    pub(in crate::analyzers) group: String,
    /// The kind.
    pub(in crate::analyzers) kind: String,
    /// The namespace, that of the referring object by default.
    pub(in crate::analyzers) namespace: String,
    /// The name.
    pub(in crate::analyzers) name: String,
    /// The port, where one is given.
    pub(in crate::analyzers) port: Option<i64>,
    /// The section, where one is given.
    pub(in crate::analyzers) section: String,
    /// Where it stands.
    pub(in crate::analyzers) path: String,
}

fn reference(
    value: &Value,
    group: &str,
    kind: &str,
    object: &CustomObject,
    path: String,
) -> Option<Reference> {
    let or = |field: &str, default: &str| {
        value
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or(default)
            .to_owned()
    };
    let name = text(value, "name");
    (!name.is_empty()).then(|| Reference {
        group: or("group", group),
        kind: or("kind", kind),
        namespace: or("namespace", &object.metadata.namespace),
        name: name.to_owned(),
        port: value.get("port").and_then(Value::as_i64),
        section: text(value, "sectionName").to_owned(),
        path,
    })
}

/// The parents of a route: Gateways unless it says otherwise.
pub(super) fn parents(route: &CustomObject) -> Vec<Reference> {
    list(&route.spec, "parentRefs")
        .iter()
        .enumerate()
        .filter_map(|(at, parent)| {
            let path = format!("spec.parentRefs[{at}]");
            reference(parent, GROUP, "Gateway", route, path)
        })
        .collect()
}

/// The backends of a route of any kind.
pub(super) fn backend_refs(route: &CustomObject) -> Vec<Reference> {
    list(&route.spec, "rules")
        .iter()
        .enumerate()
        .flat_map(|(rule_at, rule)| {
            list(rule, "backendRefs")
                .iter()
                .enumerate()
                .filter_map(move |(at, backend)| {
                    let path = format!("spec.rules[{rule_at}].backendRefs[{at}]");
                    reference(backend, "", "Service", route, path)
                })
        })
        .collect()
}

/// The Services among the backends of a route.
pub(super) fn backend_services(route: &CustomObject) -> Vec<Reference> {
    backend_refs(route)
        .into_iter()
        .filter(|backend| backend.group.is_empty() && backend.kind == "Service")
        .collect()
}

/// The certificates of a Gateway's listeners.
pub(in crate::analyzers) fn certificates(gateway: &CustomObject) -> Vec<(String, Reference)> {
    list(&gateway.spec, "listeners")
        .iter()
        .enumerate()
        .flat_map(|(listener_at, listener)| {
            let refs = listener
                .get("tls")
                .map_or(&[][..], |tls| list(tls, "certificateRefs"));
            refs.iter()
                .enumerate()
                .filter_map(move |(at, certificate)| {
                    let path = format!("spec.listeners[{listener_at}].tls.certificateRefs[{at}]");
                    let found = reference(certificate, "", "Secret", gateway, path)?;
                    Some((text(listener, "name").to_owned(), found))
                })
        })
        .collect()
}

/// Whether a ReferenceGrant of the target's namespace allows a reference from one kind and namespace.
pub(super) fn is_granted(cluster: &Cluster<'_>, from: &CustomObject, to: &Reference) -> bool {
    objects(cluster, "ReferenceGrant")
        .into_iter()
        .filter(|grant| grant.metadata.namespace == *to.namespace)
        .any(|grant| {
            let from_fits = list(&grant.spec, "from").iter().any(|known| {
                text(known, "kind") == from.kind.as_str()
                    && text(known, "namespace") == from.metadata.namespace.as_str()
            });
            from_fits && grants_to(grant, to)
        })
}

/// Whether a grant is about what the reference leads to, whoever it allows it to.
pub(super) fn grants_to(grant: &CustomObject, to: &Reference) -> bool {
    list(&grant.spec, "to").iter().any(|known| {
        let name = text(known, "name");
        text(known, "kind") == to.kind
            && text(known, "group") == to.group
            && (name.is_empty() || name == to.name)
    })
}

/// What each parent says of a route: the parent, and its conditions.
pub(super) fn parent_statuses(route: &CustomObject) -> &[Value] {
    list(&route.status, "parents")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_take_the_defaults_of_the_api() {
        let route: CustomObject = serde_json::from_str(
            r#"{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute",
                "metadata":{"name":"r","namespace":"shop"},
                "spec":{"parentRefs":[{"name":"edge","sectionName":"https"}],
                        "rules":[{"backendRefs":[{"name":"web","port":80},{"name":"b","namespace":"bank"}]}]}}"#,
        )
        .unwrap_or_default();
        let parents = parents(&route);
        let parent = parents.first().map(|parent| {
            (
                parent.kind.as_str(),
                parent.namespace.as_str(),
                parent.section.as_str(),
            )
        });
        assert_eq!(parent, Some(("Gateway", "shop", "https")));
        let backends: Vec<_> = backend_services(&route)
            .into_iter()
            .map(|backend| (backend.namespace, backend.name, backend.port, backend.path))
            .collect();
        assert_eq!(
            backends,
            [
                (
                    "shop".to_owned(),
                    "web".to_owned(),
                    Some(80),
                    "spec.rules[0].backendRefs[0]".to_owned()
                ),
                (
                    "bank".to_owned(),
                    "b".to_owned(),
                    None,
                    "spec.rules[0].backendRefs[1]".to_owned()
                ),
            ]
        );
    }
}
