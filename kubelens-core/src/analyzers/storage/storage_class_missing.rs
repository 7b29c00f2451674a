use super::claims;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Object, PersistentVolumeClaim, StatefulSet, StorageClass};
use crate::model::{Evidence, Severity, Suggestion, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A claim, or the claim template of a StatefulSet, names a StorageClass that does not exist. Nobody
    /// makes a volume for it.
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
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {storageClassName: blok}
    /// status: {phase: Pending}
    /// ```
    /// The controller says so, where classes cannot be read:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {storageClassName: blok}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: shop, name: data, uid: c1}
    /// type: Warning
    /// reason: ProvisioningFailed
    /// message: storageclass.storage.k8s.io "blok" not found
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// A bound claim needs its class no more, and one that asks for no class needs none:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: StorageClass
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1}
    /// spec: {storageClassName: old, volumeName: pv-1}
    /// status: {phase: Bound}
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: more, namespace: shop, uid: c2}
    /// spec: {storageClassName: ""}
    /// status: {phase: Pending}
    /// ```
    ///
    /// # How to fix
    /// Create the class, or make the claim again with one that exists: the class of a claim cannot be
    /// changed.
    ///
    /// # What it cannot know
    /// Which of the classes was meant.
    ///
    /// # Source
    /// `storageClassName` of core/v1 PersistentVolumeClaim; event ProvisioningFailed
    /// `storageclass.storage.k8s.io "X" not found`.
    STO002 "storage-class-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.98,
        reads: [PersistentVolumeClaim, StorageClass, StatefulSet, PersistentVolume, Pod, Event],
        maps_to: ["k8sgpt:PersistentVolumeClaim", "k8sgpt:StatefulSet"],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for claim in cluster.all::<PersistentVolumeClaim>() {
        of_claim(cluster, claim, sink);
    }
    for set in cluster.all::<StatefulSet>() {
        of_templates(cluster, set, sink);
    }
}

fn of_claim<'a>(cluster: &Cluster<'a>, claim: &'a PersistentVolumeClaim, sink: &mut Sink) {
    let Some(name) = claims::class_of(claim).filter(|name| !name.is_empty()) else {
        return;
    };
    if !claims::is_pending(claim) || !claim.spec.volume_name.is_empty() {
        return;
    }
    let words = format!("storageclass.storage.k8s.io \"{name}\" not found");
    let said = claims::newest(cluster, claim, "ProvisioningFailed")
        .filter(|event| event.message.contains(&words));
    let known = cluster.look_up::<StorageClass>("", name);
    let is_missing = known.is_absent() || (known.found().is_none() && said.is_some());
    // Volumes that carry the name need no class object: which one fits is another condition.
    if !is_missing || claims::has_volumes_by_hand(cluster, name) {
        return;
    }
    let users = claims::users(cluster, claim);
    let explanation = format!(
        "{} names it and stays Pending: no volume is provisioned. {}",
        claim.reference(),
        claims::who_waits(cluster, &users)
    );
    let sighting = sighting(cluster, name, explanation)
        .severity(claims::severity(&users))
        .all_evidence(said.map(event_evidence))
        .suggest(Suggestion::look(
            "See the claim",
            format!(
                "kubectl -n {} describe pvc {}",
                claim.metadata.namespace, claim.metadata.name
            ),
        ));
    sink.report(claims::shown_by(sighting, claim, "storageClassName"));
}

fn of_templates(cluster: &Cluster<'_>, set: &StatefulSet, sink: &mut Sink) {
    if set.metadata.is_terminating() {
        return;
    }
    for (index, template) in set.spec.volume_claim_templates.iter().enumerate() {
        let Some(name) = template
            .spec
            .storage_class_name
            .as_ref()
            .filter(|name| !name.is_empty())
        else {
            continue;
        };
        if !cluster.look_up::<StorageClass>("", name).is_absent()
            || claims::has_volumes_by_hand(cluster, name)
        {
            continue;
        }
        let explanation = format!(
            "Claim template `{}` of {} names it: every new replica waits for a volume that nobody provisions.",
            template.metadata.name,
            set.reference()
        );
        let severity = if set.spec.replicas == Some(0) {
            Severity::Info
        } else {
            Severity::Warning
        };
        let path = format!("spec.volumeClaimTemplates[{index}].spec.storageClassName");
        sink.report(
            sighting(cluster, name, explanation)
                .severity(severity)
                .seen_on(set.reference(), "volumeClaimTemplates")
                .evidence(Evidence::field(set.reference(), &path, name)),
        );
    }
}

fn sighting(cluster: &Cluster<'_>, name: &str, explanation: String) -> Sighting {
    let subject = claims::class_reference(name);
    let near = cluster.near_names::<StorageClass>("", name);
    let there = some_of(
        cluster.all::<StorageClass>().map(|class| {
            if claims::is_default(class) {
                format!("{} (default)", class.metadata.name)
            } else {
                class.metadata.name.to_string()
            }
        }),
        5,
    );
    let mut sighting = Sighting::of(
        subject.clone(),
        format!("{subject} does not exist"),
        explanation,
    );
    if !there.is_empty() {
        sighting = sighting.evidence(Evidence::absence(
            subject,
            &format!("no class of that name (classes: {there})"),
        ));
    }
    let advice = near.first().map_or_else(
        || format!("Create StorageClass {name}, or recreate the claim with a class that exists"),
        |near| format!("Recreate the claim with class `{near}`, or create StorageClass {name}"),
    );
    sighting
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look(
            "See the classes",
            "kubectl get storageclasses",
        ))
}
