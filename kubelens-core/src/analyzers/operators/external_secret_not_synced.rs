use super::bad_condition::{has_lasted, is_resting, words};
use super::failing::{blaming, failing, report, titled, without_it};
use super::named_object::says_missing;
use super::reference::{Reference, is_absent, is_there};
use super::secret_producer::{VAULT, VAULT_KINDS};
use crate::analysis::{Sink, declare_analyzer};
use crate::kubernetes::{Condition, CustomObject, Secret};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Secret that is to come from an outside store, or from an encrypted manifest, is not made: the
    /// store cannot be used, the entry is not there, or no key can decrypt it.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: login, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {secretStoreRef: {name: vault, kind: SecretStore}, target: {name: web-login}}
    /// status:
    ///   conditions: [{type: Ready, status: "False", reason: SecretSyncedError, message: could not get secret data from provider, lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: bitnami.com/v1alpha1
    /// kind: SealedSecret
    /// metadata: {name: login, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status:
    ///   conditions: [{type: Synced, status: "False", message: no key could decrypt secret (password), lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: login, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {secretStoreRef: {name: vault, kind: SecretStore}, target: {name: web-login}}
    /// status:
    ///   conditions: [{type: Ready, status: "True", reason: SecretSynced, lastTransitionTime: "2026-01-01T10:00:00Z"}]
    /// ---
    /// apiVersion: external-secrets.io/v1
    /// kind: SecretStore
    /// metadata: {name: vault, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status:
    ///   conditions: [{type: Ready, status: "True", reason: Valid, lastTransitionTime: "2026-01-01T10:00:00Z"}]
    /// ```
    ///
    /// # How to fix
    /// Correct the store or its login, create the entry, or seal the Secret again with the key of this
    /// cluster.
    ///
    /// # What it cannot know
    /// What is in the outside store.
    ///
    /// # Source
    /// Conditions of ExternalSecret, SecretStore and PushSecret of external-secrets.io, and of
    /// SealedSecret of bitnami.com.
    OPS080 "external-secret-not-synced" {
        role: Both,
        severity: Critical,
        confidence: 0.93,
        reads: [Secret, ConfigMap, ServiceAccount, Service, Event],
        maps_to: [],
        check: Cluster(check),
    }
}

const GROUP: &str = "external-secrets.io";

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for kind in ["SecretStore", "ClusterSecretStore"] {
        for store in cluster.customs(GROUP, kind) {
            if let Some(ready) = not_true(cluster, store, "Ready") {
                let said = titled(store, "cannot be used", &words(&ready));
                let text = "No Secret can be made or renewed from it.";
                let bad = [ready];
                let sighting = failing(cluster, store, said, text, &bad).suggest(
                    Suggestion::advice("Correct the address or the login of the store"),
                );
                report(cluster, store, sighting, &bad, sink);
            }
        }
    }
    for kind in ["ExternalSecret", "PushSecret", "ClusterExternalSecret"] {
        for secret in cluster.customs(GROUP, kind) {
            check_external(cluster, secret, sink);
        }
    }
    for kind in VAULT_KINDS {
        for secret in cluster.customs(VAULT, kind) {
            check_vault(cluster, secret, sink);
        }
    }
    for sealed in cluster.customs("bitnami.com", "SealedSecret") {
        if let Some(synced) = not_true(cluster, sealed, "Synced") {
            let said = titled(sealed, "is not unsealed", &words(&synced));
            let text = "Its Secret is not made, or stays as it was.";
            let severity = severity(cluster, sealed, sealed.metadata.name.as_str());
            let advice =
                "Seal the Secret again with the key of this cluster, for this name and namespace";
            sink.report(
                failing(cluster, sealed, said, text, &[synced])
                    .severity(severity)
                    .suggest(Suggestion::advice(advice)),
            );
        }
    }
}

