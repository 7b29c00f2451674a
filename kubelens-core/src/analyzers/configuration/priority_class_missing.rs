use super::missing_prerequisite::{self, Prerequisite};
use crate::analysis::{Sink, declare_analyzer};
use crate::analyzers::refusal::Refusal;
use crate::kubernetes::PriorityClass;
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A workload asks for a PriorityClass that does not exist: the API server refuses its pods.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: PriorityClass
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 2, template: {spec: {priorityClassName: web-x, containers: [{name: web}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: ReplicaSet, namespace: shop, name: web-5d, uid: r1}
    /// reason: FailedCreate
    /// message: 'Error creating: pods "web-5d-" is forbidden: no PriorityClass with name web-x was found'
    /// lastTimestamp: "2026-01-01T11:58:00Z"
    /// ```
    /// A template that names it while its pods still run:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: PriorityClass
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {template: {spec: {priorityClassName: web-x, containers: [{name: web}]}}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: PriorityClass
    /// apiVersion: scheduling.k8s.io/v1
    /// kind: PriorityClass
    /// metadata: {name: web-x}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {template: {spec: {priorityClassName: web-x, containers: [{name: web}]}}}
    /// ```
    /// What could not be read is unknown, not missing:
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {template: {spec: {priorityClassName: web-x, containers: [{name: web}]}}}
    /// ```
    ///
    /// # How to fix
    /// Create the PriorityClass, or correct the name in the workload. The controller tries again by
    /// itself.
    ///
    /// # What it cannot know
    /// Why it is gone.
    ///
    /// # Source
    /// `priorityClassName` of core/v1 PodSpec; the admission plugin Priority.
    CFG015 "priority-class-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.99,
        reads: [
            PriorityClass, Event, ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job, CronJob, Deployment, Pod,
        ],
        maps_to: [],
        check: Workload(named) and Cluster(refused),
    }
}

const NAMED: Prerequisite = Prerequisite {
    field: "priorityClassName",
    name: |spec| &spec.priority_class_name,
    refused: |refusal| match refusal {
        Refusal::PriorityClassMissing { name } => Some(name),
        _ => None,
    },
};

fn named(workload: &Workload<'_>, cluster: &Cluster<'_>, sink: &mut Sink) {
    missing_prerequisite::named::<PriorityClass>(workload, cluster, sink, &NAMED);
}

fn refused(cluster: &Cluster<'_>, sink: &mut Sink) {
    missing_prerequisite::refused::<PriorityClass>(cluster, sink, &NAMED);
}
