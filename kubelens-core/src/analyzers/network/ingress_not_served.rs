use std::collections::BTreeMap;

use super::ingress_backend::backends;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Event, Ingress, IngressClass, Kind, Object, Pod, Service};
use crate::model::{Evidence, Severity, Suggestion, safe_text, shortened};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An ingress controller says that it cannot serve an Ingress, or there is no controller for its
    /// class.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop, uid: i1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {loadBalancer: {ingress: [{ip: 203.0.113.1}]}}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Ingress, namespace: shop, name: web, uid: i1}
    /// type: Warning
    /// reason: Rejected
    /// message: "invalid annotation"
    /// lastTimestamp: "2026-01-01T11:50:00Z"
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {ingressClassName: edge}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: IngressClass
    /// metadata: {name: edge}
    /// spec: {controller: haproxy-ingress.github.io/controller}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: other, namespace: shop}
    /// status: {phase: Running}
    /// ```
    /// A load balancer outside of the cluster that gets no good answer:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: web
    ///   namespace: shop
    ///   creationTimestamp: "2026-01-01T10:00:00Z"
    ///   annotations: {ingress.kubernetes.io/backends: '{"k8s1-a1-kube-system-default-http-backend-80-b2":"HEALTHY","k8s1-a1-shop-web-80-c3":"UNHEALTHY"}'}
    /// status: {loadBalancer: {ingress: [{ip: 203.0.113.1}]}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {ingressClassName: edge}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: IngressClass
    /// metadata: {name: edge}
    /// spec: {controller: haproxy-ingress.github.io/controller}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: haproxy-ingress-1, namespace: edge-system}
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Do what the controller's message asks for; install the controller of the class.
    ///
    /// # What it cannot know
    /// Controllers outside the cluster.
    ///
    /// # Source
    /// Warning events of the Ingress; `status.loadBalancer.ingress[].ports[].error`; running pods.
    NET024 "ingress-not-served" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [Event, IngressClass, Pod, Service],
        maps_to: ["k8sgpt:Ingress", "k8sgpt:Service", "POP-1400"],
        check: Ingress(check),
    }
}

/// Seconds that a controller has.
const GRACE: i64 = 300;

/// Most characters of a message that a title quotes.
const MOST_WORDS: usize = 140;

/// Seconds for which an event is believed.
const WINDOW: i64 = 3600;

fn check<'a>(ingress: &'a Ingress, cluster: &Cluster<'a>, sink: &mut Sink) {
    if ingress.metadata.is_terminating() {
        return;
    }
    let warning = cluster
        .events_of(ingress)
        .rev()
        .find(|event| event.is_warning() && cluster.is_within(event.last_seen(), WINDOW));
    if let Some(event) = warning.filter(|event| !is_repaired(ingress, cluster, event)) {
        sink.report(refused(ingress, event));
        return;
    }
    let status = &ingress.status.load_balancer.ingress;
    let error = status
        .iter()
        .flat_map(|address| address.ports.iter())
        .find(|port| !port.error.is_empty());
    if let Some(port) = error {
        sink.report(base(ingress, &port.error).evidence(Evidence::field(
            ingress.reference(),
            "status.loadBalancer.ingress[].ports[].error",
            &port.error,
        )));
    } else if let Some(sighting) = unhealthy_backends(ingress, cluster) {
        sink.report(sighting);
    } else if status.is_empty() && cluster.age(&ingress.metadata) > GRACE {
        let class = cluster.get::<IngressClass>("", &ingress.spec.ingress_class_name);
        if let Some(class) = class.filter(|class| !runs(cluster, &class.spec.controller)) {
            sink.report(no_controller(ingress, class));
        }
    }
}

/// Whether a later event says that the controller took it after all.
fn is_repaired<'a>(ingress: &'a Ingress, cluster: &Cluster<'a>, event: &Event) -> bool {
    cluster
        .events_of(ingress)
        .rev()
        .any(|other| !other.is_warning() && other.last_seen() > event.last_seen())
}

/// Where the controller of Google's cloud notes how its load balancer finds each backend.
const BACKENDS: &str = "ingress.kubernetes.io/backends";

