//! An Ingress whose annotation has its controller speak TLS to pods that speak plain HTTP: the controller says so for each
//! request.

use super::endpoints::live_pods;
use super::ingress_backend::{BackendUse, backends};
use crate::analysis::Sighting;
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Ingress, Object, Service};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

/// The annotation by which ingress-nginx is told what the backends speak.
const PROTOCOL: &str = "nginx.ingress.kubernetes.io/backend-protocol";

/// What nginx says of a backend whose answer to its greeting is no TLS. Group 1 is the address that it called.
static NO_TLS: Pattern = Pattern::new(
    r#"SSL_do_handshake\(\) failed \(SSL: error:\w+:[^)]*(?:wrong version number|unknown protocol|packet length too long)\).* upstream: "(?:https|grpcs)://(\[[0-9a-fA-F:]+\]|[0-9.]+):\d+"#,
);

/// How many times it must be said.
const REPEATED: usize = 3;

/// What the controller says of the backends of an Ingress. Reads Service and Pod.
pub(super) fn sightings<'a>(cluster: &Cluster<'a>, ingress: &'a Ingress) -> Vec<Sighting> {
    let protocol = ingress.metadata.annotations.value(PROTOCOL);
    let Some(protocol) =
        protocol.filter(|it| ["HTTPS", "GRPCS"].contains(&it.to_uppercase().as_str()))
    else {
        return Vec::new();
    };
    let namespace = &ingress.metadata.namespace;
    let told = backends(ingress).into_iter().filter_map(|backend| {
        let service = cluster.get::<Service>(namespace, &backend.service.name)?;
        let proof = refusal(cluster, service)?;
        Some(sighting(ingress, service, &backend, protocol, proof))
    });
    told.collect()
}

/// The lines of one container that say of an address that it speaks no TLS, newest first.
struct Refusals {
    pod: ObjectRef,
    container: String,
    addresses_and_lines: Vec<(String, String)>,
}

/// What all logs say of backends that speak no TLS.
struct AllRefusals(Vec<Refusals>);

fn all_refusals(cluster: &Cluster<'_>) -> AllRefusals {
    let told = cluster.logs().iter().map(|(key, log)| Refusals {
        pod: ObjectRef::namespaced("v1", "Pod", &key.namespace, &key.pod),
        container: key.container.clone(),
        addresses_and_lines: log
            .lines
            .iter()
            .rev()
            .filter_map(|line| {
                let address = NO_TLS.first(line)?.trim_matches(['[', ']']);
                Some((address.to_owned(), line.clone()))
            })
            .collect(),
    });
    AllRefusals(
        told.filter(|told| !told.addresses_and_lines.is_empty())
            .collect(),
    )
}

/// The newest line about one of the pods behind a Service, where there are several.
fn refusal(cluster: &Cluster<'_>, service: &Service) -> Option<Evidence> {
    let pods = live_pods(cluster, service);
    let is_of_service = |address: &str| pods.iter().any(|pod| pod.status.pod_ip == *address);
    cluster.once(all_refusals).0.iter().find_map(|told| {
        let mut said = told
            .addresses_and_lines
            .iter()
            .filter(|(address, _)| is_of_service(address));
        let ((_, last), more) = (said.next()?, said.count());
        (more + 1 >= REPEATED).then(|| Evidence::log(told.pod.clone(), &told.container, last, None))
    })
}

fn sighting(
    ingress: &Ingress,
    service: &Service,
    backend: &BackendUse<'_>,
    protocol: &str,
    proof: Evidence,
) -> Sighting {
    let own = ingress.reference();
    let target = service.reference();
    Sighting::of(
        own.clone(),
        format!("{own} speaks TLS to {target}, whose pods speak plain HTTP"),
        format!("Requests for {} are answered with 502.", backend.route),
    )
    .identified_by("service", target.path())
    .severity(Severity::Critical)
    .confidence(0.95)
    .evidence(Evidence::field(
        own.clone(),
        &format!("metadata.annotations[{PROTOCOL}]"),
        protocol,
    ))
    .evidence(proof)
    .suggest(Suggestion::advice(format!(
        "Take annotation {PROTOCOL} off {own}, or let the pods of {target} serve TLS"
    )))
}
