//! Volumes of the Secrets Store CSI driver: what they hold is read from a vault, by what a SecretProviderClass says and
//! often with a login that a Secret of the cluster holds.

use crate::kubernetes::{CsiVolume, Event, Object, Pod};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::Cluster;

use super::mount_events::volume_name;
use crate::analyzers::pattern::Pattern;

const DRIVER: &str = "secrets-store.csi.k8s.io";

/// What a vault says to a login that it does not take (Entra ID, AWS, Vault, Google Cloud).
static LOGIN_REFUSED: Pattern = Pattern::new(
    r"(?i)AADSTS7000\d+|invalid_client|invalid client secret|credential authentication failed|invalid (?:role or secret id|username or password)|InvalidClientTokenId|UnrecognizedClientException|ExpiredToken|invalid_grant",
);

/// The words in which a provider says why, behind what the driver and the kubelet say of its failure. Group 1 is them.
static REASON: [Pattern; 2] = [
    Pattern::new(r#""error_description":\s*"([^"]+)"#),
    Pattern::new(r"(?s)failed to mount objects, error: (.+)"),
];

/// What has to change for such a volume to be mounted.
pub(super) struct Provider<'t> {
    /// The Secret whose login is refused, else the class.
    pub(super) subject: ObjectRef,
    /// How the volume hangs together with it.
    pub(super) evidence: Evidence,
    /// Why, in the words of the vault.
    pub(super) reason: &'t str,
}

/// What the failed volume of an event is read by, where it is one of the driver's.
pub(super) fn of<'a>(cluster: &Cluster<'a>, pod: &Pod, event: &'a Event) -> Option<Provider<'a>> {
    let name = volume_name(&event.message)?;
    let mut volumes = pod.spec.volumes.iter().enumerate();
    let (at, volume) = volumes.find(|(_, volume)| *volume.name == *name)?;
    let csi = volume.csi.as_deref().filter(|csi| csi.driver == DRIVER)?;
    let namespace = pod.metadata.namespace.as_str();
    let path = format!("spec.volumes[{at}].csi");
    let refused = login(csi).filter(|_| LOGIN_REFUSED.is_in(&event.message));
    let (subject, path, value) = if let Some(secret) = refused {
        (
            ObjectRef::namespaced("v1", "Secret", namespace, secret),
            format!("{path}.nodePublishSecretRef.name"),
            secret,
        )
    } else {
        let named = csi.volume_attributes.value("secretProviderClass")?;
        let class = cluster
            .customs(DRIVER_GROUP, "SecretProviderClass")
            .find(|class| {
                class.metadata.namespace == *namespace && class.metadata.name == *named
            })?;
        (
            class.reference(),
            format!("{path}.volumeAttributes.secretProviderClass"),
            named,
        )
    };
    let reason = REASON
        .iter()
        .find_map(|pattern| pattern.first(&event.message))?;
    Some(Provider {
        subject,
        evidence: Evidence::field(pod.reference(), &path, value),
        reason,
    })
}

const DRIVER_GROUP: &str = "secrets-store.csi.x-k8s.io";

fn login(csi: &CsiVolume) -> Option<&str> {
    let reference = csi.node_publish_secret_ref.as_ref()?;
    Some(reference.name.as_str())
}
