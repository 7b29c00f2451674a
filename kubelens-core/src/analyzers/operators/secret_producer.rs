//! Custom resources from which an operator makes a Secret.

use super::made_by_name::makers_of_secret;
use crate::kubernetes::{CustomObject, list_at, text_at};
use crate::snapshot::Cluster;

/// The group of Vault's own operator, and its kinds that make Secrets.
pub(super) const VAULT: &str = "secrets.hashicorp.com";
pub(super) const VAULT_KINDS: [&str; 3] =
    ["VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret"];

/// Seconds that a producer has to make its Secret.
const MAKING_GRACE: i64 = 120;

/// The custom resources that are to make a Secret of this name.
pub(in crate::analyzers) fn producers_of<'a>(
    cluster: &Cluster<'a>,
    namespace: &str,
    secret: &str,
) -> Vec<&'a CustomObject> {
    let named = |object: &CustomObject, field: &str| match object.spec_text(field) {
        "" => object.metadata.name == *secret,
        name => name == secret,
    };
    let external = cluster
        .customs("external-secrets.io", "ExternalSecret")
        .filter(|object| named(object, "/target/name"));
    let sealed = cluster
        .customs("bitnami.com", "SealedSecret")
        .filter(|object| named(object, "/template/metadata/name"));
    let certificates = cluster
        .customs("cert-manager.io", "Certificate")
        .filter(|object| object.spec_text("/secretName") == secret);
    let synced = cluster
        .customs("secrets-store.csi.x-k8s.io", "SecretProviderClass")
        .filter(|object| {
            list_at(&object.spec, "/secretObjects")
                .iter()
                .any(|made| text_at(made, "/secretName") == secret)
        });
    let from_vault = VAULT_KINDS
        .into_iter()
        .flat_map(|kind| cluster.customs(VAULT, kind))
        .filter(|object| object.spec_text("/destination/name") == secret);
    external
        .chain(sealed)
        .chain(from_vault)
        .chain(certificates)
        .chain(synced)
        .filter(|object| object.metadata.namespace == *namespace)
        .chain(makers_of_secret(cluster, namespace, secret))
        .collect()
}

/// Whether one of them was made so lately that its Secret may yet come.
pub(in crate::analyzers) fn is_being_made(
    cluster: &Cluster<'_>,
    namespace: &str,
    secret: &str,
) -> bool {
    producers_of(cluster, namespace, secret)
        .iter()
        .any(|producer| {
            producer.metadata.creation_timestamp.is_some()
                && cluster.age(&producer.metadata) < MAKING_GRACE
        })
}
