use super::claims;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{CustomObject, Object, PersistentVolumeClaim, TypedReference};
use crate::model::{Evidence, ObjectRef, Suggestion, gist, safe_text};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A claim should be filled from another claim or a snapshot that does not exist, or a snapshot could
    /// not be taken.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: copy, namespace: shop, uid: c1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {storageClassName: block, dataSource: {kind: PersistentVolumeClaim, name: gone}}
    /// status: {phase: Pending}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: snapshot.storage.k8s.io/v1
    /// kind: VolumeSnapshot
    /// metadata: {name: nightly, namespace: shop, uid: s1}
    /// status: {readyToUse: false, error: {message: 'failed to take snapshot: quota', time: "2026-01-01T11:00:00Z"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: snapshot.storage.k8s.io/v1
    /// kind: VolumeSnapshot
    /// metadata: {name: nightly, namespace: shop, uid: s1}
    /// status: {readyToUse: true}
    /// ```
    ///
    /// # How to fix
    /// Correct the source, or act on what the snapshot controller says.
    ///
    /// # What it cannot know
    /// What happens in the storage system.
    ///
    /// # Source
    /// `dataSource` of core/v1 PersistentVolumeClaim; `status.error` of snapshot.storage.k8s.io VolumeSnapshot.
    STO029 "snapshot-or-source-failed" {
        role: Root,
        severity: Warning,
        confidence: 0.92,
        reads: [PersistentVolumeClaim, StorageClass, Pod, Event],
        maps_to: [],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for claim in cluster.all::<PersistentVolumeClaim>() {
        let source = claim
            .spec
            .data_source_ref
            .as_ref()
            .or(claim.spec.data_source.as_ref());
        if let Some(source) = source.filter(|_| claims::is_pending(claim)) {
            of_claim(cluster, claim, source, sink);
        }
    }
    for snapshot in cluster.custom("VolumeSnapshot") {
        of_snapshot(snapshot, sink);
    }
}

fn of_claim(
    cluster: &Cluster<'_>,
    claim: &PersistentVolumeClaim,
    source: &TypedReference,
    sink: &mut Sink,
) {
    let Some(subject) = claims::source(claim) else {
        return;
    };
    let namespace = subject.namespace.as_deref().unwrap_or_default();
    let is_missing = if source.kind == "PersistentVolumeClaim" {
        let found = cluster.look_up::<PersistentVolumeClaim>(namespace, &source.name);
        found.is_absent()
    } else {
        let all = cluster.custom("VolumeSnapshot");
        let is_there = all.iter().any(|snapshot| {
            snapshot.metadata.namespace == namespace && snapshot.metadata.name == source.name
        });
        !is_there && (!all.is_empty() || is_said_to_be_missing(cluster, claim, &source.name))
    };
    if !is_missing {
        return;
    }
    let users = claims::users(cluster, claim);
    let title = format!("{subject} does not exist");
    let explanation = format!(
        "{} should be filled from it and stays Pending. {}",
        claim.reference(),
        claims::who_waits(cluster, &users)
    );
    let sighting = Sighting::of(subject.clone(), title, explanation)
        .severity(claims::severity(&users))
        .evidence(Evidence::field(
            claim.reference(),
            "spec.dataSource",
            format!("{} {}", source.kind, source.name),
        ))
        .evidence(Evidence::absence(subject, "not in the namespace"))
        .suggest(Suggestion::advice(
            "Recreate the claim with a source that exists, or without one",
        ));
    sink.report(claims::shown_by(sighting, claim, "dataSource"));
}

/// Whether the provisioner asked the API server for the snapshot and was told that there is none.
fn is_said_to_be_missing(
    cluster: &Cluster<'_>,
    claim: &PersistentVolumeClaim,
    snapshot: &str,
) -> bool {
    let words = format!("volumesnapshots.snapshot.storage.k8s.io \"{snapshot}\" not found");
    claims::newest(cluster, claim, "ProvisioningFailed")
        .is_some_and(|event| event.message.contains(&words))
}

/// Letters of a driver's words that a title repeats; the whole of them is in the evidence.
const MOST_LETTERS: usize = 160;

fn of_snapshot(snapshot: &CustomObject, sink: &mut Sink) {
    let Some(message) = snapshot
        .status
        .get("error")
        .and_then(|error| error.get("message"))
        .and_then(|message| message.as_str())
    else {
        return;
    };
    if snapshot
        .status
        .get("readyToUse")
        .and_then(serde_json::Value::as_bool)
        == Some(true)
    {
        return;
    }
    let meta = &snapshot.metadata;
    let subject = ObjectRef::namespaced(
        &snapshot.api_version,
        &snapshot.kind,
        &meta.namespace,
        &meta.name,
    );
    let title = format!(
        "{subject} failed: {}",
        gist(&safe_text(message), MOST_LETTERS)
    );
    sink.report(
        Sighting::of(subject.clone(), title, "The snapshot cannot be used.")
            .evidence(Evidence::message(subject, "status.error.message", message))
            .suggest(Suggestion::look(
                "Look at the snapshot",
                format!(
                    "kubectl -n {} describe volumesnapshot {}",
                    meta.namespace, meta.name
                ),
            )),
    );
}
