use super::gateway::{
    Reference, backend_refs, certificates, conditions, grants_to, is_granted, list, missing_ref,
    object_ref, objects, parent_statuses, routes, text,
};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{CustomObject, Namespace, Service};
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
        reads: [Namespace, Service],
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
            |(grant, slip)| misnamed(from, to, grant, &slip),
        ));
    }
}

/// A name in a grant that is nearly the one that would allow the reference.
struct Slip<'a> {
    path: &'static str,
    written: &'a str,
    meant: String,
}

/// A grant that was meant to allow the reference, and names another namespace or another target that is not there.
fn near_grant<'a>(
    cluster: &Cluster<'a>,
    from: &CustomObject,
    to: &Reference,
) -> Option<(&'a CustomObject, Slip<'a>)> {
    let own = from.metadata.namespace.as_str();
    let is_near = |written: &str, meant: &str| {
        written != meant && strsim::jaro_winkler(written, meant) >= NEAR
    };
    let mut here = objects(cluster, "ReferenceGrant")
        .into_iter()
        .filter(|grant| grant.metadata.namespace == *to.namespace);
    here.find_map(|grant| {
        let is_kind = |known: &&serde_json::Value| text(known, "kind") == from.kind.as_str();
        let allowed = || list(&grant.spec, "from").iter().filter(is_kind);
        let slip = if grants_to(grant, to) {
            let mut namespaces = allowed().map(|known| text(known, "namespace"));
            let written = namespaces.find(|written| {
                // A namespace that is there may well be meant.
                is_near(written, own) && cluster.get::<Namespace>("", written).is_none()
            })?;
            Slip {
                path: "spec.from[].namespace",
                written,
                meant: own.to_owned(),
            }
        } else if allowed().any(|known| text(known, "namespace") == own) {
            let targets = list(&grant.spec, "to")
                .iter()
                .filter(|known| text(known, "kind") == to.kind && text(known, "group") == to.group);
            let written = targets.map(|known| text(known, "name")).find(|written| {
                let is_there = cluster.get::<Service>(&to.namespace, written).is_some();
                is_near(written, &to.name) && !(to.kind == "Service" && is_there)
            })?;
            Slip {
                path: "spec.to[].name",
                written,
                meant: to.name.clone(),
            }
        } else {
            return None;
        };
        Some((grant, slip))
    })
}

/// How like two names must be for one to be meant as the other.
const NEAR: f64 = 0.85;

fn misnamed(
    from: &CustomObject,
    to: &Reference,
    grant: &CustomObject,
    slip: &Slip<'_>,
) -> Sighting {
    let Slip {
        path,
        written,
        meant,
    } = slip;
    let own = object_ref(from);
    let grant = object_ref(grant);
    let target = format!("{} {}/{}", to.kind, to.namespace, to.name);
    Sighting::of(
        grant.clone(),
        format!(
            "{own} may not refer to {target}: {grant} names `{written}` where it means `{meant}`"
        ),
        "The controller does not follow the reference, so requests get an error.",
    )
    .seen_on(own.clone(), "refers to")
    .identified_by("to", &target)
    .evidence(Evidence::field(own, &to.path, &target))
    .evidence(Evidence::field(grant.clone(), path, written))
    .suggest(Suggestion::advice(format!(
        "Correct {path} of {grant}: {meant} instead of {written}"
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
