//! How a workload is short of ready pods, and whether that is more than a pod on its way.

use jiff::Timestamp;

use crate::analysis::Sighting;
use crate::analyzers::control_plane_pod::controller_lease;
use crate::kubernetes::{Node, Object, Pod, PodSpec, condition};
use crate::model::{Evidence, Severity, Suggestion, counted, some_of};
use crate::snapshot::{Cluster, Workload};

/// Seconds that every pod is given to get ready, before its own start-up probes are counted.
const START_GRACE: i64 = 120;

/// Most pods that are named.
const MOST_PODS: usize = 3;

/// A workload that has fewer ready pods than it wants, for longer than starting takes.
#[derive(Debug)]
pub(super) struct Shortage<'a> {
    /// How many pods it wants.
    pub(super) wanted: i64,
    /// How many are ready.
    pub(super) ready: i64,
    /// Pods that should be ready by now and are not.
    pub(super) late: Vec<&'a Pod>,
    /// Since when, where that is known.
    pub(super) since: Option<Timestamp>,
}

/// Whether a workload is short of ready pods for longer than `grace` seconds. Pods that are still
/// within the time that their probes allow do not count. Reads Pod, ReplicaSet.
pub(super) fn shortage<'a>(
    cluster: &Cluster<'a>,
    workload: &Workload<'a>,
    (wanted, ready): (i64, i64),
    grace: i64,
) -> Option<Shortage<'a>> {
    let meta = workload.metadata();
    if ready >= wanted || meta.is_terminating() || cluster.age(meta) < grace {
        return None;
    }
    let pods: Vec<&Pod> = cluster
        .pods_of(workload)
        .into_iter()
        .filter(|pod| pod.is_live())
        .collect();
    let unready = || pods.iter().copied().filter(|pod| !pod.is_ready());
    let late: Vec<&Pod> = unready()
        .filter(|pod| is_late(cluster, pod, grace))
        .collect();
    let newest_change = pods
        .iter()
        .filter_map(|pod| pod.ready_since().or(pod.metadata.creation_timestamp))
        .chain(meta.last_write)
        .max();
    let is_on_its_way = if unready().next().is_some() {
        late.is_empty()
    } else {
        newest_change.is_some_and(|change| cluster.is_within(Some(change), grace))
    };
    if is_on_its_way {
        return None;
    }
    let since = late.iter().filter_map(|pod| unready_since(pod)).min();
    Some(Shortage {
        wanted,
        ready,
        late,
        since,
    })
}

/// Whether a pod that is not ready had all the time that it needs.
pub(super) fn is_late(cluster: &Cluster<'_>, pod: &Pod, grace: i64) -> bool {
    cluster.age(&pod.metadata) >= start_window(&pod.spec)
        && cluster.seconds_since(unready_since(pod)) >= grace
}

fn unready_since(pod: &Pod) -> Option<Timestamp> {
    pod.condition("Ready")
        .and_then(|ready| ready.last_transition_time)
        .or(pod.metadata.creation_timestamp)
}

/// Seconds within which a pod of this spec may still be starting: its longest start-up probe, or the
/// delay of its readiness probe.
fn start_window(spec: &PodSpec) -> i64 {
    let longest = spec
        .all_containers()
        .map(|(_, container)| {
            let startup = container.startup_probe.as_deref();
            let readiness = container.readiness_probe.as_deref();
            startup.map_or(0, crate::kubernetes::Probe::window)
                + readiness.map_or(0, |probe| probe.initial_delay_seconds)
        })
        .max();
    START_GRACE + longest.unwrap_or(0)
}

impl<'a> Shortage<'a> {
    /// Critical where nothing is ready, else a warning.
    pub(super) const fn severity(&self) -> Severity {
        if self.ready == 0 {
            Severity::Critical
        } else {
            Severity::Warning
        }
    }

    /// The sighting about the workload: counts, the pods that are late, the nodes they hang on. Its
    /// caller reads Node.
    pub(super) fn sighting(&self, cluster: &Cluster<'a>, workload: &Workload<'a>) -> Sighting {
        let own = workload.reference();
        let title = match self.ready {
            0 => format!("{own} has no ready pod ({} wanted)", self.wanted),
            ready => format!("{own} has {ready} of {} pods ready", self.wanted),
        };
        let explanation = if self.late.is_empty() {
            "Pods are missing, and neither its events nor its conditions say why.".to_owned()
        } else {
            let names = self.late.iter().map(|pod| pod.metadata.name.as_str());
            format!(
                "{} not ready ({}); neither state, events nor logs say why.",
                counted(self.late.len(), "pod"),
                some_of(names, MOST_PODS)
            )
        };
        let mut sighting = Sighting::of(own.clone(), title, explanation)
            .severity(self.severity())
            .since(self.since);
        for pod in self.late.iter().take(MOST_PODS) {
            if let Some(ready) = pod.condition("Ready") {
                let text = ready.in_words();
                sighting = sighting.evidence(
                    Evidence::message(pod.reference(), "status.conditions[Ready]", &text)
                        .at(ready.last_transition_time),
                );
            }
        }
        for node in broken_nodes(cluster, &self.late) {
            sighting = sighting.blames(node.reference(), "runs on");
        }
        // Pods that nobody made, and nobody refused: where no controller manager leads, that is why.
        if self.late.is_empty() {
            sighting = sighting.blames(controller_lease(), "controlled by");
        }
        let look = self.late.first().map(|pod| {
            Suggestion::look(
                "See what the pod waits for",
                format!(
                    "kubectl -n {} describe pod {}",
                    pod.metadata.namespace, pod.metadata.name
                ),
            )
        });
        sighting.suggest(look.unwrap_or_else(|| {
            let kind = own.kind.to_lowercase();
            let namespace = own.namespace.as_deref().unwrap_or_default();
            Suggestion::look(
                "See what it reports",
                format!("kubectl -n {namespace} describe {kind} {}", own.name),
            )
        }))
    }
}

/// The nodes of these pods that are not ready.
fn broken_nodes<'a>(cluster: &Cluster<'a>, pods: &[&'a Pod]) -> Vec<&'a Node> {
    let mut names: Vec<&str> = pods.iter().map(|pod| pod.node_name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .filter_map(|name| cluster.get::<Node>("", name))
        .filter(|node| {
            condition(&node.status.conditions, "Ready").is_some_and(|ready| !ready.is_true())
        })
        .collect()
}
