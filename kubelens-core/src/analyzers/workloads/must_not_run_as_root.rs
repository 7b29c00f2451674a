use super::advice::edit;
use super::start_error::{StartError, StartFault, start_error};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{ContainerView, Object, Pod};
use crate::model::{Evidence, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container must not run as root (`runAsNonRoot`), and its image would, or has a user that the
    /// kubelet cannot tell from root.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   securityContext: {runAsNonRoot: true}
    ///   containers: [{name: web, image: "shop/web:2"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state:
    ///       waiting:
    ///         reason: CreateContainerConfigError
    ///         message: 'container has runAsNonRoot and image will run as root (pod: "web-1_shop(p1)", container: web)'
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   securityContext: {runAsNonRoot: true}
    ///   containers: [{name: web, image: "shop/web:2"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: CreateContainerConfigError, message: 'secret "a" not found'}}
    /// ```
    ///
    /// # How to fix
    /// Give `runAsUser` a number other than 0 that the image can run as, or use an image with a
    /// numeric user of its own.
    ///
    /// # What it cannot know
    /// Whether the program runs under another user.
    ///
    /// # Source
    /// The kubelet's `container has runAsNonRoot and image will run as root`, `image has non-numeric
    /// user (X), cannot verify user is non-root`, `container's runAsUser breaks non-root policy`.
    WRK013 "must-not-run-as-root" {
        role: Root,
        severity: Critical,
        confidence: 0.97,
        reads: [],
        maps_to: ["k8sgpt:Pod"],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.is_ready() {
        return;
    }
    for container in pod.containers() {
        let error =
            start_error(pod, &container).filter(|error| error.fault == StartFault::RunsAsRoot);
        if let Some(error) = error {
            sink.report(sighting(pod, cluster, &container, error));
        }
    }
}

fn sighting(
    pod: &Pod,
    cluster: &Cluster<'_>,
    container: &ContainerView<'_>,
    error: StartError<'_>,
) -> Sighting {
    let top = cluster.top_of(pod);
    let own = container.spec.security_context.as_ref();
    let of_pod = pod.spec.security_context.as_ref();
    let user = own
        .and_then(|own| own.run_as_user)
        .or_else(|| of_pod.and_then(|pod| pod.run_as_user));
    let why = if user == Some(0) {
        "runAsUser is 0, which is root".to_owned()
    } else if error.message.contains("non-numeric") {
        let name = super::start_error::between(error.message, "user (", ")").unwrap_or_default();
        format!(
            "image {} has the non-numeric user {name}, which cannot be told from root",
            container.spec.image
        )
    } else {
        format!("image {} runs as root", container.spec.image)
    };
    let title = format!(
        "{} of {top} must not run as root (runAsNonRoot): {why}",
        capitalized(&container.title())
    );
    let (place, list) = if own.is_some_and(|own| own.run_as_non_root.is_some()) {
        (
            "container",
            format!("spec.containers[{}].securityContext", container.name()),
        )
    } else {
        ("pod", "spec.securityContext".to_owned())
    };
    let explanation = format!(
        "The kubelet does not create it: the security context of the {place} asks for runAsNonRoot, and {why}."
    );
    let user = user.map_or_else(|| "not set".to_owned(), |user| user.to_string());
    Sighting::of(top.clone(), title, explanation)
        .seen_on(pod.reference(), "template of")
        .in_container(container.name())
        .evidence(error.proof)
        .evidence(Evidence::field(pod.reference(), &format!("{list}.runAsNonRoot"), true))
        .evidence(Evidence::field(pod.reference(), &format!("{list}.runAsUser"), user))
        .suggest(edit(&top, "Set runAsUser to a number other than 0 that the image can run as, or use an image with a numeric user"))
}
