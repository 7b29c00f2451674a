use super::endpoints::live_pods;
use super::service_port::{PodPort, declared, port_in, protocol, said, same_protocol, title_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{IntOrString, Object, Pod, Service, ServicePort};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Service sends traffic to a named port, but the pods it selects declare no port of that name:
    /// the Service port has no endpoint, and every connection to it fails.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: web}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web, ports: [{name: http, containerPort: 8080}]}]}
    /// status: {phase: Running}
    /// ```
    /// A name that is there for another protocol only:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: dns, namespace: shop}
    /// spec: {selector: {app: dns}, ports: [{name: dns, port: 53, targetPort: dns}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: dns-1, namespace: shop, labels: {app: dns}}
    /// spec: {containers: [{name: dns, ports: [{name: dns, containerPort: 5353, protocol: UDP}]}]}
    /// status: {phase: Running}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web, ports: [{name: http, containerPort: 8080}]}]}
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Use a name in `targetPort` that a container declares, or declare the name in the pod template.
    ///
    /// # What it cannot know
    /// Which of the declared ports is meant.
    ///
    /// # Source
    /// `targetPort` of core/v1 ServicePort; `ports[].name` of the selected pods' containers.
    NET003 "named-target-port-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.96,
        reads: [Pod, ReplicaSet, Deployment],
        maps_to: ["POP-1106"],
        check: Service(check),
    }
}

fn check<'a>(service: &'a Service, cluster: &Cluster<'a>, sink: &mut Sink) {
    let is_named = |port: &&ServicePort| matches!(&port.target_port, Some(IntOrString::String(_)));
    if service.metadata.is_terminating() || !service.spec.ports.iter().any(|p| is_named(&p)) {
        return;
    }
    let pods = live_pods(cluster, service);
    if pods.is_empty() {
        return;
    }
    for (index, port) in service.spec.ports.iter().enumerate() {
        let lacking = pods
            .iter()
            .filter(|pod| port_in(pod, port) == PodPort::UnknownName)
            .count();
        if lacking == pods.len() || (lacking > 0 && !is_between_revisions(cluster, &pods)) {
            sink.report(sighting(service, index, port, &pods, lacking));
        }
    }
}

/// Whether the pods come from several revisions of one workload: the name is being introduced.
fn is_between_revisions(cluster: &Cluster<'_>, pods: &[&Pod]) -> bool {
    let mut tops: Vec<_> = pods.iter().map(|pod| cluster.top_of(pod)).collect();
    tops.sort();
    tops.dedup();
    tops.len() == 1
}

fn sighting(
    service: &Service,
    index: usize,
    port: &ServicePort,
    pods: &[&Pod],
    lacking: usize,
) -> Sighting {
    let own = service.reference();
    let name = port
        .target_port
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let there = said(
        pods.iter()
            .flat_map(|pod| declared(pod))
            .map(|(_, port)| port),
    );
    let spoken = protocol(&port.protocol);
    let other = pods
        .iter()
        .flat_map(|pod| declared(pod))
        .find(|(_, known)| known.name == *name && !same_protocol(known, port));
    let other = other.map(|(container, known)| (container, protocol(&known.protocol)));
    let title = match other {
        Some((_, other)) => format!(
            "targetPort `{name}` of {own} port {} is {spoken}, and its pods declare that name for {other} only",
            title_of(port)
        ),
        None => format!(
            "targetPort `{name}` of {own} port {} does not exist in its pods",
            title_of(port)
        ),
    };
    let declares = if other.is_some() {
        format!("a {spoken} port named `{name}`")
    } else {
        format!("a port named `{name}`")
    };
    let which = if lacking == pods.len() {
        "no selected pod".to_owned()
    } else {
        format!("{lacking} of {} selected pods do not", pods.len())
    };
    let explanation = if lacking == pods.len() {
        format!(
            "{which} declares {declares}; declared ports: {there}. The Service port has no endpoint, so connections to it fail."
        )
    } else {
        format!("{which} declare {declares}; declared ports: {there}.")
    };
    let mut sighting = Sighting::of(own.clone(), title, crate::model::capitalized(&explanation))
        .identified_by("port", port.port.to_string())
        .evidence(Evidence::field(
            own.clone(),
            &format!("spec.ports[{index}].targetPort"),
            &name,
        ));
    if let Some(pod) = pods
        .iter()
        .find(|pod| port_in(pod, port) == PodPort::UnknownName)
    {
        let ports = said(declared(pod).map(|(_, port)| port));
        sighting = sighting.evidence(Evidence::field(
            pod.reference(),
            "spec.containers[].ports",
            ports,
        ));
    }
    if lacking < pods.len() || service.spec.cluster_ip == "None" {
        sighting = sighting.severity(Severity::Warning);
    }
    sighting
        .suggest(Suggestion::advice(match other {
            Some((container, other)) => format!(
                "Declare port `{name}` of container {container} for {spoken} as well, if it listens there, or set the protocol of {own} port {} to {other}",
                title_of(port)
            ),
            None => format!(
                "Set targetPort of {own} port {} to a port that the pods declare ({there}), or name the container port `{name}`",
                title_of(port)
            ),
        }))
        .suggest(Suggestion::look(
            "Compare the Service with its endpoints",
            format!(
                "kubectl -n {} describe service {}",
                service.metadata.namespace, service.metadata.name
            ),
        ))
}