/// The backends that a load balancer outside of the cluster holds for unhealthy, so that it sends them nothing.
fn unhealthy_backends(ingress: &Ingress, cluster: &Cluster<'_>) -> Option<Sighting> {
    let noted = ingress.metadata.annotations.value(BACKENDS)?;
    let states: BTreeMap<String, String> = serde_json::from_str(noted).ok()?;
    let own: Vec<(&String, &String)> = states
        .iter()
        .filter(|(name, _)| !name.contains("default-http-backend"))
        .collect();
    let bad: Vec<&(&String, &String)> = own
        .iter()
        .filter(|(_, state)| *state == "UNHEALTHY")
        .collect();
    let (first, _) = bad.first()?;
    let (severity, how_many) = if bad.len() == own.len() {
        (Severity::Critical, "every backend")
    } else {
        (Severity::Warning, "a backend")
    };
    let why = format!("its load balancer finds {how_many} UNHEALTHY ({first})");
    let mut sighting = base(ingress, &why)
        .identified_by("fact", "health")
        .severity(severity)
        .evidence(Evidence::field(
            ingress.reference(),
            &format!("metadata.annotations[{BACKENDS}]"),
            noted,
        ))
        .suggest(Suggestion::advice(
            "The health check of the load balancer must get 200: it asks the path of the readiness probe, or `/`; set another in a BackendConfig, and let its addresses (130.211.0.0/22, 35.191.0.0/16) through",
        ));
    for backend in backends(ingress) {
        let namespace = &ingress.metadata.namespace;
        if let Some(service) = cluster.get::<Service>(namespace, &backend.service.name) {
            sighting = sighting.blames(service.reference(), "routes to");
        }
    }
    Some(sighting)
}

/// Words of controller names that say nothing of who it is.
const GENERIC: [&str; 13] = [
    "k8s",
    "io",
    "ingress",
    "controller",
    "github",
    "com",
    "org",
    "kubernetes",
    "networking",
    "net",
    "dev",
    "sh",
    "x",
];

/// Controllers that run outside the cluster.
const OUTSIDE: [&str; 3] = ["gce", "azure", "cloud"];

/// Whether a live pod looks like the controller of that name.
fn runs(cluster: &Cluster<'_>, controller: &str) -> bool {
    let words: Vec<&str> = controller
        .split(['/', '.', '-'])
        .filter(|word| word.len() > 2 && !GENERIC.contains(word))
        .collect();
    // A controller may run in any namespace.
    let is_hidden = cluster.is_hidden_anywhere(Kind::Pod);
    if is_hidden || words.is_empty() || OUTSIDE.iter().any(|outside| controller.contains(outside)) {
        return true;
    }
    cluster.all::<Pod>().filter(|pod| pod.is_live()).any(|pod| {
        words.iter().any(|word| {
            pod.metadata.name.contains(word)
                || pod
                    .spec
                    .containers
                    .iter()
                    .any(|container| container.image.contains(word))
        })
    })
}

fn base(ingress: &Ingress, why: &str) -> Sighting {
    let own = ingress.reference();
    let meta = &ingress.metadata;
    Sighting::of(
        own.clone(),
        format!("{own} is not served: {why}"),
        "Requests for its hosts get no answer, or not the one that is meant.",
    )
    .suggest(Suggestion::look(
        "Read what the controller says",
        format!(
            "kubectl -n {} describe ingress {}",
            meta.namespace, meta.name
        ),
    ))
    .since(meta.creation_timestamp)
}

fn refused(ingress: &Ingress, event: &Event) -> Sighting {
    let said = shortened(&safe_text(&event.message), MOST_WORDS);
    let why = if said.is_empty() {
        event.reason.to_string()
    } else {
        format!("{}: {said}", event.reason)
    };
    // Without an address nothing of it is served; with one, what was served before may still be.
    let severity = if ingress.status.load_balancer.ingress.is_empty() {
        Severity::Critical
    } else {
        Severity::Warning
    };
    base(ingress, &why).severity(severity).event(event)
}

fn no_controller(ingress: &Ingress, class: &IngressClass) -> Sighting {
    let why = format!("no controller runs for its class {}", class.metadata.name);
    base(ingress, &why)
        .confidence(0.65)
        .evidence(Evidence::field(
            ingress.reference(),
            "status.loadBalancer.ingress",
            "(empty)",
        ))
        .evidence(Evidence::field(
            class.reference(),
            "spec.controller",
            &class.spec.controller,
        ))
        .suggest(Suggestion::advice(format!(
            "Install the controller `{}`, or use another class",
            class.spec.controller
        )))
}
