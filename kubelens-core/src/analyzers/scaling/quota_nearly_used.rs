use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, ResourceQuota};
use crate::model::{Evidence, Quantity, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A namespace has used 90 % or more of what its quota allows: the next rollout, which runs old
    /// and new pods side by side for a while, may be refused. Counted objects at their limit are only
    /// noted as long as nobody is refused.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: v1
    /// kind: ResourceQuota
    /// metadata: {name: compute, namespace: shop, uid: q1}
    /// spec: {hard: {requests.memory: 10Gi}}
    /// status: {hard: {requests.memory: 10Gi}, used: {requests.memory: 9728Mi}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: v1
    /// kind: ResourceQuota
    /// metadata: {name: compute, namespace: shop, uid: q1}
    /// spec: {hard: {requests.memory: 10Gi, services.loadbalancers: "0"}}
    /// status: {hard: {requests.memory: 10Gi, services.loadbalancers: "0"}, used: {requests.memory: 6Gi, services.loadbalancers: "0"}}
    /// ```
    ///
    /// # How to fix
    /// Raise the quota before it is needed, or remove what is not.
    ///
    /// # What it cannot know
    /// What is going to be asked for.
    ///
    /// # Source
    /// `status.used` and `status.hard` of core/v1 ResourceQuota.
    SCA022 "quota-nearly-used" {
        role: Both,
        severity: Warning,
        confidence: 0.90,
        reads: [],
        maps_to: ["k8sgpt:ReplicaSet"],
        check: ResourceQuota(check),
    }
}

struct Use<'a> {
    resource: &'a str,
    used: Quantity,
    hard: Quantity,
}

fn check<'a>(quota: &'a ResourceQuota, cluster: &Cluster<'a>, sink: &mut Sink) {
    if quota.metadata.is_terminating() {
        return;
    }
    let near: Vec<Use<'_>> = quota
        .status
        .hard
        .iter()
        .filter(|(_, hard)| !hard.is_zero())
        .filter_map(|(resource, hard)| {
            let used = *quota.status.used.get(resource)?;
            let is_near =
                used.as_f64() >= hard.as_f64() * cluster.thresholds(&quota.metadata).quota_warn;
            is_near.then_some(Use {
                resource,
                used,
                hard: *hard,
            })
        })
        .collect();
    if !near.is_empty() {
        sink.report(sighting(quota, &near));
    }
}

/// Whether a resource is a number of objects rather than an amount.
fn is_count(resource: &str) -> bool {
    !(resource.contains("cpu")
        || resource.contains("memory")
        || resource.contains("storage")
        || resource.starts_with("requests.")
        || resource.starts_with("limits."))
}

fn sighting(quota: &ResourceQuota, near: &[Use<'_>]) -> Sighting {
    let own = quota.reference();
    let told: Vec<String> = near
        .iter()
        .map(|one| {
            format!(
                "{} of {} {}",
                one.used.human(one.resource),
                one.hard.human(one.resource),
                one.resource
            )
        })
        .collect();
    let only_full_counts = near
        .iter()
        .all(|one| is_count(one.resource) && one.used >= one.hard);
    let severity = if only_full_counts {
        Severity::Info
    } else {
        Severity::Warning
    };
    let title = format!("{own} is nearly used up: {}", told.join(", "));
    let mut sighting = Sighting::of(
        own.clone(),
        title,
        "What needs more of it is refused, the next rollout among them.",
    )
    .severity(severity)
    // Who is refused already is told by the quota's other rule.
    .blames(own.clone(), "same object");
    for one in near {
        let path = format!("status.used[{}]", one.resource);
        let value = format!(
            "{} of {}",
            one.used.human(one.resource),
            one.hard.human(one.resource)
        );
        sighting = sighting.evidence(Evidence::field(own.clone(), &path, value));
    }
    let namespace = quota.metadata.namespace.as_str();
    sighting.suggest(Suggestion::look(
        "See what is used",
        format!("kubectl -n {namespace} describe resourcequota {}", own.name),
    ))
}
