//! Certificates that are kept in the cluster: in Secrets and in what trusts webhooks.

use std::sync::Arc;

use jiff::Timestamp;

use super::certificate_users::{User, Users};
use super::webhook::{Hook, hooks};
use crate::analysis::{Sighting, Sink};
use crate::kubernetes::{Certificate, CertificateChain, Object, Secret};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::Cluster;

/// What cert-manager writes on the Secrets that it fills.
const ISSUED_BY: &str = "cert-manager.io/certificate-name";

/// What a Secret says of its certificate, and who uses it.
pub(super) struct Kept<'a> {
    pub(super) secret: &'a Secret,
    pub(super) chain: &'a CertificateChain,
    users: Arc<Users>,
}

/// Every Secret whose certificate was read. Who calls it reads Secret, Ingress and Pod.
pub(super) fn kept<'a>(cluster: &Cluster<'a>) -> Vec<Kept<'a>> {
    let secrets: Vec<&Secret> = cluster
        .all::<Secret>()
        .filter(|secret| secret.certificate_chain.is_some() && !secret.metadata.is_terminating())
        .collect();
    if secrets.is_empty() {
        return Vec::new();
    }
    let users = cluster.once(Users::of);
    secrets
        .into_iter()
        .filter_map(|secret| {
            Some(Kept {
                secret,
                chain: secret.certificate_chain.as_ref()?,
                users: Arc::clone(&users),
            })
        })
        .collect()
}

impl Kept<'_> {
    /// The certificate that is shown: the first one.
    pub(super) fn leaf(&self) -> Option<&Certificate> {
        self.chain.certificates.first()
    }

    pub(super) fn users(&self) -> &[User] {
        let meta = &self.secret.metadata;
        self.users.of_secret(&meta.namespace, &meta.name)
    }

    /// The Certificate of cert-manager that fills the Secret.
    pub(super) fn issued_by(&self) -> Option<ObjectRef> {
        let meta = &self.secret.metadata;
        let name = meta.annotations.value(ISSUED_BY)?;
        Some(ObjectRef::namespaced(
            "cert-manager.io/v1",
            "Certificate",
            &meta.namespace,
            name,
        ))
    }

    /// When cert-manager renews it, where its Certificate is in the picture.
    pub(super) fn renewal(&self, cluster: &Cluster<'_>) -> Option<Timestamp> {
        let certificate = self.issued_by()?;
        let found = cluster.custom("Certificate").iter().find(|object| {
            let meta = &object.metadata;
            meta.name == *certificate.name
                && Some(&*meta.namespace) == certificate.namespace.as_deref()
        })?;
        found.status.get("renewalTime")?.as_str()?.parse().ok()
    }

    /// Reports a fact about the certificate: once a user, so that each is among the affected.
    pub(super) fn report(&self, sink: &mut Sink, sighting: &Sighting) {
        let issued_by = self.issued_by();
        let with_issuer = |sighting: Sighting| match &issued_by {
            Some(certificate) => sighting.blames(certificate.clone(), "issues"),
            None => sighting,
        };
        for user in self.users() {
            let seen = sighting
                .clone()
                .seen_on(user.object.clone(), user.relation)
                .evidence(user.evidence());
            sink.report(with_issuer(seen));
        }
        if self.users().is_empty() {
            sink.report(with_issuer(sighting.clone()));
        }
    }

    /// Names it.
    pub(super) fn reference(&self) -> ObjectRef {
        self.secret.reference()
    }

    /// Who uses it, as a sentence.
    pub(super) fn used_by(&self) -> String {
        let mut names: Vec<String> = self
            .users()
            .iter()
            .map(|user| user.object.to_string())
            .collect();
        names.dedup();
        match names.len() {
            0 => "Nothing in the picture uses it.".to_owned(),
            _ => format!("It is used by {}.", crate::model::some_of(&names, 3)),
        }
    }
}

/// What a certificate says of itself, as proof. Its words are those of whoever made it.
pub(super) fn facts(object: &ObjectRef, path: &str, certificate: &Certificate) -> Vec<Evidence> {
    let at = |field: &str| format!("{path}.{field}");
    let time = |time: Option<Timestamp>| time.map_or_else(String::new, |time| time.to_string());
    let mut all = vec![
        Evidence::field(object.clone(), &at("notAfter"), time(certificate.not_after)),
        Evidence::field(
            object.clone(),
            &at("notBefore"),
            time(certificate.not_before),
        ),
        Evidence::message(object.clone(), &at("subject"), &certificate.subject),
        Evidence::message(object.clone(), &at("issuer"), &certificate.issuer),
    ];
    if !certificate.names.is_empty() {
        let names: Vec<&str> = certificate.names.iter().map(|name| name.as_str()).collect();
        all.push(Evidence::message(
            object.clone(),
            &at("names"),
            &names.join(", "),
        ));
    }
    all
}

/// The certificates by which the API server knows a webhook; none where there are none to be read.
pub(super) fn trusted<'a>(cluster: &Cluster<'a>) -> Vec<(Hook<'a>, CertificateChain)> {
    hooks(cluster)
        .into_iter()
        .filter_map(|hook| {
            let chain = CertificateChain::from_base64(&hook.webhook.client_config.ca_bundle)?;
            (!chain.certificates.is_empty()).then_some((hook, chain))
        })
        .collect()
}

/// The certificate of a bundle that ends last: as long as that one holds, the bundle serves.
pub(super) fn last_of(chain: &CertificateChain) -> Option<&Certificate> {
    chain
        .certificates
        .iter()
        .max_by_key(|certificate| certificate.not_after)
}

/// A length of time in the largest unit that fits: `3 days`, `5 hours`.
pub(super) fn in_words(seconds: i64) -> String {
    let seconds = usize::try_from(seconds).unwrap_or(0);
    match seconds {
        0..7200 => crate::model::counted(seconds / 60, "minute"),
        7200..172_800 => crate::model::counted(seconds / 3600, "hour"),
        _ => crate::model::counted(seconds / 86_400, "day"),
    }
}
