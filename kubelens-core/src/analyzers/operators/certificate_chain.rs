//! From a Certificate of cert-manager over its request and order to the challenge that does not succeed.

use crate::kubernetes::CustomObject;
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

use super::bad_condition::words;

/// One object of the chain that says why it does not go on.
pub(super) struct Link<'a> {
    pub(super) object: &'a CustomObject,
    /// Where it says so.
    pub(super) path: &'static str,
    /// What it says.
    pub(super) words: String,
}

/// What the objects below a Certificate say, nearest to the fault last.
pub(super) fn why<'a>(cluster: &Cluster<'a>, certificate: &CustomObject) -> Vec<Link<'a>> {
    let namespace = certificate.metadata.namespace.as_str();
    let mut links = Vec::new();
    let request = newest(
        cluster
            .customs("cert-manager.io", "CertificateRequest")
            .filter(|request| belongs(request, certificate)),
    );
    if let Some(request) = request
        && let Some(ready) = request.condition("Ready").filter(|ready| !ready.is_true())
        && !ready.message.is_empty()
    {
        links.push(Link {
            object: request,
            path: "status.conditions[Ready]",
            words: words(&ready),
        });
    }
    let order = newest(
        cluster
            .customs("acme.cert-manager.io", "Order")
            .filter(|order| {
                belongs(order, certificate)
                    || request.is_some_and(|request| is_owned(order, request))
            }),
    );
    if let Some(order) = order
        && matches!(
            order.status_text("/state"),
            "invalid" | "errored" | "expired"
        )
    {
        links.push(Link {
            object: order,
            path: "status.reason",
            words: format!(
                "{} {}",
                order.status_text("/state"),
                order.status_text("/reason")
            )
            .trim()
            .to_owned(),
        });
    }
    let challenge = newest(
        cluster
            .customs("acme.cert-manager.io", "Challenge")
            .filter(|challenge| challenge.metadata.namespace == *namespace)
            .filter(|challenge| match order {
                Some(order) => is_owned(challenge, order),
                None => is_of_name(challenge, &certificate.metadata.name),
            })
            .filter(|challenge| {
                challenge.status_text("/state") != "valid"
                    && !challenge.status_text("/reason").is_empty()
            }),
    );
    if let Some(challenge) = challenge {
        links.push(Link {
            object: challenge,
            path: "status.reason",
            words: format!(
                "{} of {}: {}",
                challenge.spec_text("/type"),
                challenge.spec_text("/dnsName"),
                challenge.status_text("/reason")
            ),
        });
    }
    links
}

/// The issuer that a Certificate names, if cert-manager knows its kind.
pub(super) fn issuer_of(certificate: &CustomObject) -> Option<ObjectRef> {
    let name = certificate.spec_text("/issuerRef/name");
    let group = certificate.spec_text("/issuerRef/group");
    if name.is_empty() || !matches!(group, "" | "cert-manager.io") {
        return None;
    }
    let api_version = certificate.api_version.as_str();
    Some(match certificate.spec_text("/issuerRef/kind") {
        "ClusterIssuer" => ObjectRef::cluster_scoped(api_version, "ClusterIssuer", name),
        _ => ObjectRef::namespaced(api_version, "Issuer", &certificate.metadata.namespace, name),
    })
}

/// Whether an object was made for a Certificate: by its annotation, its owner, or its name.
fn belongs(object: &CustomObject, certificate: &CustomObject) -> bool {
    let name = certificate.metadata.name.as_str();
    object.metadata.namespace == certificate.metadata.namespace
        && match object
            .metadata
            .annotations
            .value("cert-manager.io/certificate-name")
        {
            Some(named) => named == name,
            None => is_owned(object, certificate) || is_of_name(object, name),
        }
}

fn is_owned(object: &CustomObject, owner: &CustomObject) -> bool {
    object
        .metadata
        .owner_references
        .iter()
        .any(|known| known.kind == *owner.kind && known.name == owner.metadata.name)
}

/// `shop-tls-1-2987` is made for `shop-tls`; what is made for `shop-tls-1` too, and not for `shop`.
fn is_of_name(object: &CustomObject, name: &str) -> bool {
    object
        .metadata
        .name
        .strip_prefix(name)
        .and_then(|rest| rest.strip_prefix('-'))
        .is_some_and(|rest| {
            !rest.is_empty()
                && rest
                    .chars()
                    .all(|letter| letter.is_ascii_digit() || letter == '-')
        })
}

fn newest<'a>(objects: impl Iterator<Item = &'a CustomObject>) -> Option<&'a CustomObject> {
    objects.max_by_key(|object| (object.metadata.creation_timestamp, &object.metadata.name))
}
