use super::state::{is_in_use, pods_there};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::measured::percent;
use crate::kubernetes::{Kind, Node, NodeMetrics, Object, Pod};
use crate::model::{Evidence, Quantity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A node uses 80 % or more of the CPU or of the memory that pods may have there. What runs on it gets
    /// slow, or is evicted when memory runs out.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1}
    /// status: {allocatable: {cpu: "4", memory: 8Gi}}
    /// ---
    /// apiVersion: metrics.k8s.io/v1beta1
    /// kind: NodeMetrics
    /// metadata: {name: n1}
    /// timestamp: "2026-01-01T11:59:40Z"
    /// window: 20s
    /// usage: {cpu: 3760m, memory: 4Gi}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1}
    /// status: {allocatable: {cpu: "4", memory: 8Gi}}
    /// ---
    /// apiVersion: metrics.k8s.io/v1beta1
    /// kind: NodeMetrics
    /// metadata: {name: n1}
    /// timestamp: "2026-01-01T11:59:40Z"
    /// window: 20s
    /// usage: {cpu: 2900m, memory: 5Gi}
    /// ```
    ///
    /// # How to fix
    /// Move what uses most to another node, give it requests that fit so that the scheduler knows, or add a
    /// node.
    ///
    /// # What it cannot know
    /// Whether it lasts: it sees an average over one window.
    ///
    /// # Source
    /// `usage` of metrics.k8s.io NodeMetrics, against `status.allocatable` of core/v1 Node.
    NOD016 "node-usage-high" {
        role: Root,
        severity: Warning,
        confidence: 0.80,
        reads: [NodeMetrics, Pod, PodMetrics],
        maps_to: ["POP-709", "POP-710"],
        check: Node(check),
    }
}

/// How sure one sample is.
const ONE_SAMPLE: f64 = 0.65;

/// Seconds for which a sample says what is.
const FRESH: i64 = 600;

/// Most pods that are named.
const MOST_PODS: usize = 3;

fn check<'a>(node: &'a Node, cluster: &Cluster<'a>, sink: &mut Sink) {
    let Some(sample) = cluster.get::<NodeMetrics>("", &node.metadata.name) else {
        return;
    };
    if !is_in_use(node) || !cluster.is_within(sample.timestamp, FRESH) {
        return;
    }
    let high = cluster.thresholds(&node.metadata).node_use;
    for resource in ["cpu", "memory"] {
        let (Some(used), Some(all)) = (
            sample.usage.get(resource).copied(),
            node.status.allocatable.get(resource).copied(),
        ) else {
            continue;
        };
        if !all.is_zero() && used.as_f64() >= all.as_f64() * high {
            sink.report(sighting(cluster, node, sample, resource, (used, all)));
        }
    }
}

fn sighting<'a>(
    cluster: &Cluster<'a>,
    node: &'a Node,
    sample: &NodeMetrics,
    resource: &str,
    (used, all): (Quantity, Quantity),
) -> Sighting {
    let own = node.reference();
    let effect = match resource {
        "cpu" => "What runs there waits for its turn: answers come late, probes may time out.",
        _ => "When it runs out, the kubelet evicts pods or the kernel ends processes.",
    };
    let title = format!("{own} uses {} of its {resource}", percent(used, all));
    let there = if cluster.is_complete(Kind::Pod, "") {
        format!(" {}", pods_there(cluster, node))
    } else {
        String::new()
    };
    let explanation = format!(
        "It uses {} of {} that pods may have. {effect}{there}",
        used.human(resource),
        all.human(resource)
    );
    let text = format!("{resource} of the node ({})", sample.sample());
    let value = format!(
        "{} of allocatable {}",
        used.human(resource),
        all.human(resource)
    );
    let mut sighting = Sighting::of(own.clone(), title, explanation)
        .identified_by("resource", resource)
        .confidence(ONE_SAMPLE)
        .evidence(Evidence::metric(sample.reference(), &text, value).at(sample.timestamp))
        .evidence(Evidence::field(
            own,
            &format!("status.allocatable.{resource}"),
            all.human(resource),
        ));
    for (pod, used) in biggest(cluster, node, resource) {
        let text = format!("{resource} of the pod, among the most on this node");
        let at = cluster.sample_of(pod).and_then(|sample| sample.timestamp);
        let proof = Evidence::metric(pod.reference(), &text, used.human(resource));
        sighting = sighting.evidence(proof.at(at));
    }
    sighting
        .suggest(Suggestion::advice(
            "Move what uses most to another node, give it requests that fit, or add a node",
        ))
        .suggest(Suggestion::look(
            "See which pods use most",
            format!("kubectl top pods --all-namespaces --sort-by={resource}"),
        ))
}

/// The pods on the node that use most of a resource, where that is known.
fn biggest<'a>(cluster: &Cluster<'a>, node: &'a Node, resource: &str) -> Vec<(&'a Pod, Quantity)> {
    if !cluster.is_complete(Kind::PodMetrics, "") {
        return Vec::new();
    }
    let pods = cluster.pods_on(&node.metadata.name);
    let mut all: Vec<(&Pod, Quantity)> = pods
        .filter(|pod| pod.is_live())
        .filter_map(|pod| Some((pod, cluster.sample_of(pod)?.used_in_all(resource))))
        .filter(|(_, used)| !used.is_zero())
        .collect();
    all.sort_by(|(a, x), (b, y)| {
        let name = |pod: &Pod| (pod.metadata.namespace.clone(), pod.metadata.name.clone());
        y.cmp(x).then_with(|| name(a).cmp(&name(b)))
    });
    all.truncate(MOST_PODS);
    all
}
