use super::backend;
use super::mount_events::{self, Fault};
use super::secret_provider::{self, Provider};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::analyzers::unix_socket::silent_listeners;
use crate::kubernetes::{Event, Object, PersistentVolume, Pod};
use crate::model::{Severity, Suggestion, gist};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The kubelet cannot mount a volume of a pod, so no container of it starts.
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
    /// message: 'MountVolume.SetUp failed for volume "pvc-1" : rpc error: code = Internal desc = oops'
    /// firstTimestamp: "2026-01-01T11:50:00Z"
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// A missing ConfigMap is another condition, and a pod that got its volumes is past this:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-0, namespace: shop, uid: p1}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status: {phase: Pending}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: v1, kind: Pod, namespace: shop, name: web-0, uid: p1}
    /// type: Warning
    /// reason: FailedMount
    /// message: 'MountVolume.SetUp failed for volume "config" : configmap "web" not found'
    /// lastTimestamp: "2026-01-01T11:59:00Z"
    /// ```
    ///
    /// # How to fix
    /// Act on what the kubelet and the driver say.
    ///
    /// # What it cannot know
    /// What happens in the driver.
    ///
    /// # Source
    /// Events FailedMount and FailedMapVolume of the kubelet.
    STO010 "mount-failed" {
        role: Both,
        severity: Critical,
        confidence: 0.80,
        reads: [Pod, Event, PersistentVolumeClaim, PersistentVolume, StorageClass],
        maps_to: ["k8sgpt:Pod"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    let failed = mount_events::newest(cluster, pod, Fault::Mount);
    // That volumes are awaited matters only where nothing says more.
    let is_alone = || {
        mount_events::current(cluster, pod)
            .into_iter()
            .all(|event| {
                matches!(
                    mount_events::classify(event),
                    Fault::Awaited | Fault::Transient
                )
            })
    };
    let event = failed
        .or_else(|| mount_events::newest(cluster, pod, Fault::Awaited).filter(|_| is_alone()));
    let Some(event) = event else { return };
    if cluster.seconds_since(event.first_seen()) < cluster.thresholds(&pod.metadata).young_grace {
        return;
    }
    if let Some(provider) = secret_provider::of(cluster, pod, event) {
        sink.report(unread(pod, event, provider));
        return;
    }
    let claim = mount_events::claim_of(cluster, pod, &event.message);
    let top = cluster.top_of(pod);
    let reason = gist(mount_events::reason(&event.message), LONGEST_REASON);
    let what = claim.map_or_else(
        || {
            mount_events::volume_name(&event.message)
                .map_or_else(|| "a volume".to_owned(), |name| format!("volume {name}"))
        },
        |claim| claim.reference().to_string(),
    );
    let mut sighting = Sighting::of(
        mount_events::subject(cluster, pod, claim),
        format!("{what} cannot be mounted for {top}: {reason}"),
        format!(
            "Pod {} on Node {} waits in ContainerCreating: no container starts before its volumes are mounted.",
            pod.metadata.name, pod.node_name
        ),
    )
    .severity(Severity::Critical)
    .seen_on(pod.reference(), "mounts")
    .evidence(event_evidence(event))
    .since(event.first_seen());
    for name in crate::analyzers::scheduling::pod_volumes::claim_names(pod) {
        let object = crate::model::ObjectRef::namespaced(
            "v1",
            "PersistentVolumeClaim",
            &pod.metadata.namespace,
            &name,
        );
        let is_meant = claim.is_none_or(|claim| claim.metadata.name == name.as_str());
        if is_meant {
            sighting = sighting.blames(object, "mounts");
        }
    }
    for listener in silent_listeners(cluster, &event.message, &pod.node_name) {
        sighting = sighting.blames(listener, "answers");
    }
    let volume = mount_events::volume_name(&event.message)
        .and_then(|name| cluster.get::<PersistentVolume>("", name));
    if let Some(volume) = volume.filter(|_| backend::is_silence(&event.message)) {
        for workload in backend::unwell_behind_volume(cluster, volume) {
            sighting = sighting.blames(workload, "stores");
        }
    }
    sink.report(sighting.suggest(Suggestion::look(
        "Read what the kubelet says",
        format!(
            "kubectl -n {} describe pod {}",
            pod.metadata.namespace, pod.metadata.name
        ),
    )));
}

/// Letters of the reason in a title.
const LONGEST_REASON: usize = 200;

/// What a vault does not give is missing in the same way for all pods that mount it.
fn unread(pod: &Pod, event: &Event, provider: Provider<'_>) -> Sighting {
    let Provider {
        subject,
        evidence,
        reason,
    } = provider;
    let volume = mount_events::volume_name(&event.message).unwrap_or_default();
    let title = format!(
        "The vault does not give what {subject} asks it for: {}",
        gist(reason, LONGEST_REASON)
    );
    let explanation = format!(
        "Pod {} waits in ContainerCreating: its volume {volume} is read from there. Pods that run keep what they have.",
        pod.metadata.name
    );
    let advice = if subject.kind == "Secret" {
        format!("Put a login into {subject} that the vault takes, then delete the pods that wait")
    } else {
        format!("Correct {subject}, or let its identity read what it names in the vault")
    };
    Sighting::of(subject, title, explanation)
        .severity(Severity::Critical)
        .seen_on(pod.reference(), "mounts")
        .evidence(event_evidence(event))
        .evidence(evidence)
        .since(event.first_seen())
        .suggest(Suggestion::advice(advice))
}
