use super::failing::describe;
use super::mesh_gateway;
use super::mesh_host::{Target, target};
use super::mesh_proxy;
use super::mesh_tls;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{CustomObject, Labels, Object, Pod, Service, list_at, text_at};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A service mesh does not carry traffic as it is meant: a route goes to a Service or subset that
    /// does not exist, a policy refuses callers, a side that takes mutual TLS only is called by a pod without a
    /// proxy, or pods that should have a proxy run without one.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Service
    /// apiVersion: networking.istio.io/v1
    /// kind: VirtualService
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {hosts: [web], http: [{route: [{destination: {host: web-v2}}]}]}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Service
    /// apiVersion: networking.istio.io/v1
    /// kind: VirtualService
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {hosts: [web], http: [{route: [{destination: {host: web, subset: v2}}]}]}
    /// ---
    /// apiVersion: networking.istio.io/v1
    /// kind: DestinationRule
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {host: web, subsets: [{name: v1, labels: {version: v1}}]}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}}
    /// ```
    /// A side that takes mutual TLS only, and a caller without a proxy:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: old/cron-1/cron | Get "http://web.shop.svc.cluster.local:8080/": read tcp 10.0.0.4:5321->10.0.0.9:8080: read: connection reset by peer
    /// apiVersion: security.istio.io/v1
    /// kind: PeerAuthentication
    /// metadata: {name: default, namespace: shop}
    /// spec: {mtls: {mode: STRICT}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{port: 8080}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web}, {name: istio-proxy}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: cron-1, namespace: old}
    /// spec: {containers: [{name: cron}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "False"}]}
    /// ```
    /// A gateway without its certificate:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Secret
    /// apiVersion: networking.istio.io/v1
    /// kind: Gateway
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec:
    ///   selector: {istio: ingressgateway}
    ///   servers: [{hosts: [www.example.org], port: {number: 443, name: https, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: web-cert}}]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: gateway-1, namespace: istio-system, labels: {istio: ingressgateway}}
    /// spec: {containers: [{name: istio-proxy}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Service
    /// apiVersion: networking.istio.io/v1
    /// kind: VirtualService
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec:
    ///   hosts: [web.example]
    ///   http: [{route: [{destination: {host: web.shop.svc.cluster.local}}, {destination: {host: api.partner.example}}]}]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}}
    /// ```
    /// A side that takes both: the connection ended for another reason.
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: old/cron-1/cron | Get "http://web.shop.svc.cluster.local:8080/": read tcp 10.0.0.4:5321->10.0.0.9:8080: read: connection reset by peer
    /// apiVersion: security.istio.io/v1
    /// kind: PeerAuthentication
    /// metadata: {name: default, namespace: shop}
    /// spec: {mtls: {mode: PERMISSIVE}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{port: 8080}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web}, {name: istio-proxy}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: cron-1, namespace: old}
    /// spec: {containers: [{name: cron}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "False"}]}
    /// ```
    ///
    /// # How to fix
    /// Correct host or subset of the route, the rules of the policy, or restart the pods so that they get
    /// their proxy.
    ///
    /// # What it cannot know
    /// Hosts that a mesh learns from elsewhere. Which callers without a proxy are refused, where their logs do not
    /// name the Service; a mesh whose policies for all are not in `istio-system`.
    ///
    /// # Source
    /// VirtualService, DestinationRule, AuthorizationPolicy and PeerAuthentication of istio.io; labels and annotations for
    /// injection of Istio and Linkerd; `RBAC: access denied` in logs.
    OPS087 "mesh-refuses-traffic" {
        role: Root,
        severity: Critical,
        confidence: 0.85,
        reads: [Service, Pod, Namespace, Ingress, Secret],
        maps_to: [],
        check: Cluster(check),
    }
}

const NETWORKING: &str = "networking.istio.io";

