//! Pools from which Karpenter makes nodes, and whether one would make a node for a pod.

use serde_json::Value;

use crate::kubernetes::{CustomObject, Pod, Taint};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// The pools that would make a node for the pod and are not ready; none where a pool that is ready would make one too.
pub(super) fn not_ready_for(cluster: &Cluster<'_>, pod: &Pod) -> Vec<ObjectRef> {
    let serving = serving(cluster, pod);
    let is_stopped = |pool: &&CustomObject| {
        pool.condition("Ready")
            .is_some_and(|ready| ready.is_false())
    };
    if serving.iter().all(is_stopped) {
        serving.into_iter().map(CustomObject::reference).collect()
    } else {
        Vec::new()
    }
}

/// The pools whose nodes would take the pod.
pub(super) fn serving<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Vec<&'a CustomObject> {
    let pools = cluster.customs("karpenter.sh", "NodePool");
    pools.filter(|pool| would_serve(pool, pod)).collect()
}

/// Whether nodes of the pool would take the pod, by taints and node selector. Node affinity is not worked out: what has one
/// is not said to be served.
pub(in crate::analyzers) fn would_serve(pool: &CustomObject, pod: &Pod) -> bool {
    let tolerates = |taint: &Taint| {
        !matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute")
            || pod.spec.tolerations.iter().any(|one| one.tolerates(taint))
    };
    let mut selector = pod.spec.node_selector.iter();
    pod.spec.required_node_affinity().is_none()
        && taints(pool).iter().all(tolerates)
        && selector.all(|(key, value)| gives(pool, key, value))
}

fn taints(pool: &CustomObject) -> Vec<Taint> {
    let taints = pool.spec.pointer("/template/spec/taints");
    taints
        .and_then(|taints| serde_json::from_value(taints.clone()).ok())
        .unwrap_or_default()
}

/// Whether nodes of the pool may have a label: by the labels that it gives, by what it requires of machines, else by what
/// the machine itself decides.
fn gives(pool: &CustomObject, key: &str, value: &str) -> bool {
    let labels = pool.spec.pointer("/template/metadata/labels");
    if let Some(label) = labels.and_then(|labels| labels.get(key)) {
        return label == value;
    }
    let requirements = pool.spec.pointer("/template/spec/requirements");
    let mut about = requirements
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|one| one.get("key").is_some_and(|known| known == key))
        .peekable();
    if about.peek().is_none() {
        return key.contains("kubernetes.io/") || key.contains("karpenter");
    }
    about.all(|one| {
        let values = one.get("values").and_then(Value::as_array);
        let has = values.is_some_and(|values| values.iter().any(|known| known == value));
        match one.get("operator").and_then(Value::as_str) {
            Some("In") => has,
            Some("NotIn") => !has,
            Some("DoesNotExist") => false,
            _ => true,
        }
    })
}
