use jiff::Timestamp;

use super::bad_condition::{has_lasted, is_resting, words};
use super::certificate_chain::{issuer_of, why};
use super::failing::{blaming, failing, pointing, report, titled, without_it};
use super::reference::{Reference, is_absent, is_there};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Condition, CustomObject, Ingress, Object, Secret};
use crate::model::{Evidence, ObjectRef, Severity, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// cert-manager cannot issue a certificate, or an issuer cannot work at all. The chain from the
    /// Certificate over its request and order to the challenge is followed to the place that says why.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: cert-manager.io/v1
    /// kind: Certificate
    /// metadata: {name: shop-tls, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {secretName: shop-tls, issuerRef: {name: letsencrypt, kind: ClusterIssuer}}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "False", reason: DoesNotExist, message: Issuing certificate as Secret does not exist, lastTransitionTime: "2026-01-01T10:00:00Z"}
    ///   - {type: Issuing, status: "True", reason: DoesNotExist, lastTransitionTime: "2026-01-01T10:00:00Z"}
    /// ---
    /// apiVersion: acme.cert-manager.io/v1
    /// kind: Challenge
    /// metadata: {name: shop-tls-1-2-3, namespace: shop}
    /// spec: {dnsName: shop.example, type: HTTP-01, issuerRef: {name: letsencrypt, kind: ClusterIssuer}}
    /// status: {state: pending, reason: 'Waiting for HTTP-01 challenge propagation: wrong status code 404, expected 200'}
    /// ```
    /// An issuer without its key:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: cert-manager.io/v1
    /// kind: Issuer
    /// metadata: {name: ca, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {ca: {secretName: ca-key}}
    /// status:
    ///   conditions: [{type: Ready, status: "False", reason: ErrGetKeyPair, message: 'Error getting keypair for CA issuer: secrets "ca-key" not found', lastTransitionTime: "2026-01-01T10:00:00Z"}]
    /// ```
    ///
    /// # Stays silent on
    /// A first issue takes its time, and a renewal is work:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: cert-manager.io/v1
    /// kind: Certificate
    /// metadata: {name: shop-tls, namespace: shop, creationTimestamp: "2026-01-01T11:55:00Z"}
    /// spec: {secretName: shop-tls, issuerRef: {name: letsencrypt, kind: ClusterIssuer}}
    /// status:
    ///   conditions: [{type: Ready, status: "False", reason: DoesNotExist, lastTransitionTime: "2026-01-01T11:55:00Z"}]
    /// ---
    /// apiVersion: cert-manager.io/v1
    /// kind: Certificate
    /// metadata: {name: api-tls, namespace: shop, creationTimestamp: "2025-01-01T11:55:00Z"}
    /// spec: {secretName: api-tls, issuerRef: {name: letsencrypt, kind: ClusterIssuer}}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "True", reason: Ready, lastTransitionTime: "2025-01-01T11:56:00Z"}
    ///   - {type: Issuing, status: "True", reason: Renewing, lastTransitionTime: "2026-01-01T11:00:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Do what the last link of the chain asks for: make the challenge reachable, correct the issuer, wait
    /// for the rate limit of the certificate authority.
    ///
    /// # What it cannot know
    /// What the authority sees from outside.
    ///
    /// # Source
    /// Conditions of Certificate, CertificateRequest and Issuer of cert-manager.io; `status.state` and
    /// `status.reason` of Order and Challenge of acme.cert-manager.io.
    OPS030 "certificate-not-ready" {
        role: Both,
        severity: Critical,
        confidence: 0.93,
        reads: [Secret, ConfigMap, ServiceAccount, Service, Ingress, Event],
        maps_to: [],
        check: Cluster(check),
    }
}

/// Seconds that an issue may take.
const ISSUE_GRACE: i64 = 600;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for kind in ["Issuer", "ClusterIssuer"] {
        for issuer in cluster.customs("cert-manager.io", kind) {
            check_issuer(cluster, issuer, sink);
        }
    }
    for certificate in cluster.customs("cert-manager.io", "Certificate") {
        check_certificate(cluster, certificate, sink);
    }
}

fn check_issuer(cluster: &Cluster<'_>, issuer: &CustomObject, sink: &mut Sink) {
    let not_ready = issuer
        .condition("Ready")
        .filter(|ready| !ready.is_true() && has_lasted(cluster, issuer, ready));
    let Some(ready) = not_ready else {
        return;
    };
    let said = words(&ready);
    let bad = [ready];
    let sighting = failing(
        cluster,
        issuer,
        titled(issuer, "is not ready", &said),
        "No certificate can be issued or renewed through it.",
        &bad,
    );
    match missing_key(cluster, issuer, &bad) {
        Some(reference) => sink.report(without_it(cluster, issuer, &sighting, &reference)),
        None => report(cluster, issuer, sighting, &bad, sink),
    }
}

