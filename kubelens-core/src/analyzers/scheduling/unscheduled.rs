//! Pods that the scheduler cannot place: those of one owner with one message, with what keeps them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fit::{self, Fit};
use super::preempted::gives_way_by_choice;
use super::scheduler_message::SchedulerMessage;
use super::verdict::Verdict;
use crate::analysis::{Sighting, Sink, event_evidence};
use crate::kubernetes::{Condition, Deployment, Event, Node, Object, Pod};
use crate::model::{Evidence, ObjectRef, Severity};
use crate::snapshot::{Cluster, Unplaced};

/// Pods of one owner that wait for the same reason.
#[derive(Debug)]
pub(super) struct Unscheduled<'a> {
    /// All of them, by name; never empty.
    pub(super) pods: Vec<&'a Pod>,
    /// The first of them.
    pub(super) pod: &'a Pod,
    /// Who asks for them.
    pub(super) top: ObjectRef,
    /// What the scheduler says.
    pub(super) text: &'a str,
    /// The same, taken apart.
    pub(super) message: SchedulerMessage<'a>,
    /// The condition's reason: `Unschedulable`, `SchedulingGated`, `SchedulerError`.
    pub(super) reason: &'a str,
    /// What keeps them from the nodes, computed.
    pub(super) fit: Fit<'a>,
}

/// What is worked out once for the pods of one owner: which of them wait together, and which condition speaks for them.
struct Waiting {
    groups: Vec<(Verdict, Vec<Arc<Pod>>)>,
}

impl Waiting {
    fn of(cluster: &Cluster<'_>, unplaced: &Unplaced<'_>) -> Self {
        let mut groups: BTreeMap<&str, Vec<&Arc<Pod>>> = BTreeMap::new();
        for pod in unplaced.pods.iter().filter(|pod| waits(pod)) {
            if let Some((_, text)) = said(cluster, pod) {
                groups.entry(text).or_default().push(pod);
            }
        }
        let judged = groups.into_values().filter_map(|pods| {
            let plain: Vec<&Pod> = pods.iter().map(|pod| &***pod).collect();
            let verdict = Unscheduled::of(cluster, plain)?.verdict();
            Some((verdict, pods.into_iter().map(Arc::clone).collect()))
        });
        Self {
            groups: judged.collect(),
        }
    }

    fn kept<'a>(cluster: &Cluster<'a>, unplaced: &Unplaced<'a>) -> Arc<Self> {
        let what = format!("{}/{}", unplaced.namespace, unplaced.owner);
        cluster.once_about(&what, |cluster| {
            // Asked for once more, so that the value is known to rest on these pods.
            cluster
                .unplaced(unplaced.namespace, unplaced.owner)
                .map_or_else(
                    || Self { groups: Vec::new() },
                    |unplaced| Self::of(cluster, &unplaced),
                )
        })
    }
}

/// The pods of an owner that wait for a node, of which the scheduler says why, and for which this condition speaks;
/// by message.
pub(super) fn with<'a>(
    unplaced: &Unplaced<'a>,
    cluster: &Cluster<'a>,
    verdict: Verdict,
) -> Vec<Unscheduled<'a>> {
    let waiting = Waiting::kept(cluster, unplaced);
    let groups = waiting.groups.iter().filter(|(known, _)| *known == verdict);
    groups
        .filter_map(|(_, pods)| {
            let pods = pods
                .iter()
                .filter_map(|pod| cluster.get::<Pod>(&pod.metadata.namespace, &pod.metadata.name));
            Unscheduled::of(cluster, pods.collect())
        })
        .collect()
}

/// Which conditions speak, by owner and message.
#[cfg(test)]
pub(super) fn verdicts(cluster: &Cluster<'_>) -> Vec<Verdict> {
    let all = cluster.all_unplaced();
    all.flat_map(|unplaced| {
        let waiting = Waiting::kept(cluster, &unplaced);
        let verdicts = waiting.groups.iter().map(|(verdict, _)| *verdict);
        verdicts.collect::<Vec<_>>()
    })
    .collect()
}

