use super::endpoints::live_pods;
use super::failed_call::{FailedCall, Failure, failed_calls};
use super::policy::{Connection, Direction};
use super::policy_verdict::Verdict;
use super::{calico_rules, cilium_rules};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{CustomObject, NetworkPolicy, Object, Pod};
use crate::model::{Evidence, Suggestion, shortened};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A policy of Cilium or Calico keeps a pod from calling a Service that it was seen to call in vain: packets are
    /// dropped, and the call times out.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | Get "http://api:8080/": dial tcp 10.96.0.7:8080: i/o timeout
    /// apiVersion: cilium.io/v2
    /// kind: CiliumNetworkPolicy
    /// metadata: {name: api-in, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {endpointSelector: {matchLabels: {app: api}}, ingress: [{fromEndpoints: [{matchLabels: {app: website}}]}]}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: api, namespace: shop}
    /// spec: {clusterIP: 10.96.0.7, selector: {app: api}, ports: [{port: 8080}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: api-1, namespace: shop, labels: {app: api}}
    /// spec: {containers: [{name: api}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web}]}
    /// status: {phase: Running, containerStatuses: [{name: web, ready: false, state: {running: {startedAt: "2026-01-01T11:00:00Z"}}}]}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | Get "http://api:8080/": dial tcp 10.96.0.7:8080: i/o timeout
    /// apiVersion: crd.projectcalico.org/v1
    /// kind: GlobalNetworkPolicy
    /// metadata: {name: default.api-in, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: app == 'api', types: [Ingress], ingress: [{action: Allow, source: {selector: app == 'website'}}]}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: api, namespace: shop}
    /// spec: {clusterIP: 10.96.0.7, selector: {app: api}, ports: [{port: 8080}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: api-1, namespace: shop, labels: {app: api}}
    /// spec: {containers: [{name: api}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web}]}
    /// status: {phase: Running, containerStatuses: [{name: web, ready: false, state: {running: {startedAt: "2026-01-01T11:00:00Z"}}}]}
    /// ```
    ///
    /// # Stays silent on
    /// A rule lets the caller in: the call timed out for another reason.
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | Get "http://api:8080/": dial tcp 10.96.0.7:8080: i/o timeout
    /// apiVersion: cilium.io/v2
    /// kind: CiliumNetworkPolicy
    /// metadata: {name: api-in, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec:
    ///   endpointSelector: {matchLabels: {app: api}}
    ///   ingress: [{fromEndpoints: [{matchLabels: {"k8s:app": web}}], toPorts: [{ports: [{port: "8080", protocol: TCP}]}]}]
    /// ---
    /// apiVersion: crd.projectcalico.org/v1
    /// kind: NetworkPolicy
    /// metadata: {name: default.api-in, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: app == 'api', types: [Ingress], ingress: [{action: Allow, protocol: TCP, source: {selector: has(app)}, destination: {ports: ["8000:8999"]}}]}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: api, namespace: shop}
    /// spec: {clusterIP: 10.96.0.7, selector: {app: api}, ports: [{port: 8080}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: api-1, namespace: shop, labels: {app: api}}
    /// spec: {containers: [{name: api}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web}]}
    /// status: {phase: Running, containerStatuses: [{name: web, ready: false, state: {running: {startedAt: "2026-01-01T11:00:00Z"}}}]}
    /// ```
    ///
    /// # How to fix
    /// Add a rule that lets the caller in (or out), or correct the labels that a rule names.
    ///
    /// # What it cannot know
    /// Rules by service account, address, DNS name or HTTP, tiers other than the default, and what Kubernetes' own
    /// policies add for the same pod: there it is silent.
    ///
    /// # Source
    /// CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy of cilium.io; NetworkPolicy and GlobalNetworkPolicy of
    /// projectcalico.org; logs of unhealthy containers.
    NET053 "engine-policy-blocks-traffic" {
        role: Root,
        severity: Critical,
        confidence: 0.85,
        reads: [NetworkPolicy, Pod, Namespace, Service],
        maps_to: [],
        check: Cluster(check),
    }
}

/// Most letters of rules that are shown.
const MOST_LETTERS: usize = 300;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let cilium: Vec<&CustomObject> = of_kinds(
        cluster,
        &["cilium.io"],
        &["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"],
    );
    let mut calico: Vec<&CustomObject> = of_kinds(
        cluster,
        &["crd.projectcalico.org", "projectcalico.org"],
        &["NetworkPolicy", "GlobalNetworkPolicy"],
    );
    if cilium.is_empty() && calico.is_empty() {
        return;
    }
    calico.sort_by(|a, b| {
        let order = |policy: &CustomObject| {
            let order = policy.spec.get("order").and_then(serde_json::Value::as_f64);
            order.unwrap_or(f64::INFINITY)
        };
        order(a)
            .total_cmp(&order(b))
            .then_with(|| a.metadata.name.cmp(&b.metadata.name))
    });
    for call in failed_calls(cluster) {
        let Some(service) = call.service.filter(|_| call.failure == Failure::TimedOut) else {
            continue;
        };
        let targets = live_pods(cluster, service);
        let denials: Option<Vec<_>> = targets
            .iter()
            .map(|target| {
                let connection = connection(&call, target);
                denial(cluster, &cilium, &calico, &connection)
            })
            .collect();
        // One pod that may be called is enough for the call to come through.
        let Some((policy, direction)) = denials.and_then(|all| all.into_iter().next()) else {
            continue;
        };
        sink.report(sighting(cluster, &call, policy, direction));
    }
}

