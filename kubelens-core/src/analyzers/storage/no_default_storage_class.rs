use super::claims;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Kind, Object, PersistentVolumeClaim, StorageClass};
use crate::model::{Evidence, Suggestion, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A claim names no StorageClass and none is the default: nobody makes a volume for it.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: storage.k8s.io/v1
    /// kind: StorageClass
    /// metadata: {name: block, uid: s1}
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {resources: {requests: {storage: 5Gi}}}
    /// status: {phase: Pending}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: storage.k8s.io/v1
    /// kind: StorageClass
    /// metadata: {name: block, uid: s1, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {resources: {requests: {storage: 5Gi}}}
    /// status: {phase: Pending}
    /// ```
    ///
    /// # How to fix
    /// Mark a class as the default (claims that wait get it by themselves), or name a class in the claim.
    ///
    /// # What it cannot know
    /// Which class should be the default.
    ///
    /// # Source
    /// Event FailedBinding `no persistent volumes available for this claim and no storage class is set`.
    STO003 "no-default-storage-class" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [PersistentVolumeClaim, StorageClass, PersistentVolume, Pod, Event],
        maps_to: ["k8sgpt:PersistentVolumeClaim", "k8sgpt:Storage"],
        check: PersistentVolumeClaim(check),
    }
}

fn check<'a>(claim: &'a PersistentVolumeClaim, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !claims::is_pending(claim)
        || claims::class_of(claim).is_some()
        || !claim.spec.volume_name.is_empty()
        || cluster.all::<StorageClass>().any(claims::is_default)
    {
        return;
    }
    let said = claims::newest(cluster, claim, "FailedBinding")
        .filter(|event| event.message.contains("no storage class is set"));
    let is_known = cluster.is_complete(Kind::StorageClass, "")
        && cluster.age(&claim.metadata) >= cluster.thresholds(&claim.metadata).young_grace;
    if (said.is_none() && !is_known) || claims::has_fitting_volume(cluster, claim) {
        return;
    }
    let users = claims::users(cluster, claim);
    let own = claim.reference();
    let classes = some_of(
        cluster
            .all::<StorageClass>()
            .map(|class| class.metadata.name.as_str()),
        5,
    );
    let title = format!("{own} names no storage class, and no class is the default");
    let explanation = format!(
        "It stays Pending: without storageClassName the default StorageClass would be used, and there is none{}. {}",
        if classes.is_empty() {
            String::new()
        } else {
            format!(" (classes here: {classes})")
        },
        claims::who_waits(cluster, &users)
    );
    let sighting = Sighting::of(own.clone(), title, explanation)
        .severity(claims::severity(&users))
        .evidence(Evidence::field(
            own.clone(),
            "spec.storageClassName",
            "not set",
        ))
        .evidence(Evidence::absence(
            claims::class_reference("(default)"),
            "no StorageClass has annotation storageclass.kubernetes.io/is-default-class: \"true\"",
        ))
        .all_evidence(said.map(event_evidence));
    let sighting = claims::shown_by(sighting, claim, "claim");
    let sighting = match cluster.all::<StorageClass>().next() {
        Some(class) => sighting.suggest(Suggestion::run(
            "Make a class the default: claims that wait get it by themselves",
            format!("kubectl annotate storageclass {} storageclass.kubernetes.io/is-default-class=true", class.metadata.name),
            crate::model::Risk::Low,
        )),
        None => sighting.suggest(Suggestion::advice("Create a StorageClass and mark it as the default, or create a PersistentVolume that fits")),
    };
    sink.report(sighting.suggest(Suggestion::look(
        "See the claim",
        format!(
            "kubectl -n {} describe pvc {}",
            claim.metadata.namespace, claim.metadata.name
        ),
    )));
}
