use std::collections::BTreeMap;

use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Ingress, Object};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// Two Ingresses of one class claim the same host and path for different backends: which of them
    /// answers is left to the controller.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: old, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}]}}]}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: new, namespace: shop, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: b, port: {number: 80}}}}]}}]}
    /// ```
    ///
    /// # Stays silent on
    /// A canary is meant to share the path:
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: old, namespace: shop}
    /// spec: {rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: a, port: {number: 80}}}}]}}]}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: new, namespace: shop, annotations: {nginx.ingress.kubernetes.io/canary: "true"}}
    /// spec: {rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: b, port: {number: 80}}}}]}}]}
    /// ```
    ///
    /// # How to fix
    /// Take the path out of one of them.
    ///
    /// # What it cannot know
    /// How the controller decides.
    ///
    /// # Source
    /// `spec.rules` of networking/v1 Ingress.
    NET022 "ingress-path-conflict" {
        role: Root,
        severity: Warning,
        confidence: 0.90,
        reads: [Ingress],
        maps_to: ["k8sgpt:Ingress"],
        check: Cluster(check),
    }
}

/// Class, host, path and its type.
type Claim<'a> = (&'a str, &'a str, &'a str, &'a str);

/// An Ingress that claims a path, and its backend there.
type Claimer<'a> = (&'a Ingress, String);

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let mut claims: BTreeMap<Claim<'_>, Vec<Claimer<'_>>> = BTreeMap::new();
    for ingress in cluster.all::<Ingress>() {
        let meta = &ingress.metadata;
        let is_canary = meta
            .annotations
            .iter()
            .any(|(key, value)| key.ends_with("/canary") && value == "true");
        if is_canary || meta.is_terminating() {
            continue;
        }
        let class = ingress
            .spec
            .ingress_class_name
            .non_empty()
            .or_else(|| meta.annotations.value("kubernetes.io/ingress.class"))
            .unwrap_or_default();
        for rule in &ingress.spec.rules {
            for path in &rule.http.paths {
                let claim = (
                    class,
                    rule.host.as_str(),
                    path.path.as_str(),
                    path.path_type.as_str(),
                );
                let backend = path
                    .backend
                    .service
                    .as_ref()
                    .map_or_else(String::new, |service| {
                        format!("{}/{}", meta.namespace, service.name)
                    });
                claims.entry(claim).or_default().push((ingress, backend));
            }
        }
    }
    for (claim, mut claimers) in claims {
        claimers
            .sort_by_key(|(ingress, _)| (ingress.metadata.creation_timestamp, ingress.reference()));
        if let [first, .., last] = claimers.as_slice()
            && first.1 != last.1
            && first.0.reference() != last.0.reference()
        {
            sink.report(sighting(&claim, first, last));
        }
    }
}

fn sighting(claim: &Claim<'_>, first: &Claimer<'_>, last: &Claimer<'_>) -> Sighting {
    let (_, host, path, _) = claim;
    let host = if host.is_empty() { "*" } else { host };
    let own = last.0.reference();
    let other = first.0.reference();
    Sighting::of(
        own.clone(),
        format!("{own} and {other} both claim {host}{path}"),
        format!(
            "One sends it to Service {}, the other to Service {}; which of them answers is left to the controller.",
            last.1, first.1
        ),
    )
    .identified_by("route", format!("{host}{path}"))
    .evidence(Evidence::field(
        own,
        "spec.rules",
        format!("{host}{path} to {}", last.1),
    ))
    .evidence(Evidence::field(
        other.clone(),
        "spec.rules",
        format!("{host}{path} to {}", first.1),
    ))
    .suggest(Suggestion::advice(format!(
        "Take {host}{path} out of one of the two Ingresses"
    )))
}
