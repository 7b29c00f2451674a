use super::target::{Target, target, target_ref};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::scheduling::unscheduled::has_node_autoscaler;
use crate::analyzers::scheduling::usage::{Usage, allocatable};
use crate::kubernetes::{HorizontalPodAutoscaler, Kind, Node, Object, PodSpec, Resources};
use crate::model::{Evidence, ObjectRef, Quantity, Suggestion};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// An autoscaler may ask for more pods than the nodes have room for by requests: at its maximum some of
    /// them would stay pending. Nothing here adds nodes.
    ///
    /// # Fires on
    /// ```yaml
    /// # listed: Pod, Node
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop}
    /// spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 20}
    /// status: {currentReplicas: 2}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {replicas: 2, template: {spec: {containers: [{name: web, resources: {requests: {cpu: 500m}}}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1}
    /// status: {allocatable: {cpu: "4", memory: 8Gi, pods: "110"}, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # listed: Pod, Node
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop}
    /// spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 6}
    /// status: {currentReplicas: 2}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {replicas: 2, template: {spec: {containers: [{name: web, resources: {requests: {cpu: 500m}}}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1}
    /// status: {allocatable: {cpu: "4", memory: 8Gi, pods: "110"}, conditions: [{type: Ready, status: "True"}]}
    /// ```
    /// Something adds nodes:
    /// ```yaml
    /// # listed: Pod, Node
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop}
    /// spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 20}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {template: {spec: {containers: [{name: web, resources: {requests: {cpu: 500m}}}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1}
    /// status: {allocatable: {cpu: "4", memory: 8Gi, pods: "110"}, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: karpenter.sh/v1
    /// kind: NodePool
    /// metadata: {name: default}
    /// ```
    ///
    /// # How to fix
    /// Add nodes or an autoscaler for them, lower the requests, or lower the maximum.
    ///
    /// # What it cannot know
    /// Node autoscalers that a provider runs out of sight; rules by which the scheduler spreads pods.
    ///
    /// # Source
    /// `spec.maxReplicas` of autoscaling/v2, requests of the target's template, `status.allocatable` of the
    /// nodes that the template may use, less the requests of the pods on them.
    SCA014 "capacity-short-for-maximum" {
        role: Root,
        severity: Info,
        confidence: 0.65,
        reads: [
            HorizontalPodAutoscaler, Node, Pod, Deployment, StatefulSet, ReplicaSet, ReplicationController,
            CustomResourceDefinition,
        ],
        maps_to: ["POP-602", "POP-603", "POP-604", "POP-605"],
        check: Cluster(check),
    }
}

/// The share of all nodes from which on they count as given away.
const FULL: f64 = 0.95;

const RESOURCES: [&str; 2] = ["cpu", "memory"];

/// Pods that an autoscaler may add, and what it takes.
struct Growth<'a> {
    scaler: &'a HorizontalPodAutoscaler,
    workload: Workload<'a>,
    more: i64,
    each: Resources,
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let is_known = [Kind::Node, Kind::Pod]
        .iter()
        .all(|kind| cluster.is_complete(*kind, "") && cluster.snapshot().gaps().has_none(*kind));
    if !is_known || has_node_autoscaler(cluster) {
        return;
    }
    let nodes: Vec<&Node> = cluster
        .nodes_but_heartbeats()
        .filter(|node| takes_pods(node))
        .collect();
    if nodes.is_empty() {
        return;
    }
    let usage = cluster.once(Usage::of);
    let growing: Vec<Growth<'_>> = cluster
        .all::<HorizontalPodAutoscaler>()
        .filter_map(|scaler| growth(cluster, scaler))
        .collect();
    let mut told = false;
    for one in &growing {
        for resource in RESOURCES {
            let eligible = eligible(&nodes, one.workload.pod_spec());
            let free = free(&usage, &eligible, resource);
            let wanted = one.wanted(resource);
            if wanted > free && !eligible.is_empty() {
                told = true;
                sink.report(one.sighting(cluster, resource, (wanted, free), eligible.len()));
                break;
            }
        }
    }
    // What each could have, all of them together may not.
    if !told {
        together(cluster, &usage, &nodes, &growing, sink);
    }
    full(cluster, &usage, &nodes, sink);
}

fn takes_pods(node: &Node) -> bool {
    let is_ready = node
        .status
        .conditions
        .iter()
        .any(|condition| condition.type_ == "Ready" && condition.is_true());
    is_ready && !node.spec.unschedulable && !node.metadata.is_terminating()
}

fn growth<'a>(cluster: &Cluster<'a>, scaler: &'a HorizontalPodAutoscaler) -> Option<Growth<'a>> {
    let namespace = &scaler.metadata.namespace;
    let Target::Found(workload) = target(cluster, namespace, &scaler.spec.scale_target_ref) else {
        return None;
    };
    let now = scaler
        .status
        .current_replicas
        .max(workload.wanted_replicas().unwrap_or(0));
    let more = scaler.spec.max_replicas.saturating_sub(now);
    let rests = scaler.metadata.is_terminating() || workload.is_resting();
    (more > 0 && !rests).then(|| Growth {
        scaler,
        workload,
        more,
        each: workload.pod_spec().effective_requests(),
    })
}

