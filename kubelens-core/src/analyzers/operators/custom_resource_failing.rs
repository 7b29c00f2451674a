use super::bad_condition::{bad_conditions, severity};
use super::failing::{failing, report, title};
use super::pack::has_pack;
use crate::analysis::{Sink, declare_analyzer};
use crate::kubernetes::CustomObject;
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A custom resource says in its conditions that it is not well: its operator could not do what the
    /// spec asks for. It points at what the message names, at what it refers to and at what it owns.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: db.example.com/v1
    /// kind: Database
    /// metadata: {name: orders, namespace: shop, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "False", reason: BackupFailed, message: the bucket refuses the login, lastTransitionTime: "2026-01-01T11:00:00Z"}
    /// ```
    /// A reference that names nothing is what has to be made:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Secret
    /// apiVersion: db.example.com/v1
    /// kind: Database
    /// metadata: {name: orders, namespace: shop, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// spec: {users: [{passwordSecretRef: {name: orders-login, key: password}}]}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "False", reason: Error, message: 'secrets "orders-login" not found', lastTransitionTime: "2026-01-01T11:00:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// What is at work, young, paused, or of a type that nobody has named:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: db.example.com/v1
    /// kind: Database
    /// metadata: {name: orders, namespace: shop, creationTimestamp: "2026-01-01T11:58:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "False", reason: Waiting, lastTransitionTime: "2026-01-01T11:58:00Z"}
    ///   - {type: Progressing, status: "True", lastTransitionTime: "2026-01-01T08:00:00Z"}
    /// ---
    /// apiVersion: db.example.com/v1
    /// kind: Database
    /// metadata: {name: attic, namespace: shop, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// spec: {suspend: true}
    /// status:
    ///   conditions: [{type: Ready, status: "False", reason: Stopped, lastTransitionTime: "2026-01-01T09:00:00Z"}]
    /// ---
    /// apiVersion: db.example.com/v1
    /// kind: Database
    /// metadata: {name: stock, namespace: shop, creationTimestamp: "2026-01-01T09:00:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "True", lastTransitionTime: "2026-01-01T09:00:00Z"}
    ///   - {type: MinorUpdateAvailable, status: "False", lastTransitionTime: "2026-01-01T09:00:00Z"}
    ///   - {type: Sharded, status: "False", lastTransitionTime: "2026-01-01T09:00:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Do what the condition's message asks for; the operator tries again by itself.
    ///
    /// # What it cannot know
    /// Condition types that nobody has named are left alone.
    ///
    /// # Source
    /// `status.conditions` as the API conventions of Kubernetes have them; what a type means is one table.
    OPS001 "custom-resource-failing" {
        role: Both,
        severity: Warning,
        confidence: 0.75,
        reads: [Secret, ConfigMap, ServiceAccount, Service],
        maps_to: [],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for object in cluster.all_customs() {
        if !has_pack(object) {
            check_one(cluster, object, sink);
        }
    }
}

fn check_one(cluster: &Cluster<'_>, object: &CustomObject, sink: &mut Sink) {
    let bad = bad_conditions(cluster, object);
    let Some(worst) = bad.first() else {
        return;
    };
    let state = format!("says {}={}", worst.type_, worst.status);
    let sighting = failing(
        cluster,
        object,
        title(object, &state, worst),
        "Its operator could not bring it to the state that its spec asks for.",
        &bad,
    )
    .severity(severity(worst));
    report(cluster, object, sighting, &bad, sink);
}
