use super::{claims, drivers};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{CSIDriver, CSINode, Lease, PersistentVolumeClaim};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A claim waits for a volume, and the provisioner that its class names does not run here: its
    /// controller has no ready pod, or there is no sign of it at all.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: CSIDriver, CSINode, Lease, Deployment, StatefulSet
    /// apiVersion: storage.k8s.io/v1
    /// kind: StorageClass
    /// metadata: {name: block, uid: s1}
    /// provisioner: disk.csi.example.com
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {storageClassName: block}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: shop, name: data, uid: c1}
    /// type: Normal
    /// reason: ExternalProvisioning
    /// message: Waiting for a volume to be created either by the external provisioner 'disk.csi.example.com' or manually by the system administrator.
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: CSINode, Lease, Deployment, StatefulSet
    /// apiVersion: storage.k8s.io/v1
    /// kind: CSIDriver
    /// metadata: {name: disk.csi.example.com, uid: d1}
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: shop, uid: c1, creationTimestamp: "2026-01-01T11:00:00Z", annotations: {volume.kubernetes.io/storage-provisioner: disk.csi.example.com}}
    /// spec: {storageClassName: block}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: PersistentVolumeClaim, namespace: shop, name: data, uid: c1}
    /// type: Normal
    /// reason: ExternalProvisioning
    /// message: Waiting for a volume to be created either by the external provisioner 'disk.csi.example.com' or manually by the system administrator.
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # How to fix
    /// Install the driver or bring its controller back, or correct the provisioner's name in the class.
    ///
    /// # What it cannot know
    /// Provisioners that run outside the cluster.
    ///
    /// # Source
    /// Event ExternalProvisioning; CSIDriver, CSINode and the Lease of external-provisioner.
    STO005 "provisioner-absent" {
        role: Root,
        severity: Critical,
        confidence: 0.90,
        reads: [PersistentVolumeClaim, StorageClass, CSIDriver, CSINode, Lease, Deployment, StatefulSet, DaemonSet, Pod, Event],
        maps_to: ["k8sgpt:PersistentVolumeClaim"],
        check: PersistentVolumeClaim(check),
    }
}

fn check<'a>(claim: &'a PersistentVolumeClaim, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !claims::is_pending(claim)
        || cluster.age(&claim.metadata) < cluster.thresholds(&claim.metadata).claim_grace
    {
        return;
    }
    let Some(event) = claims::newest(cluster, claim, "ExternalProvisioning") else {
        return;
    };
    let Some(provisioner) = claims::provisioner(cluster, claim) else {
        return;
    };
    if claims::newest(cluster, claim, "ProvisioningFailed").is_some() {
        return;
    }
    let class = claims::class_of(claim).unwrap_or_default();
    let subject_class = claims::class_reference(class);
    let sighting = match drivers::controller(cluster, provisioner) {
        Some(workload) if drivers::ready_pods(&workload) > 0 => return,
        Some(workload) => Sighting::of(
            workload.reference(),
            format!("Provisioner {provisioner} has no ready pod ({})", workload.reference()),
            format!("Claims of StorageClass {class} wait for it: nobody provisions their volumes."),
        )
        .blames(workload.reference(), "provisions"),
        None if is_here(cluster, provisioner) => return,
        None => Sighting::of(
            subject_class.clone(),
            format!("Provisioner {provisioner} of StorageClass {class} does not exist here"),
            format!("No CSIDriver, node, lease or workload carries the name `{provisioner}`: nobody provisions volumes for the claims of the class."),
        )
        .confidence(if provisioner.contains(".csi.") { 0.9 } else { 0.7 })
        .evidence(Evidence::absence(
            crate::model::ObjectRef::cluster_scoped("storage.k8s.io/v1", "CSIDriver", provisioner),
            "no driver of that name is registered",
        )),
    };
    let users = claims::users(cluster, claim);
    let sighting = sighting
        .severity(claims::severity(&users))
        .evidence(Evidence::field(subject_class, "provisioner", provisioner))
        .event(event)
        .suggest(Suggestion::advice(format!(
            "Install or restart {provisioner}, or correct the provisioner of StorageClass {class}"
        )))
        .suggest(Suggestion::look(
            "See the drivers that are registered",
            "kubectl get csidrivers,csinodes",
        ));
    sink.report(claims::shown_by(sighting, claim, "provisioned by"));
}

/// Whether anything shows that a provisioner of that name is here, or that this cannot be known.
fn is_here(cluster: &Cluster<'_>, provisioner: &str) -> bool {
    let lease = provisioner.replace(['.', '/'], "-");
    !cluster.look_up::<CSIDriver>("", provisioner).is_absent()
        || cluster.all::<CSINode>().any(|node| {
            node.spec
                .drivers
                .iter()
                .any(|driver| driver.name == provisioner)
        })
        || cluster.all::<Lease>().any(|held| {
            let name = held.metadata.name.replace(['.', '/'], "-");
            name.contains(&lease)
        })
}
