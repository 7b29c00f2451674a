use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::fit::Blocker;
use super::node_pools;
use super::unscheduled::{self, Unscheduled};
use super::verdict::Verdict;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{CustomObject, Node, NodeSelector, Object, SelectorRequirement};
use crate::model::{Evidence, Suggestion, counted, some_of};
use crate::snapshot::{Cluster, Unplaced};

declare_analyzer! {
    /// # What it means
    /// A pod may only run on nodes with certain labels, and no worker has them.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1, labels: {disk: hdd}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   nodeSelector: {disk: nvme}
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1, labels: {zone: a}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: In, values: [b, c]}]}]}}}
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector."}
    /// ```
    ///
    /// # Stays silent on
    /// A node has the label, and something else keeps the pod away:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, uid: n1, labels: {disk: nvme}}
    /// spec: {taints: [{key: dedicated, value: ml, effect: NoSchedule}]}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n2, uid: n2}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   nodeSelector: {disk: nvme}
    ///   containers: [{name: web}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s)."}
    /// ```
    ///
    /// # How to fix
    /// Correct the selector, or label a node.
    ///
    /// # What it cannot know
    /// Which nodes were meant.
    ///
    /// # Source
    /// Plugin NodeAffinity of the scheduler; `nodeSelector` and `nodeAffinity` of core/v1 PodSpec.
    SCH005 "no-node-matches-selector" {
        role: Root,
        severity: Critical,
        confidence: 0.97,
        reads: [Pod, Node, Event, PersistentVolumeClaim, PersistentVolume, Namespace],
        maps_to: ["classic:scheduling"],
        check: Unplaced(check),
    }
}

fn check<'a>(unplaced: &Unplaced<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    for waiting in unscheduled::with(unplaced, cluster, Verdict::Selector) {
        let offered = Offered::to(cluster, &waiting);
        let pools = node_pools::serving(cluster, waiting.pod);
        let mut sighting = sighting(&waiting, &offered, &pools);
        for pool in pools {
            sighting = sighting.blames(pool.reference(), "makes nodes for");
        }
        waiting.report(cluster, sink, sighting);
    }
}

/// What the nodes have instead of what a spec demands. Many workloads that lost the same nodes ask for the same.
struct Offered {
    /// In words, and which others match.
    facts: String,
    near: Option<String>,
}

impl Offered {
    fn to<'a>(cluster: &Cluster<'a>, waiting: &Unscheduled<'a>) -> Arc<Self> {
        let spec = &waiting.pod.spec;
        // Which nodes are meant for others hangs on the tolerations.
        let asked = format!(
            "{:?} {:?} {:?}",
            spec.node_selector, spec.affinity, spec.tolerations
        );
        cluster.once_about(&asked, |cluster| {
            // The workers are among these: a change of them changes the answer.
            let all: Vec<&Node> = cluster.nodes_but_heartbeats().collect();
            let workers = workers(waiting);
            let demands = unmet(waiting, workers);
            let facts: Vec<String> = demands.iter().map(|demand| demand.on(workers)).collect();
            let unusable = label_elsewhere(&all, waiting, workers);
            Self {
                facts: format!("{}{unusable}", facts.join(" ")),
                near: demands.iter().find_map(|demand| demand.near(workers)),
            }
        })
    }
}

fn workers<'w, 'a>(waiting: &'w Unscheduled<'a>) -> &'w [&'a Node] {
    match &waiting.fit.blocker {
        Blocker::Selector { workers } => workers,
        _ => &[],
    }
}

fn sighting(waiting: &Unscheduled<'_>, offered: &Offered, pools: &[&CustomObject]) -> Sighting {
    let Offered { facts, near } = offered;
    let workers = workers(waiting);
    let demands = unmet(waiting, workers);
    let demand = demands
        .iter()
        .map(Demand::said)
        .collect::<Vec<_>>()
        .join(" and ");
    let title = if demand.is_empty() {
        format!(
            "No node meets the node selector or affinity of {}",
            waiting.top
        )
    } else {
        format!("No node has the label that {} needs: {demand}", waiting.top)
    };
    let explanation = format!(
        "Its pods cannot be scheduled: their node selector or affinity matches none of {}. {facts}",
        counted(workers.len(), "worker node"),
    );
    let mut sighting = waiting
        .of_the_owner(title, explanation.trim_end().to_owned())
        .identified_by("selector", demand.clone())
        .grouped(
            demand.clone(),
            format!("workloads need a node with {demand}"),
        );
    for demand in &demands {
        sighting = sighting.evidence(Evidence::field(
            waiting.pod.reference(),
            &demand.path,
            demand.said(),
        ));
    }
    for node in workers.iter().take(3) {
        for demand in &demands {
            let value = demand.key.and_then(|key| node.metadata.labels.value(key));
            if let (Some(key), Some(value)) = (demand.key, value) {
                sighting = sighting.evidence(Evidence::field(
                    node.reference(),
                    &format!("metadata.labels.{key}"),
                    value,
                ));
            }
        }
    }
    let advice = match (pools.first(), near) {
        (Some(pool), _) => format!(
            "{} gives its nodes what {} asks for: see why it makes none",
            pool.reference(),
            waiting.top
        ),
        (None, None) => format!(
            "Correct the node selector of {}, or give a node the label",
            waiting.top
        ),
        (None, Some(near)) => format!(
            "Did it mean {near}? Correct the node selector of {}, or label a node",
            waiting.top
        ),
    };
    sighting
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look(
            "See which labels the nodes have",
            "kubectl get nodes --show-labels",
        ))
}

