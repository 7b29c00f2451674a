use super::unscheduled;
use super::verdict::Verdict;
use crate::analysis::{Sink, declare_analyzer};
use crate::model::Suggestion;
use crate::snapshot::{Cluster, Unplaced};

declare_analyzer! {
    /// # What it means
    /// The scheduler finds no node for a pod, and what it says fits none of the conditions that KubeLens
    /// knows, or it failed while it bound the pod.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:50:00Z"}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: SchedulerError, message: 'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded'}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:59:30Z"}
    /// spec:
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: SchedulerError, message: 'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded'}
    /// ```
    ///
    /// # How to fix
    /// Read the scheduler's message; its own log says more.
    ///
    /// # What it cannot know
    /// What plugins outside Kubernetes mean by their messages.
    ///
    /// # Source
    /// Condition `PodScheduled` of core/v1 Pod; the scheduler's FailedScheduling events.
    SCH001 "pod-unschedulable" {
        role: Symptom,
        severity: Critical,
        confidence: 0.70,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace],
        maps_to: ["k8sgpt:Pod", "POP-207", "classic:scheduling"],
        check: Unplaced(check),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::Unknown) {
        let is_old = cluster.age(&waiting.pod.metadata)
            >= cluster.thresholds(&waiting.pod.metadata).pending_grace;
        if !is_old {
            continue;
        }
        let title = format!("No node is found for the pods of {}", waiting.top);
        let words = if waiting.text.is_empty() {
            "it does not say why".to_owned()
        } else {
            format!("it says: {}", crate::model::safe_text(waiting.text))
        };
        let explanation = format!(
            "The scheduler cannot place them; {words}.{}",
            waiting.others()
        );
        let meta = &waiting.pod.metadata;
        let mut sighting = waiting
            .of_the_owner(title, explanation)
            .suggest(Suggestion::look(
                "Read what the scheduler says",
                format!("kubectl -n {} describe pod {}", meta.namespace, meta.name),
            ));
        // Binding waits for volumes: what is wrong with the claim explains it.
        for name in super::pod_volumes::claim_names(waiting.pod) {
            sighting = sighting.blames(
                crate::model::ObjectRef::namespaced(
                    "v1",
                    "PersistentVolumeClaim",
                    &meta.namespace,
                    &name,
                ),
                "mounts",
            );
        }
        waiting.report(cluster, sink, sighting);
    }
}
