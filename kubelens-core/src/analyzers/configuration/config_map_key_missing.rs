use super::missing_key;
use crate::analysis::declare_analyzer;
use crate::kubernetes::ConfigMap;

declare_analyzer! {
    /// # What it means
    /// A container or a volume takes a key of a ConfigMap that exists and has no such key. A kubelet
    /// does not start a container whose key is missing, unless the reference is optional.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: press-conf, namespace: shop}
    /// data: {PRESS_SPEED: '40'}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     env: [{name: MODE, valueFrom: {configMapKeyRef: {name: press-conf, key: PRESS_MODE}}}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: CreateContainerConfigError, message: "couldn't find key PRESS_MODE in ConfigMap shop/press-conf"}}
    /// ```
    ///
    /// A file that is mounted by `subPath`, in whose place the kubelet makes an empty directory:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: press-conf, namespace: shop}
    /// data: {press.yml: 'speed: 40'}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     volumeMounts: [{name: conf, mountPath: /etc/press.yaml, subPath: press.yaml}]
    ///   volumes: [{name: conf, configMap: {name: press-conf}}]
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - name: web
    ///     restartCount: 3
    ///     state: {waiting: {reason: CrashLoopBackOff}}
    ///     lastState: {terminated: {exitCode: 128, reason: StartError, message: 'error mounting "/var/lib/kubelet/pods/p1/volume-subpaths/conf/web/0" to rootfs at "/etc/press.yaml": not a directory: unknown'}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: press-conf, namespace: shop}
    /// data: {PRESS_SPEED: '40'}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   containers:
    ///   - name: web
    ///     env:
    ///     - {name: MODE, valueFrom: {configMapKeyRef: {name: press-conf, key: PRESS_MODE, optional: true}}}
    ///     - {name: SPEED, valueFrom: {configMapKeyRef: {name: press-conf, key: PRESS_SPEED}}}
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
    /// `configMapKeyRef` and `items` of volumes of core/v1; the kubelet's `couldn't find key K in ConfigMap NS/X`
    /// and `references non-existent config key: K`.
    CFG003 "config-map-key-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.98,
        reads: [ConfigMap, Event],
        maps_to: ["POP-401"],
        check: Workload(missing_key::check::<ConfigMap>),
    }
}
