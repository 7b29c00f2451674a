//! Containers that wait for an image which cannot be had, and why: what the image rules look at.

use super::built_here::builds_of;
use super::image_name::ImageName;
use super::pull_error::{PullFault, classify, core_of, is_image_wait};
use crate::analysis::{Shared, Sighting, event_evidence};
use crate::analyzers::waiting::why_it_waits;
use crate::kubernetes::{ContainerView, Event, Node, Object, Pod};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

/// A container that waits for its image, and the words that say why it is not there.
#[derive(Debug)]
pub(super) struct PullProblem<'a> {
    /// Its pod.
    pub(super) pod: &'a Pod,
    /// The container.
    pub(super) container: ContainerView<'a>,
    /// The image that cannot be had: the container's, or one of the pod's image volumes.
    pub(super) image: &'a str,
    /// Why.
    pub(super) fault: PullFault,
    /// What was said.
    pub(super) text: &'a str,
    /// The event that said it, where the waiting message did not.
    event: Option<&'a Event>,
}

/// The containers of a pod that wait for an image, each with its reason, where somebody tells one.
pub(super) fn problems<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Vec<PullProblem<'a>> {
    if !pod.is_live() || pod.is_ready() {
        return Vec::new();
    }
    pod.containers()
        .filter(|container| is_image_wait(container.waiting_reason()))
        .filter_map(|container| problem(cluster, pod, container))
        .collect()
}

/// Those of one of these classes.
pub(super) fn problems_of<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    faults: &[PullFault],
) -> Vec<PullProblem<'a>> {
    let mut all = problems(cluster, pod);
    all.retain(|problem| faults.contains(&problem.fault));
    all
}

fn problem<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: ContainerView<'a>,
) -> Option<PullProblem<'a>> {
    let waiting = container.waiting()?;
    let own = container.spec.image.as_str();
    let found = |text: &'a str, event| {
        let image = image_in(pod, own, text);
        classify(text, image).map(|fault| PullProblem {
            pod,
            container,
            image,
            fault,
            text,
            event,
        })
    };
    if let Some(problem) = found(waiting.message.as_str(), None) {
        return Some(problem);
    }
    let told = cluster
        .events_of(pod)
        .rev()
        .filter(|event| {
            matches!(
                event.reason.as_str(),
                "Failed" | "InspectFailed" | "ErrImageNeverPull"
            ) && event.message.contains(own)
        })
        .find_map(|event| found(event.message.as_str(), Some(event)));
    told.or_else(|| found(waiting.reason.as_str(), None))
}

/// The image that a text is about.
fn image_in<'a>(pod: &'a Pod, own: &'a str, text: &str) -> &'a str {
    if text.contains(own) {
        return own;
    }
    pod.spec
        .volumes
        .iter()
        .filter_map(|volume| volume.image.as_ref())
        .map(|image| image.reference.as_str())
        .find(|image| !image.is_empty() && text.contains(image))
        .unwrap_or(own)
}

