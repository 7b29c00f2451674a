//! Who opens a gate of pods: the controller of the API group that the gate is named after.

use std::collections::BTreeSet;

use crate::analysis::Sighting;
use crate::analyzers::operators::controller::controllers;
use crate::model::Suggestion;
use crate::snapshot::Cluster;

/// How a pod that waits hangs together with who keeps it waiting.
const RELATION: &str = "opens the gate of";

/// Names the controllers of a readiness or scheduling gate, and points at each as the reason. A gate is named like
/// a label, so what stands before its slash is the domain of who made it: `target-health.elbv2.k8s.aws/web` belongs to
/// whoever serves the group `elbv2.k8s.aws`. Who calls it reads what names controllers.
pub(super) fn with_owner(cluster: &Cluster<'_>, gate: &str, mut sighting: Sighting) -> Sighting {
    for controller in controllers(cluster, &groups(gate)).into_values().flatten() {
        let own = controller.workload.reference();
        let namespace = controller.workload.metadata().namespace.as_str();
        let logs = format!(
            "kubectl -n {namespace} logs {}/{} --tail=50",
            own.kind.to_lowercase(),
            own.name
        );
        sighting = sighting
            .evidence(controller.proof)
            .suggest(Suggestion::look(
                format!("See what {own}, which opens it, says"),
                logs,
            ))
            .blames(own, RELATION);
    }
    sighting
}

/// The API groups that a gate may be named after: its domain, and what is left without its first parts.
fn groups(gate: &str) -> BTreeSet<&str> {
    let Some((domain, _)) = gate.split_once('/') else {
        return BTreeSet::new();
    };
    let parts = domain.match_indices('.').map(|(dot, _)| dot);
    let rest = parts.filter_map(|dot| domain.get(dot + 1..));
    std::iter::once(domain)
        .chain(rest)
        .filter(|group| group.contains('.') && *group != "k8s.io")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::groups;

    #[test]
    fn a_gate_is_named_after_a_group() {
        let named = |gate| groups(gate).into_iter().collect::<Vec<_>>();
        assert_eq!(
            named("kueue.x-k8s.io/admission"),
            ["kueue.x-k8s.io", "x-k8s.io"]
        );
        assert_eq!(
            named("target-health.elbv2.k8s.aws/web"),
            ["elbv2.k8s.aws", "k8s.aws", "target-health.elbv2.k8s.aws"]
        );
        assert!(named("InPlaceUpdateReady").is_empty());
    }
}
