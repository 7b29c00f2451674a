use super::ingress_backend::{BackendUse, backends};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Ingress, Kind, Object, Service};
use crate::model::{Evidence, ObjectRef, Suggestion, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An Ingress sends requests to a Service that does not exist in its namespace: who asks for that
    /// host and path gets an error of the ingress controller.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Service
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: seats, namespace: tickets}
    /// spec:
    ///   rules:
    ///   - host: seats.example
    ///     http: {paths: [{path: /pay, backend: {service: {name: seat-pay, port: {number: 8811}}}}]}
    /// ```
    ///
    /// # Stays silent on
    /// A Service that is there, an action of the AWS controller, and Services that could not be read:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: seats, namespace: tickets}
    /// spec:
    ///   rules:
    ///   - http:
    ///       paths:
    ///       - {path: /, backend: {service: {name: seat-web, port: {number: 80}}}}
    ///       - {path: /old, backend: {service: {name: ssl-redirect, port: {name: use-annotation}}}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: seat-web, namespace: tickets}
    /// ```
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: seats, namespace: tickets}
    /// spec: {defaultBackend: {service: {name: seat-pay, port: {number: 8811}}}}
    /// ```
    ///
    /// # How to fix
    /// Create the Service, or correct the name in the Ingress.
    ///
    /// # What it cannot know
    /// Names that an ingress controller gives a meaning of its own.
    ///
    /// # Source
    /// `backend.service.name` of networking/v1 Ingress.
    NET019 "ingress-backend-service-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.98,
        reads: [Service],
        maps_to: ["k8sgpt:Ingress", "POP-1401"],
        check: Ingress(check),
    }
}

fn check<'a>(ingress: &'a Ingress, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = &ingress.metadata;
    if meta.is_terminating() {
        return;
    }
    let missing: Vec<BackendUse<'_>> = backends(ingress)
        .into_iter()
        .filter(|backend| {
            cluster
                .look_up::<Service>(&meta.namespace, &backend.service.name)
                .is_absent()
        })
        .collect();
    let mut names: Vec<&str> = missing
        .iter()
        .map(|backend| &*backend.service.name)
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let uses: Vec<&BackendUse<'_>> = missing
            .iter()
            .filter(|backend| backend.service.name == name)
            .collect();
        sink.report(sighting(ingress, cluster, name, &uses));
    }
}

fn sighting(
    ingress: &Ingress,
    cluster: &Cluster<'_>,
    name: &str,
    uses: &[&BackendUse<'_>],
) -> Sighting {
    let namespace = &ingress.metadata.namespace;
    let own = ingress.reference();
    let subject = ObjectRef::namespaced(
        Kind::Service.api_version(),
        Kind::Service.as_str(),
        namespace,
        name,
    );
    let near = cluster.near_names::<Service>(namespace, name);
    let routes = some_of(uses.iter().map(|backend| &backend.route), 3);
    let title = format!("{subject} does not exist, and {own} sends requests to it");
    let explanation = format!("Requests for {routes} get an error of the ingress controller.");
    let absence = if near.is_empty() {
        "no Service of that name in the namespace".to_owned()
    } else {
        format!(
            "no Service of that name in the namespace (near names there: {})",
            near.join(", ")
        )
    };
    let mut sighting = Sighting::of(subject.clone(), title, explanation)
        .seen_on(own.clone(), "routes to")
        .evidence(Evidence::absence(subject, &absence))
        .since(ingress.metadata.creation_timestamp);
    for backend in uses.iter().take(3) {
        sighting = sighting.evidence(Evidence::field(
            own.clone(),
            &format!("{}.name", backend.path),
            format!("{name} (for {})", backend.route),
        ));
    }
    let advice = near.first().map_or_else(
        || format!("Create Service {namespace}/{name}, or take the path out of {own}"),
        |near| format!("Point {own} at `{near}`, or create Service {namespace}/{name}"),
    );
    sighting
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look(
            "See which Services there are",
            format!("kubectl -n {namespace} get services"),
        ))
}
