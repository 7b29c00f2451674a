use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Ingress, Object, Secret, Text};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The Secret that an Ingress takes its certificate from holds none: it has another type, or lacks
    /// the keys `tls.crt` and `tls.key`.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop}
    /// spec: {tls: [{hosts: [shop.example], secretName: shop-tls}]}
    /// ---
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: shop-tls, namespace: shop}
    /// type: Opaque
    /// data: {cert.pem: eA==}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop}
    /// spec: {tls: [{hosts: [shop.example], secretName: shop-tls}]}
    /// ---
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: shop-tls, namespace: shop}
    /// type: kubernetes.io/tls
    /// data: {tls.crt: eA==, tls.key: eA==}
    /// ```
    ///
    /// # How to fix
    /// Make the Secret again with type kubernetes.io/tls.
    ///
    /// # What it cannot know
    /// Whether the certificate is for the Ingress's hosts. Its dates are judged by CTL020 and CTL021.
    ///
    /// # Source
    /// `type` and keys of core/v1 Secret.
    NET025 "ingress-certificate-unfit" {
        role: Root,
        severity: Critical,
        confidence: 0.92,
        reads: [Secret],
        maps_to: ["k8sgpt:Ingress"],
        check: Ingress(check),
    }
}

fn check<'a>(ingress: &'a Ingress, cluster: &Cluster<'a>, sink: &mut Sink) {
    for tls in &ingress.spec.tls {
        let found = cluster.get::<Secret>(&ingress.metadata.namespace, &tls.secret_name);
        if let Some(secret) = found
            && let Some((problem, severity)) = problem_of(secret)
        {
            let hosts = tls.hosts.join(", ");
            sink.report(sighting(ingress, secret, &hosts, &problem).severity(severity));
        }
    }
}

/// What keeps the Secret from being a certificate, and how bad that is: most controllers take another
/// type as long as the keys are there.
fn problem_of(secret: &Secret) -> Option<(String, Severity)> {
    if let Some(keys) = &secret.data {
        let lacking: Vec<&str> = ["tls.crt", "tls.key"]
            .into_iter()
            .filter(|key| !keys.contains(key))
            .collect();
        if !lacking.is_empty() {
            let problem = format!("key {} is missing", lacking.join(" and "));
            return Some((problem, Severity::Critical));
        }
    }
    let is_fit = secret.type_.is_empty() || secret.type_ == "kubernetes.io/tls";
    (!is_fit).then(|| {
        let problem = format!("its type is {}, not kubernetes.io/tls", secret.type_);
        (problem, Severity::Warning)
    })
}

fn sighting(ingress: &Ingress, secret: &Secret, hosts: &str, problem: &str) -> Sighting {
    let own = secret.reference();
    let user = ingress.reference();
    let mut sighting = Sighting::of(
        own.clone(),
        format!("{own} holds no certificate for {user}: {problem}"),
        format!("Clients of {hosts} get a certificate that they do not trust, or no connection."),
    )
    .seen_on(user.clone(), "certificate of")
    .evidence(Evidence::field(user, "spec.tls[].secretName", &own.name))
    .evidence(Evidence::field(own.clone(), "type", &secret.type_));
    if let Some(keys) = &secret.data {
        let keys: Vec<&str> = keys.iter().map(Text::as_str).collect();
        sighting = sighting.evidence(Evidence::field(own.clone(), "data", keys.join(", ")));
    }
    sighting.suggest(Suggestion::advice(format!(
        "Make {own} again with type kubernetes.io/tls and the keys tls.crt and tls.key"
    )))
}
