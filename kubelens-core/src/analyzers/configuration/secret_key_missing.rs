use super::missing_key;
use crate::analysis::declare_analyzer;
use crate::kubernetes::Secret;

declare_analyzer! {
    /// # What it means
    /// A container or a volume takes a key of a Secret that exists and has no such key. A kubelet
    /// does not start a container whose key is missing, unless the reference is optional.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: press-login, namespace: shop}
    /// data: {PRESS_SPEED: NDA=}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     env: [{name: MODE, valueFrom: {secretKeyRef: {name: press-login, key: PRESS_MODE}}}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: CreateContainerConfigError, message: "couldn't find key PRESS_MODE in Secret shop/press-login"}}
    /// ```
    /// Secrets may not be read, and the kubelet has read this one:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # forbidden: Secret
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     env: [{name: MODE, valueFrom: {secretKeyRef: {name: press-login, key: PRESS_MODE}}}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: CreateContainerConfigError, message: "couldn't find key PRESS_MODE in Secret shop/press-login"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: press-login, namespace: shop}
    /// data: {PRESS_SPEED: NDA=}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     env:
    ///     - {name: MODE, valueFrom: {secretKeyRef: {name: press-login, key: PRESS_MODE, optional: true}}}
    ///     - {name: SPEED, valueFrom: {secretKeyRef: {name: press-login, key: PRESS_SPEED}}}
    /// ```
    ///
    /// # How to fix
    /// Add the key, or correct its name in the workload. Waiting pods start by themselves once it
    /// is there.
    ///
    /// # What it cannot know
    /// Which value it should hold.
    ///
    /// # Source
    /// `secretKeyRef` and `items` of volumes of core/v1; the kubelet's `couldn't find key K in Secret NS/X`
    /// and `references non-existent secret key: K`.
    CFG004 "secret-key-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.98,
        reads: [Secret, Event],
        maps_to: ["POP-401"],
        check: Workload(missing_key::check::<Secret>),
    }
}
