use serde_json::Value;

use super::gateway::{Reference, certificates, conditions, list, object_ref, objects, text};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Condition, CustomObject, Secret};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A listener of a Gateway does not serve: its certificate is missing, its port or protocol cannot
    /// be had, or it conflicts with another listener.
    ///
    /// # Fires on
    /// ```yaml
    /// # listed: Secret
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: Gateway
    /// metadata: {name: edge, namespace: infra}
    /// spec: {listeners: [{name: https, tls: {certificateRefs: [{name: edge-tls}]}}]}
    /// ```
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: Gateway
    /// metadata: {name: edge, namespace: infra}
    /// status:
    ///   listeners:
    ///   - name: https
    ///     conditions: [{type: Conflicted, status: "True", reason: HostnameConflict}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: Gateway
    /// metadata: {name: edge, namespace: infra}
    /// spec: {listeners: [{name: https, tls: {certificateRefs: [{name: edge-tls}]}}]}
    /// status:
    ///   listeners:
    ///   - name: https
    ///     conditions: [{type: Conflicted, status: "False"}, {type: ResolvedRefs, status: "True"}]
    /// ```
    ///
    /// # How to fix
    /// Correct the listener, or create the certificate's Secret.
    ///
    /// # What it cannot know
    /// What the controller supports beyond its conditions.
    ///
    /// # Source
    /// `status.listeners[].conditions` and `certificateRefs` of Gateway.
    NET034 "listener-not-ready" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [Secret],
        maps_to: ["k8sgpt:Gateway"],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for gateway in objects(cluster, "Gateway") {
        let mut explained: Vec<String> = Vec::new();
        for (listener, certificate) in certificates(gateway) {
            let is_secret = certificate.kind == "Secret" && certificate.group.is_empty();
            let is_absent = is_secret
                && cluster
                    .look_up::<Secret>(&certificate.namespace, &certificate.name)
                    .is_absent();
            if is_absent {
                sink.report(certificate_missing(gateway, &listener, &certificate));
                explained.push(listener);
            }
        }
        for listener in list(&gateway.status, "listeners") {
            let name = text(listener, "name");
            let fault = fault_of(listener).filter(|_| !explained.iter().any(|known| known == name));
            // A reference into another namespace that is not granted is a fault of its own.
            if let Some(fault) = fault.filter(|fault| fault.reason != "RefNotPermitted") {
                sink.report(not_ready(gateway, name, &fault));
            }
        }
    }
}

/// The condition that keeps a listener from serving.
pub(super) fn fault_of(listener: &Value) -> Option<Condition> {
    let mut all = conditions(listener);
    all.sort_by_key(|condition| match condition.type_.as_str() {
        "ResolvedRefs" => 0,
        "Conflicted" => 1,
        "Accepted" => 2,
        _ => 3,
    });
    all.into_iter()
        .find(|condition| match condition.type_.as_str() {
            "Conflicted" => condition.is_true(),
            "ResolvedRefs" | "Accepted" => condition.is_false(),
            "Programmed" => condition.is_false() && condition.reason == "Invalid",
            _ => false,
        })
}

fn certificate_missing(
    gateway: &CustomObject,
    listener: &str,
    certificate: &Reference,
) -> Sighting {
    let own = object_ref(gateway);
    let subject = ObjectRef::namespaced("v1", "Secret", &certificate.namespace, &certificate.name);
    Sighting::of(
        subject.clone(),
        format!("{subject} does not exist: listener `{listener}` of {own} has no certificate"),
        "The listener does not serve.",
    )
    .seen_on(own.clone(), "certificate of")
    .evidence(Evidence::field(own, &certificate.path, &certificate.name))
    .evidence(Evidence::absence(
        subject.clone(),
        "no Secret of that name in the namespace",
    ))
    .suggest(Suggestion::advice(format!(
        "Create {subject} of type kubernetes.io/tls, or correct the name in the listener"
    )))
}

fn not_ready(gateway: &CustomObject, listener: &str, fault: &Condition) -> Sighting {
    let own = object_ref(gateway);
    Sighting::of(
        own.clone(),
        format!(
            "Listener `{listener}` of {own} does not serve: {}",
            fault.reason
        ),
        "Requests to the listener's hosts do not get through.",
    )
    .identified_by("listener", listener)
    .evidence(
        Evidence::message(
            own,
            &format!("status.listeners[{listener}].conditions[{}]", fault.type_),
            &format!("{}: {}", fault.reason, fault.message),
        )
        .at(fault.last_transition_time),
    )
    .suggest(Suggestion::look(
        "Read its conditions",
        format!(
            "kubectl -n {} describe gateway {}",
            gateway.metadata.namespace, gateway.metadata.name
        ),
    ))
    .since(fault.last_transition_time)
}
