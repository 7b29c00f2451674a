use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::control_plane::webhook::gates_of;
use crate::analyzers::operators::secret_producer::producers_of;
use crate::kubernetes::{Ingress, IngressClass, IngressTls, Kind, Object, Secret};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An Ingress takes its certificate from a Secret that does not exist: clients get the ingress
    /// controller's own certificate, which they do not trust, or no connection at all.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Secret
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {tls: [{hosts: [shop.example], secretName: shop-tls}]}
    /// ```
    ///
    /// # Stays silent on
    /// Secrets that could not be read are unknown; without a name, the controller's own certificate is
    /// what was asked for:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {tls: [{hosts: [shop.example], secretName: shop-tls}]}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Secret
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {tls: [{hosts: [shop.example]}]}
    /// ```
    ///
    /// # How to fix
    /// Create the Secret (type kubernetes.io/tls), or correct the name.
    ///
    /// # What it cannot know
    /// Whether the controller falls back to a certificate of its own.
    ///
    /// # Source
    /// `spec.tls[].secretName` of networking/v1 Ingress.
    NET021 "ingress-tls-secret-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.96,
        reads: [Secret, IngressClass, ValidatingWebhookConfiguration, MutatingWebhookConfiguration],
        maps_to: ["k8sgpt:Ingress"],
        check: Ingress(check),
    }
}

/// Seconds that a certificate's issuer has before its Secret is missed.
const ISSUE_GRACE: i64 = 600;

/// Controllers that serve a host without its Secret with a certificate of their own.
const FALL_BACK: [&str; 4] = ["nginx", "haproxy", "traefik", "contour"];

fn check<'a>(ingress: &'a Ingress, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = &ingress.metadata;
    if meta.is_terminating() || (is_issued(ingress) && cluster.age(meta) < ISSUE_GRACE) {
        return;
    }
    for (index, tls) in ingress.spec.tls.iter().enumerate() {
        // A name with a slash is a Secret of another namespace, which some controllers allow.
        if tls.secret_name.is_empty() || tls.secret_name.contains('/') {
            continue;
        }
        if cluster
            .look_up::<Secret>(&meta.namespace, &tls.secret_name)
            .is_absent()
        {
            sink.report(sighting(ingress, cluster, index, tls));
        }
    }
}

/// Whether something is asked to make the Secret.
fn is_issued(ingress: &Ingress) -> bool {
    ingress
        .metadata
        .annotations
        .keys()
        .any(|key| key.starts_with("cert-manager.io/") || key.as_str() == "kubernetes.io/tls-acme")
}

fn sighting(ingress: &Ingress, cluster: &Cluster<'_>, index: usize, tls: &IngressTls) -> Sighting {
    let own = ingress.reference();
    let namespace = &ingress.metadata.namespace;
    let subject = ObjectRef::namespaced(
        Kind::Secret.api_version(),
        Kind::Secret.as_str(),
        namespace,
        &tls.secret_name,
    );
    let near = cluster.near_names::<Secret>(namespace, &tls.secret_name);
    let hosts = tls.hosts.join(", ");
    let absence = if near.is_empty() {
        "no Secret of that name in the namespace".to_owned()
    } else {
        format!(
            "no Secret of that name in the namespace (near names there: {})",
            near.join(", ")
        )
    };
    let mut sighting = Sighting::of(
        subject.clone(),
        format!("{subject} does not exist: {own} has no certificate for {hosts}"),
        "TLS connections fail, or show a certificate of the ingress controller that clients do not trust.",
    )
    .seen_on(own.clone(), "certificate of")
    .evidence(Evidence::field(
        own.clone(),
        &format!("spec.tls[{index}].secretName"),
        &tls.secret_name,
    ))
    .evidence(Evidence::absence(subject, &absence))
    .since(ingress.metadata.creation_timestamp);
    let class = cluster.get::<IngressClass>("", &ingress.spec.ingress_class_name);
    if class.is_some_and(|class| {
        FALL_BACK
            .iter()
            .any(|name| class.spec.controller.contains(name))
    }) {
        sighting = sighting.severity(Severity::Warning);
    }
    let producers = producers_of(cluster, namespace, &tls.secret_name);
    // Its annotation asks for a Certificate: what does not let one be made is the reason that there is none.
    let gates = if producers.is_empty() && is_issued(ingress) {
        gates_of(cluster, "cert-manager.io", "certificates")
    } else {
        Vec::new()
    };
    for producer in producers {
        sighting = sighting.blames(producer.reference(), "made from");
    }
    for gate in gates {
        sighting = sighting.blames(gate, "admits");
    }
    let advice = if is_issued(ingress) {
        "Find out why the certificate is not issued; it is asked for by an annotation".to_owned()
    } else {
        near.first().map_or_else(
            || {
                format!(
                    "Create Secret {namespace}/{} of type kubernetes.io/tls",
                    tls.secret_name
                )
            },
            |near| format!("Point {own} at Secret `{near}`, or create the missing one"),
        )
    };
    sighting
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look(
            "See the Secrets of the namespace",
            format!("kubectl -n {namespace} get secrets"),
        ))
}