/// Secrets of a ClusterIssuer lie in the namespace of cert-manager, which its spec does not name.
fn missing_key(
    cluster: &Cluster<'_>,
    issuer: &CustomObject,
    bad: &[Condition],
) -> Option<Reference> {
    if issuer.kind != "ClusterIssuer" {
        return None;
    }
    let name = issuer.spec_text("/ca/secretName");
    let says = bad.iter().any(|ready| {
        ready.message.contains(&format!("\"{name}\"")) && ready.message.contains("not found")
    });
    let is_anywhere = cluster
        .all::<Secret>()
        .any(|secret| secret.metadata.name == *name && secret.metadata.namespace == "cert-manager");
    (!name.is_empty() && says && !is_anywhere).then(|| {
        let object = ObjectRef::namespaced("v1", "Secret", "cert-manager", name);
        Reference::needed("spec.ca.secretName", object)
    })
}

fn check_certificate(cluster: &Cluster<'_>, certificate: &CustomObject, sink: &mut Sink) {
    if is_resting(certificate) || cluster.age(&certificate.metadata) <= ISSUE_GRACE {
        return;
    }
    let ready = certificate.condition("Ready");
    let failed = certificate
        .condition("Issuing")
        .filter(|issuing| issuing.is_false() && issuing.reason == "Failed");
    let is_late = match &ready {
        Some(ready) if ready.is_true() => failed.is_some(),
        Some(ready) => {
            let since = ready.last_transition_time;
            failed.is_some() || cluster.seconds_since(since) > ISSUE_GRACE
        }
        None => true,
    };
    if !is_late {
        return;
    }
    let is_valid = ready.as_ref().is_some_and(Condition::is_true);
    let conditions: Vec<Condition> = failed.into_iter().chain(ready).collect();
    let sighting = sighting(cluster, certificate, &conditions).severity(severity(
        cluster,
        certificate,
        is_valid,
    ));
    let Some(issuer) = issuer_of(certificate) else {
        return sink.report(sighting);
    };
    let is_missing = is_absent(cluster, &issuer)
        || (!is_there(cluster, &issuer)
            && sighting.evidence.iter().any(|item| {
                item.value
                    .as_deref()
                    .is_some_and(|text| text.contains("not found"))
            }));
    if is_missing {
        let reference = Reference::needed("spec.issuerRef", issuer);
        sink.report(without_it(cluster, certificate, &sighting, &reference));
    } else {
        sink.report(blaming(sighting, issuer, "issues"));
    }
}

/// When the certificate that its Secret holds ended, if it has.
fn ended(cluster: &Cluster<'_>, certificate: &CustomObject) -> Option<Timestamp> {
    let end: Timestamp = certificate.status_text("/notAfter").parse().ok()?;
    cluster.has_come(end).then_some(end)
}

/// `, and Ingress shop/web serves with it`.
fn served_by(cluster: &Cluster<'_>, certificate: &CustomObject) -> String {
    let secret = certificate.spec_text("/secretName");
    let ingresses = cluster
        .in_namespace::<Ingress>(&certificate.metadata.namespace)
        .filter(|ingress| {
            ingress
                .spec
                .tls
                .iter()
                .any(|tls| tls.secret_name == *secret)
        })
        .map(|ingress| ingress.reference().to_string());
    match some_of(ingresses, 3) {
        names if names.is_empty() => String::new(),
        names => format!(", and it is the one of {names}"),
    }
}

/// Critical where nothing valid is there that could be served; a renewal that fails has time left.
fn severity(cluster: &Cluster<'_>, certificate: &CustomObject, is_valid: bool) -> Severity {
    let is_there = !certificate.status_text("/notAfter").is_empty();
    let has_time = is_there && ended(cluster, certificate).is_none();
    if is_valid || has_time {
        Severity::Warning
    } else {
        Severity::Critical
    }
}

fn sighting(
    cluster: &Cluster<'_>,
    certificate: &CustomObject,
    conditions: &[Condition],
) -> Sighting {
    let links = why(cluster, certificate);
    let last = links.last();
    let said = match (last, conditions.first()) {
        (Some(link), _) => link.words.clone(),
        (None, Some(condition)) => words(condition),
        (None, None) => "nobody has worked on it".to_owned(),
    };
    let secret = certificate.spec_text("/secretName");
    let ended = ended(cluster, certificate);
    let (state, explanation) = match ended {
        Some(end) => (
            "has expired and is not renewed",
            format!(
                "Secret `{secret}` holds a certificate that ended at {end}{}.",
                served_by(cluster, certificate)
            ),
        ),
        None => (
            "is not issued",
            format!("Secret `{secret}` does not get the certificate that is asked for."),
        ),
    };
    let mut sighting =
        failing(
            cluster,
            certificate,
            titled(certificate, state, &said),
            explanation,
            conditions,
        )
        .all_evidence(ended.map(|end| {
            Evidence::field(certificate.reference(), "status.notAfter", end).at(Some(end))
        }));
    if conditions.is_empty() {
        sighting = sighting.evidence(Evidence::field(certificate.reference(), "status", "empty"));
    }
    for link in links {
        let (path, object) = (link.path, link.object);
        sighting = sighting.evidence(Evidence::message(object.reference(), path, &link.words));
        sighting = pointing(cluster, object, sighting, &link.words);
    }
    sighting
}