fn eligible<'n>(nodes: &[&'n Node], spec: &PodSpec) -> Vec<&'n Node> {
    nodes
        .iter()
        .copied()
        .filter(|node| spec.selects_node(node) && spec.untolerated_taints(node).is_empty())
        .collect()
}

fn free(usage: &Usage, nodes: &[&Node], resource: &str) -> Quantity {
    let each = nodes.iter().map(|node| usage.free(node, resource));
    each.fold(Quantity::ZERO, |sum, free| {
        sum.plus(free.max(Quantity::ZERO))
    })
}

fn times(amount: Quantity, count: i64) -> Quantity {
    Quantity::from_thousandths(amount.thousandths().saturating_mul(i128::from(count)))
}

impl Growth<'_> {
    fn wanted(&self, resource: &str) -> Quantity {
        times(
            self.each.get(resource).copied().unwrap_or_default(),
            self.more,
        )
    }

    fn sighting(
        &self,
        cluster: &Cluster<'_>,
        resource: &str,
        (wanted, free): (Quantity, Quantity),
        nodes: usize,
    ) -> Sighting {
        let own = self.scaler.reference();
        let scaled = target_ref(
            &self.scaler.metadata.namespace,
            &self.scaler.spec.scale_target_ref,
        );
        let each = self.each.get(resource).copied().unwrap_or_default();
        let title = format!("The nodes have no room for the maximum of {own}: {resource} is short");
        let explanation = format!(
            "{} more pods of {scaled} would ask for {} {resource}; the {} that they may use {} {} left.",
            self.more,
            wanted.human(resource),
            crate::model::counted(nodes, "node"),
            if nodes == 1 { "has" } else { "have" },
            free.human(resource)
        );
        Sighting::of(own.clone(), title, explanation)
            .identified_by("resource", resource)
            .evidence(Evidence::field(
                own,
                "spec.maxReplicas",
                self.scaler.spec.max_replicas,
            ))
            .evidence(Evidence::field(
                scaled,
                &format!(
                    "{}.containers[*].resources.requests.{resource} (sum)",
                    self.workload.pod_spec_path()
                ),
                each.human(resource),
            ))
            .evidence(left(cluster.reference(), nodes, resource, free))
            .suggest(Suggestion::advice(
                "Add nodes or something that adds them, ask for less per pod, or lower the maximum",
            ))
    }
}

fn left(own: ObjectRef, nodes: usize, resource: &str, free: Quantity) -> Evidence {
    Evidence::field(
        own,
        &format!("nodes[*].status.allocatable.{resource} less requests"),
        format!(
            "{} on {}",
            free.human(resource),
            crate::model::counted(nodes, "node")
        ),
    )
}

/// Each autoscaler could reach its maximum, and all of them together could not.
fn together(
    cluster: &Cluster<'_>,
    usage: &Usage,
    nodes: &[&Node],
    growing: &[Growth<'_>],
    sink: &mut Sink,
) {
    if growing.len() < 2 {
        return;
    }
    for resource in RESOURCES {
        let wanted = growing
            .iter()
            .fold(Quantity::ZERO, |sum, one| sum.plus(one.wanted(resource)));
        let room = free(usage, nodes, resource);
        if wanted <= room {
            continue;
        }
        let own = cluster.reference();
        let title = format!(
            "The nodes have no room for all {} autoscalers at their maximum: {resource} is short",
            growing.len()
        );
        let explanation = format!(
            "Together they may ask for {} {resource} more; {} is left. Each alone would fit.",
            wanted.human(resource),
            room.human(resource)
        );
        sink.report(
            Sighting::of(own, title, explanation)
                .identified_by("resource", resource)
                .identified_by("fact", "together")
                .evidence(left(cluster.reference(), nodes.len(), resource, room))
                .all_evidence(growing.iter().take(5).map(|one| {
                    let value = format!("{} pods more", one.more);
                    Evidence::field(one.scaler.reference(), "spec.maxReplicas", value)
                }))
                .suggest(Suggestion::advice("Add nodes before the load comes")),
        );
        return;
    }
}

/// Nearly all of what the nodes have is given away.
fn full(cluster: &Cluster<'_>, usage: &Usage, nodes: &[&Node], sink: &mut Sink) {
    for resource in RESOURCES {
        let all = nodes.iter().fold(Quantity::ZERO, |sum, node| {
            sum.plus(allocatable(node, resource))
        });
        let room = free(usage, nodes, resource);
        let given = all.minus(room);
        if all.is_zero() || given.as_f64() < all.as_f64() * FULL {
            continue;
        }
        let own = cluster.reference();
        let title = format!(
            "{} of the {resource} of all nodes is asked for",
            crate::analyzers::measured::percent(given, all)
        );
        let explanation = format!(
            "{} of {} {resource} are requested: a rollout, or one node less, leaves pods without a place.",
            given.human(resource),
            all.human(resource)
        );
        sink.report(
            Sighting::of(own, title, explanation)
                .identified_by("resource", resource)
                .identified_by("fact", "full")
                .evidence(left(cluster.reference(), nodes.len(), resource, room))
                .suggest(Suggestion::advice("Add a node, or ask for less")),
        );
    }
}
