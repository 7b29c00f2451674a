use super::missing_object;
use crate::analysis::declare_analyzer;
use crate::kubernetes::Secret;

declare_analyzer! {
    /// # What it means
    /// A container or a volume takes a Secret that does not exist in its namespace. A kubelet
    /// does not start a container whose Secret is missing, unless the reference is optional.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Secret
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     envFrom: [{secretRef: {name: web-login}}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: CreateContainerConfigError, message: 'secret "web-login" not found'}}
    /// ```
    ///
    /// A pod whose volume waits for it, as the event says:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n1
    ///   volumes: [{name: certs, secret: {secretName: web-login}}]
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses: [{name: web, state: {waiting: {reason: ContainerCreating}}}]
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: Pod, namespace: shop, name: web-1, uid: p1}
    /// reason: FailedMount
    /// message: 'MountVolume.SetUp failed for volume "certs" : secret "web-login" not found'
    /// lastTimestamp: "2026-01-01T11:58:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Secret
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     envFrom: [{secretRef: {name: web-login, optional: true}}]
    /// ```
    /// Secrets that could not be read are unknown, not missing:
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     envFrom: [{secretRef: {name: web-login}}]
    /// ```
    ///
    /// # How to fix
    /// Create the Secret, or correct the name in the workload. Waiting pods start by themselves
    /// once it exists.
    ///
    /// # What it cannot know
    /// Which values it should hold.
    ///
    /// # Source
    /// `secretRef`, `secretKeyRef`, `secret` and CSI volumes of core/v1; the kubelet's
    /// `secret "X" not found`.
    CFG002 "secret-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.99,
        reads: [Secret, Event, Namespace, Job],
        maps_to: [],
        check: Workload(missing_object::check::<Secret>),
    }
}
