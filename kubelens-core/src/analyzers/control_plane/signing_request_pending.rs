use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::kubelet_certificate::{KUBELET_CLIENT, KUBELET_SERVING, is_late};
use crate::kubernetes::{CertificateSigningRequest, Object, condition};
use crate::model::{Evidence, Risk, Suggestion, counted, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A certificate is asked for and nobody approves or signs it. A kubelet that waits for its
    /// certificate cannot join, or its logs cannot be read.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: certificates.k8s.io/v1
    /// kind: CertificateSigningRequest
    /// metadata: {name: csr-1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {signerName: kubernetes.io/kubelet-serving, username: "system:node:node-1"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: certificates.k8s.io/v1
    /// kind: CertificateSigningRequest
    /// metadata: {name: csr-1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {signerName: kubernetes.io/kubelet-serving, username: "system:node:node-1"}
    /// status: {conditions: [{type: Approved, status: "True"}]}
    /// ```
    ///
    /// # How to fix
    /// Approve it if it is what it says, or bring the approver back.
    ///
    /// # What it cannot know
    /// Signers that somebody handles by hand.
    ///
    /// # Source
    /// `status.conditions` of certificates/v1 CertificateSigningRequest.
    CTL030 "signing-request-pending" {
        role: Root,
        severity: Warning,
        confidence: 0.90,
        reads: [CertificateSigningRequest],
        maps_to: [],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let mut waiting: BTreeMap<(&str, &str), Vec<&CertificateSigningRequest>> = BTreeMap::new();
    for request in cluster.all::<CertificateSigningRequest>() {
        let conditions = &request.status.conditions;
        let is_failed = condition(conditions, "Failed").is_some();
        let is_pending = is_late(cluster, request);
        if is_failed || is_pending {
            let key = (
                request.spec.signer_name.as_str(),
                group_of(&request.spec.username),
            );
            waiting.entry(key).or_default().push(request);
        }
    }
    for ((signer, _), requests) in waiting {
        let newest = requests
            .iter()
            .max_by_key(|request| request.metadata.creation_timestamp);
        if let Some(newest) = newest {
            let oldest = requests
                .iter()
                .filter_map(|request| request.metadata.creation_timestamp)
                .min();
            sink.report(sighting(newest, signer, &requests).since(oldest));
        }
    }
}

/// Nodes ask one by one; that nobody answers them is one fault.
fn group_of(user: &str) -> &str {
    if user.starts_with(NODE) { NODE } else { user }
}

/// What the user name of every kubelet begins with.
const NODE: &str = "system:node:";

/// Who asks, each once.
fn users_of(requests: &[&CertificateSigningRequest]) -> String {
    let users: BTreeSet<&str> = requests
        .iter()
        .map(|request| request.spec.username.as_str())
        .collect();
    some_of(users, 5)
}

fn sighting(
    request: &CertificateSigningRequest,
    signer: &str,
    requests: &[&CertificateSigningRequest],
) -> Sighting {
    let own = request.reference();
    let (user, count) = (users_of(requests), requests.len());
    let failed = condition(&request.status.conditions, "Failed");
    let state = match (&failed, count) {
        (Some(_), _) => "failed",
        (None, 1) => "waits for approval",
        (None, _) => "wait for approval",
    };
    let mut sighting = Sighting::of(
        own.clone(),
        if count > 1 {
            format!(
                "{own} of {} and {} {state} ({signer})",
                request.spec.username,
                counted(count - 1, "other request")
            )
        } else {
            format!("{own} of {user} {state} ({signer})")
        },
        format!(
            "{} of {user} to signer {signer}: the certificate is not issued.{}",
            counted(count, "request"),
            consequence(signer)
        ),
    )
    .evidence(Evidence::field(own.clone(), "spec.signerName", signer))
    .evidence(Evidence::field(own.clone(), "spec.username", user));
    if let Some(failed) = failed {
        sighting = sighting.evidence(Evidence::message(
            own,
            "status.conditions[Failed]",
            &failed.message,
        ));
    }
    if count > 1 {
        sighting = sighting.suggest(Suggestion::look(
            "See all that wait, and what should approve them",
            "kubectl get csr",
        ));
    }
    sighting
        .suggest(Suggestion::look(
            "Read what is asked for",
            format!("kubectl describe csr {}", request.metadata.name),
        ))
        .suggest(Suggestion::run(
            if count > 1 {
                "If they are what they say, approve the newest of each"
            } else {
                "If it is what it says, approve it"
            },
            format!("kubectl certificate approve {}", newest_of_each(requests)),
            Risk::Medium,
        ))
}

/// The newest request of each user by name: the older ones are given up.
fn newest_of_each(requests: &[&CertificateSigningRequest]) -> String {
    let mut newest: BTreeMap<&str, &CertificateSigningRequest> = BTreeMap::new();
    for request in requests {
        let known = newest.entry(&request.spec.username).or_insert(request);
        if request.metadata.creation_timestamp > known.metadata.creation_timestamp {
            *known = request;
        }
    }
    let names = newest
        .values()
        .map(|request| request.metadata.name.as_str());
    names.collect::<Vec<_>>().join(" ")
}

/// What a kubelet cannot do without a certificate of this signer.
fn consequence(signer: &str) -> &'static str {
    match signer {
        KUBELET_SERVING => {
            " Without it a kubelet ends each TLS connection: no metrics, logs, exec or port-forward of its pods."
        }
        KUBELET_CLIENT => " Without it a kubelet cannot speak with the API server.",
        _ => "",
    }
}
