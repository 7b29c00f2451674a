use super::claims::is_default;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, StorageClass};
use crate::model::{Evidence, Risk, Suggestion, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// More than one StorageClass is marked as the default. Claims that name none silently get the newest.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: storage.k8s.io/v1
    /// kind: StorageClass
    /// metadata: {name: block, uid: s1, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
    /// ---
    /// apiVersion: storage.k8s.io/v1
    /// kind: StorageClass
    /// metadata: {name: file, uid: s2, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: storage.k8s.io/v1
    /// kind: StorageClass
    /// metadata: {name: block, uid: s1, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
    /// ---
    /// apiVersion: storage.k8s.io/v1
    /// kind: StorageClass
    /// metadata: {name: file, uid: s2}
    /// ```
    ///
    /// # How to fix
    /// Take the mark from all but one.
    ///
    /// # What it cannot know
    /// Which one should be the default.
    ///
    /// # Source
    /// Annotation `storageclass.kubernetes.io/is-default-class`; the newest wins since Kubernetes 1.26.
    STO022 "several-default-storage-classes" {
        role: Root,
        severity: Warning,
        confidence: 0.95,
        reads: [StorageClass],
        maps_to: ["k8sgpt:Storage"],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let mut defaults: Vec<&StorageClass> = cluster
        .all::<StorageClass>()
        .filter(|class| is_default(class))
        .collect();
    defaults.sort_by_key(|class| class.metadata.creation_timestamp);
    let Some(newest) = defaults.last().filter(|_| defaults.len() > 1) else {
        return;
    };
    let names = some_of(defaults.iter().map(|class| class.metadata.name.as_str()), 5);
    let title = format!(
        "{} StorageClasses are marked as default: {names}",
        defaults.len()
    );
    let explanation = format!(
        "A claim that names no class gets the newest, {}.",
        newest.metadata.name
    );
    let mut sighting = Sighting::of(newest.reference(), title, explanation);
    for class in &defaults {
        sighting = sighting.evidence(
            Evidence::field(
                class.reference(),
                "metadata.annotations.storageclass.kubernetes.io/is-default-class",
                "true",
            )
            .at(class.metadata.creation_timestamp),
        );
    }
    sink.report(sighting.suggest(Suggestion::run(
        "Take the mark from the one that should not have it",
        format!(
            "kubectl annotate storageclass {} storageclass.kubernetes.io/is-default-class-",
            newest.metadata.name
        ),
        Risk::Low,
    )));
}
