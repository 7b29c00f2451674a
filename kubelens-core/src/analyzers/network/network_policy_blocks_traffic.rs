use std::collections::BTreeSet;

use super::endpoints::live_pods;
use super::failed_call::{Failure, failed_calls};
use super::ingress_controller::controller_pod;
use super::policy::{Connection, Denial, Direction, Lack, denial};
use super::policy_text::{look_at, proof_of, rules_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::called_service::called_services;
use crate::kubernetes::{Ingress, Kind, Namespace, NetworkPolicy, Object, Pod, Service};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container calls a Service and gets no answer, and a NetworkPolicy lets no such connection
    /// through: out of the caller, or into the pods behind the Service. Or an Ingress leads to pods
    /// that its controller may not call.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web/web | dial tcp: db.shop.svc:5432: i/o timeout
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: {name: db-callers, namespace: shop}
    /// spec:
    ///   podSelector: {matchLabels: {app: db}}
    ///   ingress: [{from: [{podSelector: {matchLabels: {app: api}}}]}]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db, namespace: shop}
    /// spec: {selector: {app: db}, ports: [{port: 5432}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, labels: {app: db}}
    /// spec: {containers: [{name: db}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: web, state: {running: {startedAt: "2026-01-01T11:00:00Z"}}}]
    /// ```
    ///
    /// An Ingress whose controller no rule lets in:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: {name: web-callers, namespace: shop}
    /// spec:
    ///   podSelector: {matchLabels: {app: web}}
    ///   ingress: [{from: [{namespaceSelector: {matchLabels: {name: front}}}]}]
    /// ---
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata: {name: front, labels: {team: front}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: front, namespace: front}
    /// spec: {type: LoadBalancer, selector: {app: front}, ports: [{port: 443}]}
    /// status: {loadBalancer: {ingress: [{ip: 203.0.113.7}]}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: front, namespace: front, labels: {app: front}}
    /// spec: {containers: [{name: proxy}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop}
    /// spec: {rules: [{http: {paths: [{path: /, backend: {service: {name: web, port: {number: 80}}}}]}}]}
    /// status: {loadBalancer: {ingress: [{ip: 203.0.113.7}]}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// # Stays silent on
    /// A connection that a rule allows:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web/web | dial tcp: db.shop.svc:5432: i/o timeout
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: {name: db-callers, namespace: shop}
    /// spec:
    ///   podSelector: {matchLabels: {app: db}}
    ///   ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db, namespace: shop}
    /// spec: {selector: {app: db}, ports: [{port: 5432}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, labels: {app: db}}
    /// spec: {containers: [{name: db}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: web, state: {running: {startedAt: "2026-01-01T11:00:00Z"}}}]
    /// ```
    ///
    /// A controller that a rule lets in:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: {name: web-callers, namespace: shop}
    /// spec:
    ///   podSelector: {matchLabels: {app: web}}
    ///   ingress: [{from: [{namespaceSelector: {}}]}]
    /// ---
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata: {name: front}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: front, namespace: front}
    /// spec: {type: LoadBalancer, selector: {app: front}, ports: [{port: 443}]}
    /// status: {loadBalancer: {ingress: [{ip: 203.0.113.7}]}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: front, namespace: front, labels: {app: front}}
    /// spec: {containers: [{name: proxy}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop}
    /// spec: {rules: [{http: {paths: [{path: /, backend: {service: {name: web, port: {number: 80}}}}]}}]}
    /// status: {loadBalancer: {ingress: [{ip: 203.0.113.7}]}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// # How to fix
    /// Add a rule that names the caller and the port, or correct the one that was meant to.
    ///
    /// # What it cannot know
    /// Policies of other engines than Kubernetes' own, and whether the network plugin enforces these.
    ///
    /// # Source
    /// `spec` of networking/v1 NetworkPolicy; log lines of callers that are not ready, or that
    /// repeat a failed call; the address that an Ingress shares with the Service of its controller.
    NET050 "network-policy-blocks-traffic" {
        role: Root,
        severity: Critical,
        confidence: 0.90,
        reads: [
            NetworkPolicy, Pod, Namespace, Service, Ingress, Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob,
        ],
        maps_to: [],
        check: Cluster(check),
    }
}

/// A caller, whom it calls, on which Service port, and how that is known.
struct Pair<'a> {
    source: &'a Pod,
    service: &'a Service,
    port: Option<i64>,
    proof: Evidence,
    confidence: f64,
    severity: Severity,
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    if cluster.all::<NetworkPolicy>().next().is_none() {
        return;
    }
    for pair in pairs(cluster) {
        let targets = live_pods(cluster, pair.service);
        let denials: Option<Vec<(Connection<'_>, Denial<'_>)>> = targets
            .iter()
            .map(|target| denied(cluster, &pair, target))
            .collect();
        // One pod that may be called is enough for the call to come through.
        let Some((call, denial)) = denials.and_then(|all| all.into_iter().next()) else {
            continue;
        };
        if let Some(sighting) = sighting(cluster, &pair, &call, &denial) {
            sink.report(sighting);
        }
    }
}

