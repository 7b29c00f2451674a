use std::collections::{BTreeMap, BTreeSet};

use super::endpoints::live_pods;
use super::failed_call::{FailedCall, Failure, failed_calls};
use super::service_port::{PodPort, declared, port_in, same_protocol, title_of};
use super::target_port_not_served::has_proxy;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Container, Object, Pod, Service, ServicePort};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The selector of a Service is wider than it should be: beside the pods that serve its port it matches those of
    /// another program, which does not. A share of the connections ends there and is refused.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: tariff, namespace: shop}
    /// spec: {selector: {part-of: tariff}, ports: [{name: http, port: 80, targetPort: 8080}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: desk, namespace: shop, labels: {part-of: tariff}}
    /// spec: {containers: [{name: desk, image: "r.example/desk:1", ports: [{containerPort: 8080}]}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: digest, namespace: shop, labels: {part-of: tariff}}
    /// spec: {containers: [{name: digest, image: "r.example/digest:1"}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// # Stays silent on
    /// Two versions of one program, of which one does not declare its port:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: tariff, namespace: shop}
    /// spec: {selector: {app: desk}, ports: [{name: http, port: 80, targetPort: 8080}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: desk-1, namespace: shop, labels: {app: desk}}
    /// spec: {containers: [{name: desk, image: "r.example/desk:1", ports: [{containerPort: 8080}]}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: desk-2, namespace: shop, labels: {app: desk}}
    /// spec: {containers: [{name: desk, image: "r.example/desk:2"}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// # How to fix
    /// Add the label to the selector that only the pods carry which serve the port.
    ///
    /// # What it cannot know
    /// Whether the other program listens on that port without declaring it.
    ///
    /// # Source
    /// `selector` and numeric `targetPort` of core/v1 Service; `ports` and images of the selected pods; log lines of
    /// callers.
    NET078 "service-selects-other-program" {
        role: Root,
        severity: Warning,
        confidence: 0.70,
        reads: [Pod, Service, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: [],
        check: Service(check),
    }
}

/// How sure it is once a caller was refused.
const REFUSED: f64 = 0.90;

fn check<'a>(service: &'a Service, cluster: &Cluster<'a>, sink: &mut Sink) {
    let spec = &service.spec;
    if service.metadata.is_terminating()
        || spec.cluster_ip == "None"
        || spec.type_ == "ExternalName"
        || spec.selector.is_empty()
    {
        return;
    }
    let pods: Vec<&Pod> = live_pods(cluster, service)
        .into_iter()
        .filter(|pod| pod.is_ready())
        .collect();
    if pods.len() < 2 || pods.iter().any(|pod| has_proxy(pod)) {
        return;
    }
    let mut ports = spec.ports.iter();
    let Some((port, others)) = ports.find_map(|port| Some((port, others(cluster, &pods, port)?)))
    else {
        return;
    };
    let calls = failed_calls(cluster);
    let refused: Vec<&FailedCall<'_>> = calls
        .iter()
        .filter(|call| call.failure == Failure::Refused)
        .filter(|call| {
            call.service
                .is_some_and(|called| std::ptr::eq(called, service))
        })
        .collect();
    let mut sighting = sighting(service, port, &pods, &others);
    if !refused.is_empty() {
        sighting = sighting.confidence(REFUSED);
    }
    for call in refused {
        let of_the_caller = sighting.clone().evidence(call.evidence());
        sink.report(of_the_caller.seen_on(call.pod.reference(), "calls"));
    }
    sink.report(sighting);
}

/// The workloads behind a port of which no pod declares it and that run none of the images of those that do; none where
/// all may serve it.
fn others<'a>(
    cluster: &Cluster<'a>,
    pods: &[&'a Pod],
    port: &ServicePort,
) -> Option<BTreeMap<ObjectRef, Vec<&'a Pod>>> {
    let serves = |pod: &Pod| match port_in(pod, port) {
        PodPort::Number(number) => Some(
            declared(pod)
                .any(|(_, known)| known.container_port == number && same_protocol(known, port)),
        ),
        // By a name only those are reached that declare it.
        _ => None,
    };
    let mut serving: BTreeSet<&str> = BTreeSet::new();
    let mut silent: BTreeMap<ObjectRef, Vec<&'a Pod>> = BTreeMap::new();
    for pod in pods.iter().copied() {
        if serves(pod)? {
            serving.extend(images(pod));
        } else {
            silent.entry(cluster.top_of(pod)).or_default().push(pod);
        }
    }
    silent.retain(|_, pods| {
        !pods
            .iter()
            .any(|pod| images(pod).any(|image| serving.contains(image)))
    });
    (!serving.is_empty() && !silent.is_empty()).then_some(silent)
}

fn images(pod: &Pod) -> impl Iterator<Item = &str> {
    pod.spec.containers.iter().map(Container::image_name)
}

fn sighting(
    service: &Service,
    port: &ServicePort,
    pods: &[&Pod],
    others: &BTreeMap<ObjectRef, Vec<&Pod>>,
) -> Sighting {
    let own = service.reference();
    let names: Vec<String> = others.keys().map(ToString::to_string).collect();
    let names = names.join(" and ");
    let count = others.values().map(Vec::len).sum::<usize>();
    let first = others.values().flatten().next();
    Sighting::of(
        own.clone(),
        format!(
            "{own} also selects {names}, which serves nothing on its port {}",
            title_of(port)
        ),
        format!(
            "{count} of the {} pods behind it do not declare the port and run another image: connections that end there are refused.",
            pods.len()
        ),
    )
    .identified_by("port", port.port.to_string())
    .severity(Severity::Warning)
    .evidence(Evidence::field(own.clone(), "spec.selector", &service.spec.selector))
    .all_evidence(first.map(|pod| {
        Evidence::field(pod.reference(), "metadata.labels", &pod.metadata.labels)
    }))
    .suggest(Suggestion::advice(format!(
        "Narrow the selector of {own} to a label that the pods of {names} do not carry"
    )))
}
