use jiff::Timestamp;

use super::bad_condition::{has_lasted, is_resting, words};
use super::certificate_chain::{Link, issuer_of, why};
use super::failing::{blaming, failing, pointing, report, titled, without_it};
use super::name_publisher::unpublished;
use super::reference::{Reference, found, is_absent, is_there, missing};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::workloads::log_words::short;
use crate::kubernetes::{Condition, CustomObject, Deployment, Ingress, Object, Pod};
use crate::model::{Evidence, Severity, some_of};
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
    /// A Secret that a ClusterIssuer names is looked for where cert-manager runs:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Secret
    /// apiVersion: cert-manager.io/v1
    /// kind: ClusterIssuer
    /// metadata: {name: dns, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {acme: {solvers: [{dns01: {cloudflare: {apiTokenSecretRef: {name: dns-token, key: token}}}}]}}
    /// status: {conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: dns-token, namespace: shop}
    /// ---
    /// apiVersion: cert-manager.io/v1
    /// kind: Certificate
    /// metadata: {name: shop-tls, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {secretName: shop-tls, issuerRef: {name: dns, kind: ClusterIssuer}}
    /// status: {conditions: [{type: Ready, status: "False", reason: DoesNotExist, lastTransitionTime: "2026-01-01T10:00:00Z"}]}
    /// ---
    /// apiVersion: acme.cert-manager.io/v1
    /// kind: Challenge
    /// metadata: {name: shop-tls-1-2-3, namespace: shop}
    /// spec: {dnsName: shop.example, type: DNS-01, issuerRef: {name: dns, kind: ClusterIssuer}}
    /// status: {state: pending, reason: 'secrets "dns-token" not found'}
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
        reads: [Deployment, Secret, ConfigMap, ServiceAccount, Service, Ingress, Event, Pod],
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
    let key = Some(issuer)
        .filter(|issuer| issuer.kind == "ClusterIssuer")
        .and_then(|issuer| missing_key(cluster, issuer, &[&said]));
    match key {
        Some(reference) => sink.report(without_it(cluster, issuer, &sighting, &reference)),
        None => report(cluster, issuer, sighting, &bad, sink),
    }
}

/// A Secret that an issuer names and whose absence a message tells. Those of a ClusterIssuer lie where cert-manager
/// runs, which its spec does not say.
fn missing_key(cluster: &Cluster<'_>, issuer: &CustomObject, said: &[&str]) -> Option<Reference> {
    let mut placed = issuer.clone();
    if issuer.kind == "ClusterIssuer" {
        placed.metadata.namespace = home(cluster).into();
    }
    missing(cluster, &placed, said).into_iter().next()
}

/// Where cert-manager runs.
fn home<'a>(cluster: &Cluster<'a>) -> &'a str {
    let mut workloads = cluster.all::<Deployment>();
    let own = workloads.find(|workload| {
        let labels = &workload.metadata.labels;
        labels.value("app.kubernetes.io/name") == Some("cert-manager")
            && labels
                .value("app.kubernetes.io/component")
                .is_none_or(|component| component == "controller")
    });
    own.map_or("cert-manager", |own| own.metadata.namespace.as_str())
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
    let links = why(cluster, certificate);
    let sighting = sighting(cluster, certificate, &conditions, &links).severity(severity(
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
    let key = found(cluster, &issuer).and_then(|known| {
        let said: Vec<&str> = links.iter().map(|link| link.words.as_str()).collect();
        let mut key = missing_key(cluster, known, &said)?;
        key.path = format!("{} of {issuer}", key.path);
        Some(key)
    });
    if is_missing {
        let reference = Reference::needed("spec.issuerRef", issuer);
        sink.report(without_it(cluster, certificate, &sighting, &reference));
    } else if let Some(key) = key {
        sink.report(without_it(cluster, certificate, &sighting, &key));
    } else {
        sink.report(blaming(sighting, issuer, "issues"));
    }
}

/// The Ingresses by which a challenge over HTTP is answered: those that send its path on.
fn ways_in<'a>(
    cluster: &Cluster<'a>,
    challenge: &'a CustomObject,
) -> impl Iterator<Item = &'a Ingress> {
    let name = challenge.spec_text("/dnsName");
    let all = cluster.in_namespace::<Ingress>(&challenge.metadata.namespace);
    all.filter(move |ingress| {
        let mut rules = ingress.spec.rules.iter().filter(|rule| rule.host == name);
        rules.any(|rule| {
            let mut paths = rule.http.paths.iter();
            paths.any(|path| path.path.starts_with(CHALLENGES))
        })
    })
}

/// Where a challenge over HTTP is answered (RFC 8555, section 8.3).
const CHALLENGES: &str = "/.well-known/acme-challenge/";

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

/// The error that cert-manager logged last about a certificate for which nothing further was made.
fn logged(cluster: &Cluster<'_>, certificate: &CustomObject) -> Option<Evidence> {
    let meta = &certificate.metadata;
    let key = format!("\"{}/{}\"", meta.namespace, meta.name);
    let pods = cluster.in_namespace::<Pod>(home(cluster));
    pods.flat_map(|pod| pod.containers().map(move |container| (pod, container)))
        .find_map(|(pod, container)| {
            let log = cluster.log(pod, container.name(), false)?;
            let mut lines = log.lines.iter().rev();
            let line = lines.find(|line| line.contains(&key) && line.contains("err="))?;
            Some(Evidence::log(
                pod.reference(),
                container.name(),
                line.trim(),
                None,
            ))
        })
}

fn sighting(
    cluster: &Cluster<'_>,
    certificate: &CustomObject,
    conditions: &[Condition],
    links: &[Link<'_>],
) -> Sighting {
    let last = links.last();
    let logged = match last {
        Some(_) => None,
        None => logged(cluster, certificate),
    };
    let words_of_log = logged.as_ref().and_then(|line| line.text.as_deref());
    let said = match (last, words_of_log, conditions.first()) {
        (Some(link), ..) => link.words.clone(),
        (None, Some(said), _) => short(said),
        (None, None, Some(condition)) => words(condition),
        (None, None, None) => "nobody has worked on it".to_owned(),
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
    sighting = sighting.all_evidence(logged);
    if conditions.is_empty() {
        sighting = sighting.evidence(Evidence::field(certificate.reference(), "status", "empty"));
    }
    for link in links {
        let (path, object) = (link.path, link.object);
        sighting = sighting.evidence(Evidence::message(object.reference(), path, &link.words));
        sighting = pointing(cluster, object, sighting, &link.words);
        sighting = unpublished(cluster, sighting, &link.words);
        for way_in in ways_in(cluster, object) {
            sighting = blaming(sighting, way_in.reference(), "answers at");
        }
    }
    sighting
}
