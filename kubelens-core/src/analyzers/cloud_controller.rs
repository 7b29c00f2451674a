//! The controller of a cloud, which initializes nodes and makes load balancers.

use super::log_level::LogLevel;
use super::workloads::log_words::short;
use crate::kubernetes::{DaemonSet, Deployment, Object, PodSpec};
use crate::model::{Evidence, ObjectRef, gist, has_word};
use crate::snapshot::Cluster;

/// The taint of a node that the cloud's controller has not looked at yet.
pub(crate) const UNINITIALIZED: &str = "node.cloudprovider.kubernetes.io/uninitialized";

/// The workloads that run the cloud's controller.
pub(super) fn cloud_controllers(cluster: &Cluster<'_>) -> Vec<ObjectRef> {
    let deployments = cluster
        .all::<Deployment>()
        .filter(|it| runs_cloud_controller(&it.metadata.name, &it.spec.template.spec))
        .map(Object::reference);
    let sets = cluster
        .all::<DaemonSet>()
        .filter(|it| runs_cloud_controller(&it.metadata.name, &it.spec.template.spec))
        .map(Object::reference);
    deployments.chain(sets).collect()
}

/// Whether something of this name runs the cloud's controller: by the name of the program, which all of them keep.
pub(crate) fn runs_cloud_controller(name: &str, spec: &PodSpec) -> bool {
    name.contains(CLOUD_CONTROLLER)
        || spec.all_containers().any(|(_, container)| {
            container.image.contains(CLOUD_CONTROLLER)
                || container.image_name().starts_with(CLOUD_PROVIDER)
                || container
                    .command
                    .iter()
                    .any(|word| word.contains(CLOUD_CONTROLLER))
        })
}

/// An error that a cloud's controller wrote about a node.
#[derive(Debug)]
pub(super) struct Complaint {
    /// What runs the controller.
    pub(super) workload: ObjectRef,
    line: String,
    pod: ObjectRef,
    container: String,
}

impl Complaint {
    /// The line as proof.
    pub(super) fn evidence(&self) -> Evidence {
        Evidence::log(self.pod.clone(), &self.container, &self.line, None)
    }

    /// What it says: the error alone, where klog sets that apart.
    pub(super) fn gist(&self) -> String {
        const MOST: usize = 160;
        let error = self.line.split_once("err=\"").map(|(_, error)| error);
        match error {
            Some(error) => gist(error.trim_end_matches('"'), MOST),
            None => short(&self.line),
        }
    }

    /// Whether the cloud answered and does not know the machine: that is a matter of this node alone.
    pub(super) fn is_about_the_machine(&self) -> bool {
        let line = self.line.to_lowercase();
        ["not found", "notfound", "not exist", "no such", "no vm"]
            .iter()
            .any(|words| line.contains(words))
    }
}

/// The last error about one of these nodes in the log of a cloud's controller that is up. One that is down is told of by
/// itself.
pub(super) fn complaint(cluster: &Cluster<'_>, nodes: &[&str]) -> Option<Complaint> {
    let is_told = |line: &&str| {
        LogLevel::of(line) >= LogLevel::Error && nodes.iter().any(|node| has_word(line, node))
    };
    cloud_controllers(cluster).into_iter().find_map(|workload| {
        let pods = cluster.pods_of(&cluster.workload(&workload)?);
        let (pod, container, line) = pods
            .into_iter()
            .filter(|pod| pod.is_ready())
            .flat_map(|pod| {
                pod.containers()
                    .map(move |container| (pod, container.name()))
            })
            .find_map(|(pod, container)| {
                let log = cluster.log(pod, container, false)?;
                let mut lines = log.lines.iter().rev().map(|line| line.trim());
                Some((pod, container, lines.find(is_told)?))
            })?;
        Some(Complaint {
            workload,
            line: line.to_owned(),
            pod: pod.reference(),
            container: container.to_owned(),
        })
    })
}

/// What the program is called, whatever the cloud.
const CLOUD_CONTROLLER: &str = "cloud-controller-manager";

/// How the images of those begin that are called by their cloud: `cloud-provider-vsphere`.
const CLOUD_PROVIDER: &str = "cloud-provider-";
