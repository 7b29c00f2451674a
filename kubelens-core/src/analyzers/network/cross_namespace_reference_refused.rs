use super::gateway::{
    Reference, backend_refs, certificates, conditions, grants_to, is_granted, list, missing_ref,
    object_ref, objects, parent_statuses, routes, text,
};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{CustomObject, Namespace};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A route or Gateway refers to an object of another namespace, and that namespace does not allow
    /// it with a ReferenceGrant.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: web, namespace: shop}
    /// spec: {rules: [{backendRefs: [{name: ledger, namespace: bank, port: 80}]}]}
    /// status:
    ///   parents:
    ///   - conditions: [{type: ResolvedRefs, status: "False", reason: RefNotPermitted}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: web, namespace: shop}
    /// spec: {rules: [{backendRefs: [{name: ledger, namespace: bank, port: 80}]}]}
    /// ---
    /// apiVersion: gateway.networking.k8s.io/v1beta1
    /// kind: ReferenceGrant
    /// metadata: {name: shop, namespace: bank}
    /// spec:
    ///   from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]
    ///   to: [{group: "", kind: Service}]
    /// ```
    ///
    /// # How to fix
    /// Create a ReferenceGrant in the namespace that is referred to.
    ///
    /// # What it cannot know
    /// Grants that were not read.
    ///
    /// # Source
    /// ReferenceGrant; condition `ResolvedRefs` with reason `RefNotPermitted`.
    NET040 "cross-namespace-reference-refused" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [Namespace],
        maps_to: ["k8sgpt:Gateway", "k8sgpt:HTTPRoute"],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for route in routes(cluster) {
        let is_refused = parent_statuses(route).iter().any(says_not_permitted);
        for backend in backend_refs(route) {
            report(cluster, sink, route, &backend, is_refused);
        }
    }
    for gateway in objects(cluster, "Gateway") {
        let is_refused = list(&gateway.status, "listeners")
            .iter()
            .any(says_not_permitted);
        for (_, certificate) in certificates(gateway) {
            report(cluster, sink, gateway, &certificate, is_refused);
        }
    }
}

fn says_not_permitted(part: &serde_json::Value) -> bool {
    conditions(part)
        .iter()
        .any(|condition| condition.is_false() && condition.reason == "RefNotPermitted")
}

/// Grants count as read where the controller says so itself, or where any grant was read.
fn report(
    cluster: &Cluster<'_>,
    sink: &mut Sink,
    from: &CustomObject,
    to: &Reference,
    is_refused: bool,
) {
    let is_known = is_refused || !objects(cluster, "ReferenceGrant").is_empty();
    let is_across = to.namespace != from.metadata.namespace.as_str();
    if is_across && is_known && !is_granted(cluster, from, to) {
        let near = near_grant(cluster, from, to);
        sink.report(near.map_or_else(
            || sighting(from, to),
            |(grant, named)| misnamed(from, to, grant, named),
        ));
    }
}

/// A grant that allows the reference to a namespace with nearly the name of this one, and which it names.
fn near_grant<'a>(
    cluster: &Cluster<'a>,
    from: &CustomObject,
    to: &Reference,
) -> Option<(&'a CustomObject, &'a str)> {
    let own = from.metadata.namespace.as_str();
    objects(cluster, "ReferenceGrant")
        .into_iter()
        .filter(|grant| grant.metadata.namespace == *to.namespace && grants_to(grant, to))
        .find_map(|grant| {
            let named = list(&grant.spec, "from").iter().find_map(|known| {
                let namespace = text(known, "namespace");
                let is_kind = text(known, "kind") == from.kind.as_str();
                let is_near = strsim::jaro_winkler(namespace, own) >= NEAR;
                // A namespace that is there may well be meant.
                let is_there = cluster.get::<Namespace>("", namespace).is_some();
                (is_kind && is_near && !is_there).then_some(namespace)
            });
            Some((grant, named?))
        })
}

/// How like two names must be for one to be meant as the other.
const NEAR: f64 = 0.85;

fn misnamed(
    from: &CustomObject,
    to: &Reference,
    grant: &CustomObject,
    named: &str,
) -> Sighting {
    let own = object_ref(from);
    let grant = object_ref(grant);
    let here = &from.metadata.namespace;
    let target = format!("{} {}/{}", to.kind, to.namespace, to.name);
    Sighting::of(
        grant.clone(),
        format!("{own} may not refer to {target}: {grant} allows that to namespace {named}, not to {here}"),
        "The controller does not follow the reference, so requests get an error.",
    )
    .seen_on(own.clone(), "refers to")
    .identified_by("to", &target)
    .evidence(Evidence::field(own, &to.path, &target))
    .evidence(Evidence::field(grant.clone(), "spec.from[].namespace", named))
    .suggest(Suggestion::advice(format!(
        "Correct spec.from of {grant}: namespace {here} instead of {named}"
    )))
}

fn sighting(from: &CustomObject, to: &Reference) -> Sighting {
    let own = object_ref(from);
    let name = format!("{}-from-{}", to.name, from.metadata.namespace);
    let grant = missing_ref("ReferenceGrant", &to.namespace, &name);
    let target = format!("{} {}/{}", to.kind, to.namespace, to.name);
    Sighting::of(
        grant.clone(),
        format!(
            "{own} may not refer to {target}: no ReferenceGrant in namespace {} allows it",
            to.namespace
        ),
        "The controller does not follow the reference, so requests get an error.",
    )
    .seen_on(own.clone(), "refers to")
    .evidence(Evidence::field(own.clone(), &to.path, &target))
    .evidence(Evidence::absence(
        grant,
        &format!(
            "no ReferenceGrant in namespace {} from {} of namespace {} to {}",
            to.namespace, from.kind, from.metadata.namespace, to.kind
        ),
    ))
    .suggest(Suggestion::advice(format!(
        "Create a ReferenceGrant in namespace {} from {} of namespace {} to {} {}",
        to.namespace, from.kind, from.metadata.namespace, to.kind, to.name
    )))
}