/// What Vault's operator makes Secrets from: its older versions tell how it went by events alone.
fn check_vault(cluster: &Cluster<'_>, secret: &CustomObject, sink: &mut Sink) {
    let meta = &secret.metadata;
    let newest = cluster
        .events_about(&secret.kind, &meta.namespace, &meta.name, "")
        .next_back();
    let window = cluster.thresholds(meta).event_window;
    let failed = newest.filter(|event| {
        event.is_warning() && cluster.is_within(event.last_seen(), window) && !is_resting(secret)
    });
    let Some(event) = failed.filter(|_| secret.conditions().is_empty()) else {
        return;
    };
    let target = secret.spec_text("/destination/name");
    let text = format!("Secret `{target}` is not made, or stays as it was.");
    let said = format!("{}: {}", event.reason, event.message);
    sink.report(
        failing(
            cluster,
            secret,
            titled(secret, "is not synced", &said),
            text,
            &[],
        )
        .severity(severity(cluster, secret, target))
        .since(event.first_seen()),
    );
}

fn check_external(cluster: &Cluster<'_>, secret: &CustomObject, sink: &mut Sink) {
    let is_old =
        cluster.age(&secret.metadata) > cluster.thresholds(&secret.metadata).condition_grace;
    let ready = secret.condition("Ready");
    let bad = not_true(cluster, secret, "Ready");
    if bad.is_none() && (ready.is_some() || !is_old || is_resting(secret)) {
        return;
    }
    let said = bad.as_ref().map_or_else(
        || "nobody has worked on it".to_owned(),
        |bad: &Condition| words(bad),
    );
    let target = match secret.spec_text("/target/name") {
        "" => secret.metadata.name.as_str(),
        name => name,
    };
    let conditions: Vec<Condition> = bad.into_iter().collect();
    let text = format!("Secret `{target}` is not made, or stays as it was.");
    let title = titled(secret, "is not synced", &said);
    let mut sighting = failing(cluster, secret, title, text, &conditions)
        .severity(severity(cluster, secret, target));
    if conditions.is_empty() {
        sighting = sighting.evidence(Evidence::field(secret.reference(), "status", "empty"));
    }
    let Some(store) = store_of(secret) else {
        return report(cluster, secret, sighting, &conditions, sink);
    };
    let is_said = says_missing(&said) && said.contains(&store.name) && said.contains("Store");
    if is_absent(cluster, &store) || (is_said && !is_there(cluster, &store)) {
        let reference = Reference::needed("spec.secretStoreRef", store);
        return sink.report(without_it(cluster, secret, &sighting, &reference));
    }
    report(
        cluster,
        secret,
        blaming(sighting, store, "reads from"),
        &conditions,
        sink,
    );
}

/// The condition that says that it does not work, for longer than a moment.
fn not_true(cluster: &Cluster<'_>, object: &CustomObject, type_: &str) -> Option<Condition> {
    object
        .condition(type_)
        .filter(|condition| !condition.is_true() && !is_resting(object))
        .filter(|condition| condition.reason != "SecretDeleted")
        .filter(|condition| has_lasted(cluster, object, condition))
}

/// Critical while nothing is there; a Secret that is only not renewed still serves.
fn severity(cluster: &Cluster<'_>, object: &CustomObject, target: &str) -> Severity {
    match cluster.get::<Secret>(&object.metadata.namespace, target) {
        Some(_) => Severity::Warning,
        None => Severity::Critical,
    }
}

fn store_of(secret: &CustomObject) -> Option<ObjectRef> {
    let name = secret.spec_text("/secretStoreRef/name");
    let api_version = secret.api_version.as_str();
    (!name.is_empty()).then(|| match secret.spec_text("/secretStoreRef/kind") {
        "ClusterSecretStore" => ObjectRef::cluster_scoped(api_version, "ClusterSecretStore", name),
        _ => ObjectRef::namespaced(api_version, "SecretStore", &secret.metadata.namespace, name),
    })
}
