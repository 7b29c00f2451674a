use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Ingress, IngressClass, Kind, Object};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An Ingress names no class and there is no default one, so no controller takes it; or several
    /// classes call themselves the default, and the API server refuses Ingresses without a class.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: IngressClass
    /// metadata: {name: nginx}
    /// ```
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: IngressClass
    /// metadata: {name: a, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: IngressClass
    /// metadata: {name: b, annotations: {ingressclass.kubernetes.io/is-default-class: "true"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {loadBalancer: {ingress: [{ip: 203.0.113.20}]}}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: IngressClass
    /// metadata: {name: nginx}
    /// ```
    ///
    /// # How to fix
    /// Name the class in the Ingress, or mark one class as the default.
    ///
    /// # What it cannot know
    /// Controllers that take Ingresses without a class.
    ///
    /// # Source
    /// `spec.ingressClassName`, the annotation `kubernetes.io/ingress.class`, and
    /// `ingressclass.kubernetes.io/is-default-class` of IngressClass.
    NET018 "ingress-class-unclear" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [Ingress, IngressClass],
        maps_to: ["k8sgpt:Ingress"],
        check: Cluster(check),
    }
}

/// Marks the class of Ingresses that name none.
const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";

/// Seconds that a controller has to take an Ingress.
const GRACE: i64 = 300;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    if !cluster.is_complete(Kind::IngressClass, "") {
        return;
    }
    let mut defaults: Vec<&IngressClass> = cluster
        .all::<IngressClass>()
        .filter(|class| class.metadata.annotations.value(DEFAULT) == Some("true"))
        .collect();
    defaults.sort_by_key(|class| (class.metadata.creation_timestamp, &class.metadata.name));
    if let [first, .., last] = defaults.as_slice() {
        sink.report(two_defaults(first, last));
    }
    if !defaults.is_empty() {
        return;
    }
    for ingress in cluster.all::<Ingress>() {
        let meta = &ingress.metadata;
        let names_a_class = !ingress.spec.ingress_class_name.is_empty()
            || meta.annotations.contains_key("kubernetes.io/ingress.class");
        let is_taken = !ingress.status.load_balancer.ingress.is_empty();
        if !names_a_class && !is_taken && !meta.is_terminating() && cluster.age(meta) > GRACE {
            sink.report(no_class(ingress, cluster));
        }
    }
}

fn two_defaults(first: &IngressClass, last: &IngressClass) -> Sighting {
    let own = last.reference();
    let path = format!("metadata.annotations[{DEFAULT}]");
    Sighting::of(
        own.clone(),
        format!("{own} and {} both are the default class", first.reference()),
        "The API server refuses an Ingress that names no class while there are several defaults.",
    )
    .confidence(0.95)
    .evidence(Evidence::field(own, &path, "true"))
    .evidence(Evidence::field(first.reference(), &path, "true"))
    .suggest(Suggestion::run(
        "Keep one default class",
        format!(
            "kubectl annotate ingressclass {} {DEFAULT}-",
            last.metadata.name
        ),
        crate::model::Risk::Low,
    ))
}

fn no_class(ingress: &Ingress, cluster: &Cluster<'_>) -> Sighting {
    let own = ingress.reference();
    let classes: Vec<&str> = cluster
        .all::<IngressClass>()
        .map(|class| class.metadata.name.as_str())
        .collect();
    let there = if classes.is_empty() {
        "none".to_owned()
    } else {
        classes.join(", ")
    };
    Sighting::of(
        own.clone(),
        format!("{own} names no ingress class, and no class is the default"),
        format!("No controller has taken it: it has no address. Classes that exist: {there}."),
    )
    .evidence(Evidence::field(
        own.clone(),
        "spec.ingressClassName",
        "(not set)",
    ))
    .evidence(Evidence::field(
        own.clone(),
        "status.loadBalancer.ingress",
        "(empty)",
    ))
    .suggest(Suggestion::advice(format!(
        "Set spec.ingressClassName of {own} to one of: {there}"
    )))
    .since(ingress.metadata.creation_timestamp)
}
