//! Pods that a mesh should have given a proxy, and callers that its policies refuse.

use super::failing::describe;
use crate::analysis::{Sighting, Sink};
use crate::analyzers::log_host::{Target, hosts_in, resolve};
use crate::kubernetes::{CustomObject, LabelSelector, Labels, Namespace, Object, Pod, Service};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion, counted};
use crate::snapshot::Cluster;
use std::collections::BTreeMap;

/// Containers that are proxies of a mesh.
const PROXIES: [&str; 2] = ["istio-proxy", "linkerd-proxy"];

/// What a proxy of Istio answers to a caller that a policy refuses.
const REFUSED: &str = "RBAC: access denied";

/// Last lines of a log that count.
pub(super) const LINES: usize = 60;

/// Looks at injection and at refused calls.
pub(super) fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for namespace in cluster.all::<Namespace>() {
        if is_injected(&namespace.metadata.labels, &namespace.metadata.annotations) {
            without_proxy(cluster, &namespace.metadata.name, sink);
        }
    }
    refused(cluster, sink);
}

fn is_injected(labels: &Labels, annotations: &Labels) -> bool {
    labels.value("istio-injection") == Some("enabled")
        || (labels.value("istio.io/rev").is_some()
            && labels.value("istio-injection") != Some("disabled")
            && labels.value("istio.io/dataplane-mode") != Some("ambient"))
        || annotations.value("linkerd.io/inject") == Some("enabled")
}

/// Whether a proxy of a mesh runs beside the pod's programs.
pub(super) fn has_proxy(pod: &Pod) -> bool {
    pod.containers()
        .any(|container| PROXIES.contains(&container.name()))
}

fn opts_out(pod: &Pod) -> bool {
    let meta = &pod.metadata;
    let says = |key: &str, value: &str| {
        meta.labels.value(key) == Some(value) || meta.annotations.value(key) == Some(value)
    };
    says("sidecar.istio.io/inject", "false")
        || says("linkerd.io/inject", "disabled")
        || says("istio.io/dataplane-mode", "ambient")
        || pod.spec.host_network
}

fn without_proxy(cluster: &Cluster<'_>, namespace: &str, sink: &mut Sink) {
    let mut bare: BTreeMap<ObjectRef, Vec<&Pod>> = BTreeMap::new();
    let mut is_any_injected = false;
    for pod in cluster.in_namespace::<Pod>(namespace) {
        let has_proxy = has_proxy(pod);
        is_any_injected |= has_proxy;
        if pod.is_live() && !has_proxy && !opts_out(pod) {
            bare.entry(cluster.top_of(pod)).or_default().push(pod);
        }
    }
    for (top, pods) in bare {
        let Some(first) = pods.first() else { continue };
        if matches!(top.kind.as_str(), "Job" | "CronJob") {
            continue;
        }
        let own = first.reference();
        let severity = if is_any_injected {
            Severity::Warning
        } else {
            Severity::Info
        };
        let text = format!(
            "Namespace {namespace} asks for a proxy in each pod; {} of it, made before or past the webhook, has none and is outside of the mesh.",
            counted(pods.len(), "pod")
        );
        sink.report(
            Sighting::of(
                top.clone(),
                format!("{top} runs without a mesh proxy"),
                text,
            )
            .seen_on(own.clone(), "template of")
            .identified_by("fact", "no proxy")
            .severity(severity)
            .evidence(Evidence::field(
                ObjectRef::cluster_scoped("v1", "Namespace", namespace),
                "metadata.labels",
                "injection enabled",
            ))
            .evidence(Evidence::field(own, "spec.containers", "no proxy"))
            .suggest(Suggestion::advice(format!(
                "Restart {top}, so that its pods are made with a proxy"
            ))),
        );
    }
}

/// Policies that refuse a caller, where a log tells of it and a policy of the called side can be named.
fn refused(cluster: &Cluster<'_>, sink: &mut Sink) {
    let policies: Vec<&CustomObject> = cluster
        .customs("security.istio.io", "AuthorizationPolicy")
        .collect();
    if policies.is_empty() {
        return;
    }
    for (key, log) in cluster.logs() {
        let Some(pod) = cluster.get::<Pod>(&key.namespace, &key.pod) else {
            continue;
        };
        let line = log
            .lines
            .iter()
            .rev()
            .take(LINES)
            .find(|line| line.contains(REFUSED));
        let Some(line) = line.filter(|_| pod.is_live()) else {
            continue;
        };
        let Some(service) = named_in(cluster, pod, line) else {
            continue;
        };
        let behind = cluster.pods_behind(service);
        let applies = |policy: &&&CustomObject| {
            policy.metadata.namespace == service.metadata.namespace
                && behind
                    .iter()
                    .any(|pod| selects(policy, &pod.metadata.labels))
                && (policy.spec_text("/action") == "DENY" || is_allow(policy))
        };
        if let Some(policy) = policies.iter().find(applies) {
            sink.report(refuses(
                policy,
                pod,
                &key.container,
                line,
                &service.reference(),
            ));
        }
    }
}

/// The Service that a line of a pod's log names.
pub(super) fn named_in<'a>(cluster: &Cluster<'a>, pod: &Pod, line: &str) -> Option<&'a Service> {
    hosts_in(line).into_iter().find_map(|host| {
        match resolve(cluster, &pod.metadata.namespace, host.name) {
            Target::Service(service) => Some(service),
            _ => None,
        }
    })
}

/// Whether a policy lets some callers in and so keeps all others out.
fn is_allow(policy: &CustomObject) -> bool {
    matches!(policy.spec_text("/action"), "" | "ALLOW")
}

/// Whether a policy is for pods with these labels; one without a selector is for all.
pub(super) fn selects(policy: &CustomObject, labels: &Labels) -> bool {
    let selector = policy
        .spec
        .get("selector")
        .and_then(|selector| serde_json::from_value::<LabelSelector>(selector.clone()).ok());
    selector.is_none_or(|selector| selector.matches(labels))
}

fn refuses(
    policy: &CustomObject,
    caller: &Pod,
    container: &str,
    line: &str,
    service: &ObjectRef,
) -> Sighting {
    let own = policy.reference();
    let action = match policy.spec_text("/action") {
        "" => "ALLOW",
        action => action,
    };
    Sighting::of(
        own.clone(),
        format!("{own} refuses calls to {service}"),
        "The proxy of the called side answers 403 to a caller that the policy does not let in.",
    )
    .seen_on(caller.reference(), "refuses")
    .identified_by("service", service.path())
    .evidence(Evidence::field(own, "spec.action", action))
    .evidence(Evidence::log(caller.reference(), container, line, None))
    .suggest(Suggestion::advice(
        "Let the caller in by its ServiceAccount or namespace, if it is meant to call",
    ))
    .suggest(describe(policy))
}
