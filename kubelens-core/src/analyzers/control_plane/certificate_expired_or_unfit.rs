use super::certificate::{Kept, facts, in_words, kept, last_of, trusted};
use super::webhook::Hook;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::Certificate;
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A certificate is over, has not begun yet, is none at all, or the key beside it is that of another one. Who is
    /// shown it ends the connection. One that nothing uses is only a warning.
    ///
    /// # Fires on
    /// The certificate ended in January 2025:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: shop-tls, namespace: shop}
    /// type: kubernetes.io/tls
    /// data: {tls.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJYVENDQVFPZ0F3SUJBZ0lCQVRBS0JnZ3Foa2pPUFFRREFqQVhNUlV3RXdZRFZRUUREQXh6YUc5d0xtVjQKWVcxd2JHVXdIaGNOTWpRd01UQXhNREF3TURBd1doY05NalV3TVRBeE1EQXdNREF3V2pBWE1SVXdFd1lEVlFRRApEQXh6YUc5d0xtVjRZVzF3YkdVd1dUQVRCZ2NxaGtqT1BRSUJCZ2dxaGtqT1BRTUJCd05DQUFRdWcvQVZReXBnCjFkaEtYblpOSno4V3dKWnlqU3A3N0d4MUl3KzlOaXRtZkxjdjY2UjFlYWM2S1BISktlQ0p5MUpsVGd6L1czZEcKQVNhczhwQ2tQeWlYbzBBd1BqQWRCZ05WSFJFRUZqQVVnZ3h6YUc5d0xtVjRZVzF3YkdXSEJBb0FBQWN3SFFZRApWUjBPQkJZRUZBVlBiL1lncHBhN3k3OHQ5Z0d4bjg4cHp5cUZNQW9HQ0NxR1NNNDlCQU1DQTBnQU1FVUNJQldUCk4veW1aWWcvYUIvWXZib1FtbG93eTQzQzVTQ3BzWWdLU1MyYitSMm9BaUVBL09xSmVmZTI1WjBOZURpbnNjOEwKQWdudENxRlhkMytwT1l5YWhhbklva2M9Ci0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K, tls.key: eA==}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop}
    /// spec: {tls: [{hosts: [shop.example], secretName: shop-tls}]}
    /// ```
    /// The key is that of another certificate:
    /// ```yaml
    /// # now: 2027-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: shop-tls, namespace: shop}
    /// type: kubernetes.io/tls
    /// data: {tls.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJnakNDQVNtZ0F3SUJBZ0lVWGRyWDgyRU45QnczU0w4aERFRGlBK1BUKzdrd0NnWUlLb1pJemowRUF3SXcKRnpFVk1CTUdBMVVFQXd3TWMyaHZjQzVsZUdGdGNHeGxNQjRYRFRJMk1URXlPREl3TlRjeE9Wb1hEVFEyTVRFeQpNekl3TlRjeE9Wb3dGekVWTUJNR0ExVUVBd3dNYzJodmNDNWxlR0Z0Y0d4bE1Ga3dFd1lIS29aSXpqMENBUVlJCktvWkl6ajBEQVFjRFFnQUVhekJ6eWFoajFyckp6RnNpd3NJMjZEaFlRUFNKbG8yY2krTUJkOGlTQkliRTVYa0IKWXVIV3VnOHVXM2ZKVzF5dVp4QmJWeHpUb09hcEg4M2xKQzA1ZEtOVE1GRXdIUVlEVlIwT0JCWUVGQXNoVzVvWQpOMDE1dGM4N1ZUME9kS0E1L1NJWk1COEdBMVVkSXdRWU1CYUFGQXNoVzVvWU4wMTV0Yzg3VlQwT2RLQTUvU0laCk1BOEdBMVVkRXdFQi93UUZNQU1CQWY4d0NnWUlLb1pJemowRUF3SURSd0F3UkFJZ0RBdDRCZHBySmtwUDhVUTEKRWdxZTJCRnpMWnNhVG9Mem1KRGlxMDdPc0lvQ0lHQW5ISk1OVFd1cnp4WlMrZlhOczZaQ2xhVWIrOWdCUjdNZgpUTDQyT01LMQotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg==, tls.key: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JR0hBZ0VBTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSEJHMHdhd0lCQVFRZzJNckxWYlA4MUpoa1JTZ3oKRG04VXZpUXZpQ09IYXUxM2p5RjZVTUVtRGZtaFJBTkNBQVI2RzRUUjIxOWVtZHBuS3BRZGZ0SVI0aGxVdHZUMQo2Zkd2bnl5ay9MZHVEZjFsSXU5ampEeEVOUU43ckczc1YwdXA4d2Jkb0p4bzRnMmd0aXl4aGZ5WAotLS0tLUVORCBQUklWQVRFIEtFWS0tLS0tCg==}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop}
    /// spec: {tls: [{hosts: [shop.example], secretName: shop-tls}]}
    /// ```
    /// What the API server knows a webhook by ended:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingWebhookConfiguration
    /// metadata: {name: policies}
    /// webhooks: [{name: a.example.com, clientConfig: {service: {namespace: policy, name: policy}, caBundle: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJYVENDQVFPZ0F3SUJBZ0lCQVRBS0JnZ3Foa2pPUFFRREFqQVhNUlV3RXdZRFZRUUREQXh6YUc5d0xtVjQKWVcxd2JHVXdIaGNOTWpRd01UQXhNREF3TURBd1doY05NalV3TVRBeE1EQXdNREF3V2pBWE1SVXdFd1lEVlFRRApEQXh6YUc5d0xtVjRZVzF3YkdVd1dUQVRCZ2NxaGtqT1BRSUJCZ2dxaGtqT1BRTUJCd05DQUFRdWcvQVZReXBnCjFkaEtYblpOSno4V3dKWnlqU3A3N0d4MUl3KzlOaXRtZkxjdjY2UjFlYWM2S1BISktlQ0p5MUpsVGd6L1czZEcKQVNhczhwQ2tQeWlYbzBBd1BqQWRCZ05WSFJFRUZqQVVnZ3h6YUc5d0xtVjRZVzF3YkdXSEJBb0FBQWN3SFFZRApWUjBPQkJZRUZBVlBiL1lncHBhN3k3OHQ5Z0d4bjg4cHp5cUZNQW9HQ0NxR1NNNDlCQU1DQTBnQU1FVUNJQldUCk4veW1aWWcvYUIvWXZib1FtbG93eTQzQzVTQ3BzWWdLU1MyYitSMm9BaUVBL09xSmVmZTI1WjBOZURpbnNjOEwKQWdudENxRlhkMytwT1l5YWhhbklva2M9Ci0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K}}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2024-06-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: shop-tls, namespace: shop}
    /// type: kubernetes.io/tls
    /// data: {tls.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJYVENDQVFPZ0F3SUJBZ0lCQVRBS0JnZ3Foa2pPUFFRREFqQVhNUlV3RXdZRFZRUUREQXh6YUc5d0xtVjQKWVcxd2JHVXdIaGNOTWpRd01UQXhNREF3TURBd1doY05NalV3TVRBeE1EQXdNREF3V2pBWE1SVXdFd1lEVlFRRApEQXh6YUc5d0xtVjRZVzF3YkdVd1dUQVRCZ2NxaGtqT1BRSUJCZ2dxaGtqT1BRTUJCd05DQUFRdWcvQVZReXBnCjFkaEtYblpOSno4V3dKWnlqU3A3N0d4MUl3KzlOaXRtZkxjdjY2UjFlYWM2S1BISktlQ0p5MUpsVGd6L1czZEcKQVNhczhwQ2tQeWlYbzBBd1BqQWRCZ05WSFJFRUZqQVVnZ3h6YUc5d0xtVjRZVzF3YkdXSEJBb0FBQWN3SFFZRApWUjBPQkJZRUZBVlBiL1lncHBhN3k3OHQ5Z0d4bjg4cHp5cUZNQW9HQ0NxR1NNNDlCQU1DQTBnQU1FVUNJQldUCk4veW1aWWcvYUIvWXZib1FtbG93eTQzQzVTQ3BzWWdLU1MyYitSMm9BaUVBL09xSmVmZTI1WjBOZURpbnNjOEwKQWdudENxRlhkMytwT1l5YWhhbklva2M9Ci0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K, tls.key: eA==}
    /// ```
    /// A certificate with its own key:
    /// ```yaml
    /// # now: 2027-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: shop-tls, namespace: shop}
    /// type: kubernetes.io/tls
    /// data: {tls.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJnakNDQVNtZ0F3SUJBZ0lVWGRyWDgyRU45QnczU0w4aERFRGlBK1BUKzdrd0NnWUlLb1pJemowRUF3SXcKRnpFVk1CTUdBMVVFQXd3TWMyaHZjQzVsZUdGdGNHeGxNQjRYRFRJMk1URXlPREl3TlRjeE9Wb1hEVFEyTVRFeQpNekl3TlRjeE9Wb3dGekVWTUJNR0ExVUVBd3dNYzJodmNDNWxlR0Z0Y0d4bE1Ga3dFd1lIS29aSXpqMENBUVlJCktvWkl6ajBEQVFjRFFnQUVhekJ6eWFoajFyckp6RnNpd3NJMjZEaFlRUFNKbG8yY2krTUJkOGlTQkliRTVYa0IKWXVIV3VnOHVXM2ZKVzF5dVp4QmJWeHpUb09hcEg4M2xKQzA1ZEtOVE1GRXdIUVlEVlIwT0JCWUVGQXNoVzVvWQpOMDE1dGM4N1ZUME9kS0E1L1NJWk1COEdBMVVkSXdRWU1CYUFGQXNoVzVvWU4wMTV0Yzg3VlQwT2RLQTUvU0laCk1BOEdBMVVkRXdFQi93UUZNQU1CQWY4d0NnWUlLb1pJemowRUF3SURSd0F3UkFJZ0RBdDRCZHBySmtwUDhVUTEKRWdxZTJCRnpMWnNhVG9Mem1KRGlxMDdPc0lvQ0lHQW5ISk1OVFd1cnp4WlMrZlhOczZaQ2xhVWIrOWdCUjdNZgpUTDQyT01LMQotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg==, tls.key: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JR0hBZ0VBTUJNR0J5cUdTTTQ5QWdFR0NDcUdTTTQ5QXdFSEJHMHdhd0lCQVFRZzJPWmwyeHRBRE45QWR1MDUKWWl1V3ppVmxXUnVlQS9BY0k1TU1CZFl6OVltaFJBTkNBQVJyTUhQSnFHUFd1c25NV3lMQ3dqYm9PRmhBOUltVwpqWnlMNHdGM3lKSUVoc1RsZVFGaTRkYTZEeTViZDhsYlhLNW5FRnRYSE5PZzVxa2Z6ZVVrTFRsMAotLS0tLUVORCBQUklWQVRFIEtFWS0tLS0tCg==}
    /// ```
    /// A recording that hides the values of Secrets:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: shop-tls, namespace: shop}
    /// type: kubernetes.io/tls
    /// data: {tls.crt: PHJlZGFjdGVkPg==, tls.key: PHJlZGFjdGVkPg==}
    /// ```
    ///
    /// # How to fix
    /// Renew the certificate, or see why what renews it does not.
    ///
    /// # What it cannot know
    /// Certificates in Secrets whose values were not read: a live cluster is only asked for the metadata of
    /// Secrets, because the API hands out `tls.crt` only together with `tls.key`, and keys are not fetched for a
    /// diagnosis. So this is about files: manifests before they are applied, and recordings of other tools.
    /// Whether a key belongs to its certificate where it does not carry its public half (Ed25519) or is encrypted.
    ///
    /// # Source
    /// X.509 validity, subject, names and public key of `tls.crt` in core/v1 Secret, the public half of `tls.key`,
    /// and `caBundle` in webhook configurations.
    CTL020 "certificate-expired-or-unfit" {
        role: Root,
        severity: Critical,
        confidence: 0.98,
        reads: [
            Secret, Ingress, Pod, ValidatingWebhookConfiguration, MutatingWebhookConfiguration, Namespace,
        ],
        maps_to: [],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    if cluster.snapshot().taken_at().is_none() {
        return;
    }
    for kept in kept(cluster) {
        if let Some(sighting) = fault(cluster, &kept) {
            kept.report(sink, &sighting);
        }
    }
    for (hook, chain) in trusted(cluster) {
        // As long as one of several holds, the API server has what it needs.
        let last = last_of(&chain).filter(|last| last.is_expired(cluster.now()));
        if let Some(last) = last {
            sink.report(bundle(cluster, &hook, last));
        }
    }
}