/// Seconds that whoever made a route has to make what it goes to.
const YOUNG_GRACE: i64 = 300;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for route in cluster.customs(NETWORKING, "VirtualService") {
        if cluster.age(&route.metadata) > YOUNG_GRACE {
            check_route(cluster, route, sink);
        }
    }
    for rule in cluster.customs(NETWORKING, "DestinationRule") {
        if cluster.age(&rule.metadata) > YOUNG_GRACE {
            check_rule(cluster, rule, sink);
        }
    }
    mesh_gateway::check(cluster, sink);
    mesh_proxy::check(cluster, sink);
    mesh_tls::check(cluster, sink);
}

fn check_route(cluster: &Cluster<'_>, route: &CustomObject, sink: &mut Sink) {
    for protocol in ["http", "tls", "tcp"] {
        for (rule_at, rule) in route.spec_list(&format!("/{protocol}")).iter().enumerate() {
            for (at, to) in list_at(rule, "/route").iter().enumerate() {
                let path = format!("spec.{protocol}[{rule_at}].route[{at}].destination");
                let host = text_at(to, "/destination/host");
                let subset = text_at(to, "/destination/subset");
                let is_used = to
                    .get("weight")
                    .and_then(serde_json::Value::as_i64)
                    .unwrap_or(1)
                    > 0;
                match target(cluster, &route.metadata.namespace, host) {
                    Target::Absent(service) => {
                        sink.report(no_service(route, &path, host, service, is_used));
                    }
                    Target::Found(service)
                        if !subset.is_empty() && !has_subset(cluster, service, subset) =>
                    {
                        sink.report(no_subset(route, &path, service, subset, is_used));
                    }
                    _ => {}
                }
            }
        }
    }
}

fn check_rule(cluster: &Cluster<'_>, rule: &CustomObject, sink: &mut Sink) {
    let host = rule.spec_text("/host");
    match target(cluster, &rule.metadata.namespace, host) {
        Target::Absent(service) => {
            let own = rule.reference();
            let title = format!("{own} is about {service}, which does not exist");
            sink.report(
                Sighting::of(own.clone(), title, "It has no effect.")
                    .identified_by("host", host)
                    .severity(Severity::Warning)
                    .evidence(Evidence::field(own, "spec.host", host))
                    .evidence(Evidence::absence(service, "no Service of that name"))
                    .suggest(describe(rule)),
            );
        }
        Target::Found(service) => {
            for subset in rule.spec_list("/subsets") {
                let labels: Labels = subset
                    .get("labels")
                    .and_then(|labels| serde_json::from_value(labels.clone()).ok())
                    .unwrap_or_default();
                let name = text_at(subset, "/name");
                if !labels.is_empty() && selects_no_pod(cluster, service, &labels) {
                    sink.report(empty_subset(cluster, rule, service, name, &labels));
                }
            }
        }
        Target::Unknown => {}
    }
}

/// The rules about a Service.
fn rules_of<'a>(cluster: &Cluster<'a>, service: &Service) -> Vec<&'a CustomObject> {
    cluster
        .customs(NETWORKING, "DestinationRule")
        .filter(|rule| {
            let host = rule.spec_text("/host");
            matches!(
                target(cluster, &rule.metadata.namespace, host),
                Target::Found(found) if found.metadata.name == service.metadata.name
                    && found.metadata.namespace == service.metadata.namespace
            ) || host.starts_with('*')
        })
        .collect()
}

/// Whether a rule defines the subset; where rules cannot be known, it may.
fn has_subset(cluster: &Cluster<'_>, service: &Service, subset: &str) -> bool {
    let rules = rules_of(cluster, service);
    rules.is_empty()
        || rules.iter().any(|rule| {
            rule.spec_text("/host").starts_with('*')
                || rule
                    .spec_list("/subsets")
                    .iter()
                    .any(|known| text_at(known, "/name") == subset)
        })
}

