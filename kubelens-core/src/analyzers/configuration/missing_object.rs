//! What ConfigMaps and Secrets that do not exist have in common.

use super::making_job::jobs_that_make;
use crate::analysis::{MADE_FROM, Sighting, Sink, event_evidence};
use crate::analyzers::operators::secret_producer::{is_being_made, producers_of};
use crate::analyzers::waiting::why_it_waits;
use crate::kubernetes::{ConfigReference, Kind, Object, Pod};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::{Cluster, Lookup, Workload};

/// Looks at every place where a workload names an object of kind `T` that must exist.
pub(super) fn check<'a, T: Object>(
    workload: &Workload<'a>,
    cluster: &Cluster<'a>,
    sink: &mut Sink,
) {
    let namespace = workload.metadata().namespace.as_str();
    if workload.metadata().is_terminating() {
        return;
    }
    let blocked: Vec<&'a Pod> = cluster
        .pods_of(workload)
        .into_iter()
        .filter(|pod| pod.is_live() && !pod.is_ready())
        .collect();
    for pod in &blocked {
        for reference in required::<T>(&pod.spec) {
            let lookup = cluster.look_up::<T>(namespace, reference.name);
            if matches!(lookup, Lookup::Found(_)) {
                continue;
            }
            let proof = kubelet_says_missing(cluster, pod, T::KIND, reference.name)
                .or_else(|| waits_for_volume(pod, &reference).filter(|_| lookup.is_absent()));
            if let Some(proof) = proof {
                sink.report(blocking::<T>(workload, cluster, pod, &reference, proof));
            }
        }
    }
    for reference in required::<T>(workload.pod_spec()) {
        let is_missing = matches!(
            cluster.look_up::<T>(namespace, reference.name),
            Lookup::Absent
        );
        if is_missing && !is_about_to_be_made(cluster, T::KIND, namespace, reference.name) {
            sink.report(latent::<T>(workload, cluster, &reference));
        }
    }
}

fn required<T: Object>(
    spec: &crate::kubernetes::PodSpec,
) -> impl Iterator<Item = ConfigReference<'_>> {
    spec.config_references()
        .into_iter()
        .filter(|reference| reference.kind == T::KIND && !reference.optional)
}

/// The root certificate comes with each namespace, a moment after it; a Secret that an operator makes, a
/// moment after what it is made from.
fn is_about_to_be_made(cluster: &Cluster<'_>, kind: Kind, namespace: &str, name: &str) -> bool {
    if kind == Kind::Secret {
        return is_being_made(cluster, namespace, name);
    }
    name == "kube-root-ca.crt"
        && cluster
            .get::<crate::kubernetes::Namespace>("", namespace)
            .is_none_or(|namespace| cluster.age(&namespace.metadata) < 60)
}

/// A pod on a node that waits for its volumes, where one of them is of the missing object: the event
/// that says so may be gone.
fn waits_for_volume(pod: &Pod, reference: &ConfigReference<'_>) -> Option<Evidence> {
    if !reference.relation.contains("volume")
        || !pod.is_scheduled()
        || pod.is_ready_to_start_containers()
        || pod.has_started_a_container()
    {
        return None;
    }
    let container = pod
        .containers()
        .find(|container| container.waiting().is_some())?;
    let path = container.status_path("state.waiting.reason");
    Some(Evidence::field(
        pod.reference(),
        &path,
        container.waiting_reason(),
    ))
}

/// What the kubelet wrote about the missing object, if it still holds: in a container's waiting
/// message, or in a mount event while the pod's volumes are not there.
fn kubelet_says_missing<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    kind: Kind,
    name: &str,
) -> Option<Evidence> {
    let says = |text: &str| {
        // A kubelet's cache says `secret "x" not found`, the API server `secrets "x" not found`.
        [kind.as_str().to_lowercase().as_str(), kind.plural()]
            .iter()
            .any(|noun| text.contains(&format!("{noun} \"{name}\" not found")))
    };
    for container in pod.containers() {
        if container
            .waiting()
            .is_some_and(|waiting| says(&waiting.message))
        {
            return why_it_waits(pod, &container);
        }
    }
    if pod.is_ready_to_start_containers() {
        return None;
    }
    cluster
        .events_of(pod)
        .rev()
        .find(|event| event.reason == "FailedMount" && says(&event.message))
        .map(event_evidence)
}