impl<'a> PullProblem<'a> {
    /// The image's name in its parts.
    pub(super) fn name(&self) -> ImageName<'a> {
        ImageName::parse(self.image)
    }

    /// The image volume that asks for the image, where that is not the container's own.
    pub(super) fn volume(&self) -> Option<&'a str> {
        if self.image == self.container.spec.image.as_str() {
            return None;
        }
        let mut volumes = self.pod.spec.volumes.iter();
        let volume = volumes.find(|volume| {
            let image = volume.image.as_ref();
            image.is_some_and(|image| image.reference == *self.image)
        })?;
        Some(&volume.name)
    }

    /// Where the image is asked for, below the pod.
    fn image_path(&self) -> String {
        if let Some(volume) = self.volume() {
            return format!("spec.volumes[{volume}].image.reference");
        }
        let list = if self.container.status_list == "status.initContainerStatuses" {
            "spec.initContainers"
        } else {
            "spec.containers"
        };
        format!("{list}[{}].image", self.container.name())
    }

    /// The condition as a sighting with its proof: the subject is the pod's topmost owner.
    pub(super) fn sighting(
        &self,
        cluster: &Cluster<'a>,
        title: String,
        explanation: String,
    ) -> Sighting {
        let mut sighting = self
            .sighting_on(cluster.top_of(self.pod), title, explanation)
            .in_container(self.container.name())
            .identified_by("image", self.image);
        for build in builds_of(cluster, &self.pod.metadata.namespace, &self.name()) {
            sighting = sighting.blames(build.reference(), "builds the image of");
        }
        // A rollout that waits for its image while the pods before it serve.
        if cluster.is_stood_in_for(self.pod) {
            sighting.severity(Severity::Warning)
        } else {
            sighting
        }
    }

    /// The registry as a thing that others may ask in vain too. The title reads
    /// `Registry quay.io {fault} the images of 3 workloads{behind}`.
    pub(super) fn shared_registry(
        &self,
        fault: &str,
        behind: &str,
        explanation: &str,
        advice: impl Into<String>,
    ) -> Shared {
        let registry = ObjectRef::pseudo("Registry", self.name().registry);
        let before = format!("{registry} {fault} the images of");
        Shared::of(registry, before, behind, explanation).suggest(Suggestion::advice(advice))
    }

    /// The fault as one of the node, where pulls from several registries fail there and nowhere else;
    /// `condition` is what the node does not do.
    pub(super) fn on_its_node(
        &self,
        cluster: &Cluster<'a>,
        faults: &[PullFault],
        condition: &str,
    ) -> Option<Sighting> {
        let node = self.node_to_blame(cluster, faults)?;
        let title = format!("{node} {condition}");
        let explanation = format!(
            "Pulls from several registries fail there in the same way, and on no other node: {}",
            self.words()
        );
        Some(
            self.sighting_on(node, title, explanation)
                .suggest(self.look()),
        )
    }

    /// The same about another subject.
    pub(super) fn sighting_on(
        &self,
        subject: ObjectRef,
        title: String,
        explanation: String,
    ) -> Sighting {
        let relation = if subject.kind == "Node" {
            "runs on"
        } else {
            "template of"
        };
        Sighting::of(subject, title, explanation)
            .seen_on(self.pod.reference(), relation)
            .evidence(Evidence::field(
                self.pod.reference(),
                &self.image_path(),
                self.image,
            ))
            .all_evidence(why_it_waits(self.pod, &self.container))
            .all_evidence(self.event.map(event_evidence))
            .since(self.pod.metadata.creation_timestamp)
    }

    /// What was said, without what stands before it in every text.
    pub(super) fn words(&self) -> &'a str {
        core_of(self.text)
    }

    /// A command that shows the pod's events.
    pub(super) fn look(&self) -> Suggestion {
        let meta = &self.pod.metadata;
        Suggestion::look(
            "See what the node says about the pull",
            format!("kubectl -n {} describe pod {}", meta.namespace, meta.name),
        )
    }

    /// The node that fails to reach any registry while others do not: pulls from several registries
    /// fail there in this way, and nowhere else.
    pub(super) fn node_to_blame(
        &self,
        cluster: &Cluster<'a>,
        faults: &[PullFault],
    ) -> Option<ObjectRef> {
        let node = self.pod.node_name.as_str();
        let registries = |pods: &mut dyn Iterator<Item = &'a Pod>| {
            let mut all: Vec<&str> = pods
                .flat_map(|pod| problems_of(cluster, pod, faults))
                .map(|problem| problem.name().registry)
                .collect();
            all.sort_unstable();
            all.dedup();
            all.len()
        };
        if node.is_empty() || registries(&mut cluster.pods_on(node)) < 2 {
            return None;
        }
        let mut elsewhere = cluster.all::<Pod>().filter(|pod| pod.node_name != *node);
        (registries(&mut elsewhere) == 0)
            .then(|| cluster.get::<Node>("", node).map(Object::reference))
            .flatten()
    }
}
