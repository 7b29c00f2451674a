//! The tunnel by which an API server apart from the nodes reaches pods, nodes and Services: its agents.

use crate::analysis::Sighting;
use crate::kubernetes::{DaemonSet, Deployment, Object, PodSpec};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

/// What the server's end of the tunnel says when no agent is connected.
const NO_AGENT: [&str; 2] = ["No agent available", "no agent available"];

/// Whether a failed call of the API server did not get into the cluster at all.
pub(super) fn found_no_agent(text: &str) -> bool {
    NO_AGENT.iter().any(|words| text.contains(words))
}

/// A workload whose pods are agents.
#[derive(Debug)]
pub(super) struct Agents {
    /// The DaemonSet or Deployment.
    pub(super) workload: ObjectRef,
    /// How many of its pods are ready.
    pub(super) ready: i64,
}

/// The workloads whose pods are the agents. Reads DaemonSet and Deployment.
pub(super) fn agents(cluster: &Cluster<'_>) -> Vec<Agents> {
    let sets = cluster
        .all::<DaemonSet>()
        .filter(|set| is_agent(&set.metadata.name, &set.spec.template.spec))
        .map(|set| Agents {
            workload: set.reference(),
            ready: set.status.number_ready,
        });
    let deployments = cluster
        .all::<Deployment>()
        .filter(|deployment| is_agent(&deployment.metadata.name, &deployment.spec.template.spec))
        .map(|deployment| Agents {
            workload: deployment.reference(),
            ready: deployment.status.ready_replicas,
        });
    sets.chain(deployments).collect()
}

/// The agents that nobody is to run: all of them are scaled to zero.
pub(super) fn stopped(cluster: &Cluster<'_>) -> Option<ObjectRef> {
    let mut all = cluster
        .all::<Deployment>()
        .filter(|deployment| is_agent(&deployment.metadata.name, &deployment.spec.template.spec));
    let only = all.next().filter(|_| all.next().is_none())?;
    (only.spec.replicas == Some(0)).then(|| only.reference())
}

/// A call that found no agent, with the agents that should have carried it: they are what to look at.
pub(super) fn carried(mut sighting: Sighting, cluster: &Cluster<'_>, words: &str) -> Sighting {
    if !found_no_agent(words) {
        return sighting;
    }
    for agents in agents(cluster) {
        let field = match agents.workload.kind.as_str() {
            "DaemonSet" => "status.numberReady",
            _ => "status.readyReplicas",
        };
        sighting = sighting
            .evidence(Evidence::field(agents.workload.clone(), field, agents.ready))
            .suggest(Suggestion::advice(format!(
                "Bring the agents of the tunnel back ({}), or let them reach the server's end of it",
                agents.workload
            )))
            .blames(agents.workload, "carries calls of");
    }
    sighting
}

/// By the name that every distribution gives it, or by the image of the project.
fn is_agent(name: &str, spec: &PodSpec) -> bool {
    name.contains("konnectivity-agent")
        || spec
            .containers
            .iter()
            .any(|container| container.image_name() == "proxy-agent")
}
