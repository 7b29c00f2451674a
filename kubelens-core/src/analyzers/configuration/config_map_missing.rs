use super::missing_object;
use crate::analysis::declare_analyzer;
use crate::kubernetes::ConfigMap;

declare_analyzer! {
    /// # What it means
    /// A container or a volume takes a ConfigMap that does not exist in its namespace. A kubelet
    /// does not start a container whose ConfigMap is missing, unless the reference is optional.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: ConfigMap
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     envFrom: [{configMapRef: {name: web-config}}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: CreateContainerConfigError, message: 'configmap "web-config" not found'}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: ConfigMap
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     envFrom: [{configMapRef: {name: web-config, optional: true}}]
    /// ```
    /// ConfigMaps that could not be read are unknown, not missing:
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     envFrom: [{configMapRef: {name: web-config}}]
    /// ```
    ///
    /// # How to fix
    /// Create the ConfigMap, or correct the name in the workload. Waiting pods start by themselves
    /// once it exists.
    ///
    /// # What it cannot know
    /// Which values it should hold.
    ///
    /// # Source
    /// `configMapRef`, `configMapKeyRef` and `configMap` volumes of core/v1; the kubelet's
    /// `configmap "X" not found`.
    CFG001 "config-map-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.99,
        reads: [ConfigMap, Event, Namespace],
        maps_to: [],
        check: Workload(missing_object::check::<ConfigMap>),
    }
}
