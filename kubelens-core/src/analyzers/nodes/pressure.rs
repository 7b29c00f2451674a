//! What nodes that are short of memory, disk or process ids have in common.

use super::state::{describe, is_in_use};
use crate::analysis::{Sighting, Sink, event_evidence};
use crate::analyzers::workloads::eviction::{Eviction, parse};
use crate::kubernetes::{Condition, Event, Node, Object, Pod, condition};
use crate::model::{Evidence, ObjectRef, Quantity, Severity, Suggestion, counted, some_of};
use crate::snapshot::Cluster;

/// A resource of which a node can run short.
pub(super) struct Shortage {
    /// The condition that says it.
    pub(super) condition: &'static str,
    /// The resource in words.
    pub(super) words: &'static str,
    /// How the kubelet names the resource in an eviction.
    pub(super) evicts_for: &'static [&'static str],
    /// Reasons of events that say it without the condition.
    pub(super) events: &'static [&'static str],
    /// What to do.
    pub(super) advice: &'static str,
}

/// Looks whether the node is short of something.
pub(super) fn check<'a>(
    shortage: &Shortage,
    node: &'a Node,
    cluster: &Cluster<'a>,
    sink: &mut Sink,
) {
    if !is_in_use(node) {
        return;
    }
    let pressure = condition(&node.status.conditions, shortage.condition)
        .filter(|pressure| pressure.is_true());
    let event = cluster.current_event(node, shortage.events);
    if let Some(pressure) = pressure {
        sink.report(under_pressure(shortage, node, cluster, pressure, event));
    } else if let Some(event) = event {
        sink.report(near_pressure(shortage, node, event));
    }
}

/// Pods that were evicted from the node for this lately.
fn evicted<'a>(shortage: &Shortage, node: &Node, cluster: &Cluster<'a>) -> Vec<&'a Pod> {
    let is_for_this = |pod: &&Pod| {
        let message = &pod.status.message;
        pod.status.reason == "Evicted"
            && (message.contains(shortage.condition)
                || shortage
                    .evicts_for
                    .iter()
                    .any(|resource| message.contains(&format!("low on resource: {resource}"))))
            && cluster.is_within(
                evicted_at(pod),
                cluster.thresholds(&node.metadata).event_window,
            )
    };
    cluster
        .pods_on(&node.metadata.name)
        .filter(is_for_this)
        .collect()
}

/// When a pod was evicted: where no disruption is written down, readiness ended at that moment.
fn evicted_at(pod: &Pod) -> Option<jiff::Timestamp> {
    ["DisruptionTarget", "Ready"]
        .into_iter()
        .filter_map(|type_| pod.condition(type_))
        .find_map(|condition| condition.last_transition_time)
        .or(pod.metadata.creation_timestamp)
}

/// A container that an eviction names for what it used.
struct Hog<'a> {
    container: &'a str,
    owner: ObjectRef,
    usage: &'a str,
    request: Option<&'a str>,
}

impl Hog<'_> {
    fn sentence(&self) -> String {
        let Self {
            container,
            owner,
            usage,
            request,
        } = self;
        let request =
            request.map_or_else(String::new, |request| format!(" and asks for {request}"));
        format!(
            " Of those that it names, container `{container}` of {owner} used most: {usage}{request}."
        )
    }

    fn advice(&self, shortage: &Shortage) -> Suggestion {
        Suggestion::advice(format!(
            "Give container `{}` of {} requests and limits of {} that fit what it uses, or a node that has as much",
            self.container, self.owner, shortage.words
        ))
    }
}

/// Of the containers that evictions name, the one that used most; none where giving that back would not have sufficed.
fn hog<'a>(evicted: &[&'a Pod], cluster: &Cluster<'a>) -> Option<Hog<'a>> {
    let named = evicted.iter().filter_map(|pod| {
        let Eviction::Pressure(pressure) = parse(&pod.status.message) else {
            return None;
        };
        let usage = pressure.usage?;
        let amount = usage.parse::<Quantity>().ok()?;
        let threshold = pressure.threshold?.parse::<Quantity>().ok()?;
        (amount >= threshold).then_some((
            amount,
            *pod,
            pressure.container?,
            usage,
            pressure.request,
        ))
    });
    // Of equals the first.
    let (_, pod, container, usage, request) =
        named.reduce(|most, other| if other.0 > most.0 { other } else { most })?;
    Some(Hog {
        container,
        owner: cluster.top_of(pod),
        usage,
        request,
    })
}

fn under_pressure<'a>(
    shortage: &Shortage,
    node: &'a Node,
    cluster: &Cluster<'a>,
    pressure: &Condition,
    event: Option<&Event>,
) -> Sighting {
    let own = node.reference();
    let evicted = evicted(shortage, node, cluster);
    let hog = hog(&evicted, cluster);
    let (severity, effect) = if evicted.is_empty() {
        (
            Severity::Warning,
            "No new pods come to it, and its kubelet may evict those that are there.".to_owned(),
        )
    } else {
        let names = evicted
            .iter()
            .map(|pod| format!("{}/{}", pod.metadata.namespace, pod.metadata.name));
        let effect = format!(
            "Its kubelet evicted {} ({}), and no new pods come to it.",
            counted(evicted.len(), "pod"),
            some_of(names, 3)
        );
        let sentence = hog.as_ref().map(Hog::sentence).unwrap_or_default();
        (Severity::Critical, format!("{effect}{sentence}"))
    };
    let text = format!("True, {}: {}", pressure.reason, pressure.message);
    let threshold = cluster.current_event(node, &["EvictionThresholdMet"]);
    let mut sighting = Sighting::of(
        own.clone(),
        format!(
            "{own} is short of {} ({})",
            shortage.words, shortage.condition
        ),
        effect,
    )
    .severity(severity)
    .since(pressure.last_transition_time)
    .evidence(
        Evidence::message(
            own,
            &format!("status.conditions[{}]", shortage.condition),
            &text,
        )
        .at(pressure.last_transition_time),
    )
    .all_evidence(evicted.iter().take(2).map(|pod| {
        Evidence::message(
            pod.reference(),
            "status.message",
            &format!("Evicted: {}", pod.status.message),
        )
    }))
    .all_evidence(event.map(event_evidence))
    .all_evidence(threshold.map(event_evidence))
    .suggest(describe(node));
    if let Some(hog) = hog {
        sighting = sighting.suggest(hog.advice(shortage));
    }
    sighting.suggest(Suggestion::advice(shortage.advice))
}

fn near_pressure(shortage: &Shortage, node: &Node, event: &Event) -> Sighting {
    let own = node.reference();
    Sighting::of(
        own.clone(),
        format!("{own} cannot free {} ({})", shortage.words, event.reason),
        "Its kubelet tried to make room and could not; pods may be evicted next.",
    )
    .identified_by("fact", event.reason.as_str())
    .severity(Severity::Warning)
    .since(event.first_seen())
    .evidence(event_evidence(event))
    .suggest(describe(node))
    .suggest(Suggestion::advice(shortage.advice))
}
