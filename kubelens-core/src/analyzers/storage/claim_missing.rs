use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, PersistentVolumeClaim, Pod};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::{Cluster, Lookup, Workload};

declare_analyzer! {
    /// # What it means
    /// A pod uses a PersistentVolumeClaim that does not exist in its namespace. It gets no node before
    /// the claim is there.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// spec:
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: db-data}}]
    ///   containers: [{name: db}]
    /// status:
    ///   phase: Pending
    ///   conditions:
    ///   - {type: PodScheduled, status: "False", reason: Unschedulable, message: '0/3 nodes are available: persistentvolumeclaim "db-data" not found.'}
    /// ```
    ///
    /// # Stays silent on
    /// Claims that could not be read are unknown, not missing:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// spec:
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: db-data}}]
    ///   containers: [{name: db}]
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Create the claim, or correct its name in the workload.
    ///
    /// # What it cannot know
    /// How much storage it should ask for.
    ///
    /// # Source
    /// `persistentVolumeClaim.claimName` of core/v1 Volume; the scheduler's `persistentvolumeclaim "X" not found`.
    STO007 "claim-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.98,
        reads: [PersistentVolumeClaim, Event],
        maps_to: [],
        check: Workload(check),
    }
}

fn check<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = workload.metadata();
    if meta.is_terminating() || !has_claims(workload) {
        return;
    }
    let blocked: Vec<&'a Pod> = cluster
        .pods_of(workload)
        .into_iter()
        .filter(|pod| pod.is_live() && !pod.is_ready())
        .collect();
    for (index, name) in claims(workload) {
        let lookup = cluster.look_up::<PersistentVolumeClaim>(&meta.namespace, name);
        if matches!(lookup, Lookup::Found(_)) {
            continue;
        }
        let showing: Vec<(&Pod, Option<Evidence>)> = blocked
            .iter()
            .filter(|pod| uses(pod, name))
            .map(|pod| (*pod, scheduler_says(pod, name)))
            .filter(|(_, said)| lookup.is_absent() || said.is_some())
            .collect();
        for (pod, said) in &showing {
            sink.report(
                sighting(cluster, workload, name)
                    .seen_on(pod.reference(), "mounts")
                    .evidence(Evidence::field(
                        pod.reference(),
                        "spec.volumes[*].persistentVolumeClaim.claimName",
                        name,
                    ))
                    .all_evidence(said.clone())
                    .since(pod.metadata.creation_timestamp),
            );
        }
        if showing.is_empty() && lookup.is_absent() && !matches!(workload, Workload::Pod(_)) {
            let path = format!(
                "{}.volumes[{index}].persistentVolumeClaim.claimName",
                workload.pod_spec_path()
            );
            let severity = if workload.is_resting() {
                Severity::Info
            } else {
                Severity::Warning
            };
            sink.report(
                sighting(cluster, workload, name)
                    .seen_on(workload.reference(), "mounts")
                    .severity(severity)
                    .evidence(Evidence::field(workload.reference(), &path, name)),
            );
        }
    }
}

fn has_claims(workload: &Workload<'_>) -> bool {
    claims(workload).next().is_some()
}

/// The claims that a workload names itself; those of its claim templates are made for it.
fn claims<'a>(workload: &Workload<'a>) -> impl Iterator<Item = (usize, &'a str)> {
    let spec = workload.pod_spec();
    // A pod of a set that is gone, and static pods, are asked like any other.
    spec.volumes
        .iter()
        .enumerate()
        .filter_map(|(index, volume)| {
            let claim = volume.persistent_volume_claim.as_ref()?;
            claim.claim_name.non_empty().map(|name| (index, name))
        })
}

fn uses(pod: &Pod, name: &str) -> bool {
    pod.spec
        .volumes
        .iter()
        .filter_map(|volume| volume.persistent_volume_claim.as_ref())
        .any(|claim| claim.claim_name == name)
}

fn scheduler_says(pod: &Pod, name: &str) -> Option<Evidence> {
    let words = format!("persistentvolumeclaim \"{name}\" not found");
    let at = pod.status.conditions.iter().position(|condition| {
        condition.type_ == "PodScheduled"
            && condition.is_false()
            && condition.message.contains(&words)
    })?;
    let condition = pod.status.conditions.get(at)?;
    let path = format!("status.conditions[{at}].message");
    Some(
        Evidence::message(pod.reference(), &path, &condition.message)
            .at(condition.last_transition_time),
    )
}

fn sighting(cluster: &Cluster<'_>, workload: &Workload<'_>, name: &str) -> Sighting {
    let namespace = workload.metadata().namespace.as_str();
    let subject = ObjectRef::namespaced("v1", "PersistentVolumeClaim", namespace, name);
    let near = cluster.near_names::<PersistentVolumeClaim>(namespace, name);
    let title = format!("{subject} does not exist");
    let explanation = format!(
        "{} mounts it: its pods cannot be scheduled while the claim is missing.",
        workload.reference()
    );
    let mut sighting = Sighting::of(subject.clone(), title, explanation);
    if cluster.is_complete(crate::kubernetes::Kind::PersistentVolumeClaim, namespace) {
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
    let advice = near.first().map_or_else(
        || {
            format!(
                "Create it, or correct the claim name in {}",
                workload.reference()
            )
        },
        |near| format!("Create it, or point {} at `{near}`", workload.reference()),
    );
    sighting
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look(
            "See which claims are there",
            format!("kubectl -n {namespace} get pvc"),
        ))
}
