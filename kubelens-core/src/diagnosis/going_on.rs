use crate::kubernetes::Pod;
use crate::model::{Cause, Severity};
use crate::snapshot::Cluster;

/// Whether a cause can be seen in the picture itself: its pod, or one of its chain, is not ready now, whenever an event or a line
/// last said so. Asked of every picture anew, for the answer moves with the clock.
pub(super) fn goes_on(cause: &Cause, cluster: &Cluster<'_>) -> bool {
    let objects = cause
        .chain
        .iter()
        .flat_map(|link| [&link.cause, &link.effect]);
    let mut pods = objects
        .chain([&cause.subject])
        .filter(|object| object.kind == "Pod");
    cause.severity > Severity::Info
        && pods.any(|object| {
            let namespace = object.namespace.as_deref().unwrap_or_default();
            let pod = cluster.get::<Pod>(namespace, &object.name);
            pod.is_some_and(|pod| pod.unready_since().is_some())
        })
}
