//! Callers without a proxy, whose connections are ended by a side that takes mutual TLS only.

use super::failing::describe;
use super::mesh_proxy::{LINES, has_proxy, named_in, selects};
use crate::analysis::{Sighting, Sink};
use crate::kubernetes::{CustomObject, Object, Pod, Service};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

/// The namespace whose policies are for the whole mesh.
const MESH_WIDE: &str = "istio-system";

/// How a program tells that the other side ended the connection, in small letters.
const ENDED: [&str; 5] = [
    "connection reset by peer",
    "econnreset",
    "socket hang up",
    "empty reply from server",
    ": eof",
];

/// Looks at calls whose connection was ended, where a policy and a missing proxy explain it.
pub(super) fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let policies: Vec<&CustomObject> = cluster
        .customs("security.istio.io", "PeerAuthentication")
        .collect();
    if policies.is_empty() {
        return;
    }
    for (key, log) in cluster.logs() {
        let Some(pod) = cluster.get::<Pod>(&key.namespace, &key.pod) else {
            continue;
        };
        let is_failing = pod.is_live() && (key.previous || !pod.is_ready());
        if !is_failing || has_proxy(pod) {
            continue;
        }
        let told = log.lines.iter().rev().take(LINES).find_map(|line| {
            let text = line.to_lowercase();
            let is_ended = ENDED.iter().any(|words| text.contains(words));
            let service = named_in(cluster, pod, line).filter(|_| is_ended)?;
            Some((line, service))
        });
        let Some((line, service)) = told else {
            continue;
        };
        if let Some(policy) = strict(cluster, &policies, service) {
            sink.report(sighting(
                policy,
                pod,
                &key.container,
                line,
                &service.reference(),
            ));
        }
    }
}

/// The policy by which every pod behind a Service takes mutual TLS only.
fn strict<'a>(
    cluster: &Cluster<'a>,
    policies: &[&'a CustomObject],
    service: &'a Service,
) -> Option<&'a CustomObject> {
    let behind = cluster.pods_behind(service);
    let mut found = None;
    for pod in &behind {
        let policy = policy_of(policies, pod).filter(|_| has_proxy(pod))?;
        // Some ports may be exempt, and which one was called is not known.
        let exempt = policy.spec.get("portLevelMtls").is_some();
        if exempt || policy.spec_text("/mtls/mode") != "STRICT" {
            return None;
        }
        found = Some(policy);
    }
    found
}

/// The policy that holds for a pod: one that selects it, else its namespace's, else that of the mesh; of several
/// the oldest. One that leaves the mode open inherits it.
fn policy_of<'a>(policies: &[&'a CustomObject], pod: &Pod) -> Option<&'a CustomObject> {
    let rank = |policy: &CustomObject| {
        let has_selector = policy.spec.get("selector").is_some();
        let is_near = policy.metadata.namespace == pod.metadata.namespace;
        match (is_near, has_selector) {
            (true, true) => selects(policy, &pod.metadata.labels).then_some(0),
            (true, false) => Some(1),
            (false, false) => (policy.metadata.namespace == MESH_WIDE).then_some(2),
            (false, true) => None,
        }
    };
    let ranked = policies.iter().filter_map(|policy| {
        let is_open = matches!(policy.spec_text("/mtls/mode"), "" | "UNSET");
        let rank = rank(policy).filter(|_| !is_open)?;
        Some((
            rank,
            policy.metadata.creation_timestamp,
            &policy.metadata.name,
            *policy,
        ))
    });
    ranked
        .min_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)))
        .map(|(.., policy)| policy)
}

fn sighting(
    policy: &CustomObject,
    caller: &Pod,
    container: &str,
    line: &str,
    service: &ObjectRef,
) -> Sighting {
    let own = policy.reference();
    let names: Vec<String> = caller
        .containers()
        .map(|container| container.name().to_owned())
        .collect();
    Sighting::of(
        own.clone(),
        format!("{own} takes mutual TLS only at {service}, and a caller has no proxy to speak it"),
        "The called side ends every connection that is not of the mesh.",
    )
    .seen_on(caller.reference(), "refuses")
    .identified_by("service", service.path())
    .evidence(Evidence::field(own, "spec.mtls.mode", "STRICT"))
    .evidence(Evidence::field(
        caller.reference(),
        "spec.containers",
        format!("{}: no proxy", names.join(", ")),
    ))
    .evidence(Evidence::log(caller.reference(), container, line, None))
    .suggest(Suggestion::advice(format!(
        "Give the pods of {} a proxy (injection), or set the mode of the policy to PERMISSIVE until they have one",
        caller.metadata.namespace
    )))
    .suggest(describe(policy))
}
