use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{ContainerView, Object, PersistentVolumeClaim, Pod};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::{Cluster, ContainerLog};

declare_analyzer! {
    /// # What it means
    /// A program writes to a path on a claim and is told that no space is left.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/db-0/db previous | PANIC: could not write to file "/data/pg_wal/xlogtemp.29": No space left on device
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// status: {phase: Bound, capacity: {storage: 10Gi}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n1
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: db, volumeMounts: [{name: data, mountPath: /data}]}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: db
    ///     restartCount: 4
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/db-0/db | PANIC: could not write to file "/tmp/x": No space left on device
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n1
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: db, volumeMounts: [{name: data, mountPath: /data}]}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: db
    ///     restartCount: 4
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 1, finishedAt: "2026-01-01T11:58:00Z"}}
    /// ```
    ///
    /// # How to fix
    /// Free space on the volume, or let the claim grow.
    ///
    /// # What it cannot know
    /// How full the volume is, without the kubelet's metrics.
    ///
    /// # Source
    /// ENOSPC in the container's log; `volumeMounts` of the container.
    STO026 "volume-nearly-full" {
        role: Root,
        severity: Critical,
        confidence: 0.90,
        reads: [Pod, PersistentVolumeClaim],
        maps_to: [],
        check: Pod(check),
    }
}

/// Words of a full disk, in small letters.
const FULL: [&str; 5] = [
    "no space left on device",
    "enospc",
    "disk quota exceeded",
    "disk is full",
    "could not extend file",
];

/// Lines at the end of a log that are looked at (`logTail`).
const LOG_TAIL: usize = 50;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !pod.is_live() || pod.is_ready() {
        return;
    }
    for container in pod.containers().filter(|container| !container.is_ready()) {
        for previous in [true, false] {
            let Some(log) = cluster.log(pod, container.name(), previous) else {
                continue;
            };
            if let Some((line, claim, path)) = full_claim(pod, &container, log) {
                sink.report(sighting(cluster, pod, &container, line, claim, path));
                return;
            }
        }
    }
}

/// The first line that tells of a full disk with the claim that its path lies on; with one claim in the
/// container, a line without a path is about that.
fn full_claim<'p, 'l>(
    pod: &'p Pod,
    container: &ContainerView<'p>,
    log: &'l ContainerLog,
) -> Option<(&'l str, &'p str, &'p str)> {
    let mounts: Vec<(&str, &str)> = container
        .spec
        .volume_mounts
        .iter()
        .filter_map(|mount| {
            let volume = pod
                .spec
                .volumes
                .iter()
                .find(|volume| volume.name == mount.name)?;
            let claim = volume.persistent_volume_claim.as_ref()?;
            Some((claim.claim_name.as_str(), mount.mount_path.as_str()))
        })
        .collect();
    let from = log.lines.len().saturating_sub(LOG_TAIL);
    log.lines.iter().skip(from).find_map(|line| {
        let text = line.to_lowercase();
        if !FULL.iter().any(|words| text.contains(words)) || text.contains("inotify") {
            return None;
        }
        let by_path = mounts.iter().find(|(_, path)| {
            let path = path.trim_end_matches('/');
            !path.is_empty() && line.contains(&format!("{path}/"))
        });
        let only = match &*mounts {
            [only] if !line.contains(" /") && !line.contains("\"/") && !line.contains("'/") => {
                Some(only)
            }
            _ => None,
        };
        let (claim, path) = by_path.or(only)?;
        Some((line.as_str(), *claim, *path))
    })
}

fn sighting(
    cluster: &Cluster<'_>,
    pod: &Pod,
    container: &ContainerView<'_>,
    line: &str,
    claim: &str,
    path: &str,
) -> Sighting {
    let namespace = pod.metadata.namespace.as_str();
    let known = cluster.get::<PersistentVolumeClaim>(namespace, claim);
    let subject = known.map_or_else(
        || crate::model::ObjectRef::namespaced("v1", "PersistentVolumeClaim", namespace, claim),
        Object::reference,
    );
    let size = known
        .and_then(|claim| claim.status.capacity.get("storage"))
        .map_or_else(String::new, |size| format!(" ({})", size.human_bytes()));
    let title = format!("{subject}{size} is full: no space left on device under {path}");
    let explanation = format!(
        "{} of {} cannot write and does not get ready.",
        crate::model::capitalized(&container.title()),
        cluster.top_of(pod)
    );
    let mut sighting = Sighting::of(subject.clone(), title, explanation)
        .severity(Severity::Critical)
        .seen_on(pod.reference(), "mounts")
        .evidence(Evidence::log(pod.reference(), container.name(), line, None))
        .evidence(Evidence::field(
            pod.reference(),
            &format!(
                "spec.containers[{}].volumeMounts.mountPath",
                container.name()
            ),
            path,
        ));
    if let Some(size) = known.and_then(|claim| claim.status.capacity.get("storage")) {
        sighting = sighting.evidence(Evidence::field(
            subject,
            "status.capacity.storage",
            size.human_bytes(),
        ));
    }
    sighting.suggest(Suggestion::advice(
        "Delete what is not needed on the volume, or raise the claim's storage request where its class allows expansion",
    ))
}
