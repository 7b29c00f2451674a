use super::allowed_routes::{closed_gates, labels_of};
use super::gateway::{condition, find, object_ref, parent_statuses, parents, routes, text};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Condition, CustomObject};
use crate::model::{Evidence, ObjectRef, Risk, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Gateway does not accept a route: its listeners do not allow the route's namespace, kind or
    /// hosts. Or no controller has looked at the route at all.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {parentRefs: [{name: edge, namespace: infra}]}
    /// status:
    ///   parents:
    ///   - parentRef: {name: edge, namespace: infra}
    ///     conditions: [{type: Accepted, status: "False", reason: NotAllowedByListeners, message: namespace is not allowed}]
    /// ```
    ///
    /// A listener that admits only namespaces with a label:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {parentRefs: [{name: edge, namespace: infra}]}
    /// status:
    ///   parents:
    ///   - parentRef: {name: edge, namespace: infra}
    ///     conditions: [{type: Accepted, status: "False", reason: NotAllowedByListeners, message: namespace is not allowed}]
    /// ---
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: Gateway
    /// metadata: {name: edge, namespace: infra}
    /// spec:
    ///   listeners:
    ///   - name: web
    ///     allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {expose: "yes"}}}}
    /// ---
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata: {name: shop, labels: {team: shop}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {parentRefs: [{name: edge, namespace: infra}]}
    /// status:
    ///   parents:
    ///   - parentRef: {name: edge, namespace: infra}
    ///     conditions: [{type: Accepted, status: "True"}]
    /// ```
    ///
    /// # How to fix
    /// Allow the route's namespace, kind or host in the listener, or change the route.
    ///
    /// # What it cannot know
    /// What a controller supports beyond its conditions.
    ///
    /// # Source
    /// `status.parents[].conditions` of Gateway API routes; `allowedRoutes` of the listeners.
    NET037 "route-not-accepted" {
        role: Root,
        severity: Critical,
        confidence: 0.94,
        reads: [Namespace],
        maps_to: ["k8sgpt:HTTPRoute"],
        check: Cluster(check),
    }
}

/// Seconds that a controller has.
const GRACE: i64 = 120;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for route in routes(cluster) {
        let statuses = parent_statuses(route);
        for status in statuses {
            let parent = status
                .get("parentRef")
                .map_or("", |parent| text(parent, "name"));
            let refused = condition(status, "Accepted")
                .filter(|accepted| accepted.is_false() && accepted.reason != "NoMatchingParent");
            if let Some(refused) = refused {
                let sighting = not_accepted(route, parent, &refused);
                sink.report(with_gates(cluster, sighting, route, &refused, parent));
            }
            let partly = condition(status, "PartiallyInvalid").filter(Condition::is_true);
            if let Some(partly) = partly {
                sink.report(not_accepted(route, parent, &partly).severity(Severity::Warning));
            }
        }
        let gateways: Vec<ObjectRef> = parents(route)
            .iter()
            .filter(|parent| parent.kind == "Gateway")
            .filter_map(|parent| find(cluster, "Gateway", &parent.namespace, &parent.name))
            .map(object_ref)
            .collect();
        if statuses.is_empty() && !gateways.is_empty() && cluster.age(&route.metadata) > GRACE {
            // A Gateway that nobody serves has nobody who looks at its routes.
            let sighting = gateways
                .into_iter()
                .fold(unseen(route), |sighting, gateway| {
                    sighting.blames(gateway, "parentRef")
                });
            sink.report(sighting);
        }
    }
}

fn not_accepted(route: &CustomObject, parent: &str, refused: &Condition) -> Sighting {
    let own = object_ref(route);
    let advice = match refused.reason.as_str() {
        "NotAllowedByListeners" => {
            "Allow the route's namespace and kind in allowedRoutes of the listener"
        }
        "NoMatchingListenerHostname" => {
            "Make the route's hostnames and the listener's hostname meet"
        }
        _ => "Change what the condition names",
    };
    Sighting::of(
        own.clone(),
        format!(
            "{own} is not accepted by Gateway {parent}: {}",
            refused.reason
        ),
        "No request reaches the route through this Gateway.",
    )
    .identified_by("parent", parent)
    .identified_by("condition", refused.type_.as_str())
    .evidence(
        Evidence::message(
            own,
            &format!("status.parents[{parent}].conditions[{}]", refused.type_),
            &format!("{}: {}", refused.reason, refused.message),
        )
        .at(refused.last_transition_time),
    )
    .suggest(Suggestion::advice(advice))
    .suggest(look(route))
    .since(refused.last_transition_time)
}

/// Adds which listeners keep the route's namespace out, and by which labels.
fn with_gates(
    cluster: &Cluster<'_>,
    mut sighting: Sighting,
    route: &CustomObject,
    refused: &Condition,
    parent: &str,
) -> Sighting {
    if refused.reason != "NotAllowedByListeners" {
        return sighting;
    }
    let namespace = route.metadata.namespace.as_str();
    let mut said = Vec::new();
    for gate in closed_gates(cluster, route, parent) {
        said.push(gate.sentence(namespace));
        sighting = sighting.evidence(gate.evidence());
        if let Some(labels) = &gate.labels {
            sighting = sighting
                .evidence(labels_of(cluster, namespace))
                .suggest(Suggestion::run(
                    format!("Label namespace {namespace}, if its routes may use this listener"),
                    format!("kubectl label namespace {namespace} {labels}"),
                    Risk::Low,
                ));
        }
    }
    if said.is_empty() {
        return sighting;
    }
    sighting.explanation = format!("{} {}", sighting.explanation, said.join(" "));
    sighting
}

fn unseen(route: &CustomObject) -> Sighting {
    let own = object_ref(route);
    Sighting::of(
        own.clone(),
        format!("No controller has looked at {own}"),
        "Its parents say nothing of it, so no request reaches the route.",
    )
    .severity(Severity::Warning)
    .confidence(0.75)
    .identified_by("condition", "none")
    .evidence(Evidence::field(own, "status.parents", "(empty)"))
    .suggest(look(route))
}

fn look(route: &CustomObject) -> Suggestion {
    Suggestion::look(
        "Read its conditions",
        format!(
            "kubectl -n {} describe {} {}",
            route.metadata.namespace,
            route.kind.to_lowercase(),
            route.metadata.name
        ),
    )
}
