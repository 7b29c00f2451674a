use std::collections::BTreeSet;

use super::endpoints::ready_endpoints;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{EndpointSlice, Endpoints, Object, Service, ServicePort};
use crate::model::{Evidence, ObjectRef, Risk, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Service without a selector leads nowhere: it stands for a name in the cluster that does not
    /// exist, for itself, or for endpoints that nobody wrote.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {type: ExternalName, externalName: postgres.data.svc.cluster.local}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: EndpointSlice, Endpoints
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: legacy, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {type: ClusterIP, clusterIP: 10.96.0.9}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: EndpointSlice, Endpoints
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: mail, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {type: ExternalName, externalName: smtp.example.com}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: kubernetes, namespace: default, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {type: ClusterIP, clusterIP: 10.96.0.1}
    /// ```
    ///
    /// # How to fix
    /// Correct the name that it stands for, or write the endpoints that it needs.
    ///
    /// # What it cannot know
    /// Names outside the cluster.
    ///
    /// # Source
    /// `spec.externalName` of core/v1 Service; EndpointSlices and Endpoints of its name.
    NET010 "selectorless-service-broken" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [EndpointSlice, Endpoints, Pod],
        maps_to: [],
        check: Service(check),
    }
}

/// Seconds that somebody has to write endpoints.
const GRACE: i64 = 300;

fn check<'a>(service: &'a Service, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = &service.metadata;
    if meta.is_terminating() || cluster.age(meta) < GRACE {
        return;
    }
    if service.spec.type_ == "ExternalName" {
        if let Some(problem) = alias_problem(service, cluster) {
            sink.report(alias(service, &problem));
        }
        return;
    }
    let is_the_api = meta.namespace == "default" && meta.name == "kubernetes";
    if !service.spec.selector.is_empty() || is_the_api || meta.controller().is_some() {
        return;
    }
    // Endpoints that somebody writes are mirrored into slices: either form, read in full, tells it.
    let is_empty = cluster.slices_of(service).next().is_none()
        && cluster
            .get::<Endpoints>(&meta.namespace, &meta.name)
            .is_none()
        && ready_endpoints(cluster, service) == Some(0);
    if is_empty {
        sink.report(nothing_behind(service, stray_slice(cluster, service)));
        return;
    }
    for port in &service.spec.ports {
        if let Some(sighting) = unjoined(cluster, service, port) {
            sink.report(sighting);
        }
    }
}

/// A port whose name none of the Service's slices has: proxies join the two by it (discovery/v1 EndpointPort.name).
fn unjoined(cluster: &Cluster<'_>, service: &Service, port: &ServicePort) -> Option<Sighting> {
    let slices: Vec<&EndpointSlice> = cluster.slices_of(service).collect();
    let names = || {
        slices
            .iter()
            .flat_map(|slice| slice.ports.iter().map(|port| &port.name))
    };
    if names().next().is_none() || names().any(|name| *name == port.name) {
        return None;
    }
    let own = service.reference();
    let slice = slices.first()?.reference();
    let shown = |name: &str| match name {
        "" => "no name".to_owned(),
        name => format!("`{name}`"),
    };
    let there: BTreeSet<String> = names().map(|name| shown(name)).collect();
    let there = there.into_iter().collect::<Vec<_>>().join(", ");
    let wanted = shown(&port.name);
    let sighting = Sighting::of(
        own.clone(),
        format!("Port {} of {own} leads nowhere: its name is {wanted}, and {slice} has {there}", port.port),
        "Ports of a Service and of its EndpointSlices are joined by their names: connections to this one are refused.",
    )
    .identified_by("port", port.port.to_string())
    .evidence(Evidence::field(own.clone(), "spec.ports[].name", &wanted))
    .evidence(Evidence::field(slice.clone(), "ports[].name", &there))
    .suggest(Suggestion::advice(format!(
        "Give the port of {slice} the name that {own} has for it: {wanted}"
    )));
    Some(sighting)
}

