use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::standing_workload::{container_path, containers_in_words, stands};
use crate::kubernetes::{Container, ContainerRole, Kind, LimitRange, LimitRangeItem, Resources};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A container has no memory limit, so that one leak can take its node down; or no CPU limit or memory
    /// request, which is a matter of taste.
    ///
    /// # Fires on
    /// ```yaml
    /// # listed: LimitRange
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {containers: [{name: web, resources: {requests: {cpu: 100m}}}]}}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # listed: LimitRange
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {containers: [{name: web, resources: {limits: {cpu: "1", memory: 256Mi}}}]}}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: whole, namespace: shop}
    /// spec: {template: {spec: {resources: {limits: {cpu: "1", memory: 256Mi}}, containers: [{name: web}]}}}
    /// ```
    /// A LimitRange fills them in; and one that was not read may do so:
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {containers: [{name: web}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: LimitRange
    /// metadata: {name: defaults, namespace: shop}
    /// spec: {limits: [{type: Container, default: {cpu: "1", memory: 256Mi}}]}
    /// ```
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {containers: [{name: web}]}}}
    /// ```
    ///
    /// # How to fix
    /// Give every container a memory request and a memory limit that fit what it uses.
    ///
    /// # What it cannot know
    /// How much that is, and webhooks that fill it in.
    ///
    /// # Source
    /// `resources` of core/v1 Container and PodSpec; defaults of core/v1 LimitRange.
    SCA046 "limits-or-requests-absent" {
        role: Root,
        severity: Warning,
        confidence: 0.95,
        reads: [LimitRange],
        maps_to: ["POP-106", "POP-107", "classic:resource"],
        profiles: [Classic, Hygiene],
        check: Workload(check),
    }
}

/// Containers that are shown as proof.
const MOST_SHOWN: usize = 4;

fn check<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    let namespace = workload.metadata().namespace.as_str();
    if !stands(workload) || !cluster.is_complete(Kind::LimitRange, namespace) {
        return;
    }
    let defaults: Vec<&LimitRangeItem> = cluster
        .in_namespace::<LimitRange>(namespace)
        .flat_map(|range| range.spec.limits.iter())
        .filter(|limit| limit.type_ == "Container")
        .collect();
    let has = |list: fn(&LimitRangeItem) -> &Resources, what: &str| {
        defaults.iter().any(|limit| list(limit).contains_key(what))
    };
    let of_pod = workload.pod_spec().resources.as_ref();
    let no_limit = |container: &Container, what: &str| {
        !container.resources.limits.contains_key(what)
            && !of_pod.is_some_and(|pod| pod.limits.contains_key(what))
            && !has(|limit| &limit.default, what)
    };
    let no_request = |container: &Container, what: &str| {
        !container.resources.effective_requests().contains_key(what)
            && !of_pod.is_some_and(|pod| pod.effective_requests().contains_key(what))
            && !has(|limit| &limit.default_request, what)
            && !has(|limit| &limit.default, what)
    };
    let mut unlimited = Vec::new();
    let mut vague = Vec::new();
    let running = workload.pod_spec().all_containers();
    for (role, container) in running.filter(|(role, _)| *role != ContainerRole::Init) {
        let path = container_path(workload, role, container);
        let name = container.name.as_str();
        if no_limit(container, "memory") {
            unlimited.push((name, format!("{path}.resources.limits.memory")));
        }
        if no_limit(container, "cpu") {
            vague.push((name, format!("{path}.resources.limits.cpu")));
        }
        if no_request(container, "memory") {
            vague.push((name, format!("{path}.resources.requests.memory")));
        }
    }
    if !unlimited.is_empty() {
        let sighting = sighting(workload, "no memory limit", &unlimited);
        sink.report(sighting.identified_by("lacks", "memory limit"));
    }
    if !vague.is_empty() {
        let sighting = sighting(workload, "no CPU limit or no memory request", &vague);
        sink.report(
            sighting
                .identified_by("lacks", "others")
                .severity(Severity::Info),
        );
    }
}

fn sighting(workload: &Workload<'_>, lack: &str, places: &[(&str, String)]) -> Sighting {
    let own = workload.reference();
    let mut names: Vec<&str> = places.iter().map(|(name, _)| *name).collect();
    names.dedup();
    let (who, verb) = containers_in_words(&names);
    let effect = if lack == "no memory limit" {
        "It can use up the memory of its node; then the kernel or the kubelet ends other pods too."
    } else {
        "Without a request it is placed by chance and is the first to be evicted; without a CPU limit it may take what others left."
    };
    let proof = places
        .iter()
        .take(MOST_SHOWN)
        .map(|(_, path)| Evidence::field(own.clone(), path, "not set"));
    Sighting::of(own.clone(), format!("{who} of {own} {verb} {lack}"), effect)
        .all_evidence(proof)
        .suggest(Suggestion::advice(
            "Set requests and limits that fit what it uses",
        ))
        .grouped(lack, format!("workloads have containers with {lack}"))
}
