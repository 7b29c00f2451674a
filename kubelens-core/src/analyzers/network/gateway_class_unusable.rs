use super::gateway::{condition, find, missing_ref, object_ref, objects, text};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::CustomObject;
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Gateway names a class that does not exist, or that no controller accepts.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: Gateway
    /// metadata: {name: edge, namespace: infra}
    /// spec: {gatewayClassName: evnoy}
    /// ---
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: GatewayClass
    /// metadata: {name: envoy}
    /// status: {conditions: [{type: Accepted, status: "True"}]}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: Gateway
    /// metadata: {name: edge, namespace: infra}
    /// spec: {gatewayClassName: envoy}
    /// ---
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: GatewayClass
    /// metadata: {name: envoy, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {conditions: [{type: Accepted, status: Unknown, reason: Pending, lastTransitionTime: "2026-01-01T10:00:00Z"}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: Gateway
    /// metadata: {name: edge, namespace: infra}
    /// spec: {gatewayClassName: envoy}
    /// ---
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: GatewayClass
    /// metadata: {name: envoy}
    /// status: {conditions: [{type: Accepted, status: "True"}]}
    /// ```
    ///
    /// # How to fix
    /// Name a class that exists and is accepted, or bring its controller back.
    ///
    /// # What it cannot know
    /// Controllers outside the cluster.
    ///
    /// # Source
    /// `spec.gatewayClassName` of Gateway; condition `Accepted` of GatewayClass.
    NET030 "gateway-class-unusable" {
        role: Root,
        severity: Critical,
        confidence: 0.97,
        reads: [],
        maps_to: ["k8sgpt:Gateway", "k8sgpt:GatewayClass", "POP-407"],
        check: Cluster(check),
    }
}

/// Seconds that a controller has.
const GRACE: i64 = 120;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for gateway in objects(cluster, "Gateway") {
        let name = text(&gateway.spec, "gatewayClassName");
        if name.is_empty() {
            continue;
        }
        match find(cluster, "GatewayClass", "", name) {
            None => sink.report(missing(cluster, gateway, name)),
            Some(class) => {
                if let Some(sighting) = not_accepted(cluster, gateway, class) {
                    sink.report(sighting);
                }
            }
        }
    }
}

fn missing(cluster: &Cluster<'_>, gateway: &CustomObject, name: &str) -> Sighting {
    let own = object_ref(gateway);
    let subject = missing_ref("GatewayClass", "", name);
    let known: Vec<&str> = objects(cluster, "GatewayClass")
        .iter()
        .map(|class| class.metadata.name.as_str())
        .collect();
    let there = if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    };
    Sighting::of(
        subject.clone(),
        format!("{subject} does not exist, and {own} asks for it"),
        format!("No controller serves the Gateway; classes that exist: {there}."),
    )
    .seen_on(own.clone(), "class of")
    // Where no class at all was read, the list may not have been recorded.
    .confidence(if known.is_empty() { 0.75 } else { 0.97 })
    .evidence(Evidence::field(own.clone(), "spec.gatewayClassName", name))
    .evidence(Evidence::absence(
        subject,
        &format!("classes that exist: {there}"),
    ))
    .suggest(Suggestion::advice(format!(
        "Set spec.gatewayClassName of {own} to a class that exists ({there}), or install the controller of `{name}`"
    )))
}

fn not_accepted(
    cluster: &Cluster<'_>,
    gateway: &CustomObject,
    class: &CustomObject,
) -> Option<Sighting> {
    let accepted = condition(&class.status, "Accepted");
    if accepted
        .as_ref()
        .is_some_and(crate::kubernetes::Condition::is_true)
    {
        return None;
    }
    let since = accepted
        .as_ref()
        .and_then(|accepted| accepted.last_transition_time)
        .or(class.metadata.creation_timestamp);
    if cluster.seconds_since(since) < GRACE {
        return None;
    }
    let own = object_ref(class);
    let (reason, message) = accepted.map_or_else(
        || ("no controller has looked at it".to_owned(), String::new()),
        |accepted| (accepted.reason.to_string(), accepted.message.to_string()),
    );
    let controller = text(&class.spec, "controllerName");
    Some(
        Sighting::of(
            own.clone(),
            format!("{own} is not accepted: {reason}"),
            format!(
                "Its Gateways, such as {}, are not served.",
                object_ref(gateway)
            ),
        )
        .seen_on(object_ref(gateway), "class of")
        .evidence(Evidence::message(
            own.clone(),
            "status.conditions[Accepted]",
            &format!("{reason}: {message}"),
        ))
        .evidence(Evidence::field(own, "spec.controllerName", controller))
        .suggest(Suggestion::advice(format!(
            "Bring the controller `{controller}` to run, or correct what the condition names"
        )))
        .since(since),
    )
}
