use std::collections::BTreeMap;

use crate::analysis::{Analyzer, Sighting};
use crate::kubernetes::{Deployment, Pod, ReplicaSet};
use crate::model::{ObjectRef, Severity, fingerprint};
use crate::snapshot::Cluster;

/// Kind, namespace, name.
pub(super) type Key = (String, String, String);

/// One sighting with what the folding needs to know of it.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    pub(super) analyzer: &'static Analyzer,
    pub(super) sighting: Sighting,
    pub(super) id: String,
    /// The pod that shows it, where a pod does and is in the picture.
    pub(super) pod: Option<&'a Pod>,
    /// What a person edits to change that pod.
    pub(super) top: Option<ObjectRef>,
}

impl Seen<'_> {
    pub(super) fn code(&self) -> &'static str {
        self.analyzer.code
    }

    /// How bad it is.
    pub(super) fn severity(&self) -> Severity {
        self.sighting.severity.unwrap_or(self.analyzer.severity)
    }

    /// How bad it is called.
    pub(super) fn told_severity(&self) -> Severity {
        self.sighting.told_severity(self.analyzer)
    }

    pub(super) fn confidence(&self) -> f64 {
        self.sighting.confidence.unwrap_or(self.analyzer.confidence)
    }

    /// Whether an autoscaler shows it: then it says nothing about the pods that are there.
    pub(super) fn is_shown_by_an_autoscaler(&self) -> bool {
        self.sighting.seen_on.kind == "HorizontalPodAutoscaler"
    }
}

/// All sightings, and where to find them by what they are about.
#[derive(Debug)]
pub(super) struct Index<'a> {
    pub(super) seen: Vec<Seen<'a>>,
    by_subject: BTreeMap<Key, Vec<usize>>,
    by_object: BTreeMap<Key, Vec<usize>>,
    by_top: BTreeMap<Key, Vec<usize>>,
}

impl<'a> Index<'a> {
    pub(super) fn of(cluster: &Cluster<'a>, sightings: Vec<(&'static Analyzer, Sighting)>) -> Self {
        let mut index = Self {
            seen: Vec::with_capacity(sightings.len()),
            by_subject: BTreeMap::new(),
            by_object: BTreeMap::new(),
            by_top: BTreeMap::new(),
        };
        for (analyzer, sighting) in sightings {
            let pod = (sighting.seen_on.kind == "Pod")
                .then(|| {
                    let namespace = sighting.seen_on.namespace.as_deref().unwrap_or_default();
                    cluster.get::<Pod>(namespace, &sighting.seen_on.name)
                })
                .flatten();
            let top = pod.map(|pod| cluster.top_of(pod));
            let at = index.seen.len();
            index
                .by_subject
                .entry(sighting.subject.key())
                .or_default()
                .push(at);
            index
                .by_object
                .entry(sighting.seen_on.key())
                .or_default()
                .push(at);
            if let Some(top) = &top {
                index.by_top.entry(top.key()).or_default().push(at);
            }
            if let Some(set) = pod.and_then(|pod| set_between(cluster, pod, top.as_ref())) {
                index.by_top.entry(set).or_default().push(at);
            }
            if let Some(made) = made_deployment(cluster, &sighting.seen_on) {
                index.by_top.entry(made).or_default().push(at);
            }
            index.seen.push(Seen {
                id: id_of(analyzer.code, &sighting),
                analyzer,
                sighting,
                pod,
                top,
            });
        }
        index
    }

    pub(super) fn get(&self, at: usize) -> Option<&Seen<'a>> {
        self.seen.get(at)
    }

    /// Sightings whose subject is the object.
    pub(super) fn with_subject(&self, key: &Key) -> &[usize] {
        self.by_subject.get(key).map_or(&[], Vec::as_slice)
    }

    /// Sightings that the object shows.
    pub(super) fn shown_by(&self, key: &Key) -> &[usize] {
        self.by_object.get(key).map_or(&[], Vec::as_slice)
    }

    /// Sightings that pods of the workload show.
    pub(super) fn on_pods_of(&self, key: &Key) -> &[usize] {
        self.by_top.get(key).map_or(&[], Vec::as_slice)
    }

    /// Every object that shows something, with what it shows.
    pub(super) fn objects(&self) -> impl Iterator<Item = (&Key, &[usize])> {
        self.by_object
            .iter()
            .map(|(key, all)| (key, all.as_slice()))
    }
}

/// The workload of a pod that is not what a person edits: a custom resource makes it.
pub(super) fn set_between(
    cluster: &Cluster<'_>,
    pod: &Pod,
    top: Option<&ObjectRef>,
) -> Option<Key> {
    let owner = pod.metadata.controller()?;
    let namespace = pod.metadata.namespace.as_str();
    let (kind, name) = match owner.kind.as_str() {
        "StatefulSet" | "DaemonSet" => (owner.kind.as_str(), owner.name.as_str()),
        "ReplicaSet" => above_set(cluster, namespace, &owner.name),
        _ => return None,
    };
    let is_top = top.is_some_and(|top| *top.kind == *kind && *top.name == *name);
    (!is_top).then(|| (kind.to_owned(), namespace.to_owned(), name.to_owned()))
}

/// The Deployment of a ReplicaSet; the set itself where something else makes it.
fn above_set<'a>(cluster: &Cluster<'a>, namespace: &str, set: &'a str) -> (&'a str, &'a str) {
    cluster
        .get::<ReplicaSet>(namespace, set)
        .and_then(|found| found.metadata.controller())
        .filter(|above| above.kind == "Deployment")
        .map_or(("ReplicaSet", set), |above| {
            (above.kind.as_str(), above.name.as_str())
        })
}

/// The Deployment that a custom resource makes and whose ReplicaSet shows something: that it may make no pods.
pub(super) fn made_deployment(cluster: &Cluster<'_>, seen_on: &ObjectRef) -> Option<Key> {
    if seen_on.kind != "ReplicaSet" {
        return None;
    }
    let namespace = seen_on.namespace.as_deref().unwrap_or_default();
    let set = cluster.get::<ReplicaSet>(namespace, &seen_on.name)?;
    let above = set.metadata.controller()?;
    let deployment = cluster.get::<Deployment>(namespace, &above.name)?;
    let is_made = above.kind == "Deployment" && deployment.metadata.controller().is_some();
    is_made.then(|| {
        (
            above.kind.to_string(),
            namespace.to_owned(),
            above.name.to_string(),
        )
    })
}

/// The fingerprint of a fault: code, subject, identity. Never a uid or a pod of an owner.
pub(super) fn id_of(code: &str, sighting: &Sighting) -> String {
    let subject = &sighting.subject;
    let mut parts = vec![
        code,
        subject.kind.as_str(),
        subject.namespace.as_deref().unwrap_or_default(),
        subject.name.as_str(),
    ];
    // Which container of which pod shows the fault of something else does not make it another fault.
    let is_of_the_pod = matches!(sighting.relation, "" | "template of");
    for (what, value) in &sighting.identity {
        if *what == "container" && !is_of_the_pod {
            continue;
        }
        parts.push(what);
        parts.push(value);
    }
    fingerprint(parts)
}