fn selects_no_pod(cluster: &Cluster<'_>, service: &Service, labels: &Labels) -> bool {
    let namespace = service.metadata.namespace.as_str();
    let holds = |pod: &Pod| pod.metadata.labels.holds(labels);
    let Some(service) = cluster.get::<Service>(namespace, &service.metadata.name) else {
        return false;
    };
    let pods = cluster.pods_behind(service);
    cluster.is_complete(crate::kubernetes::Kind::Pod, namespace)
        && !pods.is_empty()
        && !pods.iter().any(|pod| holds(pod))
}

/// Whether a route sends traffic to a subset of a Service.
fn is_routed(cluster: &Cluster<'_>, service: &Service, subset: &str) -> bool {
    cluster.customs(NETWORKING, "VirtualService").any(|route| {
        let namespace = route.metadata.namespace.as_str();
        ["/http", "/tls", "/tcp"]
            .iter()
            .flat_map(|protocol| route.spec_list(protocol))
            .flat_map(|rule| list_at(rule, "/route"))
            .filter(|to| to.get("weight").and_then(serde_json::Value::as_i64) != Some(0))
            .any(|to| {
                let host = text_at(to, "/destination/host");
                text_at(to, "/destination/subset") == subset
                    && matches!(target(cluster, namespace, host), Target::Found(found)
                            if found.metadata.name == service.metadata.name)
            })
    })
}

fn no_service(
    route: &CustomObject,
    path: &str,
    host: &str,
    service: ObjectRef,
    is_used: bool,
) -> Sighting {
    let own = route.reference();
    Sighting::of(
        own.clone(),
        format!("{own} sends traffic to {service}, which does not exist"),
        "Calls that take this route fail with 503.",
    )
    .identified_by("host", host)
    .confidence(0.93)
    .severity(weight(is_used))
    .evidence(Evidence::field(own.clone(), &format!("{path}.host"), host))
    .evidence(Evidence::absence(
        service.clone(),
        "no Service of that name",
    ))
    .suggest(Suggestion::advice(format!(
        "Correct {path}.host of {own}, or create {service}"
    )))
    .suggest(describe(route))
    .blames(service, "routes to")
}

fn no_subset(
    route: &CustomObject,
    path: &str,
    service: &Service,
    subset: &str,
    is_used: bool,
) -> Sighting {
    let own = route.reference();
    let target = service.reference();
    Sighting::of(
        own.clone(),
        format!(
            "{own} sends traffic to subset `{subset}` of {target}, which no DestinationRule defines"
        ),
        "Calls that take this route fail with 503.",
    )
    .identified_by("subset", subset)
    .confidence(0.93)
    .severity(weight(is_used))
    .evidence(Evidence::field(
        own.clone(),
        &format!("{path}.subset"),
        subset,
    ))
    .suggest(Suggestion::advice(format!(
        "Define `{subset}` in a DestinationRule of {target}, or correct the route"
    )))
    .suggest(describe(route))
}

fn empty_subset(
    cluster: &Cluster<'_>,
    rule: &CustomObject,
    service: &Service,
    subset: &str,
    labels: &Labels,
) -> Sighting {
    let own = rule.reference();
    let target = service.reference();
    let pairs = labels.to_string();
    let is_used = is_routed(cluster, service, subset);
    Sighting::of(
        own.clone(),
        format!("Subset `{subset}` of {own} selects no pod of {target}"),
        "Calls that are routed to it fail with 503.",
    )
    .identified_by("subset", subset)
    .confidence(0.93)
    .severity(if is_used {
        Severity::Critical
    } else {
        Severity::Info
    })
    .evidence(Evidence::field(
        own,
        &format!("spec.subsets[{subset}].labels"),
        pairs,
    ))
    .suggest(Suggestion::advice(format!(
        "Correct the labels of subset `{subset}`, or run pods that carry them"
    )))
    .suggest(describe(rule))
}

const fn weight(is_used: bool) -> Severity {
    if is_used {
        Severity::Critical
    } else {
        Severity::Info
    }
}
