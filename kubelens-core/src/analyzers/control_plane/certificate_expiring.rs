use super::certificate::{Kept, facts, in_words, kept, last_of, trusted};
use super::certificate_expired_or_unfit::renew;
use super::webhook::Hook;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::Certificate;
use crate::model::{Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A certificate ends within two weeks, and nothing shows that it is renewed in time: critical where it is
    /// used and three days or less are left. One that is made for a short time counts by its own length.
    ///
    /// # Fires on
    /// It ends on 2025-01-01:
    /// ```yaml
    /// # now: 2024-12-25T12:00:00Z
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
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2024-11-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: shop-tls, namespace: shop}
    /// type: kubernetes.io/tls
    /// data: {tls.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJYVENDQVFPZ0F3SUJBZ0lCQVRBS0JnZ3Foa2pPUFFRREFqQVhNUlV3RXdZRFZRUUREQXh6YUc5d0xtVjQKWVcxd2JHVXdIaGNOTWpRd01UQXhNREF3TURBd1doY05NalV3TVRBeE1EQXdNREF3V2pBWE1SVXdFd1lEVlFRRApEQXh6YUc5d0xtVjRZVzF3YkdVd1dUQVRCZ2NxaGtqT1BRSUJCZ2dxaGtqT1BRTUJCd05DQUFRdWcvQVZReXBnCjFkaEtYblpOSno4V3dKWnlqU3A3N0d4MUl3KzlOaXRtZkxjdjY2UjFlYWM2S1BISktlQ0p5MUpsVGd6L1czZEcKQVNhczhwQ2tQeWlYbzBBd1BqQWRCZ05WSFJFRUZqQVVnZ3h6YUc5d0xtVjRZVzF3YkdXSEJBb0FBQWN3SFFZRApWUjBPQkJZRUZBVlBiL1lncHBhN3k3OHQ5Z0d4bjg4cHp5cUZNQW9HQ0NxR1NNNDlCQU1DQTBnQU1FVUNJQldUCk4veW1aWWcvYUIvWXZib1FtbG93eTQzQzVTQ3BzWWdLU1MyYitSMm9BaUVBL09xSmVmZTI1WjBOZURpbnNjOEwKQWdudENxRlhkMytwT1l5YWhhbklva2M9Ci0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K, tls.key: eA==}
    /// ```
    /// cert-manager is going to renew it:
    /// ```yaml
    /// # now: 2024-12-25T12:00:00Z
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: shop-tls, namespace: shop, annotations: {cert-manager.io/certificate-name: shop}}
    /// type: kubernetes.io/tls
    /// data: {tls.crt: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJYVENDQVFPZ0F3SUJBZ0lCQVRBS0JnZ3Foa2pPUFFRREFqQVhNUlV3RXdZRFZRUUREQXh6YUc5d0xtVjQKWVcxd2JHVXdIaGNOTWpRd01UQXhNREF3TURBd1doY05NalV3TVRBeE1EQXdNREF3V2pBWE1SVXdFd1lEVlFRRApEQXh6YUc5d0xtVjRZVzF3YkdVd1dUQVRCZ2NxaGtqT1BRSUJCZ2dxaGtqT1BRTUJCd05DQUFRdWcvQVZReXBnCjFkaEtYblpOSno4V3dKWnlqU3A3N0d4MUl3KzlOaXRtZkxjdjY2UjFlYWM2S1BISktlQ0p5MUpsVGd6L1czZEcKQVNhczhwQ2tQeWlYbzBBd1BqQWRCZ05WSFJFRUZqQVVnZ3h6YUc5d0xtVjRZVzF3YkdXSEJBb0FBQWN3SFFZRApWUjBPQkJZRUZBVlBiL1lncHBhN3k3OHQ5Z0d4bjg4cHp5cUZNQW9HQ0NxR1NNNDlCQU1DQTBnQU1FVUNJQldUCk4veW1aWWcvYUIvWXZib1FtbG93eTQzQzVTQ3BzWWdLU1MyYitSMm9BaUVBL09xSmVmZTI1WjBOZURpbnNjOEwKQWdudENxRlhkMytwT1l5YWhhbklva2M9Ci0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K, tls.key: eA==}
    /// ---
    /// apiVersion: cert-manager.io/v1
    /// kind: Certificate
    /// metadata: {name: shop, namespace: shop}
    /// status: {renewalTime: "2024-12-26T00:00:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Renew it now, or see why what renews it does not.
    ///
    /// # What it cannot know
    /// Programs outside the cluster that renew it. Certificates in Secrets whose values were not read: a live
    /// cluster is only asked for the metadata of Secrets.
    ///
    /// # Source
    /// X.509 validity of `tls.crt` in core/v1 Secret and of `caBundle` in webhook configurations;
    /// `status.renewalTime` of cert-manager's Certificate.
    CTL021 "certificate-expiring" {
        role: Root,
        severity: Warning,
        confidence: 0.97,
        reads: [Secret, Ingress, Pod, ValidatingWebhookConfiguration, MutatingWebhookConfiguration],
        maps_to: [],
        check: Cluster(check),
    }
}