/// What is wrong with the name that an ExternalName Service stands for.
fn alias_problem(service: &Service, cluster: &Cluster<'_>) -> Option<String> {
    let name = service.spec.external_name.trim_end_matches('.');
    if name.parse::<std::net::IpAddr>().is_ok() {
        return Some("it is an address, and DNS needs a name".to_owned());
    }
    let mut labels = name.split('.');
    let (target, namespace) = (labels.next()?, labels.next()?);
    if labels.next() != Some("svc") {
        return None;
    }
    if target == &*service.metadata.name && namespace == &*service.metadata.namespace {
        return Some("it is the Service itself".to_owned());
    }
    let missing = ObjectRef::namespaced("v1", "Service", namespace, target);
    cluster
        .look_up::<Service>(namespace, target)
        .is_absent()
        .then(|| format!("{missing} does not exist"))
}

fn alias(service: &Service, problem: &str) -> Sighting {
    let own = service.reference();
    let name = &service.spec.external_name;
    Sighting::of(
        own.clone(),
        format!("{own} stands for `{name}`, which leads nowhere: {problem}"),
        "Who calls the Service gets no answer from DNS.",
    )
    .evidence(Evidence::field(own.clone(), "spec.externalName", name))
    .evidence(Evidence::absence(own.clone(), problem))
    .suggest(Suggestion::advice(format!(
        "Set spec.externalName of {own} to a name that exists"
    )))
}

/// The label that says whose endpoints a slice holds.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// A slice that somebody wrote for a Service which does not exist, and that was meant for this one by its name or by the
/// name that it gives.
fn stray_slice<'a>(cluster: &Cluster<'a>, service: &Service) -> Option<&'a EndpointSlice> {
    let meta = &service.metadata;
    let is_near = |name: &str| strsim::jaro_winkler(name, &meta.name) >= 0.85;
    cluster
        .in_namespace::<EndpointSlice>(&meta.namespace)
        .filter(|slice| slice.metadata.controller().is_none())
        .find(|slice| {
            let given = slice
                .metadata
                .labels
                .value(SERVICE_NAME)
                .unwrap_or_default();
            let is_nobodys = given.is_empty()
                || cluster
                    .look_up::<Service>(&meta.namespace, given)
                    .is_absent();
            let is_its = is_near(given) || slice.metadata.name.starts_with(&*meta.name);
            is_nobodys && is_its
        })
}

fn nothing_behind(service: &Service, stray: Option<&EndpointSlice>) -> Sighting {
    let own = service.reference();
    if let Some(slice) = stray {
        return not_led_to(service, slice);
    }
    Sighting::of(
        own.clone(),
        format!("{own} has no selector and no endpoints"),
        "Nobody wrote EndpointSlices or Endpoints for it, so every connection to it fails.",
    )
    .evidence(Evidence::field(own.clone(), "spec.selector", "(not set)"))
    .evidence(Evidence::absence(
        own.clone(),
        "no EndpointSlice and no Endpoints of this Service",
    ))
    .suggest(Suggestion::advice(format!(
        "Give {own} a selector, or write an EndpointSlice with the label kubernetes.io/service-name={}",
        service.metadata.name
    )))
}

fn not_led_to(service: &Service, slice: &EndpointSlice) -> Sighting {
    let own = service.reference();
    let name = &service.metadata.name;
    let slice_ref = slice.reference();
    let given = slice
        .metadata
        .labels
        .value(SERVICE_NAME)
        .unwrap_or("(not set)");
    Sighting::of(
        own.clone(),
        format!("{own} has no endpoints: {slice_ref} belongs to `{given}` by its label"),
        format!("The label {SERVICE_NAME} says whose endpoints a slice holds, and no Service of the namespace is called `{given}`. So every connection to {own} fails."),
    )
    .evidence(Evidence::field(own.clone(), "spec.selector", "(not set)"))
    .evidence(Evidence::field(
        slice_ref.clone(),
        &format!("metadata.labels[{SERVICE_NAME}]"),
        given,
    ))
    .evidence(Evidence::absence(own, "no EndpointSlice and no Endpoints of this Service"))
    .suggest(Suggestion::run(
        format!("Set the label of {slice_ref} to the name of the Service"),
        format!(
            "kubectl -n {} label endpointslice {} --overwrite {SERVICE_NAME}={name}",
            service.metadata.namespace, slice.metadata.name
        ),
        Risk::Low,
    ))
}
