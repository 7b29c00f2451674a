use jiff::Timestamp;

use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{
    ConfigMap, Container, ContainerView, Kind, Object, ObjectMeta, Pod, Secret,
};
use crate::model::{Evidence, ObjectRef, Risk, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A ConfigMap or Secret that a container takes as environment or by `subPath` was changed after
    /// the container started, and the container stopped being ready after that. Such values are
    /// read once, at the start: what runs still has the old ones.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: db-login, namespace: shop, managedFields: [{manager: vault, time: "2026-01-01T11:30:00Z"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {containers: [{name: web, envFrom: [{secretRef: {name: db-login}}]}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:32:00Z"}]
    ///   containerStatuses: [{name: web, ready: false, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}]
    /// ```
    /// A file that is mounted by `subPath` is as old as the container:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: web-conf, namespace: shop, managedFields: [{manager: kubectl, time: "2026-01-01T11:30:00Z"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   volumes: [{name: conf, configMap: {name: web-conf}}]
    ///   containers: [{name: web, volumeMounts: [{name: conf, mountPath: /etc/web.conf, subPath: web.conf}]}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:32:00Z"}]
    ///   containerStatuses: [{name: web, ready: false, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: db-login, namespace: shop, managedFields: [{manager: vault, time: "2026-01-01T11:30:00Z"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {containers: [{name: web, envFrom: [{secretRef: {name: db-login}}]}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T09:00:10Z"}]
    ///   containerStatuses: [{name: web, ready: true, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}]
    /// ```
    /// Changed before the container started, or long before it stopped being ready; or mounted as a folder, which is
    /// brought up to date:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: at-start, namespace: shop, managedFields: [{manager: kubectl, time: "2026-01-01T11:20:00Z"}]}
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: long-ago, namespace: shop, managedFields: [{manager: kubectl, time: "2026-01-01T11:26:00Z"}]}
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: folder, namespace: shop, managedFields: [{manager: kubectl, time: "2026-01-01T11:44:00Z"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   volumes: [{name: folder, configMap: {name: folder}}]
    ///   containers:
    ///   - name: web
    ///     envFrom: [{configMapRef: {name: at-start}}, {configMapRef: {name: long-ago}}]
    ///     volumeMounts: [{name: folder, mountPath: /etc/web}]
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:45:00Z"}]
    ///   containerStatuses: [{name: web, ready: false, state: {running: {startedAt: "2026-01-01T11:25:00Z"}}}]
    /// ```
    ///
    /// # How to fix
    /// Restart the workload, so that its pods read the new values.
    ///
    /// # What it cannot know
    /// Whether the change mattered to the program, and what was changed: values are never compared.
    ///
    /// # Source
    /// `managedFields` of core/v1 ConfigMap and Secret; the documentation of environment variables
    /// and `subPath` mounts, which are not updated.
    CFG008 "configuration-newer-than-pods" {
        role: Root,
        severity: Warning,
        confidence: 0.60,
        reads: [
            ConfigMap, Secret, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController,
        ],
        maps_to: [],
        check: Pod(check),
    }
}

/// Seconds between a change and the trouble after it for the two to be taken together.
const TOGETHER: i64 = 900;

fn check(pod: &Pod, cluster: &Cluster<'_>, sink: &mut Sink) {
    if !pod.is_live() || pod.is_ready() {
        return;
    }
    let unready = pod
        .condition("Ready")
        .and_then(|ready| ready.last_transition_time);
    let Some(unready) = unready else { return };
    for container in pod.containers().filter(|container| !container.is_ready()) {
        let started = container
            .status
            .and_then(|status| status.state.running.as_ref()?.started_at);
        let Some(started) = started else { continue };
        for (kind, name) in read_at_start(pod, container.spec) {
            let changed = match kind {
                Kind::ConfigMap => last_write::<ConfigMap>(cluster, pod, name),
                _ => last_write::<Secret>(cluster, pod, name),
            };
            let Some((object, changed)) = changed else {
                continue;
            };
            let delay = unready.duration_since(changed).as_secs();
            if changed > started && (0..=TOGETHER).contains(&delay) {
                sink.report(sighting(cluster, pod, &container, &object, changed));
            }
        }
    }
}

/// The objects whose values a container reads at its start and never again.
fn read_at_start<'p>(pod: &'p Pod, container: &'p Container) -> Vec<(Kind, &'p str)> {
    let mut all: Vec<(Kind, &str)> = pod
        .spec
        .config_references()
        .into_iter()
        .filter(|reference| {
            let in_environment = reference.relation.starts_with("env");
            let by_sub_path = container
                .volume_mounts
                .iter()
                .any(|mount| mount.name == *reference.user && !mount.sub_path.is_empty());
            (in_environment && *reference.user == container.name)
                || (reference.relation.contains("volume") && by_sub_path)
        })
        .map(|reference| (reference.kind, reference.name.as_str()))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn last_write<T: Object>(
    cluster: &Cluster<'_>,
    pod: &Pod,
    name: &str,
) -> Option<(ObjectRef, Timestamp)> {
    let object = cluster.get::<T>(&pod.metadata.namespace, name)?;
    let meta: &ObjectMeta = object.metadata();
    Some((object.reference(), meta.last_write?))
}

fn sighting(
    cluster: &Cluster<'_>,
    pod: &Pod,
    container: &ContainerView<'_>,
    object: &ObjectRef,
    changed: Timestamp,
) -> Sighting {
    let top = cluster.top_of(pod);
    let title = format!(
        "{object} changed after {} of {top} started, which still has the old values",
        container.title()
    );
    let explanation = "Environment variables and subPath mounts are read once, at the start. The container stopped being ready after the change.";
    let path = container.status_path("state.running.startedAt");
    let started = container
        .status
        .and_then(|status| status.state.running.as_ref()?.started_at);
    let restart = matches!(
        top.kind.as_str(),
        "Deployment" | "StatefulSet" | "DaemonSet"
    )
    .then(|| {
        let kind = top.kind.to_lowercase();
        Suggestion::run(
            "Restart it, so that its pods read the new values",
            format!(
                "kubectl -n {} rollout restart {kind}/{}",
                pod.metadata.namespace, top.name
            ),
            Risk::Medium,
        )
    });
    let mut sighting = Sighting::of(top, title, explanation)
        .seen_on(pod.reference(), "template of")
        .in_container(container.name())
        .identified_by("object", object.to_string())
        .evidence(Evidence::change(
            object.clone(),
            "changed after the container started",
            Some(changed),
        ))
        .all_evidence(started.map(|at| Evidence::field(pod.reference(), &path, at)))
        .since(Some(changed));
    sighting.suggestions.extend(restart);
    sighting
}
