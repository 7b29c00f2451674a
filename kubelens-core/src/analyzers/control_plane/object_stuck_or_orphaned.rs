use super::finalizer_holder::{Held, alike, held};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::Event;
use crate::model::{Evidence, Risk, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An object was deleted long ago and is still there: a finalizer holds it until a controller has
    /// done its part, and that does not happen.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: photos
    ///   namespace: attic
    ///   deletionTimestamp: "2026-01-01T11:00:00Z"
    ///   finalizers: [backup.example.com/hold]
    /// ```
    ///
    /// Objects of one kind that the same finalizer holds are one fault:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: photos, namespace: attic, deletionTimestamp: "2026-01-01T11:00:00Z", finalizers: [backup.example.com/hold]}
    /// ---
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: letters, namespace: attic, deletionTimestamp: "2026-01-01T11:00:00Z", finalizers: [backup.example.com/hold]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata:
    ///   name: photos
    ///   namespace: attic
    ///   deletionTimestamp: "2026-01-01T11:59:00Z"
    ///   finalizers: [backup.example.com/hold]
    /// ```
    ///
    /// # How to fix
    /// Bring the controller of the finalizer back; take the finalizer away only if what it cleans up
    /// is known to be gone.
    ///
    /// # What it cannot know
    /// Which program the finalizer belongs to, beyond its name.
    ///
    /// # Source
    /// `metadata.deletionTimestamp` and `metadata.finalizers`.
    CTL016 "object-stuck-or-orphaned" {
        role: Root,
        severity: Warning,
        confidence: 0.90,
        reads: [
            ConfigMap, Secret, Service, ServiceAccount, ReplicationController, Deployment, ReplicaSet,
            StatefulSet, DaemonSet, Job, CronJob, Ingress, NetworkPolicy, Role, RoleBinding,
            ClusterRole, CustomResourceDefinition, Event,
        ],
        maps_to: [],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let stuck = held(cluster)
        .into_iter()
        .filter(|held| {
            cluster.seconds_since(held.meta.deletion_timestamp)
                > cluster.thresholds(held.meta).terminating_grace
        })
        .collect();
    for alike in alike(stuck) {
        if let Some((first, others)) = alike.split_first() {
            sink.report(sighting(first, others, told(cluster, first)));
        }
    }
}

/// What its controller said last about an object that it cannot clean up after.
fn told<'a>(cluster: &Cluster<'a>, held: &Held<'a>) -> Option<&'a Event> {
    let meta = held.meta;
    let window = cluster.thresholds(meta).event_window;
    cluster
        .events_about(&held.object.kind, &meta.namespace, &meta.name, &meta.uid)
        .rev()
        .find(|event| event.is_warning() && cluster.is_within(event.last_seen(), window))
}

/// Most other objects that are shown beside the first.
const MOST_OTHERS: usize = 2;

fn sighting(held: &Held<'_>, others: &[Held<'_>], told: Option<&Event>) -> Sighting {
    let own = &held.object;
    let who = match others.len() {
        0 => format!("{own} is"),
        more => format!("{own} and {more} more are"),
    };
    let meta = held.meta;
    let finalizers = meta.finalizers.join(", ");
    let namespace = own
        .namespace
        .as_ref()
        .map_or_else(String::new, |namespace| format!("-n {namespace} "));
    let advice = if told.is_some() {
        format!("Do what the event asks for: the controller of {finalizers} tries, and fails")
    } else {
        format!("Bring the controller that owns {finalizers} back")
    };
    let mut sighting = Sighting::of(
        own.clone(),
        format!("{who} stuck in deletion: finalizer {finalizers} is not removed"),
        "It stays until the controller of the finalizer has done its part and takes the finalizer away; its namespace cannot be deleted before.",
    )
    .evidence(
        Evidence::field(
            own.clone(),
            "metadata.deletionTimestamp",
            meta.deletion_timestamp
                .map_or_else(String::new, |time| time.to_string()),
        )
        .at(meta.deletion_timestamp),
    )
    .evidence(Evidence::field(
        own.clone(),
        "metadata.finalizers",
        &finalizers,
    ))
    .all_evidence(told.map(event_evidence))
    .suggest(Suggestion::advice(advice))
    .suggest(Suggestion::run(
        "If what it cleans up is known to be gone, take the finalizers away",
        format!(
            "kubectl {namespace}patch {} {} --type=merge -p '{{\"metadata\":{{\"finalizers\":null}}}}'",
            own.kind.to_lowercase(),
            own.name
        ),
        Risk::High,
    ))
    .since(meta.deletion_timestamp);
    for other in others.iter().take(MOST_OTHERS) {
        sighting = sighting.evidence(Evidence::field(
            other.object.clone(),
            "metadata.finalizers",
            &finalizers,
        ));
    }
    sighting
}
