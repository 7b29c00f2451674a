use super::missing_prerequisite::{self, Prerequisite};
use crate::analysis::{Sink, declare_analyzer};
use crate::analyzers::refusal::Refusal;
use crate::kubernetes::ServiceAccount;
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A workload runs under a ServiceAccount that does not exist in its namespace: the API server
    /// refuses its pods.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: ServiceAccount
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 2, template: {spec: {serviceAccountName: web-x, containers: [{name: web}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: ReplicaSet, namespace: shop, name: web-5d, uid: r1}
    /// reason: FailedCreate
    /// message: 'Error creating: pods "web-5d-" is forbidden: error looking up service account shop/web-x: serviceaccount "web-x" not found'
    /// lastTimestamp: "2026-01-01T11:58:00Z"
    /// ```
    /// A template that names it while its pods still run:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: ServiceAccount
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {template: {spec: {serviceAccountName: web-x, containers: [{name: web}]}}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: ServiceAccount
    /// apiVersion: v1
    /// kind: ServiceAccount
    /// metadata: {name: web-x, namespace: shop}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {template: {spec: {serviceAccountName: web-x, containers: [{name: web}]}}}
    /// ```
    /// What could not be read is unknown, not missing:
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {template: {spec: {serviceAccountName: web-x, containers: [{name: web}]}}}
    /// ```
    ///
    /// # How to fix
    /// Create the ServiceAccount, or correct the name in the workload. The controller tries again by
    /// itself.
    ///
    /// # What it cannot know
    /// Why it is gone.
    ///
    /// # Source
    /// `serviceAccountName` of core/v1 PodSpec; the admission plugin ServiceAccount.
    CFG005 "service-account-missing-or-unfit" {
        role: Root,
        severity: Critical,
        confidence: 0.99,
        reads: [
            ServiceAccount, Event, ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job, CronJob, Deployment, Pod,
        ],
        maps_to: ["POP-304", "POP-307", "POP-507"],
        check: Workload(named) and Cluster(refused),
    }
}

const NAMED: Prerequisite = Prerequisite {
    field: "serviceAccountName",
    name: |spec| &spec.service_account_name,
    refused: |refusal| match refusal {
        Refusal::ServiceAccountMissing { name, .. } => Some(name),
        _ => None,
    },
};

fn named(workload: &Workload<'_>, cluster: &Cluster<'_>, sink: &mut Sink) {
    missing_prerequisite::named::<ServiceAccount>(workload, cluster, sink, &NAMED);
}

fn refused(cluster: &Cluster<'_>, sink: &mut Sink) {
    missing_prerequisite::refused::<ServiceAccount>(cluster, sink, &NAMED);
}
