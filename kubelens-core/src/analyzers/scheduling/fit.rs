//! Which of the scheduler's reasons is the one to act on: computed from the picture, stage by stage.
//!
//! Nodes that a pod can never use by design (control plane, another pool) are set aside first. Each
//! stage then keeps the nodes that pass it; the stage that leaves none holds the cause. A stage that
//! the scheduler's own words do not mention is not believed.

use std::sync::Arc;

use super::host_ports;
use super::pod_affinity::{self, TermPlaces};
use super::pod_volumes::{self, BoundVolume};
use super::scheduler_message::{ReasonKind, SchedulerMessage};
use super::topology_spread::{self, Spread};
use super::usage::{Shortage, Usage, allocatable};
use crate::kubernetes::{Kind, Node, Pod, Taint};
use crate::snapshot::Cluster;

/// What keeps a pod from every node.
#[derive(Debug)]
pub(super) enum Blocker<'a> {
    /// No worker meets node selector and node affinity.
    Selector { workers: Vec<&'a Node> },
    /// The selector names one node by its name, and there is none of that name.
    NamedNode { name: &'a str },
    /// Every node that the selector allows has a taint that the pod does not tolerate.
    Taint { nodes: Vec<&'a Node> },
    /// The volume can be reached from none of the nodes that the pod may use.
    Volume {
        bound: BoundVolume<'a>,
        /// Nodes from which it can be reached, whatever else keeps the pod away.
        reached: Vec<&'a Node>,
    },
    /// Every node that is left is cordoned, not ready or under pressure; there may be none at all.
    NoUsableNode { nodes: Vec<&'a Node> },
    /// A host port is taken on every node that is left.
    HostPort { nodes: Vec<&'a Node> },
    /// Rules of anti-affinity leave no node.
    AntiAffinity {
        nodes: Vec<&'a Node>,
        own: Vec<TermPlaces<'a>>,
    },
    /// No node is near the pods that it wants to be near.
    Affinity { terms: Vec<TermPlaces<'a>> },
    /// Every node would break the skew.
    Spread { spreads: Vec<Spread<'a>> },
    /// No node has as much left as it asks for.
    Resources { short: Vec<NodeShortage<'a>> },
    /// The scheduler's words are all there is.
    Stated,
}

/// What one node is short of.
#[derive(Debug)]
pub(super) struct NodeShortage<'a> {
    pub(super) node: &'a Node,
    pub(super) shortages: Vec<Shortage>,
}

/// A blocker, and what became of the nodes that are not part of it.
#[derive(Debug)]
pub(super) struct Fit<'a> {
    pub(super) blocker: Blocker<'a>,
    /// Why other nodes were set aside, in words.
    pub(super) set_aside: Vec<String>,
    /// Nodes that are cordoned or down and would take the pod otherwise.
    pub(super) unusable_that_fit: Vec<&'a Node>,
}

/// Finds what keeps a pod from every node.
pub(super) fn fit<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    message: &SchedulerMessage<'_>,
) -> Fit<'a> {
    let mut search = Search {
        cluster,
        pod,
        message,
        set_aside: Vec::new(),
        unusable: Vec::new(),
    };
    let blocker = search.blocker();
    let unusable_that_fit = search.unusable_that_fit();
    Fit {
        blocker,
        set_aside: search.set_aside,
        unusable_that_fit,
    }
}

/// Taints that a node has because of its role.
pub(in crate::analyzers) const CONTROL_PLANE: [&str; 2] = [
    "node-role.kubernetes.io/control-plane",
    "node-role.kubernetes.io/master",
];

/// Whether controllers put the taint on a node that has trouble, is new or is cordoned.
pub(in crate::analyzers) fn is_by_state(taint: &Taint) -> bool {
    let key = taint.key.as_str();
    key.strip_prefix("node.kubernetes.io/")
        .is_some_and(|state| {
            matches!(
                state,
                "not-ready"
                    | "unreachable"
                    | "memory-pressure"
                    | "disk-pressure"
                    | "pid-pressure"
                    | "network-unavailable"
                    | "unschedulable"
                    | "out-of-service"
            )
        })
        || key.starts_with("node.cloudprovider.kubernetes.io/")
}

/// The taints that somebody gave the node and that the pod does not tolerate.
pub(super) fn custom_taints<'n>(pod: &Pod, node: &'n Node) -> Vec<&'n Taint> {
    pod.spec
        .untolerated_taints(node)
        .into_iter()
        .filter(|taint| !is_by_state(taint))
        .collect()
}

/// Whether the node takes no pods at present: cordoned, or tainted by controllers.
fn is_usable(pod: &Pod, node: &Node) -> bool {
    let tolerates_cordon = pod.spec.tolerations.iter().any(|toleration| {
        (toleration.key.is_empty() && toleration.operator == "Exists")
            || toleration.key == "node.kubernetes.io/unschedulable"
    });
    (!node.spec.unschedulable || tolerates_cordon)
        && !pod
            .spec
            .untolerated_taints(node)
            .into_iter()
            .any(is_by_state)
}

struct Search<'s, 'a> {
    cluster: &'s Cluster<'a>,
    pod: &'a Pod,
    message: &'s SchedulerMessage<'s>,
    set_aside: Vec<String>,
    unusable: Vec<&'a Node>,
}

impl<'a> Search<'_, 'a> {
    fn blocker(&mut self) -> Blocker<'a> {
        let all: Vec<&'a Node> = self.cluster.nodes_but_heartbeats().collect();
        if all.is_empty() {
            let is_known = self.cluster.is_complete(Kind::Node, "");
            return if is_known || self.says(|kind| kind == ReasonKind::NoNodes) {
                Blocker::NoUsableNode { nodes: Vec::new() }
            } else {
                Blocker::Stated
            };
        }
        self.by_design(all)
    }

    /// Control plane, selector, taints, volumes: what is asked for and what nodes are meant for.
    fn by_design(&mut self, all: Vec<&'a Node>) -> Blocker<'a> {
        let says_taint = self.says(|kind| matches!(kind, ReasonKind::Taint(_)));
        let is_control_plane = |node: &Node| {
            custom_taints(self.pod, node)
                .iter()
                .any(|taint| CONTROL_PLANE.contains(&taint.key.as_str()))
        };
        let (control_plane, workers): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|node| is_control_plane(node));
        if workers.is_empty() {
            return Blocker::Taint {
                nodes: control_plane,
            };
        }
        let selected: Vec<_> = workers
            .iter()
            .copied()
            .filter(|node| self.pod.spec.selects_node(node))
            .collect();
        if selected.is_empty() {
            return self.nothing_selected(workers, &control_plane);
        }
        self.note(&control_plane, "of the control plane");
        let others = workers.len() - selected.len();
        if others > 0 {
            let spec = &self.pod.spec;
            // The pod of a DaemonSet names its node by affinity.
            let why = if named_node(self.pod).is_some() {
                "other than the one that it names"
            } else if spec.node_selector.is_empty() {
                "outside the node affinity"
            } else if spec.required_node_affinity().is_none() {
                "outside the node selector"
            } else {
                "outside the node selector and affinity"
            };
            self.set_aside
                .push(format!("{} {why}", crate::model::counted(others, "node")));
        }
        let tolerated = keep(&selected, |node| custom_taints(self.pod, node).is_empty());
        if tolerated.is_empty() && says_taint {
            return Blocker::Taint { nodes: selected };
        }
        let tolerated = if tolerated.is_empty() {
            selected
        } else {
            let tainted: Vec<_> = selected
                .into_iter()
                .filter(|node| !custom_taints(self.pod, node).is_empty())
                .collect();
            self.note(&tainted, "kept for others by a taint");
            tolerated
        };
        self.by_volume(tolerated)
    }

    fn nothing_selected(&self, workers: Vec<&'a Node>, control_plane: &[&'a Node]) -> Blocker<'a> {
        let meant: Vec<_> = control_plane
            .iter()
            .copied()
            .filter(|node| self.pod.spec.selects_node(node))
            .collect();
        let names_the_role = self
            .pod
            .spec
            .node_selector
            .keys()
            .any(|key| CONTROL_PLANE.contains(&key.as_str()));
        if names_the_role && !meant.is_empty() {
            return Blocker::Taint { nodes: meant };
        }
        match named_node(self.pod) {
            Some(name) if self.cluster.look_up::<Node>("", name).is_absent() => {
                Blocker::NamedNode { name }
            }
            _ => Blocker::Selector { workers },
        }
    }

    fn by_volume(&mut self, nodes: Vec<&'a Node>) -> Blocker<'a> {
        let bound = pod_volumes::bound(self.cluster, self.pod);
        let reached = keep(&nodes, |node| {
            bound
                .iter()
                .all(|bound| pod_volumes::reaches(bound.volume, node))
        });
        if !reached.is_empty() {
            let rest = nodes.len() - reached.len();
            let pinned = bound.iter().find(|bound| {
                nodes
                    .iter()
                    .any(|node| !pod_volumes::reaches(bound.volume, node))
            });
            if let (true, Some(pinned)) = (rest > 0, pinned) {
                self.set_aside.push(format!(
                    "{} from which volume {} cannot be reached",
                    crate::model::counted(rest, "node"),
                    pinned.volume.metadata.name
                ));
                return self.by_state(reached, Some((*pinned, nodes)));
            }
            return self.by_state(reached, None);
        }
        // Of several volumes, the one that no node of these reaches; else the first.
        let worst = bound
            .iter()
            .find(|bound| {
                !nodes
                    .iter()
                    .any(|node| pod_volumes::reaches(bound.volume, node))
            })
            .or_else(|| bound.first());
        match worst {
            Some(bound) => self.volume_blocks(*bound),
            None => self.by_state(nodes, None),
        }
    }

    fn volume_blocks(&self, bound: BoundVolume<'a>) -> Blocker<'a> {
        let reached = self
            .cluster
            .nodes_but_heartbeats()
            .filter(|node| pod_volumes::reaches(bound.volume, node))
            .collect();
        Blocker::Volume { bound, reached }
    }

    /// Cordons and trouble. `pinned` is the volume that ties the pod to these nodes, with the nodes
    /// that it could use without it.
    fn by_state(
        &mut self,
        nodes: Vec<&'a Node>,
        pinned: Option<(BoundVolume<'a>, Vec<&'a Node>)>,
    ) -> Blocker<'a> {
        let usable = keep(&nodes, |node| is_usable(self.pod, node));
        let says_state =
            self.says(|kind| matches!(kind, ReasonKind::Taint(_) | ReasonKind::Unschedulable));
        if usable.is_empty() && says_state {
            return Blocker::NoUsableNode { nodes };
        }
        let usable = if usable.is_empty() {
            nodes
        } else {
            self.unusable = nodes
                .into_iter()
                .filter(|node| !is_usable(self.pod, node))
                .collect();
            let unusable = std::mem::take(&mut self.unusable);
            self.note(&unusable, "cordoned or in trouble");
            self.unusable = unusable;
            usable
        };
        let blocker = self.by_pods(usable);
        match (blocker, pinned) {
            // Elsewhere there is room, but the volume is not there.
            (Blocker::Resources { .. }, Some((bound, all)))
                if self.fits_somewhere(&all) && self.usage().is_complete =>
            {
                self.volume_blocks(bound)
            }
            (blocker, _) => blocker,
        }
    }

    /// What other pods on the nodes take: ports, nearness, spread, resources.
    fn by_pods(&mut self, nodes: Vec<&'a Node>) -> Blocker<'a> {
        let free = keep(&nodes, |node| {
            host_ports::taken_on(self.cluster, &self.pod.spec, node).is_none()
        });
        if free.is_empty() && self.says(|kind| kind == ReasonKind::Ports) {
            return Blocker::HostPort { nodes };
        }
        let nodes = self.rest(free, nodes, "with the host port taken");
        let own = pod_affinity::anti_affinity(self.cluster, self.pod);
        let says_existing = self.says(|kind| kind == ReasonKind::ExistingAntiAffinity);
        let apart = keep(&nodes, |node| {
            let is_held = own.iter().any(|places| places.hold(node));
            let is_refused =
                says_existing && !pod_affinity::refusals(self.cluster, self.pod, node).is_empty();
            !is_held && !is_refused
        });
        let says_apart =
            says_existing || self.says(|kind| matches!(kind, ReasonKind::AntiAffinity));
        if apart.is_empty() && says_apart {
            return Blocker::AntiAffinity { nodes, own };
        }
        let nodes = self.rest(apart, nodes, "closed by anti-affinity");
        let terms = pod_affinity::affinity(self.cluster, self.pod);
        let near = keep(&nodes, |node| self.is_near(&terms, node));
        if near.is_empty() && self.says(|kind| kind == ReasonKind::Affinity) {
            return Blocker::Affinity { terms };
        }
        let nodes = self.rest(near, nodes, "outside its pod affinity");
        let spreads = topology_spread::constraints(self.cluster, self.pod);
        let even = keep(&nodes, |node| {
            spreads.iter().all(|spread| spread.allows(node))
        });
        if even.is_empty() && self.says(|kind| kind == ReasonKind::Spread) {
            return Blocker::Spread { spreads };
        }
        let nodes = self.rest(even, nodes, "that its topology spread leaves out");
        self.by_resources(nodes)
    }

    /// The nodes that are kept, with a note of the others; all of them where none is.
    fn rest(&mut self, kept: Vec<&'a Node>, all: Vec<&'a Node>, why: &str) -> Vec<&'a Node> {
        if kept.is_empty() {
            return all;
        }
        let others: Vec<&Node> = all
            .into_iter()
            .filter(|node| !kept.iter().any(|known| std::ptr::eq(*known, *node)))
            .collect();
        self.note(&others, why);
        kept
    }

    /// What is asked for on every node. Most pods are kept from the nodes by something else, and never ask.
    fn usage(&self) -> Arc<Usage> {
        self.cluster.once(Usage::of)
    }

    fn by_resources(&self, nodes: Vec<&'a Node>) -> Blocker<'a> {
        let says_short =
            self.says(|kind| matches!(kind, ReasonKind::Insufficient(_) | ReasonKind::TooManyPods));
        if !says_short {
            return Blocker::Stated;
        }
        let wanted = self.pod.spec.effective_requests();
        let usage = self.usage();
        let short: Vec<NodeShortage<'a>> = nodes
            .into_iter()
            .map(|node| NodeShortage {
                node,
                shortages: usage.shortages(&wanted, node),
            })
            .collect();
        Blocker::Resources { short }
    }

    fn is_near(&self, terms: &[TermPlaces<'a>], node: &Node) -> bool {
        let is_first = terms.iter().all(|places| {
            places.pods.is_empty() && pod_affinity::is_own(self.cluster, self.pod, places.term)
        });
        terms.iter().all(|places| {
            places.hold(node)
                || (is_first && node.metadata.labels.contains_key(&places.term.topology_key))
        })
    }

    fn fits_somewhere(&self, nodes: &[&'a Node]) -> bool {
        let wanted = self.pod.spec.effective_requests();
        let usage = self.usage();
        nodes
            .iter()
            .any(|node| is_usable(self.pod, node) && usage.shortages(&wanted, node).is_empty())
    }

    fn unusable_that_fit(&self) -> Vec<&'a Node> {
        if self.unusable.is_empty() {
            return Vec::new();
        }
        let wanted = self.pod.spec.effective_requests();
        let usage = self.usage();
        self.unusable
            .iter()
            .copied()
            .filter(|node| {
                wanted
                    .iter()
                    .all(|(resource, amount)| *amount <= allocatable(node, resource))
            })
            .filter(|node| usage.shortages(&wanted, node).is_empty())
            .filter(|node| !self.is_closed_from_elsewhere(node))
            .collect()
    }

    /// Whether a pod that the rules of anti-affinity keep apart from this one runs in the same place on another node that
    /// takes pods: were the node well, it would not be let in either. What runs on nodes in trouble goes with them.
    fn is_closed_from_elsewhere(&self, node: &Node) -> bool {
        let is_on_a_usable_node = |other: &Pod| {
            let home = self.cluster.get::<Node>("", &other.node_name);
            home.is_some_and(|home| is_usable(self.pod, home) && !std::ptr::eq(home, node))
        };
        pod_affinity::anti_affinity(self.cluster, self.pod)
            .iter()
            .flat_map(|places| places.in_the_place_of(self.cluster, node))
            .any(is_on_a_usable_node)
    }

    fn says(&self, test: impl Fn(ReasonKind<'_>) -> bool) -> bool {
        self.message.reasons.is_empty() || self.message.has(test)
    }

    fn note(&mut self, nodes: &[&Node], why: &str) {
        if !nodes.is_empty() {
            let names = nodes.iter().map(|node| node.metadata.name.as_str());
            self.set_aside.push(format!(
                "{} {why} ({})",
                crate::model::counted(nodes.len(), "node"),
                crate::model::some_of(names, 3)
            ));
        }
    }
}

/// The name of the node that selector or affinity asks for by name.
pub(super) fn named_node(pod: &Pod) -> Option<&str> {
    if let Some(name) = pod.spec.node_selector.value("kubernetes.io/hostname") {
        return Some(name);
    }
    let terms = &pod.spec.required_node_affinity()?.node_selector_terms;
    let [term] = &**terms else { return None };
    term.match_fields
        .iter()
        .chain(&term.match_expressions)
        .filter(|wanted| wanted.operator == "In")
        .find(|wanted| {
            matches!(
                wanted.key.as_str(),
                "metadata.name" | "kubernetes.io/hostname"
            )
        })
        .and_then(|wanted| match &*wanted.values {
            [name] => Some(name.as_str()),
            _ => None,
        })
}

fn keep<'a>(nodes: &[&'a Node], test: impl Fn(&'a Node) -> bool) -> Vec<&'a Node> {
    nodes.iter().copied().filter(|node| test(node)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::unscheduled;
    use super::super::verdict::Verdict;
    use crate::kubernetes::{Batch, Kind};
    use crate::model::{ClusterInfo, Scope};
    use crate::snapshot::{Cluster, Snapshot, SnapshotBuilder};

    const CONTROL_PLANE: &str = "kind: Node
metadata: {name: cp1, labels: {kubernetes.io/hostname: cp1}}
spec: {taints: [{key: node-role.kubernetes.io/control-plane, effect: NoSchedule}]}
status: {allocatable: {cpu: '2', memory: 4Gi, pods: '110'}}";

    fn node(name: &str, zone: &str, spec: &str) -> String {
        format!(
            "kind: Node
metadata: {{name: {name}, labels: {{kubernetes.io/hostname: {name}, zone: {zone}}}}}
spec: {spec}
status: {{allocatable: {{cpu: '4', memory: 8Gi, pods: '110'}}}}"
        )
    }

    fn running(name: &str, on: &str, spec: &str) -> String {
        format!(
            "kind: Pod
metadata: {{name: {name}, namespace: shop, uid: {name}, labels: {{app: web}}}}
spec: {{nodeName: {on}, {spec}}}
status: {{phase: Running}}"
        )
    }

    fn waiting(spec: &str, message: &str) -> String {
        format!(
            "kind: Pod
metadata: {{name: new, namespace: shop, uid: new, labels: {{app: web}}}}
spec: {{{spec}}}
status:
  phase: Pending
  conditions: [{{type: PodScheduled, status: 'False', reason: Unschedulable, message: \"{message}\"}}]"
        )
    }

    fn picture(documents: &[String]) -> Snapshot {
        let mut batch = Batch::default();
        for document in documents {
            let kind = document
                .lines()
                .next()
                .and_then(|line| line.strip_prefix("kind: "))
                .and_then(Kind::from_name)
                .expect("a kind in the first line");
            batch.push_yaml(kind, document).expect("an object");
        }
        let mut builder = SnapshotBuilder::new(ClusterInfo::default(), Scope::default());
        builder.absorb(batch);
        builder.build_live(jiff::Timestamp::UNIX_EPOCH)
    }

    fn verdict(documents: &[String]) -> Option<Verdict> {
        let picture = picture(documents);
        let cluster = Cluster::new(&picture);
        unscheduled::verdicts(&cluster).first().copied()
    }

    const WEB: &str = "containers: [{name: web, resources: {requests: {cpu: 500m}}}]";
    const APART: &str = "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}]}}";
    const BIG: &str = "containers: [{name: web, resources: {requests: {cpu: 3800m}}}]";

    #[test]
    fn a_tainted_pool_is_not_the_cause_while_other_nodes_are_full() {
        let seen = verdict(&[
            CONTROL_PLANE.to_owned(),
            node(
                "gpu",
                "a",
                "{taints: [{key: gpu, value: 'yes', effect: NoSchedule}]}",
            ),
            node("n1", "a", "{}"),
            running("db", "n1", BIG),
            waiting(
                WEB,
                "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had untolerated taint(s).",
            ),
        ]);
        assert_eq!(seen, Some(Verdict::Resources));
    }

    #[test]
    fn the_selected_pool_is_tainted_and_that_is_the_cause() {
        let seen = verdict(&[
            CONTROL_PLANE.to_owned(),
            node(
                "gpu",
                "g",
                "{taints: [{key: gpu, value: 'yes', effect: NoSchedule}]}",
            ),
            node("n1", "a", "{}"),
            waiting(
                &format!("nodeSelector: {{zone: g}}, {WEB}"),
                "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 2 node(s) had untolerated taint(s).",
            ),
        ]);
        assert_eq!(seen, Some(Verdict::Taint));
    }

    #[test]
    fn only_the_control_plane_has_the_label() {
        let seen = verdict(&[
            CONTROL_PLANE.to_owned(),
            node("n1", "a", "{}"),
            waiting(
                &format!("nodeSelector: {{disk: nvme}}, {WEB}"),
                "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint(s).",
            ),
        ]);
        assert_eq!(seen, Some(Verdict::Selector));
    }

    #[test]
    fn replicas_on_two_nodes_and_a_full_third_lack_room() {
        let pod = format!("{APART}, {WEB}");
        let seen = verdict(&[
            node("n1", "a", "{}"),
            node("n2", "a", "{}"),
            node("n3", "a", "{}"),
            running("web-1", "n1", &pod),
            running("web-2", "n2", &pod),
            running("db", "n3", BIG).replace("app: web", "app: db"),
            waiting(
                &pod,
                "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't match pod anti-affinity rules.",
            ),
        ]);
        assert_eq!(seen, Some(Verdict::Resources));
    }

    #[test]
    fn replicas_on_every_node_may_not_be_near_each_other() {
        let pod = format!("{APART}, {WEB}");
        let seen = verdict(&[
            CONTROL_PLANE.to_owned(),
            node("n1", "a", "{}"),
            running("web-1", "n1", &pod),
            waiting(
                &pod,
                "0/2 nodes are available: 1 node(s) didn't match pod anti-affinity rules, 1 node(s) had untolerated taint(s).",
            ),
        ]);
        assert_eq!(seen, Some(Verdict::PodAffinity));
    }

    #[test]
    fn all_nodes_of_the_selected_zone_are_cordoned() {
        let seen = verdict(&[
            node("n1", "a", "{}"),
            node(
                "n2",
                "b",
                "{unschedulable: true, taints: [{key: node.kubernetes.io/unschedulable, effect: NoSchedule}]}",
            ),
            waiting(
                &format!("nodeSelector: {{zone: b}}, {WEB}"),
                "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) were unschedulable.",
            ),
        ]);
        assert_eq!(seen, Some(Verdict::NoUsableNode));
    }

    #[test]
    fn nodes_that_are_not_ready_are_not_a_matter_of_tolerations() {
        let dead = "{taints: [{key: node.kubernetes.io/unreachable, effect: NoSchedule}]}";
        let seen = verdict(&[
            node("n1", "a", dead),
            waiting(
                WEB,
                "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }.",
            ),
        ]);
        assert_eq!(seen, Some(Verdict::NoUsableNode));
    }

    #[test]
    fn what_the_scheduler_does_not_say_is_not_believed() {
        // The taint came after the scheduler looked.
        let seen = verdict(&[
            node(
                "n1",
                "a",
                "{taints: [{key: gpu, value: 'yes', effect: NoSchedule}]}",
            ),
            running("db", "n1", BIG),
            waiting(WEB, "0/1 nodes are available: 1 Insufficient cpu."),
        ]);
        assert_eq!(seen, Some(Verdict::Resources));
    }

    #[test]
    fn requests_of_pods_that_ended_take_no_room() {
        let seen = verdict(&[
            node("n1", "a", "{}"),
            running("old", "n1", BIG).replace("phase: Running", "phase: Succeeded"),
            waiting(
                BIG,
                "0/1 nodes are available: 1 node(s) exceed max volume count.",
            ),
        ]);
        assert_eq!(seen, Some(Verdict::VolumeLimit));
    }

    #[test]
    fn without_nodes_in_the_picture_the_words_decide() {
        let seen = verdict(&[waiting(WEB, "no nodes available to schedule pods")]);
        assert_eq!(seen, Some(Verdict::NoUsableNode));
    }
}
