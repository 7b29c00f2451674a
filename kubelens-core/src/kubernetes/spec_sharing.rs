//! Pods of one template have the same spec, but for the name of the token volume that admission adds.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::{PodSpec, Text};

/// The volume that the ServiceAccount admission plugin adds under a random name.
const TOKEN_VOLUME: &str = "kube-api-access-";

/// How many specs are looked back at: pods arrive by namespace and name, so those of one template are near.
const REMEMBERED: usize = 4096;

thread_local! {
    static RECENT: RefCell<HashSet<Arc<PodSpec>, RandomState>> = RefCell::default();
}

/// One shared copy of equal specs.
pub(super) fn share(mut spec: PodSpec) -> Arc<PodSpec> {
    name_token_volume_alike(&mut spec);
    RECENT.with_borrow_mut(|recent| {
        if let Some(known) = recent.get(&spec) {
            return Arc::clone(known);
        }
        if recent.len() >= REMEMBERED {
            recent.clear();
        }
        let fresh = Arc::new(spec);
        recent.insert(Arc::clone(&fresh));
        fresh
    })
}

/// Forgets the specs of a finished read.
pub(super) fn forget() {
    RECENT.with_borrow_mut(HashSet::clear);
}

fn name_token_volume_alike(spec: &mut PodSpec) {
    let alike = Text::new("kube-api-access");
    for volume in spec.volumes.iter_mut() {
        if volume.name.starts_with(TOKEN_VOLUME) {
            volume.name = alike.clone();
        }
    }
    for container in spec
        .init_containers
        .iter_mut()
        .chain(spec.containers.iter_mut())
    {
        for mount in container.volume_mounts.iter_mut() {
            if mount.name.starts_with(TOKEN_VOLUME) {
                mount.name = alike.clone();
            }
        }
    }
}
