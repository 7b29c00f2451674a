//! What the selectors of a Cilium policy match.

use super::failing::describe;
use crate::analysis::{Sighting, Sink};
use crate::kubernetes::{CustomObject, Kind, LabelSelector, Node, Pod, Text, list_at};
use crate::model::{Evidence, Severity};
use crate::snapshot::Cluster;

/// Where a policy names the other side of a call.
const PEERS: [(&str, &str); 4] = [
    ("ingress", "fromEndpoints"),
    ("ingressDeny", "fromEndpoints"),
    ("egress", "toEndpoints"),
    ("egressDeny", "toEndpoints"),
];

/// Prefixes that tell where a label comes from; those of Kubernetes are the pod's own.
const SOURCES: [&str; 2] = ["k8s:", "any:"];

/// A selector over the labels of pods; none if it asks for anything else.
pub(super) fn selector_of(value: &serde_json::Value) -> Option<LabelSelector> {
    let text = value.to_string();
    let text = SOURCES.iter().fold(text, |text, source| {
        text.replace(&format!("\"{source}"), "\"")
    });
    let selector: LabelSelector = serde_json::from_str(&text).ok()?;
    let keys = selector.match_labels.keys().map(Text::as_str);
    let keys = keys.chain(
        selector
            .match_expressions
            .iter()
            .map(|one| one.key.as_str()),
    );
    let is_plain = |key: &str| {
        !key.contains(':') && !key.starts_with("io.kubernetes.pod") && !key.starts_with("io.cilium")
    };
    let is_of_pods = keys.into_iter().all(is_plain);
    is_of_pods.then_some(selector)
}

/// Whether a selector of a policy matches no pod, and no workload that could make one, where the policy holds.
pub(super) fn matches_nothing(
    cluster: &Cluster<'_>,
    policy: &CustomObject,
    selector: &LabelSelector,
) -> bool {
    let own = policy.metadata.namespace.as_str();
    let spaces: Vec<String> = if own.is_empty() {
        let is_scoped = !cluster.snapshot().scope().namespaces.is_empty();
        if is_scoped || !cluster.snapshot().gaps().has_none(Kind::Pod) {
            return false;
        }
        cluster.all_namespaces()
    } else {
        vec![own.to_owned()]
    };
    spaces.iter().all(|space| {
        cluster.is_complete(Kind::Pod, space)
            && !cluster
                .in_namespace::<Pod>(space)
                .any(|pod| selector.matches(&pod.metadata.labels))
            && !cluster
                .workloads_in(space)
                .iter()
                .any(|workload| selector.matches(workload.pod_labels()))
    })
}

/// Looks at the other sides that a policy names, and at the nodes that it is for.
pub(super) fn check_parts(cluster: &Cluster<'_>, policy: &CustomObject, sink: &mut Sink) {
    for (direction, field) in PEERS {
        for (at, rule) in policy
            .spec_list(&format!("/{direction}"))
            .iter()
            .enumerate()
        {
            for (place, wanted) in list_at(rule, &format!("/{field}")).iter().enumerate() {
                let selector = selector_of(wanted).filter(|selector| !selector.is_empty());
                let Some(selector) = selector else { continue };
                if matches_nothing(cluster, policy, &selector) {
                    let path = format!("spec.{direction}[{at}].{field}[{place}]");
                    let title = "names a peer that no pod is";
                    let text = "The rule is for nobody: its selector matches no pod, and no workload that could make one.";
                    sink.report(unfit(policy, &path, wanted, title, text));
                }
            }
        }
    }
    check_nodes(cluster, policy, sink);
}

fn check_nodes(cluster: &Cluster<'_>, policy: &CustomObject, sink: &mut Sink) {
    let Some(wanted) = policy.spec.get("nodeSelector") else {
        return;
    };
    let Ok(selector) = serde_json::from_value::<LabelSelector>(wanted.clone()) else {
        return;
    };
    let is_matched = cluster
        .all::<Node>()
        .any(|node| selector.matches(&node.metadata.labels));
    if cluster.is_complete(Kind::Node, "") && !is_matched {
        let title = "selects no node";
        let text = "It filters nothing: no node carries these labels.";
        sink.report(unfit(policy, "spec.nodeSelector", wanted, title, text));
    }
}

fn unfit(
    policy: &CustomObject,
    path: &str,
    wanted: &serde_json::Value,
    title: &str,
    text: &str,
) -> Sighting {
    let own = policy.reference();
    Sighting::of(own.clone(), format!("{own} {title}"), text)
        .identified_by("path", path)
        .severity(Severity::Info)
        .evidence(Evidence::field(own, path, wanted))
        .suggest(describe(policy))
}
