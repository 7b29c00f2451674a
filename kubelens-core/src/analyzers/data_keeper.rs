//! Who keeps data, and so is a server that may be out of room for them.

use crate::kubernetes::Pod;

/// Whether a pod keeps data of its own: what such a one says of a disk is said of its own, and not passed on.
pub(crate) fn keeps_data(pod: &Pod) -> bool {
    let mut volumes = pod.spec.volumes.iter();
    volumes.any(|volume| volume.persistent_volume_claim.is_some() || volume.ephemeral.is_some())
}
