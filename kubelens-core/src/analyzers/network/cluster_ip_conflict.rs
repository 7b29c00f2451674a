use std::collections::BTreeMap;

use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, Service};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// Two Services have the same address or the same node port, or a Service's address lies outside
    /// the range that the cluster gives out: traffic goes to the wrong pods or nowhere.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: a, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {clusterIP: 10.96.0.7}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: b, namespace: shop, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {clusterIP: 10.96.0.7}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: a, namespace: shop}
    /// spec: {clusterIP: None, ports: [{port: 53, nodePort: 0}]}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: b, namespace: shop}
    /// spec: {clusterIP: None, ports: [{port: 53, nodePort: 0}]}
    /// ```
    ///
    /// # How to fix
    /// Make the newer Service again without a fixed address or node port.
    ///
    /// # What it cannot know
    /// Addresses in use outside Kubernetes.
    ///
    /// # Source
    /// `spec.clusterIP` and `nodePort` of core/v1 Service; events of the repair controllers.
    NET013 "cluster-ip-conflict" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [Service, Event],
        maps_to: [],
        check: Cluster(check),
    }
}

/// What the API server's repair loops say of a broken allocation.
const BROKEN: [&str; 6] = [
    "ClusterIPOutOfRange",
    "ClusterIPAlreadyAllocated",
    "ClusterIPNotValid",
    "PortAlreadyAllocated",
    "PortOutOfRange",
    "PortRangeFull",
];

/// Seconds for which such an event is believed.
const WINDOW: i64 = 3600;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let mut holders: BTreeMap<(&'static str, String), Vec<&Service>> = BTreeMap::new();
    for service in cluster.all::<Service>() {
        if service.metadata.is_terminating() {
            continue;
        }
        let address = &service.spec.cluster_ip;
        if !address.is_empty() && address != "None" {
            let key = ("spec.clusterIP", address.to_string());
            holders.entry(key).or_default().push(service);
        }
        for port in service.spec.ports.iter().filter(|port| port.node_port > 0) {
            let protocol = super::service_port::protocol(&port.protocol);
            let key = (
                "spec.ports[].nodePort",
                format!("{}/{protocol}", port.node_port),
            );
            holders.entry(key).or_default().push(service);
        }
        let event = cluster.newest_event(service, &BROKEN);
        if let Some(event) = event.filter(|event| cluster.is_within(event.last_seen(), WINDOW)) {
            let own = service.reference();
            let sighting = Sighting::of(
                own.clone(),
                format!(
                    "The address of {own} is not validly allocated: {}",
                    event.reason
                ),
                "Traffic to the Service may go to the wrong pods or nowhere.",
            )
            .identified_by("fact", event.reason.as_str())
            .severity(Severity::Warning)
            .event(event)
            .suggest(again(service));
            sink.report(sighting);
        }
    }
    for ((field, value), mut services) in holders {
        services.sort_by_key(|service| (service.metadata.creation_timestamp, service.reference()));
        if let [first, .., last] = services.as_slice() {
            sink.report(conflict(field, &value, first, last));
        }
    }
}

fn conflict(field: &str, value: &str, first: &Service, last: &Service) -> Sighting {
    let own = last.reference();
    Sighting::of(
        own.clone(),
        format!(
            "{own} and {} have the same {field} {value}",
            first.reference()
        ),
        "Traffic for one of them goes to the pods of the other.",
    )
    .identified_by("value", value)
    .evidence(Evidence::field(own, field, value))
    .evidence(Evidence::field(first.reference(), field, value))
    .suggest(again(last))
}

fn again(service: &Service) -> Suggestion {
    Suggestion::advice(format!(
        "Delete {} and create it again without a fixed address or node port",
        service.reference()
    ))
}
