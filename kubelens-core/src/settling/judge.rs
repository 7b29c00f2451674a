//! How a target stands at one instant: the rule of its kind.

use jiff::SignedDuration;

use super::kinds::{
    claim, conditioned, cron_job, custom, daemon_set, deployment, job, pod, replica_set, service,
    stateful_set,
};
use super::pods::Revision;
use super::stand::{Current, Stand};
use crate::kubernetes::{
    APIService, CronJob, CustomResourceDefinition, DaemonSet, Deployment, Kind, Node, Object,
    ObjectMeta, PersistentVolumeClaim, Pod, ReplicaSet, ReplicationController, StatefulSet,
};
use crate::model::ObjectRef;
use crate::snapshot::{Cluster, Lookup, Workload};

/// How the target stands.
pub(super) fn stand(
    target: &ObjectRef,
    cluster: &Cluster<'_>,
    stable_for: SignedDuration,
) -> Stand {
    let Some(kind) = Kind::from_manifest(&target.api_version, &target.kind) else {
        return of_custom(target, cluster, stable_for);
    };
    match kind {
        Kind::Deployment => found(target, cluster, |object: &Deployment| {
            deployment::stand(object, cluster, stable_for)
        }),
        Kind::StatefulSet => found(target, cluster, |object: &StatefulSet| {
            stateful_set::stand(object, cluster, stable_for)
        }),
        Kind::DaemonSet => found(target, cluster, |object: &DaemonSet| {
            daemon_set::stand(object, cluster, stable_for)
        }),
        Kind::ReplicaSet => found(target, cluster, |object: &ReplicaSet| {
            let (meta, spec) = (&object.metadata, &object.spec);
            replica_set::stand(meta, spec.replicas, &object.status, cluster, stable_for)
        }),
        Kind::ReplicationController => found(target, cluster, |object: &ReplicationController| {
            let (meta, spec) = (&object.metadata, &object.spec);
            replica_set::stand(meta, spec.replicas, &object.status, cluster, stable_for)
        }),
        Kind::Job => found(target, cluster, job::stand),
        Kind::CronJob => found(target, cluster, |object: &CronJob| {
            cron_job::stand(object, cluster)
        }),
        Kind::Pod => found(target, cluster, |object: &Pod| {
            pod::stand(object, cluster, stable_for)
        }),
        Kind::PersistentVolumeClaim => found(target, cluster, |object: &PersistentVolumeClaim| {
            claim::stand(object, cluster)
        }),
        Kind::Service => found(target, cluster, service::stand),
        Kind::CustomResourceDefinition => {
            found(target, cluster, |object: &CustomResourceDefinition| {
                conditioned::stand(&object.metadata, &object.status.conditions, "Established")
            })
        }
        Kind::APIService => found(target, cluster, |object: &APIService| {
            conditioned::stand(&object.metadata, &object.status.conditions, "Available")
        }),
        Kind::Node => found(target, cluster, |object: &Node| {
            conditioned::stand(&object.metadata, &object.status.conditions, "Ready")
        }),
        other => of_any(other, target, cluster),
    }
}

/// The target's pods, where it has revisions of them.
pub(super) fn revision<'a>(target: &ObjectRef, cluster: &Cluster<'a>) -> Option<Revision<'a>> {
    let namespace = target.namespace.as_deref().unwrap_or_default();
    let name = &target.name;
    Some(
        match Kind::from_manifest(&target.api_version, &target.kind)? {
            Kind::Deployment => deployment::revision(cluster.get(namespace, name)?, cluster),
            Kind::StatefulSet => stateful_set::revision(cluster.get(namespace, name)?, cluster),
            Kind::DaemonSet => daemon_set::revision(cluster.get(namespace, name)?, cluster),
            Kind::Pod => Revision::of(cluster.get::<Pod>(namespace, name), |_| true),
            kind @ (Kind::ReplicaSet | Kind::ReplicationController | Kind::Job) => {
                let tables = cluster.snapshot().tables();
                replica_set::revision(tables.metadata(kind, namespace, name)?, cluster)
            }
            _ => return None,
        },
    )
}

/// How many pods the target wants; none where that is no number of its own.
pub(super) fn wanted(target: &ObjectRef, cluster: &Cluster<'_>) -> Option<i64> {
    match cluster.workload(target)? {
        Workload::DaemonSet(set) => Some(set.status.desired_number_scheduled),
        other => other.wanted_replicas(),
    }
}

/// The target's metadata, if it is there.
pub(super) fn metadata<'a>(target: &ObjectRef, cluster: &Cluster<'a>) -> Option<&'a ObjectMeta> {
    let namespace = target.namespace.as_deref().unwrap_or_default();
    match Kind::from_manifest(&target.api_version, &target.kind) {
        Some(kind) => cluster
            .snapshot()
            .tables()
            .metadata(kind, namespace, &target.name),
        None => cluster
            .custom(&target.kind)
            .iter()
            .map(|object| &object.metadata)
            .find(|meta| *meta.name == *target.name && meta.namespace == namespace),
    }
}

fn found<T: Object>(
    target: &ObjectRef,
    cluster: &Cluster<'_>,
    judge: impl FnOnce(&T) -> Stand,
) -> Stand {
    let namespace = target.namespace.as_deref().unwrap_or_default();
    match cluster.look_up::<T>(namespace, &target.name) {
        Lookup::Found(object) => judge(object),
        Lookup::Absent => Stand::Absent,
        Lookup::Unknown(gap) => Stand::unread(T::KIND, gap),
    }
}

/// A kind without a rule: it is there, and nothing is wrong with it.
fn of_any(kind: Kind, target: &ObjectRef, cluster: &Cluster<'_>) -> Stand {
    let namespace = target.namespace.as_deref().unwrap_or_default();
    let tables = cluster.snapshot().tables();
    match tables.metadata(kind, namespace, &target.name) {
        Some(meta) if meta.is_terminating() => Stand::waits("it is being deleted"),
        Some(_) => Stand::Diagnosed(Current {
            note: "exists".to_owned(),
            ..Current::default()
        }),
        None => cluster
            .gap(kind, namespace)
            .map_or(Stand::Absent, |gap| Stand::unread(kind, gap)),
    }
}

fn of_custom(target: &ObjectRef, cluster: &Cluster<'_>, stable_for: SignedDuration) -> Stand {
    let namespace = target.namespace.as_deref().unwrap_or_default();
    let all = cluster.custom(&target.kind);
    let object = all.iter().find(|object| {
        *object.metadata.name == *target.name && object.metadata.namespace == namespace
    });
    if let Some(object) = object {
        return custom::stand(object, stable_for);
    }
    let mut gaps = cluster.snapshot().gaps().iter();
    match gaps.find(|(kind, _, _)| *kind == target.kind) {
        Some((_, _, gap)) if gap.state == crate::model::CoverageState::Forbidden => {
            Stand::Forbidden(gap.detail.clone())
        }
        Some((_, _, gap)) => Stand::Unreadable(gap.detail.clone()),
        None if all.is_empty() => {
            Stand::Unreadable(format!("no object of kind {} was read", target.kind))
        }
        None => Stand::Absent,
    }
}