/// The part of its life that a certificate may be near its end: those for a day are renewed every few hours.
const PART: i64 = 6;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    if cluster.snapshot().taken_at().is_none() {
        return;
    }
    for kept in kept(cluster) {
        let own = kept.reference();
        let namespace = own.namespace.as_deref().unwrap_or_default();
        let leaf = kept.leaf();
        let Some((leaf, left)) = leaf.and_then(|leaf| ending(cluster, namespace, leaf)) else {
            continue;
        };
        let critical = cluster.thresholds_in(namespace).cert_crit;
        let is_awaited = kept
            .renewal(cluster)
            .is_some_and(|renewal| renewal > cluster.now());
        if !is_awaited {
            kept.report(sink, &of_secret(&kept, leaf, left, critical));
        }
    }
    for (hook, chain) in trusted(cluster) {
        if let Some((last, left)) = last_of(&chain).and_then(|last| ending(cluster, "", last)) {
            sink.report(of_bundle(&hook, last, left));
        }
    }
}

/// Seconds that are left of a certificate which is valid now and ends soon.
fn ending<'c>(
    cluster: &Cluster<'_>,
    namespace: &str,
    certificate: &'c Certificate,
) -> Option<(&'c Certificate, i64)> {
    let now = cluster.now();
    let soon = cluster.thresholds_in(namespace).cert_warn;
    let end = certificate.not_after?;
    let left = end.duration_since(now).as_secs();
    let life = certificate
        .not_before
        .map_or(i64::MAX, |begin| end.duration_since(begin).as_secs());
    let is_near = left >= 0 && left < soon.min(life / PART);
    (is_near && !certificate.is_early(now)).then_some((certificate, left))
}

fn of_secret(kept: &Kept<'_>, leaf: &Certificate, left: i64, critical: i64) -> Sighting {
    let own = kept.reference();
    let has_owner = kept.issued_by().is_some();
    let is_used = !kept.users().is_empty();
    let severity = match (is_used, has_owner) {
        (true, false) if left < critical => Severity::Critical,
        (true, _) => Severity::Warning,
        (false, _) => Severity::Info,
    };
    let title = format!("The certificate in {own} expires in {}", in_words(left));
    let effect = "After that, clients that check it end the connection.";
    Sighting::of(own.clone(), title, format!("{effect} {}", kept.used_by()))
        .severity(severity)
        .all_evidence(facts(&own, "data[tls.crt][0]", leaf))
        .suggest(renew(kept))
}

fn of_bundle(hook: &Hook<'_>, last: &Certificate, left: i64) -> Sighting {
    let own = hook.configuration.clone();
    let title = format!(
        "The certificate by which the API server knows webhook `{}` of {own} expires in {}",
        hook.webhook.name,
        in_words(left)
    );
    let effect = "After that, the API server cannot call the webhook.";
    Sighting::of(own.clone(), title, effect)
        .identified_by("webhook", hook.webhook.name.as_str())
        .all_evidence(facts(&own, &hook.path("clientConfig.caBundle"), last))
        .suggest(Suggestion::advice(
            "Renew the authority and the webhook's certificate, and put the authority into caBundle",
        ))
}
