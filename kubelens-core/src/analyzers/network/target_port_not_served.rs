use super::endpoints::live_pods;
use super::failed_call::{FailedCall, Failure, failed_calls};
use super::service_port::{PodPort, declared, port_in, said, same_protocol, target_of, title_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, Pod, Service, ServicePort};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Service sends traffic to a port number that the pods it selects do not declare, while they
    /// declare others. Declaring is optional, so this is a suspicion until a caller is refused on that
    /// port, or the pods' own probes get their answer on another one.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/ui/ui | dial tcp: connect: connection refused (web)
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 9090}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web, ports: [{name: http, containerPort: 9060}]}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: ui, namespace: shop, labels: {app: ui}}
    /// spec: {containers: [{name: ui}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: ui, state: {running: {startedAt: "2026-01-01T11:00:00Z"}}}]
    /// ```
    ///
    /// # Stays silent on
    /// A second protocol of a port that is declared for the first:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: names, namespace: shop}
    /// spec: {selector: {app: names}, ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: names-1, namespace: shop, labels: {app: names}}
    /// spec: {containers: [{name: names, ports: [{name: dns, containerPort: 53, protocol: UDP}]}]}
    /// status: {phase: Running}
    /// ```
    /// Pods that declare nothing, and headless Services, whose port is a hint only:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{port: 80, targetPort: 9090}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db, namespace: shop}
    /// spec: {clusterIP: None, selector: {app: db}, ports: [{port: 80}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, labels: {app: db}}
    /// spec: {containers: [{name: db, ports: [{containerPort: 5432}]}]}
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Set `targetPort` to the port that the container listens on.
    ///
    /// # What it cannot know
    /// On which ports a program listens that its pod does not declare.
    ///
    /// # Source
    /// `targetPort` of core/v1 ServicePort; `ports` and probes of the selected pods' containers; log
    /// lines of callers that are not ready.
    NET004 "target-port-not-served" {
        role: Root,
        severity: Warning,
        confidence: 0.60,
        reads: [Pod, Service],
        maps_to: ["POP-1106"],
        check: Service(check),
    }
}

/// Containers that take traffic of a pod on any port.
const PROXIES: [&str; 5] = [
    "istio-proxy",
    "linkerd-proxy",
    "kuma-sidecar",
    "envoy",
    "consul-dataplane",
];

fn check<'a>(service: &'a Service, cluster: &Cluster<'a>, sink: &mut Sink) {
    if service.metadata.is_terminating()
        || service.spec.cluster_ip == "None"
        || service.spec.type_ == "ExternalName"
        || service.spec.selector.is_empty()
    {
        return;
    }
    let pods = live_pods(cluster, service);
    if pods.is_empty() || pods.iter().any(|pod| says_nothing(pod)) {
        return;
    }
    for (index, port) in service.spec.ports.iter().enumerate() {
        let fact = Fact {
            cluster,
            service,
            index,
            port,
            pods: &pods,
        };
        if fact.is_not_declared() && !fact.is_second_protocol() {
            fact.report(&failed_calls(cluster), sink);
        }
    }
}

/// Whether what the pod declares tells nothing of what it serves.
fn says_nothing(pod: &Pod) -> bool {
    declared(pod).next().is_none() || has_proxy(pod)
}

/// Whether a container of the pod takes its traffic on any port.
pub(super) fn has_proxy(pod: &Pod) -> bool {
    pod.spec
        .all_containers()
        .any(|(_, container)| PROXIES.contains(&container.name.as_str()))
}

/// A Service port that none of the pods declares.
struct Fact<'c, 'a> {
    cluster: &'c Cluster<'a>,
    service: &'a Service,
    index: usize,
    port: &'a ServicePort,
    pods: &'c [&'a Pod],
}

