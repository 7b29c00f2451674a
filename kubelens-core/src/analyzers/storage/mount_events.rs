//! What the kubelet and the attach controller write about a pod's volumes, while it still holds.

use crate::kubernetes::{Event, Object, PersistentVolume, PersistentVolumeClaim, Pod};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// What a volume event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The volume is attached elsewhere.
    MultiAttach,
    /// The node or the controller does not know the driver.
    DriverMissing,
    /// What is mounted refuses: file system, share, path of the host.
    SourceRefused,
    /// A ConfigMap or a Secret is missing, or a token: other rules speak.
    Configuration,
    /// A cache of the kubelet is warming up.
    Transient,
    /// Volumes are awaited; what for is told by another event.
    Awaited,
    /// Any other failure to attach.
    Attach,
    /// Any other failure to mount.
    Mount,
}

/// Texts of refusals by what is mounted.
const REFUSALS: [&str; 16] = [
    "wrong fs type",
    "bad superblock",
    "structure needs cleaning",
    "fsck found errors",
    "can't read superblock",
    "access denied by server",
    "mount.nfs",
    "mount error(",
    "need a /sbin/mount",
    "hostpath type check failed",
    "no such file or directory",
    "failed to resolve server",
    "check that your file system id is correct",
    "name or service not known",
    "unknown filesystem type",
    "stale file handle",
];

/// What an event about a volume means.
pub(super) fn classify(event: &Event) -> Fault {
    let text = event.message.to_lowercase();
    let has = |words: &str| text.contains(words);
    if has("multi-attach error") {
        Fault::MultiAttach
    } else if has("not found in the list of registered csi drivers")
        || (has("csi driver") && has("is not installed on the node"))
        || (has("csinode") && has("does not contain driver"))
    {
        Fault::DriverMissing
    } else if has("not registered") || has("failed to sync") {
        Fault::Transient
    } else if is_configuration(&text) {
        Fault::Configuration
    } else if has("timed out waiting for the condition") || has("unmounted volumes=") {
        Fault::Awaited
    } else if event.reason == "FailedAttachVolume" {
        Fault::Attach
    } else if REFUSALS.iter().any(|words| has(words))
        || event.reason == "FailedMountOnFilesystemMismatch"
    {
        Fault::SourceRefused
    } else {
        Fault::Mount
    }
}

fn is_configuration(text: &str) -> bool {
    let names_source = text.contains("configmap \"")
        || text.contains("secret \"")
        || text.contains("references non-existent")
        || text.contains("failed to fetch token");
    names_source
        && (text.contains("not found")
            || text.contains("non-existent")
            || text.contains("failed to fetch token"))
}

/// The newest event of a fault about a pod whose volumes are not there yet.
pub(super) fn newest<'a>(cluster: &Cluster<'a>, pod: &'a Pod, fault: Fault) -> Option<&'a Event> {
    current(cluster, pod)
        .into_iter()
        .rev()
        .find(|event| classify(event) == fault)
}

/// All volume events about a pod that still hold, oldest first.
pub(super) fn current<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Vec<&'a Event> {
    let waits = pod.is_scheduled()
        && pod.is_live()
        && !pod.is_ready()
        && !pod.is_ready_to_start_containers()
        && !pod.has_started_a_container();
    if !waits {
        return Vec::new();
    }
    cluster
        .events_of(pod)
        .filter(|event| {
            matches!(
                event.reason.as_str(),
                "FailedMount"
                    | "FailedMapVolume"
                    | "FailedAttachVolume"
                    | "FailedMountOnFilesystemMismatch"
            )
        })
        .collect()
}

/// The volume that a text quotes: `… for volume "X" : …`.
pub(super) fn volume_name(text: &str) -> Option<&str> {
    text.split_once("volume \"")
        .and_then(|(_, rest)| rest.split('"').next())
        .filter(|name| !name.is_empty())
}

/// What follows the preamble: `rpc error: …`, `mount failed: …`.
pub(super) fn reason(text: &str) -> &str {
    text.split_once("\" : ").map_or(text, |(_, rest)| rest)
}

/// What the mount command printed, without how it was called; the whole text where nothing tells
/// them apart.
pub(super) fn output(reason: &str) -> &str {
    reason
        .rsplit_once("Output: ")
        .map_or(reason, |(_, output)| output)
        .trim()
}

/// The claim behind the volume that a text quotes, by the volume's or the pod volume's name; the pod's
/// only claim where there is one.
pub(super) fn claim_of<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    text: &str,
) -> Option<&'a PersistentVolumeClaim> {
    let namespace = pod.metadata.namespace.as_str();
    let name = volume_name(text);
    if let Some(volume) = name.and_then(|name| cluster.get::<PersistentVolume>("", name)) {
        let claim = volume.spec.claim_ref.as_ref()?;
        return cluster.get::<PersistentVolumeClaim>(&claim.namespace, &claim.name);
    }
    let claims = || {
        crate::analyzers::scheduling::pod_volumes::claim_names(pod)
            .filter_map(|claim| cluster.get::<PersistentVolumeClaim>(namespace, &claim))
    };
    if let Some(claim) = claims().find(|claim| name == Some(claim.spec.volume_name.as_str())) {
        return Some(claim);
    }
    let by_volume = pod
        .spec
        .volumes
        .iter()
        .find(|volume| name == Some(volume.name.as_str()))
        .and_then(|volume| volume.persistent_volume_claim.as_ref())
        .and_then(|claim| cluster.get::<PersistentVolumeClaim>(namespace, &claim.claim_name));
    if by_volume.is_some()
        || name.is_some_and(|name| pod.spec.volumes.iter().any(|volume| volume.name == name))
    {
        return by_volume;
    }
    let mut all = claims();
    all.next().filter(|_| all.next().is_none())
}

