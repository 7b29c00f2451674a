use super::kept_object::is_kept;
use crate::analysis::{Sighting, Sink, Usage, declare_analyzer};
use crate::kubernetes::{ConfigMap, Kind, Object};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A ConfigMap holds nothing, or almost as much as one can hold: the next write to it will be refused.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-20T12:00:00Z
    /// # listed: Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod, Role, ClusterRole, RoleBinding, ClusterRoleBinding, CustomResourceDefinition
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: settings, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
    /// ```
    /// ```yaml
    /// # now: 2026-01-20T12:00:00Z
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: rules, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
    /// data: {rules: ""}
    /// kubelens.dev/dataBytes: 950000
    /// ```
    ///
    /// # Stays silent on
    /// A lock, and one that a program may fill through the API:
    /// ```yaml
    /// # now: 2026-01-20T12:00:00Z
    /// # listed: Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Pod, ClusterRole, ClusterRoleBinding, CustomResourceDefinition
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: lock, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z", annotations: {control-plane.alpha.kubernetes.io/leader: "{}"}}
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: state, namespace: bot, creationTimestamp: "2026-01-01T00:00:00Z"}
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: RoleBinding
    /// metadata: {name: bot, namespace: bot}
    /// roleRef: {kind: Role, name: bot}
    /// subjects: [{kind: ServiceAccount, name: bot, namespace: bot}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: Role
    /// metadata: {name: bot, namespace: bot}
    /// rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, update]}]
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: rules, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
    /// data: {rules: "some"}
    /// ```
    ///
    /// # How to fix
    /// Fill it or delete it; split what is too large, or put it into a volume.
    ///
    /// # What it cannot know
    /// Whether a program outside the cluster will fill it.
    ///
    /// # Source
    /// `data` and `binaryData` of core/v1 ConfigMap; the API server refuses more than 1 MiB of values.
    HYG028 "config-map-empty-or-huge" {
        role: Root,
        severity: Info,
        confidence: 0.90,
        reads: [
            ConfigMap, ServiceAccount, PersistentVolumeClaim, PersistentVolume, Role, ClusterRole, RoleBinding,
            ClusterRoleBinding, StorageClass, Ingress, Deployment, StatefulSet, DaemonSet, ReplicaSet,
            ReplicationController, Job, CronJob, Pod, CustomResourceDefinition,
        ],
        maps_to: ["k8sgpt:ConfigMap"],
        profiles: [Hygiene],
        check: Cluster(check),
    }
}

/// Bytes from which the next write may be refused: nine tenths of what fits.
const NEARLY_FULL: u64 = 900 * 1024;

/// Seconds that whoever made it has to fill it.
const YOUNG: i64 = 3600;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let usage = Usage::of(cluster);
    for map in cluster.all::<ConfigMap>() {
        let meta = &map.metadata;
        if map.data_bytes > NEARLY_FULL && !meta.is_terminating() {
            sink.report(huge(map));
        } else if map.data.is_empty()
            && map.binary_data.is_empty()
            && meta.creation_timestamp.is_some()
            && cluster.age(meta) > YOUNG
            && !is_kept(meta)
            && meta.owner_references.is_empty()
            && !usage.is_read_through_api(Kind::ConfigMap, &meta.namespace)
            && Usage::is_known(cluster, Kind::ConfigMap, &meta.namespace)
        {
            sink.report(empty(map, usage.is_used(Kind::ConfigMap, meta)));
        }
    }
}

fn huge(map: &ConfigMap) -> Sighting {
    let own = map.reference();
    let kib = map.data_bytes / 1024;
    Sighting::of(
        own.clone(),
        format!("{own} holds {kib} KiB of the 1024 KiB that fit"),
        "The API server refuses a write that would make it larger than that.",
    )
    .severity(Severity::Warning)
    .identified_by("fact", "huge")
    .evidence(Evidence::field(
        own,
        "data",
        format!("{} bytes", map.data_bytes),
    ))
    .suggest(Suggestion::advice(
        "Split it, or put what it holds into a volume",
    ))
    .grouped("huge", "ConfigMaps are nearly full")
}

fn empty(map: &ConfigMap, is_used: bool) -> Sighting {
    let own = map.reference();
    let effect = if is_used {
        "Something refers to it and gets nothing from it."
    } else {
        "Nothing refers to it either."
    };
    Sighting::of(own.clone(), format!("{own} is empty"), effect)
        .identified_by("fact", "empty")
        .evidence(Evidence::field(own, "data", "none"))
        .since(map.metadata.creation_timestamp)
        .suggest(Suggestion::advice("Fill it, or delete it"))
        .grouped("empty", "ConfigMaps are empty")
}
