use super::advice::edit;
use super::log_place::volume_of;
use super::start_error::{StartError, StartFault, start_error};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{ContainerView, Object, Pod, VolumeMount};
use crate::model::{Evidence, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A volume cannot be mounted where the container wants it: a directory onto a file or the other
    /// way round, a `subPath` that cannot be made, or a mount point on a read-only file system.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     volumeMounts: [{name: conf, mountPath: /etc/app.conf}]
    ///   volumes: [{name: conf, configMap: {name: web-conf}}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 3
    ///     state:
    ///       waiting:
    ///         reason: RunContainerError
    ///         message: 'runc create failed: unable to start container process: error during container init: error mounting "/var/lib/kubelet/pods/p1/volumes/kubernetes.io~configmap/conf" to rootfs at "/etc/app.conf": not a directory: Are you trying to mount a directory onto a file (or vice-versa)?'
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 3
    ///     state: {waiting: {reason: RunContainerError, message: 'exec: "run": executable file not found in $PATH'}}
    /// ```
    ///
    /// # How to fix
    /// Mount one key with `subPath` over a file, or mount the volume on a directory that the image
    /// does not use as a file.
    ///
    /// # What it cannot know
    /// What stands at that path in the image.
    ///
    /// # Source
    /// runc's `error mounting … not a directory`; the kubelet's `failed to prepare subPath for
    /// volumeMount`, `failed to create subPath directory`.
    WRK014 "mount-path-conflict" {
        role: Root,
        severity: Critical,
        confidence: 0.90,
        reads: [],
        maps_to: [],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.is_ready() {
        return;
    }
    for container in pod.containers() {
        let Some(error) = start_error(pod, &container) else {
            continue;
        };
        let what = match error.fault {
            StartFault::MountKind => {
                "a directory is mounted onto a file, or a file onto a directory"
            }
            StartFault::SubPath => "its subPath cannot be prepared",
            StartFault::ReadOnlyRoot => {
                "its mount point would have to be made on a read-only file system"
            }
            _ => continue,
        };
        sink.report(sighting(pod, cluster, &container, error, what));
    }
}

fn sighting(
    pod: &Pod,
    cluster: &Cluster<'_>,
    container: &ContainerView<'_>,
    error: StartError<'_>,
    what: &str,
) -> Sighting {
    let top = cluster.top_of(pod);
    let mount = named_mount(container, error.message);
    let place = mount.map_or_else(
        || "a volume".to_owned(),
        |mount| format!("volume `{}` at {}", mount.name, mount.mount_path),
    );
    let title = format!(
        "{} of {top} cannot mount {place}: {what}",
        capitalized(&container.title())
    );
    let mut sighting = Sighting::of(
        top.clone(),
        title,
        "The runtime refuses to start the container with this mount; it is tried again without end.",
    )
    .seen_on(pod.reference(), "template of")
    .in_container(container.name())
    .evidence(error.proof);
    if let Some(mount) = mount {
        let path = format!(
            "spec.containers[{}].volumeMounts[{}]",
            container.name(),
            mount.name
        );
        let sub_path = mount.sub_path.non_empty();
        let value = sub_path.map_or_else(
            || mount.mount_path.to_string(),
            |sub_path| format!("{} (subPath {sub_path})", mount.mount_path),
        );
        let object = volume_of(pod, mount).and_then(|place| place.configuration());
        if let Some(object) = object {
            // A key that is not there becomes a directory.
            sighting = sighting.blames(object, "mounts");
        }
        sighting = sighting
            .identified_by("mount", mount.mount_path.as_str())
            .evidence(Evidence::field(pod.reference(), &path, value));
    }
    let has_sub_path = mount.is_some_and(|mount| !mount.sub_path.is_empty());
    let advice = if has_sub_path {
        "Make subPath name a file of the volume where the image has a file, and a directory where it has one, or choose another mountPath"
    } else {
        "Mount a single key over a file with subPath, or choose a mountPath that is a directory of its own"
    };
    sighting.suggest(edit(&top, advice))
}

/// The mount that a message names: by its path, or by its volume; the longest path wins.
fn named_mount<'a>(container: &ContainerView<'a>, message: &str) -> Option<&'a VolumeMount> {
    let mounts = || container.spec.volume_mounts.iter();
    mounts()
        .filter(|mount| message.contains(&*mount.mount_path))
        .max_by_key(|mount| mount.mount_path.len())
        .or_else(|| {
            mounts().find(|mount| message.contains(&format!("volumeMount \"{}\"", mount.name)))
        })
        .or_else(|| mounts().find(|mount| message.contains(&format!("/{}\"", mount.name))))
}
