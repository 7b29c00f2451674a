use std::collections::BTreeSet;

use super::endpoints::live_pods;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::control_plane_pod::controller_lease;
use crate::kubernetes::{Kind, Object, Pod, Service, Text};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Service has ready pods, but they are not among its endpoints: the controller that keeps
    /// endpoints does not keep up, and traffic goes nowhere.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {app: web}}
    /// ---
    /// apiVersion: discovery.k8s.io/v1
    /// kind: EndpointSlice
    /// metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
    /// endpoints: [{addresses: [10.0.0.4], targetRef: {kind: Pod, name: web-0, namespace: shop}}]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}}
    /// status: {phase: Running, podIP: 10.0.0.7, conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T11:00:00Z"}]}
    /// ```
    /// A Service of one family, and pods of the other:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {app: web}, clusterIP: "fd00::a1"}
    /// ---
    /// apiVersion: discovery.k8s.io/v1
    /// kind: EndpointSlice
    /// metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
    /// addressType: IPv6
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}}
    /// status: {phase: Running, podIP: 10.0.0.7, conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T11:00:00Z"}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {app: web}}
    /// ---
    /// apiVersion: discovery.k8s.io/v1
    /// kind: EndpointSlice
    /// metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
    /// endpoints: [{addresses: [10.0.0.7], targetRef: {kind: Pod, name: web-1, namespace: shop}}]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}}
    /// status: {phase: Running, podIP: 10.0.0.7, conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T11:00:00Z"}]}
    /// ```
    ///
    /// # How to fix
    /// Look at the controller manager.
    ///
    /// # What it cannot know
    /// Changes between the moments at which pods and endpoints were read.
    ///
    /// # Source
    /// EndpointSlices of discovery/v1 against the `Ready` condition of the selected pods.
    NET008 "endpoint-slices-stale" {
        role: Root,
        severity: Critical,
        confidence: 0.85,
        reads: [Pod, EndpointSlice, Event],
        maps_to: ["POP-1105"],
        check: Service(check),
    }
}

/// Seconds within which endpoints follow pods.
const GRACE: i64 = 120;

fn check<'a>(service: &'a Service, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = &service.metadata;
    if service.spec.selector.is_empty()
        || service.spec.type_ == "ExternalName"
        || cluster.age(meta) < GRACE
        || !cluster.is_complete(Kind::EndpointSlice, &meta.namespace)
    {
        return;
    }
    let ready: Vec<&Pod> = live_pods(cluster, service)
        .into_iter()
        .filter(|pod| !pod.status.pod_ip.is_empty())
        .filter(|pod| {
            let since = pod.ready_since();
            since.is_some() && cluster.seconds_since(since) > GRACE
        })
        .collect();
    if ready.is_empty() {
        return;
    }
    // A Service that has no slice at all is more often a list that was not read in full.
    let failed = cluster.newest_event(service, &["FailedToUpdateEndpointSlices"]);
    if cluster.slices_of(service).next().is_none() && failed.is_none() {
        return;
    }
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for endpoint in cluster
        .slices_of(service)
        .flat_map(|slice| slice.endpoints.iter())
    {
        known.extend(endpoint.addresses.iter().map(Text::as_str));
        known.extend(
            endpoint
                .target_ref
                .iter()
                .map(|target| target.name.as_str()),
        );
    }
    let is_known = |pod: &&Pod| {
        known.contains(pod.status.pod_ip.as_str()) || known.contains(pod.metadata.name.as_str())
    };
    if ready.iter().any(is_known) {
        return;
    }
    // The controller has made a slice of the family that the Service asks for, and no pod has an address of it.
    let wanted = family(&service.spec.cluster_ip);
    let is_other = |pod: &&Pod| family(&pod.status.pod_ip) != wanted;
    if wanted.is_some() && ready.iter().all(is_other) && failed.is_none() {
        sink.report(of_another_family(service, &ready));
    } else {
        sink.report(sighting(service, &ready));
    }
}

/// The family of an address, as the API names it.
fn family(address: &str) -> Option<&'static str> {
    match address.parse::<std::net::IpAddr>().ok()? {
        std::net::IpAddr::V4(_) => Some("IPv4"),
        std::net::IpAddr::V6(_) => Some("IPv6"),
    }
}

fn of_another_family(service: &Service, ready: &[&Pod]) -> Sighting {
    let own = service.reference();
    let address = &service.spec.cluster_ip;
    let wanted = family(address).unwrap_or_default();
    let mut sighting = Sighting::of(
        own.clone(),
        format!("{own} is for {wanted} only, and none of its pods has an {wanted} address"),
        "Endpoints are made of the pods' addresses of the same family: there are none, so traffic goes nowhere.",
    )
    .identified_by("fact", "family")
    .evidence(Evidence::field(own.clone(), "spec.clusterIP", address));
    for pod in ready.iter().take(2) {
        sighting = sighting.evidence(Evidence::field(
            pod.reference(),
            "status.podIP",
            &pod.status.pod_ip,
        ));
    }
    let other = if wanted == "IPv6" { "IPv4" } else { "IPv6" };
    sighting.suggest(Suggestion::advice(format!(
        "Make {own} anew with spec.ipFamilies [{other}] (or ipFamilyPolicy PreferDualStack), or give the pods {wanted} addresses"
    )))
}

fn sighting(service: &Service, ready: &[&Pod]) -> Sighting {
    let own = service.reference();
    let mut sighting = Sighting::of(
        own.clone(),
        format!(
            "{own} has no endpoints although {} of its pods are ready",
            ready.len()
        ),
        "The controller that keeps EndpointSlices does not keep up, so traffic goes nowhere.",
    )
    .evidence(Evidence::absence(
        own,
        "none of its ready pods is in an EndpointSlice of the Service",
    ))
    .blames(controller_lease(), "keeps");
    for pod in ready.iter().take(2) {
        sighting = sighting.evidence(
            Evidence::field(pod.reference(), "status.conditions[Ready]", "True")
                .at(pod.ready_since()),
        );
    }
    sighting.suggest(Suggestion::look(
        "See the controller manager",
        "kubectl -n kube-system get pods -l component=kube-controller-manager",
    ))
}
