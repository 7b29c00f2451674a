use super::advice::describe_pod;
use super::last_words::quoted;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{ContainerView, Object, Pod};
use crate::model::{Evidence, Severity, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container waits for its image. Why the image does not come is told by the rules about images,
    /// which explain this one; it stands alone where none of them knows the registry's words.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec:
    ///   containers: [{name: web, image: "registry.example/web:2"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     image: "registry.example/web:2"
    ///     state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "registry.example/web:2"'}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T11:59:50Z"}
    /// spec:
    ///   containers: [{name: web, image: "registry.example/web:2"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - {name: web, state: {waiting: {reason: ContainerCreating}}}
    /// ```
    ///
    /// # How to fix
    /// Correct the image's name, the registry's access or the way to it, whichever the message names.
    ///
    /// # What it cannot know
    /// What a registry means by a text that no rule knows.
    ///
    /// # Source
    /// `state.waiting.reason` ErrImagePull, ImagePullBackOff, RegistryUnavailable and their like.
    WRK002 "image-not-pulled" {
        role: Symptom,
        severity: Critical,
        confidence: 0.80,
        reads: [Event],
        maps_to: ["k8sgpt:Pod", "POP-202", "POP-203", "classic:image_pull"],
        check: Pod(check),
    }
}

/// Reasons of a container that waits for its image.
const WAITS: [&str; 8] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "RegistryUnavailable",
    "InvalidImageName",
    "ErrImageNeverPull",
    "ImageInspectError",
    "SignatureValidationFailed",
    "ImageVolumeMountFailed",
];

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !pod.is_live() || pod.is_ready() {
        return;
    }
    for container in pod.containers() {
        if WAITS.contains(&container.waiting_reason()) {
            sink.report(sighting(pod, cluster, &container));
        }
    }
}

fn sighting<'a>(pod: &'a Pod, cluster: &Cluster<'a>, container: &ContainerView<'a>) -> Sighting {
    let top = cluster.top_of(pod);
    let image = &container.spec.image;
    let reason = container.waiting_reason();
    let message = container
        .waiting()
        .map_or("", |waiting| waiting.message.as_str());
    let failed = cluster.events_of(pod).rev().find(|event| {
        event.reason == "Failed"
            && event.message.contains("pull")
            && event.message.contains(&**image)
    });
    let said = failed.map_or(message, |event| event.message.as_str());
    let title = format!(
        "{} of {top} waits for image {image} ({reason})",
        capitalized(&container.title())
    );
    let explanation = if said.is_empty() {
        "The image was not pulled, and no text says why.".to_owned()
    } else {
        format!("The image was not pulled: {}.", quoted(said))
    };
    let path = container.status_path("state.waiting.message");
    let severity = if cluster.is_stood_in_for(pod) {
        Severity::Warning
    } else {
        Severity::Critical
    };
    Sighting::of(top, title, explanation)
        .severity(severity)
        .seen_on(pod.reference(), "template of")
        .in_container(container.name())
        .identified_by("image", image.as_str())
        .since(pod.metadata.creation_timestamp)
        .evidence(Evidence::message(
            pod.reference(),
            &path,
            &format!("{reason}: {message}"),
        ))
        .all_evidence(failed.map(event_evidence))
        .suggest(describe_pod(pod))
}