/// Whether a pod has no node yet and should get one.
pub(super) fn waits(pod: &Pod) -> bool {
    !pod.is_scheduled() && pod.is_live()
}

/// The condition that says that the pod has no node.
pub(super) fn condition(pod: &Pod) -> Option<&Condition> {
    pod.condition("PodScheduled")
        .filter(|scheduled| !scheduled.is_true())
}

/// Reason and text: of the condition, else of the newest event.
fn said<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Option<(&'a str, &'a str)> {
    if let Some(condition) = condition(pod)
        && (!condition.message.is_empty() || condition.reason == "SchedulingGated")
    {
        return Some((&condition.reason, &condition.message));
    }
    newest_failure(cluster, pod)
        .map(|event| ("Unschedulable", event.message.as_str()))
        .or_else(|| condition(pod).map(|condition| (condition.reason.as_str(), "")))
        // A pod whose claims are not made does not come before the scheduler: no condition says so.
        .or_else(|| {
            let refusal = cluster.newest_event(pod, &["FailedResourceClaimCreation"])?;
            Some(("Unschedulable", refusal.message.as_str()))
        })
}

fn newest_failure<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Option<&'a Event> {
    cluster.newest_event(pod, &["FailedScheduling"])
}

impl<'a> Unscheduled<'a> {
    /// What keeps these pods; none for no pods, or if nobody says why they wait.
    fn of(cluster: &Cluster<'a>, pods: Vec<&'a Pod>) -> Option<Self> {
        let pod = *pods.first()?;
        let (reason, text) = said(cluster, pod)?;
        let message = SchedulerMessage::parse(text);
        let fit = fit::fit(cluster, pod, &message);
        Some(Self {
            pod,
            top: cluster.top_of(pod),
            text,
            reason,
            message,
            fit,
            pods,
        })
    }

    /// What the pod shows: the scheduler's words, and the event that repeats them.
    pub(super) fn proof(&self, cluster: &Cluster<'a>) -> Vec<Evidence> {
        let mut all = Vec::new();
        all.extend(words(self.pod));
        all.extend(newest_failure(cluster, self.pod).map(event_evidence));
        all
    }

    /// `Other nodes: …`, as the end of an explanation; empty where there are none.
    pub(super) fn others(&self) -> String {
        if self.fit.set_aside.is_empty() {
            String::new()
        } else {
            format!(" Set aside: {}.", self.fit.set_aside.join(", "))
        }
    }

    /// Reports what all pods show: in full for the first, in short for the others.
    pub(super) fn report(&self, cluster: &Cluster<'a>, sink: &mut Sink, sighting: Sighting) {
        let mut full = sighting
            .since(since(self.pod))
            .all_evidence(self.proof(cluster));
        // Who waits behind everybody else keeps room free for them, or takes what is left.
        if gives_way_by_choice(self.pod) {
            full =
                full.at_most(Severity::Info)
                    .all_evidence(self.pod.spec.priority.map(|priority| {
                        Evidence::field(self.pod.reference(), "spec.priority", priority)
                    }));
        }
        for pod in self.pods.iter().skip(1) {
            let mut short = full
                .clone()
                .since(since(pod))
                .seen_on(pod.reference(), "template of");
            short.evidence = words(pod).into_iter().collect();
            if !short.evidence.is_empty() {
                sink.report(short);
            }
        }
        sink.report(full.seen_on(self.pod.reference(), "template of"));
    }

    /// A fault about the owner of the pods.
    pub(super) fn of_the_owner(
        &self,
        title: impl Into<String>,
        explanation: impl Into<String>,
    ) -> Sighting {
        let mut sighting = Sighting::of(self.top.clone(), title, explanation);
        // A cordon is somebody's decision; a node in trouble is what took the room away.
        let in_trouble = |node: &&&Node| !node.spec.unschedulable;
        for node in self.fit.unusable_that_fit.iter().filter(in_trouble) {
            sighting = sighting.blames(node.reference(), "would fit on");
        }
        sighting
    }