fn of_kinds<'a>(cluster: &Cluster<'a>, groups: &[&str], kinds: &[&str]) -> Vec<&'a CustomObject> {
    cluster
        .all_customs()
        .filter(|object| {
            groups.contains(&object.group())
                && kinds.contains(&object.kind.as_str())
                && !object.metadata.is_terminating()
        })
        .collect()
}

fn connection<'a>(call: &FailedCall<'a>, target: &'a Pod) -> Connection<'a> {
    let ports = call.service.map_or(&[][..], |service| &service.spec.ports);
    let port = call
        .port
        .and_then(|number| ports.iter().find(|port| port.port == number))
        .or_else(|| (ports.len() == 1).then(|| ports.first()).flatten());
    Connection::to(call.pod, target, port)
}

/// The policy that keeps a connection from coming through, and at which end.
fn denial<'a>(
    cluster: &Cluster<'a>,
    cilium: &[&'a CustomObject],
    calico: &[&'a CustomObject],
    call: &Connection<'_>,
) -> Option<(&'a CustomObject, Direction)> {
    if call.source.spec.host_network || call.target.spec.host_network {
        return None;
    }
    [Direction::Egress, Direction::Ingress]
        .into_iter()
        .find_map(|direction| {
            let own = match direction {
                Direction::Egress => call.source,
                Direction::Ingress => call.target,
            };
            // What Kubernetes' own policies let through in addition is not looked at here.
            let has_others = cluster
                .in_namespace::<NetworkPolicy>(&own.metadata.namespace)
                .any(|policy| policy.spec.pod_selector.matches(&own.metadata.labels));
            if has_others {
                return None;
            }
            let by_cilium = by_union(cilium, |policy| {
                cilium_rules::verdict(cluster, policy, call, direction)
            });
            let by_calico = || {
                by_order(calico, |policy| {
                    calico_rules::verdict(cluster, policy, call, direction)
                })
            };
            by_cilium
                .or_else(by_calico)
                .map(|policy| (policy, direction))
        })
}

/// Cilium lets through what any of its policies lets through.
fn by_union<'a>(
    policies: &[&'a CustomObject],
    verdict: impl Fn(&CustomObject) -> Verdict,
) -> Option<&'a CustomObject> {
    let mut lacking = None;
    for policy in policies.iter().copied() {
        match verdict(policy) {
            Verdict::Allows | Verdict::Unknown => return None,
            Verdict::Lacks | Verdict::Denies => lacking = lacking.or(Some(policy)),
            Verdict::Apart => {}
        }
    }
    lacking
}

/// Calico asks its policies in order; the first rule that fits decides, and where none does, it is denied.
fn by_order<'a>(
    policies: &[&'a CustomObject],
    verdict: impl Fn(&CustomObject) -> Verdict,
) -> Option<&'a CustomObject> {
    let mut lacking = None;
    for policy in policies.iter().copied() {
        match verdict(policy) {
            Verdict::Allows | Verdict::Unknown => return None,
            Verdict::Denies => return Some(policy),
            Verdict::Lacks => lacking = lacking.or(Some(policy)),
            Verdict::Apart => {}
        }
    }
    lacking
}

fn sighting(
    cluster: &Cluster<'_>,
    call: &FailedCall<'_>,
    policy: &CustomObject,
    direction: Direction,
) -> Sighting {
    let own = policy.reference();
    let caller = cluster.top_of(call.pod);
    let service = call
        .service
        .map_or_else(|| caller.clone(), Object::reference);
    let port = call
        .port
        .map_or_else(String::new, |port| format!(" on port {port}"));
    let field = match direction {
        Direction::Egress => "egress",
        Direction::Ingress => "ingress",
    };
    let rules = policy.spec.get(field).map_or_else(
        || "(no rules)".to_owned(),
        |rules| shortened(&rules.to_string(), MOST_LETTERS),
    );
    let labels = &call.pod.metadata.labels;
    let explanation = format!(
        "It restricts {}, and none of its rules fits a call from pods labelled {labels} in namespace {}: packets are dropped, and the call times out.",
        match direction {
            Direction::Egress => format!("what {caller} may send"),
            Direction::Ingress => format!("what the pods of {service} may receive"),
        },
        call.pod.metadata.namespace
    );
    let selector = ["endpointSelector", "selector"]
        .iter()
        .find_map(|field| Some((*field, policy.spec.get(*field)?)));
    let mut sighting = Sighting::of(
        own.clone(),
        format!("{own} lets no connection from {caller} to {service}{port} through"),
        explanation,
    )
    .seen_on(call.pod.reference(), "blocks")
    .identified_by("direction", direction.as_str())
    .evidence(call.evidence());
    if let Some((field, selector)) = selector {
        sighting = sighting.evidence(Evidence::field(
            own.clone(),
            &format!("spec.{field}"),
            selector,
        ));
    }
    let namespace = match policy.metadata.namespace.as_str() {
        "" => String::new(),
        namespace => format!("-n {namespace} "),
    };
    sighting
        .evidence(Evidence::field(own.clone(), &format!("spec.{field}"), rules))
        .since(policy.metadata.creation_timestamp)
        .suggest(Suggestion::advice(format!(
            "Add a rule to {own} (or a policy beside it) that allows {field} of {service} from {caller}{port}, or correct the labels that it names"
        )))
        .suggest(Suggestion::look(
            "Read the policy",
            format!(
                "kubectl {namespace}get {}.{} {} -o yaml",
                policy.kind.to_lowercase(),
                policy.group(),
                policy.metadata.name
            ),
        ))
}
