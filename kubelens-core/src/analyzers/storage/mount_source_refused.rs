use super::mount_events::{self, Fault};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::analyzers::log_host::suspects;
use crate::kubernetes::{Event, Object, PersistentVolume, Pod, Volume};
use crate::model::{Evidence, ObjectRef, Suggestion, safe_text};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// What a volume points at cannot be mounted as it is: a damaged or wrong file system, a share that
    /// refuses or does not exist, a path of the node of another type.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-0, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n1
    ///   volumes: [{name: sock, hostPath: {path: /run/engine.sock, type: Socket}}]
    ///   containers: [{name: web}]
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: shop, name: web-0, uid: p1}
    /// type: Warning
    /// reason: FailedMount
    /// message: 'MountVolume.SetUp failed for volume "sock" : hostPath type check failed: /run/engine.sock is not a socket file'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-0, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n1
    ///   volumes: [{name: sock, hostPath: {path: /run/engine.sock, type: Socket}}]
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True"}]
    /// ```
    ///
    /// # How to fix
    /// Correct the path, the share or its permissions; repair the file system.
    ///
    /// # What it cannot know
    /// What is on the disk.
    ///
    /// # Source
    /// Event FailedMount of the kubelet; messages of mount, fsck and the volume plugins.
    STO011 "mount-source-refused" {
        role: Root,
        severity: Critical,
        confidence: 0.90,
        reads: [Pod, Event, PersistentVolumeClaim, PersistentVolume, Service, Ingress, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: [],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let Some(event) = mount_events::newest(cluster, pod, Fault::SourceRefused) else {
        return;
    };
    sink.report(sighting(cluster, pod, event));
}

fn sighting<'a>(cluster: &Cluster<'a>, pod: &'a Pod, event: &'a Event) -> Sighting {
    let top = cluster.top_of(pod);
    let name = mount_events::volume_name(&event.message).unwrap_or("volume");
    let inline = pod.spec.volumes.iter().find(|volume| volume.name == name);
    let source = inline.map(source).unwrap_or_default();
    let volume = cluster.get::<PersistentVolume>("", name);
    let reason = safe_text(mount_events::reason(&event.message));
    let text = event.message.to_lowercase();
    let subject = if is_helper_missing(&text) || is_module_missing(&text) {
        ObjectRef::cluster_scoped("v1", "Node", &pod.node_name)
    } else {
        volume.map_or_else(|| top.clone(), Object::reference)
    };
    let source = volume
        .and_then(|volume| volume.spec.nfs.as_ref())
        .map_or(source, |share| {
            format!(" (nfs {}:{})", share.server, share.path)
        });
    let title = format!(
        "Volume {name}{source} of {top} cannot be mounted: {}",
        mount_events::output(&reason)
    );
    let explanation = format!(
        "Pod {} on Node {} waits in ContainerCreating: {}.",
        pod.metadata.name,
        pod.node_name,
        meaning(&text)
    );
    let mut sighting = Sighting::of(subject, title, explanation)
        .seen_on(pod.reference(), "mounts")
        .identified_by("volume", name)
        .evidence(event_evidence(event))
        .since(event.first_seen());
    if let Some(inline) = inline {
        if let Some(path) = &inline.host_path {
            sighting = sighting.evidence(Evidence::field(
                pod.reference(),
                "spec.volumes[*].hostPath",
                format!(
                    "{} (type {})",
                    path.path,
                    path.type_.non_empty().unwrap_or("any")
                ),
            ));
        }
        if let Some(share) = &inline.nfs {
            sighting = sighting.evidence(Evidence::field(
                pod.reference(),
                "spec.volumes[*].nfs",
                format!("{}:{}", share.server, share.path),
            ));
        }
    }
    let server = volume
        .and_then(|volume| volume.spec.nfs.as_ref())
        .or_else(|| inline.and_then(|inline| inline.nfs.as_deref()))
        .map(|share| share.server.as_str());
    if let Some(server) = server.filter(|_| answers_not(&text)) {
        for (object, relation) in suspects(cluster, &pod.metadata.namespace, server) {
            sighting = sighting.blames(object, relation);
        }
    }
    sighting.suggest(Suggestion::advice(advice(&text)))
}

fn source(volume: &Volume) -> String {
    if let Some(path) = &volume.host_path {
        return format!(" (hostPath {})", path.path);
    }
    if let Some(share) = &volume.nfs {
        return format!(" (nfs {}:{})", share.server, share.path);
    }
    String::new()
}

fn meaning(text: &str) -> &'static str {
    let has = |words: &str| text.contains(words);
    if has("hostpath type check failed") {
        "the path on the node is missing or of another type"
    } else if has("access denied") || has("mount error(13)") {
        "the server of the share refuses access"
    } else if is_helper_missing(text) {
        "the node lacks the program to mount this type"
    } else if is_module_missing(text) {
        "the kernel of the node lacks the module that this volume needs"
    } else if has("failed to resolve") || has("name or service not known") {
        "the server's name does not resolve"
    } else if has("superblock")
        || has("fsck")
        || has("structure needs cleaning")
        || has("wrong fs type")
    {
        "the file system is damaged or of another type"
    } else if answers_not(text) {
        "the server of the share does not answer"
    } else {
        "the source of the volume refuses or does not exist"
    }
}

fn advice(text: &str) -> &'static str {
    if text.contains("hostpath") {
        "Correct the hostPath or its type, or make the path on the node"
    } else if text.contains("superblock") || text.contains("fsck") || text.contains("cleaning") {
        "Repair the file system from a machine that has the disk, or restore a backup"
    } else if is_helper_missing(text) {
        "Install the mount program of this file system on the node (nfs-common, cifs-utils), or keep such pods off it"
    } else if is_module_missing(text) {
        "Load the module on the node, give it a kernel that has it, or keep such pods off it"
    } else {
        "Check server, path, permissions and reachability of the share"
    }
}

/// Whether the server of a share does not answer.
fn answers_not(text: &str) -> bool {
    ["timed out", "no route to host", "connection refused"]
        .iter()
        .any(|words| text.contains(words))
}

/// Whether the node's kernel has no module for the file system or the device.
fn is_module_missing(text: &str) -> bool {
    let is_not_found = text.contains("module") && text.contains("not found in directory");
    is_not_found || text.contains("kernel module") && text.contains("failed to load")
}

fn is_helper_missing(text: &str) -> bool {
    text.contains("need a /sbin/mount") || text.contains("unknown filesystem type")
}