    /// How bad a lack of room is: an autoscaler that has not declined may still add a node.
    pub(super) fn severity_for_room(&self, cluster: &Cluster<'a>) -> Severity {
        if adds_a_node(cluster, self.pod) {
            Severity::Info
        } else if has_node_autoscaler(cluster) && declined(cluster, self.pod).is_none() {
            Severity::Warning
        } else {
            Severity::Critical
        }
    }
}

fn words(pod: &Pod) -> Option<Evidence> {
    let at = pod
        .status
        .conditions
        .iter()
        .position(|condition| condition.type_ == "PodScheduled")?;
    let condition = pod.status.conditions.get(at)?;
    let path = format!("status.conditions[{at}].message");
    let text = format!("{}: {}", condition.reason, condition.message);
    Some(Evidence::message(pod.reference(), &path, &text).at(condition.last_transition_time))
}

/// Since when the pod waits.
pub(super) fn since(pod: &Pod) -> Option<jiff::Timestamp> {
    condition(pod)
        .and_then(|condition| condition.last_transition_time)
        .or(pod.metadata.creation_timestamp)
}

/// Whether something here adds nodes when pods find no room.
pub(in crate::analyzers) fn has_node_autoscaler(cluster: &Cluster<'_>) -> bool {
    !cluster.custom("NodePool").is_empty()
        || cluster
            .in_namespace::<Deployment>("kube-system")
            .any(|deployment| {
                deployment.metadata.name.contains("cluster-autoscaler")
                    && deployment.status.ready_replicas > 0
            })
}

/// Seconds that a node which is on its way may take.
const NODE_GRACE: i64 = 900;

/// What a node autoscaler said last about the pod.
fn last_word<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Option<&'a Event> {
    cluster.events_of(pod).rfind(|event| {
        matches!(
            event.reason.as_str(),
            "NotTriggerScaleUp" | "TriggeredScaleUp" | "Nominated"
        ) || is_failed_growth(event)
            || is_refusal_of_karpenter(event)
    })
}

/// Karpenter says with the scheduler's reason that it makes no node.
fn is_refusal_of_karpenter(event: &Event) -> bool {
    event.reason == "FailedScheduling" && event.message.starts_with("Failed to schedule pod, ")
}

/// The cloud gave no machine for a group that was to grow for the pod.
pub(super) fn is_failed_growth(event: &Event) -> bool {
    matches!(event.reason.as_str(), "FailedScaleUp" | "FailedToScaleUp")
}

/// Whether a node autoscaler said for this pod, not long ago, that a node comes.
pub(in crate::analyzers) fn adds_a_node<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> bool {
    promised(cluster, pod).is_some()
}

/// By what it said that.
pub(super) fn promised<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Option<&'a Event> {
    last_word(cluster, pod).filter(|event| {
        matches!(event.reason.as_str(), "TriggeredScaleUp" | "Nominated")
            && cluster.is_within(event.last_seen(), NODE_GRACE)
    })
}

/// What that something said where it cannot help this pod, and said nothing since that it does. That it leaves a group
/// alone for a while after a failure is no reason: what failed is.
pub(super) fn declined<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Option<&'a Event> {
    let last = last_word(cluster, pod).filter(|event| {
        event.reason == "NotTriggerScaleUp"
            || is_failed_growth(event)
            || is_refusal_of_karpenter(event)
    })?;
    let failure = || {
        cluster
            .events_of(pod)
            .rfind(|event| is_failed_growth(event))
    };
    let is_pause = last.message.contains("in backoff after failed scale-up");
    is_pause.then(failure).flatten().or(Some(last))
}
