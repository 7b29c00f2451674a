use super::amounts::amounts;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::failed_create::{FailedCreate, failed_creates};
use crate::analyzers::jobs::cron_runs_overlap::PilingUp;
use crate::analyzers::refusal::Refusal;
use crate::analyzers::rollouts::refusers::severity_of;
use crate::kubernetes::{Object, ResourceQuota};
use crate::model::{Evidence, ObjectRef, Quantity, Suggestion};
use crate::snapshot::{Cluster, Lookup};

declare_analyzer! {
    /// # What it means
    /// A namespace's quota has no room for what a controller wants to create, so the API server
    /// refuses it. Where the use of a quota was never counted, it refuses everything.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: ResourceQuota
    /// metadata: {name: compute, namespace: shop, uid: q1}
    /// spec: {hard: {requests.cpu: 200m}}
    /// status: {hard: {requests.cpu: 200m}, used: {requests.cpu: "0"}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 2}
    /// status:
    ///   replicas: 0
    ///   conditions:
    ///   - {type: ReplicaFailure, status: "True", reason: FailedCreate, message: 'pods "web-5d-" is forbidden: exceeded quota: compute, requested: requests.cpu=400m, used: requests.cpu=0, limited: requests.cpu=200m'}
    /// ```
    /// A quota that nobody counted yet:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 2}
    /// status:
    ///   replicas: 0
    ///   conditions:
    ///   - {type: ReplicaFailure, status: "True", reason: FailedCreate, message: 'pods "web-5d-" is forbidden: status unknown for quota: compute, resources: pods', lastTransitionTime: "2026-01-01T11:00:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// A quota that was raised since:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: ResourceQuota
    /// metadata: {name: compute, namespace: shop, uid: q1}
    /// spec: {hard: {requests.cpu: "4"}}
    /// status: {hard: {requests.cpu: "4"}, used: {requests.cpu: "0"}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 2}
    /// status:
    ///   replicas: 0
    ///   conditions:
    ///   - {type: ReplicaFailure, status: "True", reason: FailedCreate, message: 'pods "web-5d-" is forbidden: exceeded quota: compute, requested: requests.cpu=400m, used: requests.cpu=0, limited: requests.cpu=200m'}
    /// ```
    ///
    /// # How to fix
    /// Raise the quota, lower the requests, or remove what is not needed in the namespace.
    ///
    /// # What it cannot know
    /// Which of the namespace's workloads may go.
    ///
    /// # Source
    /// The quota admission plugin's `exceeded quota` and `status unknown for quota`; `status` of
    /// core/v1 ResourceQuota.
    SCA020 "quota-exceeded" {
        role: Root,
        severity: Critical,
        confidence: 0.98,
        reads: [
            ResourceQuota, ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job, CronJob, Deployment, Event, Pod,
        ],
        maps_to: ["k8sgpt:ReplicaSet"],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for failed in failed_creates(cluster) {
        match failed.refusal {
            Refusal::QuotaExceeded {
                quota,
                requested,
                used,
                limited,
            } => {
                let texts = [requested, used, limited];
                if let Some(sighting) = exceeded(cluster, &failed, quota, texts) {
                    sink.report(sighting);
                }
            }
            Refusal::QuotaStatusUnknown { quota } => {
                sink.report(uncounted(cluster, &failed, quota));
            }
            _ => {}
        }
    }
}

/// The refusal, unless the quota is gone or has room by now.
fn exceeded(
    cluster: &Cluster<'_>,
    failed: &FailedCreate<'_>,
    quota: &str,
    [requested, used, limited]: [&str; 3],
) -> Option<Sighting> {
    let found = match cluster.look_up::<ResourceQuota>(failed.namespace(), quota) {
        Lookup::Absent => return None,
        Lookup::Found(found) if has_room(found, requested) => return None,
        other => other.found(),
    };
    let subject = subject(failed, quota, found);
    let asked = amounts(requested);
    let (before, hard) = (amounts(used), amounts(limited));
    let told: Vec<String> = asked
        .iter()
        .map(|(resource, amount)| {
            format!(
                "{resource}: {} asked for, {} of {} used",
                amount.human(resource),
                amount_of(&before, resource),
                amount_of(&hard, resource),
            )
        })
        .collect();
    let what = if told.is_empty() {
        "it is used up".to_owned()
    } else {
        told.join("; ")
    };
    let title = format!("{subject} has no room for {}: {what}", failed.top);
    let explanation = format!("{}. The API server refuses the rest.", failed.counts());
    let mut sighting = base(cluster, failed, subject.clone(), title, explanation);
    for (resource, _) in &asked {
        for (list, amounts) in found
            .iter()
            .flat_map(|found| [("hard", &found.status.hard), ("used", &found.status.used)])
        {
            if let Some(amount) = amounts.get(resource) {
                let path = format!("status.{list}[{resource}]");
                let value = amount.human(resource);
                sighting = sighting.evidence(Evidence::field(subject.clone(), &path, value));
            }
        }
    }
    // Runs that pile up use what others then ask for in vain.
    for schedule in &PilingUp::of(cluster, failed.namespace()).0 {
        sighting = sighting.blames(schedule.clone(), "uses up");
    }
    Some(
        sighting
            .suggest(Suggestion::look(
                "See what is used",
                format!(
                    "kubectl -n {} describe resourcequota {quota}",
                    failed.namespace()
                ),
            ))
            .suggest(Suggestion::advice(format!(
                "Raise {} in quota {quota}, or lower what {} requests",
                asked
                    .iter()
                    .map(|(resource, _)| *resource)
                    .collect::<Vec<_>>()
                    .join(", "),
                failed.top
            ))),
    )
}

fn has_room(quota: &ResourceQuota, requested: &str) -> bool {
    let asked = amounts(requested);
    !asked.is_empty()
        && asked.iter().all(|(resource, amount)| {
            let hard = quota
                .status
                .hard
                .get(resource)
                .or_else(|| quota.spec.hard.get(resource));
            let used = quota.status.used.get(resource).copied().unwrap_or_default();
            hard.is_none_or(|hard| used.plus(*amount) <= *hard)
        })
}

fn amount_of(amounts: &[(&str, Quantity)], resource: &str) -> String {
    amounts
        .iter()
        .find(|(known, _)| *known == resource)
        .map_or_else(|| "?".to_owned(), |(_, amount)| amount.human(resource))
}

fn uncounted(cluster: &Cluster<'_>, failed: &FailedCreate<'_>, quota: &str) -> Sighting {
    let found = cluster.get::<ResourceQuota>(failed.namespace(), quota);
    let subject = subject(failed, quota, found);
    let title = format!("What {subject} allows is not known: its use was never counted");
    let explanation = format!(
        "{}. Until the quota controller of kube-controller-manager counts it, the API server refuses everything under that quota.",
        failed.counts()
    );
    base(cluster, failed, subject, title, explanation)
        .identified_by("status", "unknown")
        .suggest(Suggestion::look(
            "See whether its status is filled",
            format!(
                "kubectl -n {} get resourcequota {quota} -o yaml",
                failed.namespace()
            ),
        ))
}

fn subject(failed: &FailedCreate<'_>, quota: &str, found: Option<&ResourceQuota>) -> ObjectRef {
    found.map_or_else(
        || ObjectRef::namespaced("v1", "ResourceQuota", failed.namespace(), quota),
        Object::reference,
    )
}

fn base(
    cluster: &Cluster<'_>,
    failed: &FailedCreate<'_>,
    subject: ObjectRef,
    title: String,
    explanation: String,
) -> Sighting {
    Sighting::of(subject, title, explanation)
        .seen_on(failed.top.clone(), "limits")
        .severity(severity_of(cluster, failed))
        .evidence(failed.evidence())
        .since(failed.since)
}
