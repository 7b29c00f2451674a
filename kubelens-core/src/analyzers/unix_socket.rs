//! Sockets on a node that a message could not be sent to, and who was to listen there.

use super::pattern::Pattern;
use crate::kubernetes::{Object, Pod};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// A call over a socket that nobody answered. Group 1 is its path.
static CALL: Pattern =
    Pattern::new(r"dial unix (/[\w./-]+): (?:connect: )?(?:connection refused|no such file)");

/// The pods that should listen on the socket that a message names, and are not ready: they have its folder from the node,
/// as plugins of the kubelet and of the API server do. Reads Pod.
pub(super) fn silent_listeners(cluster: &Cluster<'_>, message: &str, node: &str) -> Vec<ObjectRef> {
    let Some(path) = CALL
        .captures(message)
        .and_then(|found| found.get(1))
        .map(|path| path.as_str())
    else {
        return Vec::new();
    };
    // The call was made on the pod's node, or by an API server on its own.
    let may_be_meant = |pod: &&Pod| *pod.node_name == *node || pod.is_control_plane();
    cluster
        .all::<Pod>()
        .filter(|pod| pod.is_live() && !pod.is_ready())
        .filter(may_be_meant)
        .filter(|pod| holds(pod, path) || is_named_by(pod, path))
        .map(Object::reference)
        .collect()
}

fn holds(pod: &Pod, path: &str) -> bool {
    let folders = pod.spec.volumes.iter();
    folders
        .filter_map(|volume| volume.host_path.as_ref())
        .any(|host| {
            let folder = host.path.trim_end_matches('/');
            let Some(rest) = path
                .strip_prefix(folder)
                .filter(|rest| rest.starts_with('/'))
            else {
                return false;
            };
            // The root, or all of the kubelet's, is no folder of a plugin.
            let depth = folder.matches('/').count();
            depth > 2 || depth == 2 && rest.matches('/').count() == 1
        })
}

/// Whether a socket bears the name of one of the pod's containers: `/run/agent/sockets/spire-agent.sock`.
fn is_named_by(pod: &Pod, path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default();
    let name = file.strip_suffix(".sock").unwrap_or(file);
    let mut containers = pod.spec.containers.iter();
    containers.any(|container| *container.name == *name)
}