/// One thing that is asked of a node's labels.
struct Demand<'a> {
    text: String,
    key: Option<&'a str>,
    wanted: Vec<&'a str>,
    path: String,
}

impl<'a> Demand<'a> {
    fn pair(key: &'a str, value: &'a str) -> Self {
        Self {
            text: format!("{key}={value}"),
            key: Some(key),
            wanted: vec![value],
            path: format!("spec.nodeSelector.{key}"),
        }
    }

    fn expression(requirement: &'a SelectorRequirement, path: String) -> Self {
        let text = match (requirement.operator.as_str(), &*requirement.values) {
            ("In", [value]) => format!("{}={value}", requirement.key),
            _ => requirement.to_string(),
        };
        Self {
            text,
            key: Some(requirement.key.as_str()),
            wanted: requirement.values.iter().map(|v| v.as_str()).collect(),
            path,
        }
    }

    fn said(&self) -> String {
        self.text.clone()
    }

    /// Which nodes carry the key, and with which values.
    fn on(&self, nodes: &[&Node]) -> String {
        let Some(key) = self.key else {
            return String::new();
        };
        let mut values: Vec<&str> = nodes
            .iter()
            .filter_map(|node| node.metadata.labels.value(key))
            .collect();
        let carriers = values.len();
        values.sort_unstable();
        values.dedup();
        if carriers == 0 {
            return format!("None of them carries the label `{key}`.");
        }
        format!(
            "Label `{key}` is on {carriers} of {}, with {}.",
            counted(nodes.len(), "node"),
            some_of(values.iter().map(|value| format!("{key}={value}")), 4)
        )
    }

    /// A label of a node that is spelled nearly so.
    fn near(&self, nodes: &[&'a Node]) -> Option<String> {
        let key = self.key?;
        let labels = nodes
            .iter()
            .flat_map(|node| node.metadata.labels.iter())
            .map(|(key, value)| (key.as_str(), value.as_str()));
        let wanted = self.wanted.first().copied().unwrap_or_default();
        // Thousands of nodes have few keys, and few values of any key that is near.
        let mut near_keys: HashMap<&str, f64, RandomState> = HashMap::default();
        let mut near: BTreeMap<(&str, &str), f64> = BTreeMap::new();
        for (known, value) in labels {
            let likeness = *near_keys
                .entry(known)
                .or_insert_with(|| strsim::jaro_winkler(known, key));
            if likeness >= 0.75 {
                near.entry((known, value)).or_insert(likeness);
            }
        }
        near.into_iter()
            .map(|((known, value), likeness)| {
                let score = likeness + strsim::jaro_winkler(value, wanted);
                (score, format!("{known}={value}"))
            })
            .filter(|(score, _)| *score >= 1.75)
            .max_by(|(a, x), (b, y)| a.total_cmp(b).then(y.cmp(x)))
            .map(|(_, near)| near)
    }
}

/// The demands that no node meets alone; all of them where each is met by some node, never together.
fn unmet<'a>(waiting: &Unscheduled<'a>, nodes: &[&'a Node]) -> Vec<Demand<'a>> {
    let spec = &waiting.pod.spec;
    let pairs: Vec<(Demand<'a>, bool)> = spec
        .node_selector
        .iter()
        .map(|(key, value)| {
            let met = nodes
                .iter()
                .any(|node| node.metadata.labels.get(key) == Some(value));
            (Demand::pair(key, value), met)
        })
        .collect();
    let affinity = spec.required_node_affinity();
    let terms = affinity.map_or_else(Vec::new, of_affinity);
    let affinity_alone_fails =
        affinity.is_some_and(|affinity| !nodes.iter().any(|node| affinity.matches(node)));
    let pairs_alone_fail = pairs.iter().any(|(_, met)| !met);
    if pairs_alone_fail {
        return pairs
            .into_iter()
            .filter(|(_, met)| !met)
            .map(|(demand, _)| demand)
            .collect();
    }
    if affinity_alone_fails {
        return terms;
    }
    pairs
        .into_iter()
        .map(|(demand, _)| demand)
        .chain(terms)
        .collect()
}

fn of_affinity(affinity: &NodeSelector) -> Vec<Demand<'_>> {
    const PLACE: &str = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution";
    let [term] = &*affinity.node_selector_terms else {
        // Any of several terms would do: one demand that spells them all.
        let terms: Vec<String> = affinity
            .node_selector_terms
            .iter()
            .map(|term| {
                term.match_expressions
                    .iter()
                    .chain(&term.match_fields)
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", ")
            })
            .collect();
        return vec![Demand {
            text: terms.join(" or "),
            key: affinity
                .node_selector_terms
                .first()
                .and_then(|term| term.match_expressions.first())
                .map(|first| first.key.as_str()),
            wanted: Vec::new(),
            path: PLACE.to_owned(),
        }];
    };
    term.match_expressions
        .iter()
        .chain(&term.match_fields)
        .enumerate()
        .map(|(index, requirement)| {
            let path = format!("{PLACE}.nodeSelectorTerms[0].matchExpressions[{index}]");
            Demand::expression(requirement, path)
        })
        .collect()
}

/// Nodes outside the workers that carry the labels.
fn label_elsewhere(all: &[&Node], waiting: &Unscheduled<'_>, workers: &[&Node]) -> String {
    let names: Vec<&str> = all
        .iter()
        .filter(|node| waiting.pod.spec.selects_node(node))
        .map(|node| node.metadata.name.as_str())
        .filter(|name| !workers.iter().any(|node| node.metadata.name == *name))
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(
            " Only {} of the control plane matches, and its taint is not tolerated.",
            some_of(names, 3)
        )
    }
}
