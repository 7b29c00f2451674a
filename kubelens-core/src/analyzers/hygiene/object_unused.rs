use super::kept_object::is_kept;
use super::unused_kinds::{Unused, check_all};
use crate::analysis::{Sighting, Sink, Usage, declare_analyzer};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// Nothing that was read refers to this object, and it has been there for a week: it may be left over.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-20T12:00:00Z
    /// # listed: Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod, Role, ClusterRole, RoleBinding, ClusterRoleBinding, CustomResourceDefinition
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: old-settings, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
    /// data: {a: b}
    /// ```
    /// ```yaml
    /// # now: 2026-01-20T12:00:00Z
    /// # listed: Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod, CustomResourceDefinition
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data-db-2, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
    /// status: {phase: Bound}
    /// ---
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
    /// spec: {replicas: 2, volumeClaimTemplates: [{metadata: {name: data}}]}
    /// ```
    ///
    /// # Stays silent on
    /// Used by a template at zero replicas, read through the API, young, or kept by Helm:
    /// ```yaml
    /// # now: 2026-01-20T12:00:00Z
    /// # listed: StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod, ClusterRole, ClusterRoleBinding, CustomResourceDefinition, ServiceAccount, Ingress, PersistentVolume, StorageClass
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {replicas: 0, template: {spec: {containers: [{name: web, envFrom: [{configMapRef: {name: settings}}]}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: settings, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
    /// data: {a: b}
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: fresh, namespace: shop, creationTimestamp: "2026-01-19T00:00:00Z"}
    /// data: {a: b}
    /// ---
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: sh.helm.release.v1.web.v1, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: state, namespace: bot, creationTimestamp: "2026-01-01T00:00:00Z"}
    /// data: {a: b}
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: RoleBinding
    /// metadata: {name: bot, namespace: bot, creationTimestamp: "2026-01-01T00:00:00Z"}
    /// roleRef: {kind: Role, name: bot}
    /// subjects: [{kind: ServiceAccount, name: bot, namespace: bot}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: Role
    /// metadata: {name: bot, namespace: bot, creationTimestamp: "2026-01-01T00:00:00Z"}
    /// rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, update]}]
    /// ```
    /// Where a kind that could use it was not read, nothing can be said:
    /// ```yaml
    /// # now: 2026-01-20T12:00:00Z
    /// # listed: Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Role, ClusterRole, RoleBinding, ClusterRoleBinding, CustomResourceDefinition
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: old-settings, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
    /// data: {a: b}
    /// ```
    ///
    /// # How to fix
    /// Find out who made it. If nobody needs it any more, delete it.
    ///
    /// # What it cannot know
    /// Programs outside the cluster, programs that read the whole cluster through the API, values of ConfigMaps
    /// that name another object, and fields of custom resources outside `spec` and `status`.
    ///
    /// # Source
    /// Every field that names an object: of pods and templates, accounts, bindings, Ingresses, volumes and classes,
    /// owner references, command lines and variables, annotations of Ingresses, `spec` and `status` of custom
    /// resources.
    HYG020 "object-unused" {
        role: Root,
        severity: Info,
        confidence: 0.75,
        reads: [
            ConfigMap, Secret, ServiceAccount, PersistentVolumeClaim, PersistentVolume, Role, ClusterRole,
            RoleBinding, ClusterRoleBinding, StorageClass, IngressClass, PriorityClass, Namespace, Ingress,
            Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod, Service,
            CustomResourceDefinition,
        ],
        maps_to: ["k8sgpt:ConfigMap", "POP-400", "POP-1000"],
        profiles: [Hygiene],
        check: Cluster(check),
    }
}

/// Seconds for which an object is left alone.
const YOUNG: i64 = 7 * 86_400;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let usage = Usage::of(cluster);
    check_all(cluster, &usage, &mut |unused| {
        let meta = unused.meta;
        if meta.creation_timestamp.is_some() && cluster.age(meta) > YOUNG && !is_kept(meta) {
            sink.report(sighting(&unused));
        }
    });
}

fn sighting(unused: &Unused<'_>) -> Sighting {
    let own = unused.reference.clone();
    let kind = own.kind.clone();
    Sighting::of(
        own.clone(),
        format!("{own} {}", unused.says),
        "It has been there for more than a week and may be left over.",
    )
    .identified_by("kind", kind.clone())
    .evidence(Evidence::absence(own, unused.proof))
    .since(unused.meta.creation_timestamp)
    .suggest(Suggestion::advice(
        "Find out who made it; delete it if nobody needs it any more",
    ))
    .grouped(
        kind.clone(),
        format!("objects of kind {kind} are used by nothing"),
    )
}
