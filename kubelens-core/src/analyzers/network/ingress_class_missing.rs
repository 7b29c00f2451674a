use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Ingress, IngressClass, Kind, Object};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An Ingress names an ingress class that does not exist, so no controller serves it.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop}
    /// spec: {ingressClassName: ngnix}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: IngressClass
    /// metadata: {name: nginx}
    /// spec: {controller: k8s.io/ingress-nginx}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop}
    /// spec: {ingressClassName: nginx}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: IngressClass
    /// metadata: {name: nginx}
    /// spec: {controller: k8s.io/ingress-nginx}
    /// ```
    /// Classes that could not be read are unknown:
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop}
    /// spec: {ingressClassName: ngnix}
    /// ```
    ///
    /// # How to fix
    /// Use a class that exists, or install the controller that brings this one.
    ///
    /// # What it cannot know
    /// Controllers that watch for a class by name without an object.
    ///
    /// # Source
    /// `spec.ingressClassName` of networking/v1 Ingress.
    NET017 "ingress-class-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.97,
        reads: [IngressClass],
        maps_to: ["k8sgpt:Ingress"],
        check: Ingress(check),
    }
}

fn check<'a>(ingress: &'a Ingress, cluster: &Cluster<'a>, sink: &mut Sink) {
    let class = &ingress.spec.ingress_class_name;
    if class.is_empty()
        || ingress.metadata.is_terminating()
        || !cluster.look_up::<IngressClass>("", class).is_absent()
    {
        return;
    }
    let own = ingress.reference();
    let subject = ObjectRef::cluster_scoped(
        Kind::IngressClass.api_version(),
        Kind::IngressClass.as_str(),
        class,
    );
    let there: Vec<&str> = cluster
        .all::<IngressClass>()
        .map(|class| class.metadata.name.as_str())
        .collect();
    let there = if there.is_empty() {
        "none".to_owned()
    } else {
        there.join(", ")
    };
    let mut sighting = Sighting::of(
        subject.clone(),
        format!("{subject} does not exist, and {own} asks for it"),
        format!("No controller serves the Ingress; classes that exist: {there}."),
    )
    .seen_on(own.clone(), "class of")
    .evidence(Evidence::field(own.clone(), "spec.ingressClassName", class))
    .evidence(Evidence::absence(
        subject,
        &format!("classes that exist: {there}"),
    ))
    .suggest(Suggestion::advice(format!(
        "Set spec.ingressClassName of {own} to a class that exists ({there}), or install the controller of `{class}`"
    )))
    .suggest(Suggestion::look("See the classes", "kubectl get ingressclasses"))
    .since(ingress.metadata.creation_timestamp);
    // Somebody gave it an address: a controller that goes by the bare name.
    if !ingress.status.load_balancer.ingress.is_empty() {
        sighting = sighting.severity(Severity::Warning).confidence(0.7);
    }
    sink.report(sighting);
}