/// The claim behind a text, else the pod's owner.
pub(super) fn subject(
    cluster: &Cluster<'_>,
    pod: &Pod,
    claim: Option<&PersistentVolumeClaim>,
) -> ObjectRef {
    claim.map_or_else(|| cluster.top_of(pod), Object::reference)
}

#[cfg(test)]
mod tests {
    use super::{Fault, classify, output, reason, volume_name};
    use crate::kubernetes::Event;

    fn event(reason: &str, message: &str) -> Event {
        Event {
            reason: reason.into(),
            message: message.into(),
            ..Event::default()
        }
    }

    #[test]
    fn what_the_mount_command_printed_is_what_is_said() {
        let text = "mount failed: exit status 32 Mounting command: mount Mounting arguments: -t nfs nas:/x /y Output: mount.nfs: Connection timed out ";
        assert_eq!(output(text), "mount.nfs: Connection timed out");
        assert_eq!(output("no such device"), "no such device");
    }

    #[test]
    fn volume_events_are_told_apart() {
        let cases = [
            (
                "FailedAttachVolume",
                "Multi-Attach error for volume \"pvc-1\" Volume is already used by pod(s) web-1",
                Fault::MultiAttach,
            ),
            (
                "FailedMount",
                "MountVolume.MountDevice failed for volume \"pvc-1\" : kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: driver name disk.csi.x not found in the list of registered CSI drivers",
                Fault::DriverMissing,
            ),
            (
                "FailedMount",
                "MountVolume.SetUp failed for volume \"config\" : configmap \"web\" not found",
                Fault::Configuration,
            ),
            (
                "FailedMount",
                "MountVolume.SetUp failed for volume \"kube-api-access-x\" : object \"shop\"/\"kube-root-ca.crt\" not registered",
                Fault::Transient,
            ),
            (
                "FailedMount",
                "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[]: timed out waiting for the condition",
                Fault::Awaited,
            ),
            (
                "FailedMount",
                "MountVolume.SetUp failed for volume \"nfs\" : mount failed: exit status 32 mount.nfs: access denied by server while mounting nfs:/x",
                Fault::SourceRefused,
            ),
            (
                "FailedMount",
                "MountVolume.SetUp failed for volume \"sock\" : hostPath type check failed: /run/x.sock is not a socket file",
                Fault::SourceRefused,
            ),
            (
                "FailedAttachVolume",
                "AttachVolume.Attach failed for volume \"pvc-1\" : rpc error: code = Internal desc = disk busy",
                Fault::Attach,
            ),
            (
                "FailedMount",
                "MountVolume.SetUp failed for volume \"pvc-1\" : rpc error: code = Internal desc = oops",
                Fault::Mount,
            ),
            // Of kubelets and of the attach controller of 1.28 to 1.36, as their sources have them.
            (
                "FailedMount",
                "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[]: context deadline exceeded",
                Fault::Awaited,
            ),
            (
                "FailedMount",
                "MountVolume.SetUp failed for volume \"keys\" : references non-existent secret key: tls.crt",
                Fault::Configuration,
            ),
            (
                "FailedMount",
                "MountVolume.SetUp failed for volume \"conf\" : configmap references non-existent config key: app.yaml",
                Fault::Configuration,
            ),
            (
                "FailedMount",
                "MountVolume.SetUp failed for volume \"token\" : failed to fetch token: serviceaccounts \"web\" not found",
                Fault::Configuration,
            ),
            (
                "FailedMount",
                "MountVolume.SetUp failed for volume \"conf\" : failed to sync configmap cache: timed out waiting for the condition",
                Fault::Transient,
            ),
            (
                "FailedMount",
                "MountVolume.NodeAffinity check failed for volume \"pv-1\" : no matching NodeSelectorTerms",
                Fault::Mount,
            ),
            (
                "FailedMount",
                "MountVolume.WaitForAttach failed for volume \"pvc-1\" : volume vol-1 has GET error for volume attachment csi-1: volumeattachments.storage.k8s.io \"csi-1\" is forbidden",
                Fault::Mount,
            ),
            (
                "FailedMapVolume",
                "MapVolume.SetUpDevice failed for volume \"pvc-1\" : rpc error: code = DeadlineExceeded desc = context deadline exceeded",
                Fault::Mount,
            ),
            (
                "FailedMount",
                "MountVolume.MountDevice failed for volume \"pvc-1\" : rpc error: code = Internal desc = format of disk \"/dev/sdb\" failed: type:(\"ext4\") target:(\"/x\") options:(\"defaults\") errcode:(exit status 32) output:(mount: wrong fs type, bad option, bad superblock on /dev/sdb)",
                Fault::SourceRefused,
            ),
            (
                "FailedAttachVolume",
                "AttachVolume.Attach failed for volume \"pvc-1\" : CSINode n1 does not contain driver disk.csi.x",
                Fault::DriverMissing,
            ),
            (
                "FailedAttachVolume",
                "Multi-Attach error for volume \"pvc-1\" Volume is already exclusively attached to one node and can't be attached to another",
                Fault::MultiAttach,
            ),
        ];
        for (reason, message, fault) in cases {
            assert_eq!(classify(&event(reason, message)), fault, "{message}");
        }
    }

    #[test]
    fn the_volume_and_the_reason_are_read() {
        let text = "AttachVolume.Attach failed for volume \"pvc-1\" : rpc error: code = Internal desc = disk busy";
        assert_eq!(volume_name(text), Some("pvc-1"));
        assert_eq!(reason(text), "rpc error: code = Internal desc = disk busy");
    }
}
