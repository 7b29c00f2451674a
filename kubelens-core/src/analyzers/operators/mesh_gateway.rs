//! Gateways of a mesh whose certificate is not where their pods look for it.

use super::failing::describe;
use crate::analysis::{Sighting, Sink};
use crate::kubernetes::{CustomObject, Labels, Pod, Secret, text_at};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

/// Seconds that whoever made a gateway has to make its certificate.
const YOUNG_GRACE: i64 = 300;

/// Looks at the servers of every Gateway of Istio that end TLS. Reads Pod and Secret.
pub(super) fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for gateway in cluster.customs("networking.istio.io", "Gateway") {
        if cluster.age(&gateway.metadata) <= YOUNG_GRACE {
            continue;
        }
        let Some(namespace) = namespace_of_pods(cluster, gateway) else {
            continue;
        };
        for (at, server) in gateway.spec_list("/servers").iter().enumerate() {
            let name = text_at(server, "/tls/credentialName");
            let is_there = || cluster.look_up::<Secret>(namespace, name).is_absent();
            if !name.is_empty() && !name.contains("://") && is_there() {
                sink.report(sighting(gateway, at, namespace, name));
            }
        }
    }
}

/// The namespace of the pods that serve a gateway, where they are in one: there they look for its Secrets.
fn namespace_of_pods<'a>(cluster: &Cluster<'a>, gateway: &CustomObject) -> Option<&'a str> {
    let selector: Labels = serde_json::from_value(gateway.spec.get("selector")?.clone()).ok()?;
    if selector.is_empty() {
        return None;
    }
    let mut namespaces: Vec<&str> = cluster
        .all::<Pod>()
        .filter(|pod| pod.is_live())
        .filter(|pod| pod.metadata.labels.holds(&selector))
        .map(|pod| pod.metadata.namespace.as_str())
        .collect();
    namespaces.dedup();
    match namespaces.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

fn sighting(gateway: &CustomObject, at: usize, namespace: &str, name: &str) -> Sighting {
    let own = gateway.reference();
    let secret = ObjectRef::namespaced("v1", "Secret", namespace, name);
    Sighting::of(
        secret.clone(),
        format!("{secret} does not exist, and {own} serves TLS with it"),
        "The proxy has no certificate to show: connections to these hosts are reset.",
    )
    .seen_on(own.clone(), "certificate of")
    .confidence(0.93)
    .evidence(Evidence::field(
        own.clone(),
        &format!("spec.servers[{at}].tls.credentialName"),
        name,
    ))
    .evidence(Evidence::absence(
        secret.clone(),
        "not in the namespace of the gateway's pods",
    ))
    .suggest(Suggestion::advice(format!(
        "Create {secret} with tls.crt and tls.key: the pods of the gateway read it in their own namespace, not in that of {own}"
    )))
    .suggest(describe(gateway))
}
