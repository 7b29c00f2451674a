use super::drivers;
use super::mistyped_driver::mistyped;
use super::mount_events::{self, Fault};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{CSINode, Node, Object, Pod};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node cannot use volumes of a CSI driver, because the driver is not registered there: its node
    /// plugin does not run on the node, or not well; or the driver's name is mistyped, and no node knows it.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n1
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: db}]
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: shop, name: db-0, uid: p1}
    /// type: Warning
    /// reason: FailedMount
    /// message: 'MountVolume.MountDevice failed for volume "pvc-1" : kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: driver name disk.csi.example.com not found in the list of registered CSI drivers'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    /// A mistyped name:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: CSIDriver
    /// apiVersion: storage.k8s.io/v1
    /// kind: CSIDriver
    /// metadata: {name: secrets-store.csi.k8s.io}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n1
    ///   volumes: [{name: keys, csi: {driver: secret-store.csi.k8s.io}}]
    ///   containers: [{name: web}]
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: shop, name: web, uid: p1}
    /// type: Warning
    /// reason: FailedMount
    /// message: 'MountVolume.SetUp failed for volume "keys" : kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name secret-store.csi.k8s.io not found in the list of registered CSI drivers'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n1
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    ///   containers: [{name: db}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: PodReadyToStartContainers, status: "True"}]
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: shop, name: db-0, uid: p1}
    /// type: Warning
    /// reason: FailedMount
    /// message: 'MountVolume.MountDevice failed for volume "pvc-1" : kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: driver name disk.csi.example.com not found in the list of registered CSI drivers'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # How to fix
    /// Bring the driver's node plugin up on the node: mend its pod, or let the DaemonSet run there. Correct a mistyped name.
    ///
    /// # What it cannot know
    /// Why the plugin does not register, where it logs nothing.
    ///
    /// # Source
    /// The kubelet's `not found in the list of registered CSI drivers`; storage/v1 CSINode.
    STO013 "driver-not-on-node" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [Pod, Event, CSIDriver, CSINode, DaemonSet, Node, PersistentVolumeClaim, PersistentVolume],
        maps_to: [],
        check: Pod(check),
    }
}

/// Seconds that the plugins of a new node may take.
const YOUNG_NODE: i64 = 120;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if let Some(event) = mount_events::newest(cluster, pod, Fault::DriverMissing) {
        let is_new = cluster.get::<Node>("", &pod.node_name).is_some_and(|node| {
            cluster.age(&node.metadata) < YOUNG_NODE && node.metadata.creation_timestamp.is_some()
        });
        if let (Some(driver), false) = (driver_name(&event.message), is_new) {
            if let Some(sighting) = mistyped(cluster, pod, driver) {
                let since = event.first_seen();
                sink.report(sighting.evidence(event_evidence(event)).since(since));
                return;
            }
            let sighting = sighting(cluster, driver, &pod.node_name)
                .seen_on(pod.reference(), "mounts with")
                .evidence(event_evidence(event))
                .since(event.first_seen());
            sink.report(sighting);
        }
        return;
    }
    if pod.is_scheduled() || !pod.is_live() {
        return;
    }
    let Some(condition) = pod
        .condition("PodScheduled")
        .filter(|condition| condition.is_false())
    else {
        return;
    };
    if let Some((before, _)) = condition
        .message
        .split_once(" CSI driver is not installed on the node")
    {
        let driver = before.rsplit(' ').next().unwrap_or_default();
        sink.report(
            sighting(cluster, driver, "")
                .seen_on(pod.reference(), "mounts with")
                .evidence(Evidence::message(
                    pod.reference(),
                    "status.conditions[PodScheduled].message",
                    &condition.message,
                ))
                .since(condition.last_transition_time),
        );
    }
}

/// The driver that the text names.
fn driver_name(text: &str) -> Option<&str> {
    let after = |words: &str| {
        text.split_once(words)
            .and_then(|(_, rest)| rest.split([' ', ',']).next())
            .filter(|name| !name.is_empty())
    };
    let name = after("driver name ")
        .or_else(|| after("does not contain driver "))
        .or_else(|| {
            text.split_once(" CSI driver is not installed")
                .and_then(|(before, _)| before.rsplit(' ').next())
        });
    name.map(|name| name.trim_matches('"'))
}

fn sighting<'a>(cluster: &Cluster<'a>, driver: &str, node: &'a str) -> Sighting {
    let plugin = drivers::node_plugin(cluster, driver);
    let on_node = if node.is_empty() {
        "the nodes".to_owned()
    } else {
        format!("Node {node}")
    };
    let subject = plugin.map_or_else(
        || {
            if node.is_empty() {
                ObjectRef::cluster_scoped("storage.k8s.io/v1", "CSIDriver", driver)
            } else {
                ObjectRef::cluster_scoped("v1", "Node", node)
            }
        },
        Object::reference,
    );
    let title = format!("CSI driver {driver} is not registered on {on_node}");
    let explanation = format!(
        "Volumes of the driver cannot be mounted there: {}.",
        plugin.map_or_else(
            || "its node plugin does not run on the node".to_owned(),
            |set| format!(
                "its node plugin, {}, has no working pod on it",
                set.reference()
            ),
        )
    );
    let mut sighting = Sighting::of(subject, title, explanation)
        .identified_by("driver", driver)
        .identified_by("node", node);
    if let Some(csi) = cluster.get::<CSINode>("", node) {
        let names: Vec<&str> = csi
            .spec
            .drivers
            .iter()
            .map(|driver| driver.name.as_str())
            .collect();
        sighting = sighting.evidence(Evidence::field(
            csi.reference(),
            "spec.drivers",
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            },
        ));
    }
    if let Some(set) = plugin {
        sighting = sighting.blames(set.reference(), "served by");
        // Where the plugin has no pod yet, another part of the system makes it.
        let parts = cluster.pods_on(node).filter(|pod| {
            pod.metadata.namespace == set.metadata.namespace
                && pod.is_of_daemon_set()
                && pod.is_live()
        });
        let (own, others): (Vec<&Pod>, Vec<&Pod>) = parts.partition(|pod| {
            let owner = pod.metadata.controller();
            owner.is_some_and(|owner| owner.uid == set.metadata.uid)
        });
        if own.is_empty() {
            for part in others.into_iter().filter(|part| !part.is_ready()) {
                sighting = sighting.blames(cluster.top_of(part), "makes the node plugin");
            }
        }
        let selector = set.spec.selector.to_string();
        sighting = sighting.suggest(Suggestion::look(
            "See the plugin's pods",
            format!(
                "kubectl -n {} get pods -o wide -l '{selector}'",
                set.metadata.namespace
            ),
        ));
    }
    sighting.suggest(Suggestion::advice(format!(
        "Bring the node plugin of {driver} up on {on_node}"
    )))
}