fn fault(cluster: &Cluster<'_>, kept: &Kept<'_>) -> Option<Sighting> {
    let own = kept.reference();
    let now = cluster.now();
    let used = if kept.users().is_empty() {
        Severity::Warning
    } else {
        Severity::Critical
    };
    let Some(leaf) = kept.leaf() else {
        let title = format!(
            "{own} holds a {} where its certificate should be",
            kept.chain.instead
        );
        let told = Evidence::field(own.clone(), "data[tls.crt]", &kept.chain.instead);
        return Some(
            told_of(
                kept,
                title,
                "Clients get no connection, or one that they do not trust.",
            )
            .identified_by("fact", "no certificate")
            .severity(used)
            .evidence(told)
            .suggest(renew(kept)),
        );
    };
    if kept.secret.key_belongs == Some(false) {
        return Some(foreign_key(kept, leaf, used));
    }
    let chain = &kept.chain.certificates;
    let (bad, what, severity) = if leaf.is_expired(now) {
        (leaf, "expired", used)
    } else if leaf.is_early(now) {
        (leaf, "early", used)
    } else {
        // Roots that are over stand in many chains that clients still accept.
        let over = chain.iter().find(|one| one.is_expired(now))?;
        (over, "chain", Severity::Warning)
    };
    let title = match (what, bad.not_after, bad.not_before) {
        ("early", _, Some(begin)) => {
            format!("The certificate in {own} is not valid before {begin}")
        }
        ("chain", Some(end), _) => format!(
            "A certificate in the chain of {own} expired {} ago",
            in_words(cluster.seconds_since(Some(end)).seconds())
        ),
        (_, end, _) => format!(
            "The certificate in {own} expired {} ago",
            in_words(cluster.seconds_since(end).seconds())
        ),
    };
    let effect = match what {
        "chain" => "Clients that do not know another way to a root they trust end the connection.",
        "early" => "Clients end the connection until then; a clock that is wrong looks the same.",
        _ => "Clients that check it end the connection.",
    };
    let at = chain.iter().position(|one| one == bad).unwrap_or(0);
    let path = format!("data[tls.crt][{at}]");
    Some(
        told_of(kept, title, effect)
            .identified_by("fact", what)
            .severity(severity)
            .since(bad.not_after.filter(|end| *end < now))
            .all_evidence(facts(&own, &path, bad))
            .suggest(renew(kept)),
    )
}

