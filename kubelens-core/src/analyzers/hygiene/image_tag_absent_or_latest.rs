use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::images::image_name::ImageName;
use crate::analyzers::standing_workload::{container_path, stands_for_users};
use crate::model::{Evidence, Suggestion, counted};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A container's image has no tag, or the tag `latest`: which build runs depends on when a node
    /// pulled it, and nobody can go back to the one before.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {containers: [{name: web, image: "registry.acme.io:5000/web"}]}}}
    /// ```
    /// ```yaml
    /// apiVersion: batch/v1
    /// kind: CronJob
    /// metadata: {name: report, namespace: shop}
    /// spec: {jobTemplate: {spec: {template: {spec: {initContainers: [{name: wait, image: "busybox:latest"}], containers: [{name: report, image: "report:1.4"}]}}}}}
    /// ```
    ///
    /// # Stays silent on
    /// A digest says it exactly, whatever the tag; and the cluster's own parts are not its users' to change:
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {containers: [{name: web, image: "web:latest@sha256:0123"}, {name: log, image: "registry.acme.io:5000/log:2"}]}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: DaemonSet
    /// metadata: {name: agent, namespace: kube-system}
    /// spec: {template: {spec: {containers: [{name: agent, image: agent}]}}}
    /// ```
    ///
    /// # How to fix
    /// Name the version, or the digest.
    ///
    /// # What it cannot know
    /// Whether the tag is moved at all.
    ///
    /// # Source
    /// `image` of core/v1 Container; an image reference without a tag means `latest`.
    HYG001 "image-tag-absent-or-latest" {
        role: Root,
        severity: Info,
        confidence: 0.99,
        reads: [],
        maps_to: ["POP-100", "POP-101"],
        profiles: [Hygiene],
        check: Workload(check),
    }
}

/// Containers that are shown as proof.
const MOST_SHOWN: usize = 4;

fn check<'a>(workload: &Workload<'a>, _: &Cluster<'a>, sink: &mut Sink) {
    if !stands_for_users(workload) {
        return;
    }
    let loose: Vec<_> = workload
        .pod_spec()
        .all_containers()
        .filter(|(_, container)| is_loose(&container.image))
        .collect();
    if loose.is_empty() {
        return;
    }
    let own = workload.reference();
    let proof = loose.iter().take(MOST_SHOWN).map(|(role, container)| {
        let path = format!("{}.image", container_path(workload, *role, container));
        Evidence::field(own.clone(), &path, &container.image)
    });
    sink.report(
        Sighting::of(
            own.clone(),
            format!(
                "{} of {own} run whatever image is the latest",
                counted(loose.len(), "container")
            ),
            "Pods that start at different times may run different builds, and there is no version to go back to.",
        )
        .all_evidence(proof)
        .suggest(Suggestion::advice("Name the version of the image, or its digest"))
        .grouped("all", "workloads run whatever image is the latest"),
    );
}

fn is_loose(image: &str) -> bool {
    let name = ImageName::parse(image);
    !image.is_empty() && name.digest.is_empty() && name.tag == "latest"
}
