use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::failed_create::{FailedCreate, failed_creates};
use crate::analyzers::refusal::Refusal;
use crate::analyzers::rollouts::refusers::severity_of;
use crate::kubernetes::{LimitRange, Object, ResourceQuota, Resources};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A quota counts a resource, and a container does not say how much of it it wants. The API
    /// server then refuses the pod: every container has to give the request or limit, or a LimitRange
    /// has to fill it in.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 2}
    /// status:
    ///   replicas: 0
    ///   conditions:
    ///   - {type: ReplicaFailure, status: "True", reason: FailedCreate, message: 'pods "web-5d-" is forbidden: failed quota: compute: must specify limits.cpu for: web; requests.memory for: web'}
    /// ```
    ///
    /// # Stays silent on
    /// A LimitRange that fills it in by now:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: LimitRange
    /// metadata: {name: defaults, namespace: shop, uid: l1}
    /// spec: {limits: [{type: Container, default: {cpu: 500m}}]}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 2}
    /// status:
    ///   replicas: 0
    ///   conditions:
    ///   - {type: ReplicaFailure, status: "True", reason: FailedCreate, message: 'pods "web-5d-" is forbidden: failed quota: compute: must specify limits.cpu for: web'}
    /// ```
    ///
    /// # How to fix
    /// Set the requests and limits on the containers that are named, or create a LimitRange with
    /// defaults.
    ///
    /// # What it cannot know
    /// Which amounts fit.
    ///
    /// # Source
    /// The quota admission plugin's `must specify`.
    SCA021 "quota-demands-resources" {
        role: Root,
        severity: Critical,
        confidence: 0.98,
        reads: [
            ResourceQuota, LimitRange, ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job, CronJob,
            Deployment, Event,
        ],
        maps_to: ["k8sgpt:ReplicaSet"],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for failed in failed_creates(cluster) {
        if let Refusal::QuotaDemands { quota, demands } = failed.refusal
            && !is_filled_in(cluster, failed.namespace(), demands)
        {
            sink.report(sighting(cluster, &failed, quota, demands));
        }
    }
}

/// The resources that are demanded: `limits.cpu for: a; requests.memory for: a,b`, and the older
/// `limits.cpu,requests.memory`.
fn demanded(demands: &str) -> Vec<&str> {
    demands
        .split([';', ','])
        .filter_map(|part| part.trim().split(' ').next())
        .filter(|resource| resource.contains('.') || matches!(*resource, "cpu" | "memory"))
        .collect()
}

fn is_filled_in(cluster: &Cluster<'_>, namespace: &str, demands: &str) -> bool {
    let all = demanded(demands);
    let fills = |list: fn(&crate::kubernetes::LimitRangeItem) -> [&Resources; 2], name: &str| {
        cluster
            .in_namespace::<LimitRange>(namespace)
            .flat_map(|range| range.spec.limits.iter())
            .filter(|limit| limit.type_ == "Container")
            .any(|limit| list(limit).iter().any(|amounts| amounts.contains_key(name)))
    };
    !all.is_empty()
        && all.iter().all(|resource| {
            resource.strip_prefix("limits.").map_or_else(
                || {
                    let name = resource.strip_prefix("requests.").unwrap_or(resource);
                    fills(|limit| [&limit.default_request, &limit.default], name)
                },
                |name| fills(|limit| [&limit.default, &limit.default], name),
            )
        })
}

fn sighting(
    cluster: &Cluster<'_>,
    failed: &FailedCreate<'_>,
    quota: &str,
    demands: &str,
) -> Sighting {
    let namespace = failed.namespace();
    let known = cluster.get::<ResourceQuota>(namespace, quota);
    let quota_ref = known.map_or_else(
        || ObjectRef::namespaced("v1", "ResourceQuota", namespace, quota),
        Object::reference,
    );
    let resources = demanded(demands);
    let title = format!(
        "Containers of {} must specify {}, which {quota_ref} demands",
        failed.top,
        resources.join(", ")
    );
    let explanation = format!(
        "{}. The quota counts these resources, so every container has to say how much it wants: {demands}.",
        failed.counts()
    );
    let mut sighting = Sighting::of(failed.top.clone(), title, explanation)
        .severity(severity_of(cluster, failed))
        .identified_by("demands", resources.join(","))
        .evidence(failed.evidence())
        .since(failed.since);
    for resource in &resources {
        let hard = known.and_then(|quota| quota.spec.hard.get(resource));
        if let Some(hard) = hard {
            let path = format!("spec.hard[{resource}]");
            let value = hard.human(resource);
            sighting = sighting.evidence(Evidence::field(quota_ref.clone(), &path, value));
        }
    }
    sighting
        .suggest(Suggestion::advice(format!(
            "Set {} on the containers of {}",
            resources.join(", "),
            failed.top
        )))
        .suggest(Suggestion::advice(format!(
            "Or give namespace {namespace} a LimitRange with defaults for them"
        )))
}

#[cfg(test)]
mod tests {
    use super::demanded;

    #[test]
    fn demands_are_read_in_both_spellings() {
        let new = "limits.cpu for: a,b; requests.memory for: a";
        assert_eq!(demanded(new), ["limits.cpu", "requests.memory"]);
        assert_eq!(demanded("limits.cpu,memory"), ["limits.cpu", "memory"]);
    }
}