/// A certificate beside the key of another one. Neither is kept: only that they are strangers.
fn foreign_key(kept: &Kept<'_>, leaf: &Certificate, severity: Severity) -> Sighting {
    let own = kept.reference();
    let title = format!("The key in {own} is not the key of its certificate");
    let effect = "A server cannot start with them, or clients end the connection.";
    told_of(kept, title, effect)
        .identified_by("fact", "foreign key")
        .severity(severity)
        .evidence(Evidence::field(
            own.clone(),
            "data[tls.key]",
            "its public half is not that of data[tls.crt]",
        ))
        .all_evidence(facts(&own, "data[tls.crt][0]", leaf))
        .suggest(Suggestion::advice(format!(
            "Put the certificate and the key that were made together into {own}; the leaf comes first in tls.crt"
        )))
}

fn told_of(kept: &Kept<'_>, title: String, effect: &str) -> Sighting {
    Sighting::of(
        kept.reference(),
        title,
        format!("{effect} {}", kept.used_by()),
    )
}

/// What to do about a certificate in a Secret.
pub(super) fn renew(kept: &Kept<'_>) -> Suggestion {
    let namespace = kept.secret.metadata.namespace.as_str();
    match kept.issued_by() {
        Some(certificate) => Suggestion::look(
            format!("See why {certificate} does not renew it"),
            format!(
                "kubectl -n {namespace} describe certificate.cert-manager.io {}",
                certificate.name
            ),
        ),
        None => Suggestion::advice(format!(
            "Put a new certificate and its key into {}",
            kept.reference()
        )),
    }
}

fn bundle(cluster: &Cluster<'_>, hook: &Hook<'_>, last: &Certificate) -> Sighting {
    let own = hook.configuration.clone();
    let title = format!(
        "The certificate by which the API server knows webhook `{}` of {own} expired {} ago",
        hook.webhook.name,
        in_words(cluster.seconds_since(last.not_after).seconds())
    );
    Sighting::of(own.clone(), title, hook.consequence())
        .identified_by("webhook", hook.webhook.name.as_str())
        .severity(hook.severity(cluster))
        .since(last.not_after)
        .all_evidence(facts(&own, &hook.path("clientConfig.caBundle"), last))
        .suggest(Suggestion::advice(
            "Renew the authority and the webhook's certificate, and put the authority into caBundle",
        ))
}
