use std::collections::BTreeMap;

use super::image_name::ImageName;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{ContainerView, Node, Object, Pod};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// Pods of one template run different builds: the tag was moved in the registry between their
    /// starts. Two pods behind one Service then answer differently.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: web, namespace: shop, uid: s1}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-0, namespace: shop, uid: p0, labels: {controller-revision-hash: a}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: web, uid: s1, controller: true}]}
    /// spec: {containers: [{name: web, image: "r.example/web:stable"}]}
    /// status: {phase: Running, containerStatuses: [{name: web, ready: true, imageID: "r.example/web@sha256:aaa", state: {running: {}}}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, labels: {controller-revision-hash: a}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: web, uid: s1, controller: true}]}
    /// spec: {containers: [{name: web, image: "r.example/web:stable"}]}
    /// status: {phase: Running, containerStatuses: [{name: web, ready: true, imageID: "r.example/web@sha256:bbb", state: {running: {}}}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: web, namespace: shop, uid: s1}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-0, namespace: shop, uid: p0, labels: {controller-revision-hash: a}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: web, uid: s1, controller: true}]}
    /// spec: {containers: [{name: web, image: "r.example/web:1"}]}
    /// status: {phase: Running, containerStatuses: [{name: web, ready: true, imageID: "r.example/web@sha256:aaa", state: {running: {}}}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, labels: {controller-revision-hash: b}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: web, uid: s1, controller: true}]}
    /// spec: {containers: [{name: web, image: "r.example/web:2"}]}
    /// status: {phase: Running, containerStatuses: [{name: web, ready: true, imageID: "r.example/web@sha256:bbb", state: {running: {}}}]}
    /// ```
    ///
    /// # How to fix
    /// Give every build its own tag or name the digest, then restart the workload once.
    ///
    /// # What it cannot know
    /// Which of the builds is the wanted one.
    ///
    /// # Source
    /// `imageID` of core/v1 ContainerStatus.
    IMG020 "same-tag-different-image" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [Node],
        maps_to: [],
        check: Workload(check),
    }
}

/// The builds that run under one reference: by container, image and processor of the node.
type Builds<'a> = BTreeMap<(&'a str, &'a str, &'a str, String), BTreeMap<&'a str, &'a Pod>>;

fn check<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    let pods = cluster.pods_of(workload);
    if have_one_build(&pods) {
        return;
    }
    let mut builds: Builds<'a> = BTreeMap::new();
    for pod in pods {
        if !pod.is_live() {
            continue;
        }
        for container in pod.containers().filter(ContainerView::is_ready) {
            let image = container.spec.image.as_str();
            let Some(digest) = repository_digest(&container) else {
                continue;
            };
            if ImageName::parse(image).digest.is_empty() {
                let key = (
                    container.name(),
                    image,
                    revision(pod),
                    processor(cluster, pod),
                );
                builds.entry(key).or_default().entry(digest).or_insert(pod);
            }
        }
    }
    for ((container, image, _, _), digests) in builds {
        if digests.len() > 1 {
            sink.report(sighting(workload, container, image, &digests));
        }
    }
}

/// Whether every container has one build in all pods, as nearly always.
fn have_one_build(pods: &[&Pod]) -> bool {
    let mut known: Vec<(&str, &str, &str)> = Vec::new();
    for container in pods.iter().flat_map(|pod| pod.containers()) {
        let Some(digest) = repository_digest(&container) else {
            continue;
        };
        let (name, image) = (container.name(), container.spec.image.as_str());
        match known
            .iter()
            .find(|(one, of, _)| (*one, *of) == (name, image))
        {
            Some((_, _, other)) if *other != digest => return false,
            Some(_) => {}
            None => known.push((name, image, digest)),
        }
    }
    true
}

/// The digest under which the registry knows the image; none where the node only knows its own.
fn repository_digest<'a>(container: &ContainerView<'a>) -> Option<&'a str> {
    let id = container.status?.image_id.as_str();
    id.split_once('@').map(|(_, digest)| digest)
}

fn revision(pod: &Pod) -> &str {
    let labels = &pod.metadata.labels;
    labels
        .value("pod-template-hash")
        .or_else(|| labels.value("controller-revision-hash"))
        .unwrap_or_default()
}

/// An image for several platforms may be pinned by another digest on each.
fn processor(cluster: &Cluster<'_>, pod: &Pod) -> String {
    cluster
        .get::<Node>("", &pod.node_name)
        .and_then(|node| node.metadata.labels.value("kubernetes.io/arch"))
        .unwrap_or_default()
        .to_owned()
}

fn sighting(
    workload: &Workload<'_>,
    container: &str,
    image: &str,
    digests: &BTreeMap<&str, &Pod>,
) -> Sighting {
    let top = workload.reference();
    let title = format!(
        "Pods of {top} run {} different images under the same reference `{image}`",
        digests.len()
    );
    let explanation =
        "The tag was moved between the starts of the pods: which build answers depends on the pod.";
    let proof = digests.iter().map(|(digest, pod)| {
        let path = format!("status.containerStatuses[{container}].imageID");
        Evidence::field(pod.reference(), &path, digest)
    });
    Sighting::of(top.clone(), title, explanation)
        .in_container(container)
        .identified_by("image", image)
        .all_evidence(proof.take(4))
        .suggest(Suggestion::advice(format!(
            "Give every build its own tag, or name the digest in {top}"
        )))
}