/// Calls that timed out; and what unhealthy pods are told to call, where their log says nothing.
fn pairs<'a>(cluster: &Cluster<'a>) -> Vec<Pair<'a>> {
    let mut pairs: Vec<Pair<'a>> = Vec::new();
    let calls = failed_calls(cluster);
    for call in &calls {
        let Some(service) = call.service.filter(|_| call.failure == Failure::TimedOut) else {
            continue;
        };
        pairs.push(Pair {
            source: call.pod,
            service,
            port: call.port,
            proof: call.evidence(),
            confidence: 0.90,
            severity: Severity::Critical,
        });
    }
    let told: BTreeSet<(&str, &str)> = cluster
        .logs()
        .keys()
        .map(|key| (key.namespace.as_str(), key.pod.as_str()))
        .collect();
    let timed_out: BTreeSet<(&str, &str)> = calls
        .iter()
        .filter(|call| call.failure == Failure::TimedOut && call.service.is_none())
        .map(|call| {
            (
                call.pod.metadata.namespace.as_str(),
                call.pod.metadata.name.as_str(),
            )
        })
        .collect();
    for policy_namespace in cluster.all_namespaces() {
        for pod in cluster.in_namespace::<Pod>(&policy_namespace) {
            let id = (pod.metadata.namespace.as_str(), pod.metadata.name.as_str());
            let is_silent = !told.contains(&id) || timed_out.contains(&id);
            if pod.is_ready() || !pod.is_live() || !pod.has_started_a_container() || !is_silent {
                continue;
            }
            for called in called_services(cluster, pod) {
                pairs.push(Pair {
                    source: pod,
                    service: called.service,
                    port: called.port,
                    proof: called.evidence(pod),
                    confidence: 0.70,
                    severity: Severity::Critical,
                });
            }
        }
    }
    pairs.extend(routed(cluster));
    pairs
}

/// What ingress controllers are to call for the Ingresses that they serve. No call is seen to fail, and
/// a network without an agent for policies enforces none: a warning.
fn routed<'a>(cluster: &Cluster<'a>) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    for ingress in cluster.all::<Ingress>() {
        let Some(source) = controller_pod(cluster, ingress) else {
            continue;
        };
        for backend in ingress.spec.backends() {
            let namespace = &ingress.metadata.namespace;
            let Some(service) = cluster.get::<Service>(namespace, &backend.name) else {
                continue;
            };
            pairs.push(Pair {
                source,
                service,
                port: service
                    .spec
                    .ports
                    .iter()
                    .find(|port| {
                        port.port == backend.port.number
                            || (!port.name.is_empty() && port.name == backend.port.name)
                    })
                    .map(|port| port.port),
                proof: Evidence::field(
                    ingress.reference(),
                    "spec.rules[].http.paths[].backend.service",
                    &backend.name,
                ),
                confidence: 0.80,
                severity: Severity::Warning,
            });
        }
    }
    pairs
}

fn denied<'a>(
    cluster: &Cluster<'a>,
    pair: &Pair<'a>,
    target: &'a Pod,
) -> Option<(Connection<'a>, Denial<'a>)> {
    let ports = &pair.service.spec.ports;
    let port = pair
        .port
        .and_then(|number| ports.iter().find(|port| port.port == number))
        .or_else(|| (ports.len() == 1).then(|| ports.first()).flatten());
    let call = Connection::to(pair.source, target, port);
    denial(cluster, &call).map(|denial| (call, denial))
}

fn sighting(
    cluster: &Cluster<'_>,
    pair: &Pair<'_>,
    call: &Connection<'_>,
    denial: &Denial<'_>,
) -> Option<Sighting> {
    let policy = denial.policies.first()?;
    let own = policy.reference();
    let caller = cluster.top_of(call.source);
    let service = pair.service.reference();
    let port = call
        .port
        .map_or_else(String::new, |port| format!(" on port {port}"));
    let (isolated, verb) = match denial.direction {
        Direction::Egress => (caller.clone(), "out of"),
        Direction::Ingress => (cluster.top_of(call.target), "into"),
    };
    let title = format!("{own} lets no connection from {caller} to {service}{port} through");
    let lack = match denial.lack {
        Lack::Rules => "it has no rule that allows anything".to_owned(),
        Lack::Both => "none of its rules names the peer or the port".to_owned(),
        Lack::Peer => format!(
            "its rules allow the port, but not {}",
            peer_of(cluster, call, denial.direction)
        ),
        Lack::Port => format!("its rules allow the peer, but not{port}"),
    };
    let explanation = format!(
        "{} of {isolated} is restricted by NetworkPolicy, and {lack}: traffic {verb} it is dropped, and the call times out.",
        denial.direction.as_str()
    );
    let mut sighting = Sighting::of(own.clone(), title, explanation)
        .seen_on(call.source.reference(), "blocks")
        .severity(pair.severity)
        .identified_by("direction", denial.direction.as_str())
        .confidence(if cluster.is_complete(Kind::Namespace, "") {
            pair.confidence
        } else {
            pair.confidence - 0.15
        })
        .evidence(pair.proof.clone())
        .all_evidence(proof_of(policy, denial.direction))
        .since(policy.metadata.creation_timestamp);
    for other in denial.policies.iter().skip(1).take(2) {
        sighting = sighting.evidence(Evidence::field(
            other.reference(),
            denial.direction.field(),
            rules_of(other, denial.direction),
        ));
    }
    Some(
        sighting
            .suggest(Suggestion::advice(format!(
                "Add a rule to {own} (or a policy beside it) that allows {} of {} from {caller}{port}",
                denial.direction.as_str().to_lowercase(),
                service
            )))
            .suggest(look_at(policy)),
    )
}

fn peer_of(cluster: &Cluster<'_>, call: &Connection<'_>, direction: Direction) -> String {
    let peer = match direction {
        Direction::Egress => call.target,
        Direction::Ingress => call.source,
    };
    let namespace = &peer.metadata.namespace;
    let labels = cluster
        .get::<Namespace>("", namespace)
        .map_or_else(String::new, |found| {
            format!(" (labelled {})", found.metadata.labels)
        });
    format!(
        "pods labelled {} in namespace {namespace}{labels}",
        peer.metadata.labels,
    )
}
