//! Why a program meets a read-only file system: its pod asks for one, or the disk of its node takes no more writes.

use super::log_place::Place;
use crate::kubernetes::{Container, Kind, Pod};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// What makes a place read-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadOnly {
    /// `readOnly` of the mount.
    Mount,
    /// A volume that kubelets never mount writable: a ConfigMap, a Secret, an image.
    Always,
    /// `readOnlyRootFilesystem`.
    Root,
    /// Nothing in the pod's spec.
    Unasked,
}

/// Folders of the kernel, which containers mostly may not write.
const OF_THE_KERNEL: [&str; 2] = ["/proc/", "/sys/"];

impl ReadOnly {
    /// What the spec says of a place; none is the container's own file system, or not known.
    pub(super) fn of(container: &Container, place: Option<&Place<'_>>) -> Self {
        let context = container.security_context.as_ref();
        match place {
            Some(place) if place.mount.read_only => Self::Mount,
            Some(place) if is_of_an_object(place) => Self::Always,
            Some(_) => Self::Unasked,
            None if context.is_some_and(|own| own.read_only_root_filesystem == Some(true)) => {
                Self::Root
            }
            None => Self::Unasked,
        }
    }
}

fn is_of_an_object(place: &Place<'_>) -> bool {
    let volume = place.volume;
    volume.config_map.is_some()
        || volume.secret.is_some()
        || volume.projected.is_some()
        || volume.image.is_some()
}

/// The node whose disk it is, where nothing in the spec makes the place read-only and where it happens on that node only:
/// a pod of another workload there `meets` the same, or pods of the same workload are well on other nodes.
pub(super) fn node_to_blame<'a>(
    cluster: &Cluster<'a>,
    pod: &Pod,
    path: Option<&str>,
    place: Option<&Place<'_>>,
    meets: impl Fn(&'a Pod) -> bool,
) -> Option<ObjectRef> {
    let node = pod.node_name.non_empty()?;
    let is_on_its_disk = place
        .is_none_or(|place| place.volume.host_path.is_some() || place.volume.empty_dir.is_some());
    let is_of_the_kernel = path.is_some_and(|path| {
        let mut folders = OF_THE_KERNEL.iter();
        folders.any(|folder| path.starts_with(folder))
    });
    if !is_on_its_disk || is_of_the_kernel {
        return None;
    }
    let top = cluster.top_of(pod);
    let own = cluster.workload(&top);
    let own = own.map_or_else(Vec::new, |workload| cluster.pods_of(&workload));
    let runs_elsewhere = own
        .iter()
        .any(|other| other.node_name != *node && other.is_ready());
    let fails_elsewhere = own
        .iter()
        .any(|other| other.node_name != *node && meets(other));
    let is_met_by_others = || {
        let mut others = cluster.pods_on(node);
        others.any(|other| !cluster.top_of(other).is_same(&top) && meets(other))
    };
    let is_of_the_node = !fails_elsewhere && (runs_elsewhere || is_met_by_others());
    is_of_the_node.then(|| ObjectRef::cluster_scoped("v1", Kind::Node.as_str(), node))
}