fn missing<T: Object>(workload: &Workload<'_>, reference: &ConfigReference<'_>) -> ObjectRef {
    ObjectRef::namespaced(
        T::KIND.api_version(),
        T::KIND.as_str(),
        &workload.metadata().namespace,
        reference.name,
    )
}

fn blocking<T: Object>(
    workload: &Workload<'_>,
    cluster: &Cluster<'_>,
    pod: &Pod,
    reference: &ConfigReference<'_>,
    proof: Evidence,
) -> Sighting {
    let explanation = format!(
        "Pods cannot start: {} takes it ({}), and it is not optional.",
        user(reference),
        reference.relation
    );
    sighting::<T>(workload, cluster, reference, explanation)
        .seen_on(pod.reference(), reference.relation)
        .severity(Severity::Critical)
        .evidence(Evidence::field(
            pod.reference(),
            &format!("spec.{}", reference.path),
            reference.name,
        ))
        .evidence(proof)
        .since(pod.metadata.creation_timestamp)
}

fn latent<T: Object>(
    workload: &Workload<'_>,
    cluster: &Cluster<'_>,
    reference: &ConfigReference<'_>,
) -> Sighting {
    let explanation = format!(
        "{} takes it ({}), and it is not optional. What runs goes on; the next restart, rollout or reschedule of {} fails.",
        user(reference),
        reference.relation,
        workload.reference()
    );
    let path = format!("{}.{}", workload.pod_spec_path(), reference.path);
    let severity = if workload.is_resting() {
        Severity::Info
    } else {
        Severity::Warning
    };
    sighting::<T>(workload, cluster, reference, explanation)
        .seen_on(workload.reference(), reference.relation)
        .severity(severity)
        .evidence(Evidence::field(workload.reference(), &path, reference.name))
}

fn user(reference: &ConfigReference<'_>) -> String {
    if reference.relation.contains("volume") {
        format!("Volume `{}`", reference.user)
    } else {
        format!("Container `{}`", reference.user)
    }
}

fn sighting<T: Object>(
    workload: &Workload<'_>,
    cluster: &Cluster<'_>,
    reference: &ConfigReference<'_>,
    explanation: String,
) -> Sighting {
    let subject = missing::<T>(workload, reference);
    let namespace = workload.metadata().namespace.as_str();
    let near = cluster.near_names::<T>(namespace, reference.name);
    let title = format!("{subject} does not exist");
    let mut sighting = Sighting::of(subject.clone(), title, explanation);
    if cluster.is_complete(T::KIND, namespace) {
        let text = if near.is_empty() {
            "not in the namespace".to_owned()
        } else {
            format!(
                "not in the namespace (near names there: {})",
                near.join(", ")
            )
        };
        sighting = sighting.evidence(Evidence::absence(subject, &text));
    }
    if T::KIND == Kind::Secret {
        for producer in producers_of(cluster, namespace, reference.name) {
            sighting = sighting.blames(producer.reference(), MADE_FROM);
        }
        for job in jobs_that_make(cluster, namespace, reference.name) {
            sighting = sighting.blames(job.reference(), "made by");
        }
    }
    let advice = near.first().map_or_else(
        || format!("Create it, or take it out of {}", workload.reference()),
        |near| format!("Create it, or point {} at `{near}`", workload.reference()),
    );
    sighting
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look(
            "See what is there",
            format!("kubectl -n {namespace} get {}", T::KIND.plural()),
        ))
}
