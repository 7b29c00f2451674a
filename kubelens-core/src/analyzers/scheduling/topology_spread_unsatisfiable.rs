use super::fit::Blocker;
use super::topology_spread::Spread;
use super::unscheduled::{self, Unscheduled};
use super::verdict::Verdict;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::Object;
use crate::model::{Evidence, Suggestion, counted, some_of};
use crate::snapshot::{Cluster, Unplaced};

declare_analyzer! {
    /// # What it means
    /// Pods must lie evenly over zones or nodes, and wherever one more could run it would break that.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1, labels: {zone: a}}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n2, uid: n2, labels: {zone: b}}
    /// spec: {unschedulable: true}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-0, namespace: shop, uid: p0, labels: {app: web}}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status: {phase: Running}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, labels: {app: web}}
    /// spec:
    ///   topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: web}}}]
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) were unschedulable."}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-0, namespace: shop, uid: p0, labels: {app: web}}
    /// spec:
    ///   nodeName: n1
    ///   topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: web}}}]
    ///   containers: [{name: web}]
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Make room in the place that has fewest, raise maxSkew, or use `ScheduleAnyway`.
    ///
    /// # What it cannot know
    /// How even the pods have to lie.
    ///
    /// # Source
    /// Plugin PodTopologySpread of the scheduler.
    SCH010 "topology-spread-unsatisfiable" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace],
        maps_to: ["classic:scheduling"],
        check: Unplaced(check),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::Spread) {
        let spreads: &[Spread<'_>] = match &waiting.fit.blocker {
            Blocker::Spread { spreads } => spreads,
            _ => &[],
        };
        let sighting = sighting(&waiting, spreads);
        waiting.report(cluster, sink, sighting);
    }
}

fn sighting(waiting: &Unscheduled<'_>, spreads: &[Spread<'_>]) -> Sighting {
    let Some(spread) = spreads
        .iter()
        .max_by_key(|spread| spread.is_short_of_places())
    else {
        return waiting
            .of_the_owner(
                format!(
                    "Topology spread constraints leave no node for {}",
                    waiting.top
                ),
                format!("Its pods cannot be scheduled.{}", waiting.others()),
            )
            .suggest(Suggestion::advice(
                "Make room in the place that has fewest pods",
            ));
    };
    let constraint = spread.constraint;
    let key = &constraint.topology_key;
    let title = if spread.counts.is_empty() {
        format!(
            "No node has the label `{key}` that the topology spread constraint of {} needs",
            waiting.top
        )
    } else {
        format!(
            "Topology spread of {} over `{key}` (maxSkew {}) allows no more pods where there is room",
            waiting.top, constraint.max_skew
        )
    };
    let places = if spread.is_short_of_places() {
        format!(
            " There are {} places, and minDomains asks for {}.",
            spread.counts.len(),
            constraint.min_domains.unwrap_or_default()
        )
    } else {
        String::new()
    };
    let unnamed = &spread.without_key;
    let unnamed_nodes = if unnamed.is_empty() {
        String::new()
    } else {
        format!(
            " {} without label `{key}` cannot take them: {}.",
            counted(unnamed.len(), "node"),
            some_of(unnamed, 3)
        )
    };
    let explanation = format!(
        "Pods per `{key}`: {}. One more anywhere but in the emptiest place would break maxSkew {}, and there no pod can be scheduled.{places}{unnamed_nodes}{}",
        if spread.counts.is_empty() {
            "none".to_owned()
        } else {
            spread.counted()
        },
        constraint.max_skew,
        waiting.others()
    );
    let selector = constraint
        .label_selector
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let mut sighting = waiting
        .of_the_owner(title, explanation)
        .identified_by("topologyKey", key.as_str())
        .evidence(Evidence::field(
            waiting.pod.reference(),
            "spec.topologySpreadConstraints",
            format!(
                "topologyKey {key}, maxSkew {}, {}DoNotSchedule, labelSelector {selector}",
                constraint.max_skew,
                constraint
                    .min_domains
                    .map_or_else(String::new, |least| format!("minDomains {least}, "))
            ),
        ));
    if spread.is_short_of_places() {
        // While places are missing, the emptiest counts as one with no pod.
        sighting = sighting.suggest(Suggestion::advice(format!(
            "Lower minDomains of {} to the {} there {}, or add nodes in another `{key}`",
            waiting.top,
            counted(spread.counts.len(), "place"),
            if spread.counts.len() == 1 {
                "is"
            } else {
                "are"
            }
        )));
    }
    if !unnamed.is_empty() {
        sighting = sighting.suggest(Suggestion::advice(format!(
            "Give label `{key}` to the nodes that lack it: {}",
            some_of(unnamed, 3)
        )));
    }
    sighting
        .suggest(Suggestion::advice(format!(
            "Make room where `{key}` has fewest pods, raise maxSkew, or use whenUnsatisfiable: ScheduleAnyway in {}",
            waiting.top
        )))
        .suggest(Suggestion::look(
            "See where the pods lie",
            format!(
                "kubectl -n {} get pods -o wide -l '{selector}'",
                waiting.pod.metadata.namespace
            ),
        ))
}
