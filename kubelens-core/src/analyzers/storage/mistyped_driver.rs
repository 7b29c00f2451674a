//! A CSI driver that is not in the cluster, where one of nearly the same name is.

use crate::analysis::Sighting;
use crate::analyzers::scheduling::pod_volumes::bound;
use crate::kubernetes::{CSIDriver, CSINode, Object, Pod};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

/// Most letters in which a slip of the hand differs from what was meant.
const SLIP: usize = 2;

/// Shorter first parts, like `ebs` and `efs`, are the names of two drivers.
const LONG: usize = 6;

/// In how many letters a driver's name differs from another that may be meant by it: one part of it, by a slip.
fn slips(written: &str, known: &str) -> Option<usize> {
    let (ours, theirs): (Vec<&str>, Vec<&str>) =
        (written.split('.').collect(), known.split('.').collect());
    if ours.len() != theirs.len() {
        return None;
    }
    let mut others = ours
        .iter()
        .zip(&theirs)
        .enumerate()
        .filter(|(_, (our, their))| our != their);
    let (at, (our, their)) = others.next()?;
    let slips = strsim::osa_distance(our, their);
    let may_slip = slips <= SLIP && (at > 0 || our.len().min(their.len()) >= LONG);
    (may_slip && others.next().is_none()).then_some(slips)
}

/// The driver that was meant: no object and no node knows the one that is asked for, and one that is known is near.
fn meant<'a>(cluster: &Cluster<'a>, driver: &str) -> Option<&'a str> {
    if !cluster.look_up::<CSIDriver>("", driver).is_absent() {
        return None;
    }
    let on_nodes: Vec<&str> = cluster
        .all::<CSINode>()
        .flat_map(|node| node.spec.drivers.iter())
        .map(|known| known.name.as_str())
        .collect();
    if on_nodes.contains(&driver) {
        return None;
    }
    cluster
        .all::<CSIDriver>()
        .map(|known| known.metadata.name.as_str())
        .chain(on_nodes)
        .filter_map(|known| Some((slips(driver, known)?, known)))
        .min()
        .map(|(_, known)| known)
}

/// Who names the driver: the template of the pod, or one of the volumes that its claims are bound to; and where.
fn named_by(cluster: &Cluster<'_>, pod: &Pod, driver: &str) -> Option<(ObjectRef, &'static str)> {
    let is_inline = pod.spec.volumes.iter().any(|volume| {
        let csi = volume.csi.as_ref();
        csi.is_some_and(|csi| csi.driver == driver)
    });
    if is_inline {
        return Some((cluster.top_of(pod), "spec.volumes[*].csi.driver"));
    }
    bound(cluster, pod)
        .into_iter()
        .map(|bound| bound.volume)
        .find(|volume| {
            let csi = volume.spec.csi.as_ref();
            csi.is_some_and(|csi| csi.driver == driver)
        })
        .map(|volume| (volume.reference(), "spec.csi.driver"))
}

/// The fault of who names a driver that nobody knows, where the right name can be told.
pub(super) fn mistyped(cluster: &Cluster<'_>, pod: &Pod, driver: &str) -> Option<Sighting> {
    let right = meant(cluster, driver)?;
    let (subject, path) = named_by(cluster, pod, driver)?;
    let title = format!(
        "{subject} names CSI driver {driver}, which does not exist: the cluster has {right}"
    );
    let explanation =
        "No CSIDriver and no node carries that name, so its volumes cannot be mounted anywhere.";
    let unknown = ObjectRef::cluster_scoped("storage.k8s.io/v1", "CSIDriver", driver);
    let relation = if subject.kind == "PersistentVolume" {
        "mounts"
    } else {
        "template of"
    };
    let sighting = Sighting::of(subject.clone(), title, explanation)
        .identified_by("driver", driver)
        .evidence(Evidence::absence(
            unknown,
            &format!("no driver of that name; near: {right}"),
        ))
        .evidence(Evidence::field(pod.reference(), path, driver))
        .seen_on(pod.reference(), relation)
        .suggest(Suggestion::advice(format!(
            "Write `{right}` in {path} of {subject}"
        )))
        .suggest(Suggestion::look(
            "See the drivers that are registered",
            "kubectl get csidrivers,csinodes",
        ));
    Some(sighting)
}

#[cfg(test)]
mod tests {
    use super::slips;

    #[test]
    fn a_slip_is_told_from_another_driver() {
        for (written, known, expected) in [
            (
                "secret-store.csi.k8s.io",
                "secrets-store.csi.k8s.io",
                Some(1),
            ),
            ("ebs.cis.aws.com", "ebs.csi.aws.com", Some(1)),
            ("ebs.csi.aws.com", "efs.csi.aws.com", None),
            ("disk.csi.azure.com", "file.csi.azure.com", None),
            ("driver.longhorn.io", "driver.portworx.io", None),
        ] {
            assert_eq!(slips(written, known), expected, "{written}");
        }
    }
}
