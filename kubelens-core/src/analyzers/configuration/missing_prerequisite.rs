//! What ServiceAccounts, PriorityClasses and RuntimeClasses that a pod needs at its creation and that
//! do not exist have in common: the API server refuses the pod.

use crate::analysis::{Sighting, Sink};
use crate::analyzers::failed_create::{FailedCreate, failed_creates};
use crate::analyzers::refusal::Refusal;
use crate::kubernetes::{Object, PodSpec};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::{Cluster, Lookup, Workload};

/// How a pod names what it needs.
pub(super) struct Prerequisite {
    /// The field below the pod spec.
    pub(super) field: &'static str,
    /// The name in a spec that is looked up in templates; empty for none.
    pub(super) name: for<'s> fn(&'s PodSpec) -> &'s str,
    /// The name in a refusal of the API server.
    pub(super) refused: for<'t> fn(&Refusal<'t>) -> Option<&'t str>,
}

/// Looks for what is missing where the API server refused a pod for it.
pub(super) fn refused<T: Object>(cluster: &Cluster<'_>, sink: &mut Sink, of: &Prerequisite) {
    for failed in failed_creates(cluster) {
        let Some(name) = (of.refused)(&failed.refusal) else {
            continue;
        };
        if cluster
            .get::<T>(scope::<T>(failed.namespace()), name)
            .is_none()
        {
            sink.report(blocking::<T>(cluster, &failed, name, of));
        }
    }
}

/// Looks for what is missing where a template names it.
pub(super) fn named<T: Object>(
    workload: &Workload<'_>,
    cluster: &Cluster<'_>,
    sink: &mut Sink,
    of: &Prerequisite,
) {
    let name = (of.name)(workload.pod_spec());
    let is_done = matches!(workload, Workload::Pod(pod) if !pod.is_live() || pod.is_static());
    if name.is_empty() || is_done || workload.metadata().is_terminating() {
        return;
    }
    let namespace = &workload.metadata().namespace;
    if matches!(
        cluster.look_up::<T>(scope::<T>(namespace), name),
        Lookup::Absent
    ) {
        sink.report(latent::<T>(cluster, workload, name, of));
    }
}

/// The namespace in which an object of the kind lives: none for what is cluster-scoped.
fn scope<T: Object>(namespace: &str) -> &str {
    if T::KIND.is_namespaced() {
        namespace
    } else {
        ""
    }
}

fn blocking<T: Object>(
    cluster: &Cluster<'_>,
    failed: &FailedCreate<'_>,
    name: &str,
    of: &Prerequisite,
) -> Sighting {
    let explanation = format!(
        "The API server refuses the pods of {}, which name it in {}: {}.",
        failed.top,
        of.field,
        failed.counts()
    );
    sighting::<T>(cluster, failed.namespace(), name, explanation, &failed.top)
        .seen_on(failed.top.clone(), of.field)
        .severity(Severity::Critical)
        .evidence(Evidence::field(
            failed.controller.clone(),
            &format!("spec.template.spec.{}", of.field),
            name,
        ))
        .evidence(failed.evidence())
        .since(failed.since)
}

fn latent<T: Object>(
    cluster: &Cluster<'_>,
    workload: &Workload<'_>,
    name: &str,
    of: &Prerequisite,
) -> Sighting {
    let user = workload.reference();
    let namespace = workload.metadata().namespace.as_str();
    let explanation = format!(
        "{user} names it in {}. Pods that exist go on; the API server refuses the next one.",
        of.field
    );
    let severity = if workload.is_resting() || fits_no_node(workload) {
        Severity::Info
    } else {
        Severity::Warning
    };
    let path = format!("{}.{}", workload.pod_spec_path(), of.field);
    sighting::<T>(cluster, namespace, name, explanation, &user)
        .seen_on(user.clone(), of.field)
        .severity(severity)
        .evidence(Evidence::field(user, &path, name))
}

/// Whether it is a DaemonSet that is for none of the nodes that there are.
fn fits_no_node(workload: &Workload<'_>) -> bool {
    matches!(workload, Workload::DaemonSet(set)
        if set.status.desired_number_scheduled == 0
            && set.status.observed_generation >= set.metadata.generation)
}

fn sighting<T: Object>(
    cluster: &Cluster<'_>,
    namespace: &str,
    name: &str,
    explanation: String,
    user: &ObjectRef,
) -> Sighting {
    let space = scope::<T>(namespace);
    let subject = ObjectRef::namespaced(T::KIND.api_version(), T::KIND.as_str(), space, name);
    let near = cluster.near_names::<T>(space, name);
    let title = format!("{subject} does not exist");
    let absence = cluster.is_complete(T::KIND, space).then(|| {
        let place = if space.is_empty() {
            "in the cluster"
        } else {
            "in the namespace"
        };
        let text = if near.is_empty() {
            format!("not {place}")
        } else {
            format!("not {place} (near names there: {})", near.join(", "))
        };
        Evidence::absence(subject.clone(), &text)
    });
    let advice = near.first().map_or_else(
        || format!("Create it, or take it out of {user}"),
        |near| format!("Create it, or point {user} at `{near}`"),
    );
    let command = if space.is_empty() {
        format!("kubectl get {}", T::KIND.plural())
    } else {
        format!("kubectl -n {space} get {}", T::KIND.plural())
    };
    Sighting::of(subject, title, explanation)
        .all_evidence(absence)
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look("See what is there", command))
}