impl<'a> Fact<'_, 'a> {
    /// Whether no pod declares the number with the protocol.
    fn is_not_declared(&self) -> bool {
        self.pods.iter().all(|pod| match port_in(pod, self.port) {
            PodPort::Number(number) => !declared(pod).any(|(_, known)| {
                known.container_port == number && same_protocol(known, self.port)
            }),
            _ => false,
        })
    }

    /// Whether the number is declared, but for another protocol.
    fn is_other_protocol(&self) -> bool {
        self.pods.iter().any(|pod| match port_in(pod, self.port) {
            PodPort::Number(number) => {
                declared(pod).any(|(_, known)| known.container_port == number)
            }
            _ => false,
        })
    }

    /// Whether the Service leads to the number by the protocol that is declared as well: name servers and HTTP/3 speak
    /// both, and one of them is often left out of the declaration.
    fn is_second_protocol(&self) -> bool {
        let number_of = |pod: &Pod, port: &ServicePort| match port_in(pod, port) {
            PodPort::Number(number) => Some(number),
            _ => None,
        };
        self.pods.iter().any(|pod| {
            let number = number_of(pod, self.port);
            number.is_some()
                && self.service.spec.ports.iter().any(|other| {
                    number_of(pod, other) == number
                        && declared(pod).any(|(_, known)| {
                            Some(known.container_port) == number && same_protocol(known, other)
                        })
                })
        })
    }

    /// Callers that were refused by the Service, on this port if the line tells.
    fn refused<'c>(&self, calls: &'c [FailedCall<'a>]) -> Vec<&'c FailedCall<'a>> {
        let is_of_this = |call: &&FailedCall<'a>| {
            let is_this = call.service.is_some_and(|service| {
                service.metadata.name == self.service.metadata.name
                    && service.metadata.namespace == self.service.metadata.namespace
            });
            let is_port = call
                .port
                .is_none_or(|port| port == self.port.port || self.service.spec.ports.len() == 1);
            is_this && is_port && call.failure == Failure::Refused
        };
        calls.iter().filter(is_of_this).collect()
    }

    /// A ready pod whose probe gets its answer on another port: where it stands and which.
    fn answered_elsewhere(&self) -> Option<(&'a Pod, String, i64)> {
        self.pods
            .iter()
            .filter(|pod| pod.is_ready())
            .find_map(|pod| {
                let PodPort::Number(target) = port_in(pod, self.port) else {
                    return None;
                };
                pod.spec
                    .containers
                    .iter()
                    .enumerate()
                    .find_map(|(at, container)| {
                        let probe = container.readiness_probe.as_ref()?;
                        let number = probe.port_number(container)?;
                        let path = format!("spec.containers[{at}].readinessProbe");
                        (number != target).then_some((*pod, path, number))
                    })
            })
    }

    /// A declared port that the Service port's name says is meant.
    fn has_namesake(&self) -> bool {
        self.pods
            .iter()
            .flat_map(|pod| declared(pod))
            .any(|(_, known)| !known.name.is_empty() && known.name == self.port.name)
    }

    /// Whether another port of this Service, or another Service, leads to a declared port: then this
    /// one is probably served too, undeclared.
    fn is_extra(&self) -> bool {
        let leads = |port: &ServicePort| {
            self.pods.iter().any(|pod| match port_in(pod, port) {
                PodPort::Number(number) => {
                    declared(pod).any(|(_, known)| known.container_port == number)
                }
                PodPort::Named(_) => true,
                PodPort::UnknownName => false,
            })
        };
        self.service.spec.ports.iter().any(leads)
            || self
                .cluster
                .in_namespace::<Service>(&self.service.metadata.namespace)
                .filter(|other| other.metadata.name != self.service.metadata.name)
                .filter(|other| !other.spec.selector.is_empty())
                .filter(|other| {
                    self.pods
                        .iter()
                        .any(|pod| pod.metadata.labels.holds(&other.spec.selector))
                })
                .any(|other| other.spec.ports.iter().any(leads))
    }

    fn report(&self, calls: &[FailedCall<'a>], sink: &mut Sink) {
        let refused = self.refused(calls);
        let elsewhere = self.answered_elsewhere();
        let (severity, confidence) = match &elsewhere {
            _ if !refused.is_empty() => (Severity::Critical, 0.90),
            _ if self.is_other_protocol() => (Severity::Warning, 0.85),
            Some(_) if !self.is_extra() => (Severity::Critical, 0.80),
            Some(_) if self.has_namesake() => (Severity::Warning, 0.70),
            _ if self.is_extra() => (Severity::Info, 0.50),
            _ => (Severity::Warning, 0.60),
        };
        let mut sighting = self
            .sighting(!refused.is_empty())
            .severity(severity)
            .confidence(confidence);
        if let Some((pod, path, number)) = elsewhere {
            sighting = sighting.evidence(Evidence::field(
                pod.reference(),
                &path,
                format!("answers on port {number}"),
            ));
        }
        for call in refused {
            let seen_by_caller = sighting.clone().evidence(call.evidence());
            sink.report(seen_by_caller.seen_on(call.pod.reference(), "calls"));
        }
        sink.report(sighting);
    }

    fn sighting(&self, is_refused: bool) -> Sighting {
        let own = self.service.reference();
        let target = target_of(self.port);
        let there = said(
            self.pods
                .iter()
                .flat_map(|pod| declared(pod))
                .map(|(_, port)| port),
        );
        let title = format!(
            "targetPort {target} of {own} port {} is none of the ports that its pods declare: {there}",
            title_of(self.port)
        );
        let outcome = if is_refused {
            "and refused there"
        } else {
            "where nothing is known to listen"
        };
        let explanation = format!(
            "Connections to port {} of the Service are sent to port {target} of the pods, {outcome}; the declared containerPort: {there}.",
            self.port.port
        );
        let mut sighting = Sighting::of(own.clone(), title, explanation)
            .identified_by("port", self.port.port.to_string())
            .evidence(Evidence::field(
                own.clone(),
                &format!("spec.ports[{}].targetPort", self.index),
                &target,
            ));
        if let Some(pod) = self.pods.first() {
            sighting = sighting.evidence(Evidence::field(
                pod.reference(),
                "spec.containers[].ports[].containerPort",
                said(declared(pod).map(|(_, port)| port)),
            ));
        }
        sighting
            .suggest(Suggestion::advice(format!(
                "Set targetPort of {own} port {} to the port that the container listens on ({there})",
                title_of(self.port)
            )))
            .suggest(Suggestion::look(
                "Compare the Service with its endpoints",
                format!(
                    "kubectl -n {} describe service {}",
                    self.service.metadata.namespace, self.service.metadata.name
                ),
            ))
    }
}
