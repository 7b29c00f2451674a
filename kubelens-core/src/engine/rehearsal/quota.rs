//! Whether the quotas of a namespace would admit the pods of its new workloads.

use std::collections::BTreeMap;

use crate::analysis::Sighting;
use crate::kubernetes::{LimitRange, Object, Pod, ResourceQuota, Resources};
use crate::model::{Evidence, Quantity, Suggestion};
use crate::snapshot::{Cluster, Workload};

/// Quotas that lack room for what the manifests add, and workloads that do not say what a quota counts.
///
/// What the pods of a workload use by now is given back before its new pods are counted. Quotas with scopes count
/// some pods only and are left alone; so is the surge of a rollout.
pub(super) fn check<'a>(
    cluster: &Cluster<'a>,
    workloads: &[Workload<'a>],
) -> Vec<(&'static str, Sighting)> {
    let mut seen = Vec::new();
    for quota in cluster.all::<ResourceQuota>() {
        if !quota.spec.scopes.is_empty() {
            continue;
        }
        let namespace = quota.metadata.namespace.as_str();
        let here: Vec<&Workload<'a>> = workloads
            .iter()
            .filter(|workload| workload.metadata().namespace == namespace)
            .collect();
        for (resource, hard) in quota.status.hard.iter() {
            if let Some(unsaid) = unsaid(cluster, &here, resource) {
                seen.push(("SCA021", demanded(quota, unsaid, resource)));
                continue;
            }
            let Some(used) = quota.status.used.get(resource) else {
                continue;
            };
            let mut after = *used;
            let mut who = None;
            for workload in &here {
                let Some(change) = change(cluster, workload, resource) else {
                    continue;
                };
                after = after.plus(change);
                if change.thousandths() > 0 {
                    who = who.or(Some(*workload));
                }
            }
            if let Some(workload) = who.filter(|_| after.thousandths() > hard.thousandths()) {
                seen.push((
                    "SCA020",
                    exceeded(quota, workload, resource, [*used, after, *hard]),
                ));
            }
        }
    }
    seen
}

/// What one pod adds to a quota's count of this resource; none where it is not known.
fn counted(spec: &crate::kubernetes::PodSpec, resource: &str) -> Option<Quantity> {
    match resource {
        "pods" | "count/pods" => Some(Quantity::from_units(1)),
        "cpu" | "memory" | "ephemeral-storage" => spec.effective_requests().get(resource).copied(),
        _ => match resource.split_once('.') {
            Some(("requests", name)) => spec.effective_requests().get(name).copied(),
            Some(("limits", name)) => limits(spec).get(name).copied(),
            _ => None,
        },
    }
}

/// The limits of all containers that run together.
fn limits(spec: &crate::kubernetes::PodSpec) -> BTreeMap<String, Quantity> {
    let mut sums: BTreeMap<String, Quantity> = BTreeMap::new();
    for container in &spec.containers {
        for (resource, amount) in container.resources.limits.iter() {
            let sum = sums.entry(resource.to_string()).or_insert(Quantity::ZERO);
            *sum = sum.plus(*amount);
        }
    }
    sums
}

/// By how much the workload changes what is used.
fn change(cluster: &Cluster<'_>, workload: &Workload<'_>, resource: &str) -> Option<Quantity> {
    let each = counted(workload.pod_spec(), resource)?;
    let replicas = workload.wanted_replicas()?;
    let own = workload.reference();
    let now = cluster
        .in_namespace::<Pod>(&workload.metadata().namespace)
        .filter(|pod| pod.is_live() && cluster.top_of(pod).is_same(&own) && !is_itself(pod, &own))
        .filter_map(|pod| counted(&pod.spec, resource))
        .fold(Quantity::ZERO, Quantity::plus);
    let wanted = Quantity::from_thousandths(each.thousandths() * i128::from(replicas));
    Some(wanted.minus(now))
}

/// A pod of the manifests is no pod that runs.
fn is_itself(pod: &Pod, own: &crate::model::ObjectRef) -> bool {
    pod.metadata.uid.is_empty() && pod.reference().is_same(own)
}

/// The first workload that does not say how much of a resource it takes, where a quota wants to know and no
/// LimitRange answers for it.
fn unsaid<'w, 'a>(
    cluster: &Cluster<'a>,
    workloads: &[&'w Workload<'a>],
    resource: &str,
) -> Option<&'w Workload<'a>> {
    let (field, name) = match resource {
        "cpu" | "memory" => ("requests", resource),
        _ => resource.split_once('.').filter(|(field, name)| {
            matches!(*field, "requests" | "limits") && matches!(*name, "cpu" | "memory")
        })?,
    };
    workloads.iter().copied().find(|workload| {
        let namespace = workload.metadata().namespace.as_str();
        let is_complete = cluster.is_complete(crate::kubernetes::Kind::LimitRange, namespace);
        let has_default = cluster.in_namespace::<LimitRange>(namespace).any(|range| {
            range.spec.limits.iter().any(|item| {
                let of: &[&Resources] = if field == "limits" {
                    &[&item.default]
                } else {
                    &[&item.default_request, &item.default]
                };
                of.iter().any(|amounts| amounts.contains_key(name))
            })
        });
        let says = |container: &crate::kubernetes::Container| match field {
            "limits" => container.resources.limits.contains_key(name),
            _ => container.resources.effective_requests().contains_key(name),
        };
        is_complete && !has_default && !workload.pod_spec().containers.iter().all(says)
    })
}

fn demanded(quota: &ResourceQuota, workload: &Workload<'_>, resource: &str) -> Sighting {
    let own = workload.reference();
    let quota = quota.reference();
    Sighting::of(
        own.clone(),
        format!("{own} does not say its {resource}, which {quota} counts"),
        "The API server will refuse its pods: a quota admits only what says how much it takes.",
    )
    .identified_by("resource", resource)
    .evidence(Evidence::field(
        quota,
        &format!("status.hard[{resource}]"),
        "set",
    ))
    .suggest(Suggestion::advice(format!(
        "Set {resource} for every container of {own}"
    )))
}

fn exceeded(
    quota: &ResourceQuota,
    workload: &Workload<'_>,
    resource: &str,
    [used, after, hard]: [Quantity; 3],
) -> Sighting {
    let own = workload.reference();
    let subject = quota.reference();
    let path = |list: &str| format!("status.{list}[{resource}]");
    Sighting::of(
        subject.clone(),
        format!(
            "{subject} has no room for {own}: {} {resource} would be used of {}",
            after.human(resource),
            hard.human(resource)
        ),
        format!(
            "{} of it is used now; the API server will refuse the pods beyond {}.",
            used.human(resource),
            hard.human(resource)
        ),
    )
    .seen_on(own.clone(), "quota")
    .identified_by("resource", resource)
    .evidence(Evidence::field(
        subject.clone(),
        &path("hard"),
        hard.human(resource),
    ))
    .evidence(Evidence::field(
        subject.clone(),
        &path("used"),
        used.human(resource),
    ))
    .suggest(Suggestion::advice(format!(
        "Raise {resource} in {subject}, or lower the replicas or the requests of {own}"
    )))
}
