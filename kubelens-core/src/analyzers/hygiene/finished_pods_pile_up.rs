use std::collections::BTreeMap;

use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Namespace, Object, Pod};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// Dozens of pods that ran to their end are still there: they take room in the API server and in every list.
    ///
    /// # Fires on
    /// The pods of one owner, or those of a namespace that nothing owns:
    /// ```yaml
    /// # repeat: 51
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: run-$N, namespace: build}
    /// status: {phase: Succeeded}
    /// ```
    ///
    /// # Stays silent on
    /// Pods of Jobs, which have a history of their own:
    /// ```yaml
    /// # repeat: 60
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: run-$N, namespace: build, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: run, uid: j1, controller: true}]}
    /// status: {phase: Succeeded}
    /// ```
    ///
    /// # How to fix
    /// Delete them, and find out why nothing does. The control plane removes finished pods only when there are
    /// more than `--terminated-pod-gc-threshold` (12 500) of them.
    ///
    /// # What it cannot know
    /// Whether somebody still wants to read their logs.
    ///
    /// # Source
    /// `status.phase` of core/v1 Pod; the pod garbage collector of kube-controller-manager.
    HYG030 "finished-pods-pile-up" {
        role: Root,
        severity: Info,
        confidence: 0.95,
        reads: [Pod, Namespace, ReplicaSet],
        maps_to: [],
        profiles: [Hygiene],
        check: Cluster(check),
    }
}

/// Finished pods of one owner that are no pile yet.
const FEW: usize = 50;

/// Of one pile: how many, one of them, and how many were evicted.
type Pile<'a> = (usize, Option<&'a Pod>, usize);

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let mut piles: BTreeMap<ObjectRef, Pile<'_>> = BTreeMap::new();
    for pod in cluster.all::<Pod>().filter(|pod| pod.is_finished()) {
        let top = cluster.top_of(pod);
        let subject = match top.kind.as_str() {
            "Job" | "CronJob" => continue,
            "Pod" => home(cluster, pod),
            _ => top,
        };
        let pile = piles.entry(subject).or_default();
        pile.0 += 1;
        pile.1 = pile.1.or(Some(pod));
        pile.2 += usize::from(pod.status.reason == "Evicted");
    }
    for (subject, (count, sample, evicted)) in piles {
        if let Some(pod) = sample.filter(|_| count > FEW) {
            sink.report(sighting(subject, count, pod, evicted));
        }
    }
}

fn home(cluster: &Cluster<'_>, pod: &Pod) -> ObjectRef {
    let name = pod.metadata.namespace.as_str();
    let known = cluster.get::<Namespace>("", name).map(Object::reference);
    known.unwrap_or_else(|| ObjectRef::cluster_scoped("v1", "Namespace", name))
}

fn sighting(subject: ObjectRef, count: usize, pod: &Pod, evicted: usize) -> Sighting {
    let namespace = pod.metadata.namespace.as_str();
    let phase = pod.status.phase.as_str();
    let mostly = if evicted * 2 > count {
        format!("{evicted} of them were evicted.")
    } else {
        "They ran to their end.".to_owned()
    };
    Sighting::of(
        subject.clone(),
        format!("{count} finished pods of {subject} are still there"),
        mostly,
    )
    .seen_on(pod.reference(), "made")
    .evidence(Evidence::field(pod.reference(), "status.phase", phase))
    .suggest(Suggestion::look(
        "Look through them, delete those that nobody needs, and find out what should have",
        format!("kubectl -n {namespace} get pods --field-selector status.phase={phase}"),
    ))
    .grouped("all", "owners have piles of finished pods")
}
