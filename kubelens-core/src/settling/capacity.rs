use crate::kubernetes::{ConfigMap, CustomResourceDefinition, Deployment, Kind, Pod};
use crate::model::{ObjectRef, Report};
use crate::snapshot::Cluster;

/// Conditions of pods without a node that no further node would cure.
const NO_NODE_CURES: &[&str] = &["SCH012", "SCH018", "SCH021", "SCH022", "SCH023", "SCH028"];

/// What a node autoscaler says when it has nothing to add.
const DECLINED: &str = "SCH032";

/// Kinds by which node autoscalers are told what to add.
const NODE_RECIPES: [&str; 3] = ["NodePool", "NodeClaim", "MachineDeployment"];

const SYSTEM: &str = "kube-system";

/// Why a cause that is about room on nodes is no failure yet; none where it is proven that none comes, or where
/// the cause is about something else.
pub(super) fn may_come(
    code: &str,
    pods: &[&Pod],
    target: &ObjectRef,
    report: &Report,
    cluster: &Cluster<'_>,
) -> Option<String> {
    let is_about_room = code.starts_with("NOD")
        || (code.starts_with("SCH") && code != DECLINED && !NO_NODE_CURES.contains(&code));
    if !is_about_room {
        return None;
    }
    if let Some(pod) = pods
        .iter()
        .find(|pod| !pod.status.nominated_node_name.is_empty())
    {
        return Some(format!(
            "room is being made for it on node {}",
            pod.status.nominated_node_name
        ));
    }
    let has_declined = report
        .findings
        .iter()
        .any(|finding| finding.code == DECLINED && finding.subject.is_same(target));
    if has_declined {
        return None;
    }
    if let Some(sign) = autoscaler(cluster) {
        return Some(format!("{sign} may still add a node"));
    }
    for (kind, namespace) in [
        (Kind::Node, ""),
        (Kind::CustomResourceDefinition, ""),
        (Kind::Deployment, SYSTEM),
    ] {
        if !cluster.is_complete(kind, namespace) {
            return Some(format!(
                "whether something adds nodes here is not known: {kind} objects could not all be read"
            ));
        }
    }
    None
}

/// A sign that something here adds nodes when pods find no room.
fn autoscaler(cluster: &Cluster<'_>) -> Option<String> {
    let deployment = cluster.all::<Deployment>().find(|deployment| {
        let name = deployment.metadata.name.as_str();
        name.contains("cluster-autoscaler") || name.contains("karpenter")
    });
    if let Some(deployment) = deployment {
        return Some(format!("Deployment {}", deployment.metadata.name));
    }
    if let Some(kind) = NODE_RECIPES
        .into_iter()
        .find(|kind| !cluster.custom(kind).is_empty())
    {
        return Some(format!("a {kind}"));
    }
    if cluster
        .all::<CustomResourceDefinition>()
        .any(|definition| definition.spec.group == "karpenter.sh")
    {
        return Some("Karpenter".to_owned());
    }
    cluster
        .get::<ConfigMap>(SYSTEM, "cluster-autoscaler-status")
        .map(|_| "a cluster autoscaler".to_owned())
}
