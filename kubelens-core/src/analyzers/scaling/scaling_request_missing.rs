use super::target::{Target, target};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{
    Container, ContainerRole, HorizontalPodAutoscaler, LimitRange, Object, PodSpec, condition,
};
use crate::model::{Evidence, Suggestion, some_of};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// An autoscaler works with a share of what the pods request (`averageUtilization`), and a
    /// container of the pods requests nothing of it: there is no whole of which a share could be
    /// taken, so the autoscaler does nothing.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: LimitRange
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1}
    /// spec:
    ///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    ///   maxReplicas: 4
    ///   metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec:
    ///   template: {spec: {containers: [{name: web, resources: {requests: {cpu: 100m}}}, {name: log}]}}
    /// ```
    ///
    /// # Stays silent on
    /// An average value needs no request:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: LimitRange
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1}
    /// spec:
    ///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    ///   maxReplicas: 4
    ///   metrics: [{type: Resource, resource: {name: cpu, target: {type: AverageValue, averageValue: 200m}}}]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {template: {spec: {containers: [{name: web}]}}}
    /// ```
    /// A LimitRange fills it in:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1}
    /// spec:
    ///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    ///   maxReplicas: 4
    ///   metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {template: {spec: {containers: [{name: web}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: LimitRange
    /// metadata: {name: defaults, namespace: shop, uid: l1}
    /// spec: {limits: [{type: Container, defaultRequest: {cpu: 50m}}]}
    /// ```
    ///
    /// # How to fix
    /// Give every container of the pods, sidecars too, a request of that resource.
    ///
    /// # What it cannot know
    /// Which amount fits.
    ///
    /// # Source
    /// `spec.metrics` of autoscaling/v2; the controller's `missing request for cpu in container C`.
    SCA005 "scaling-request-missing" {
        role: Root,
        severity: Warning,
        confidence: 0.97,
        reads: [
            Deployment, StatefulSet, ReplicaSet, ReplicationController, CustomResourceDefinition, LimitRange, Pod,
        ],
        maps_to: ["k8sgpt:HorizontalPodAutoscaler", "k8sgpt:ScaledObject"],
        check: HorizontalPodAutoscaler(check),
    }
}

/// A metric of an autoscaler that is a share of a request.
struct Share<'a> {
    index: usize,
    resource: &'a str,
    /// The one container it is about; empty for all.
    container: &'a str,
    field: &'static str,
    percent: Option<i64>,
}

fn check<'a>(autoscaler: &'a HorizontalPodAutoscaler, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = &autoscaler.metadata;
    if meta.is_terminating() {
        return;
    }
    let reference = &autoscaler.spec.scale_target_ref;
    let Target::Found(workload) = target(cluster, &meta.namespace, reference) else {
        return;
    };
    if workload.is_resting() {
        return;
    }
    let works = condition(&autoscaler.status.conditions, "ScalingActive")
        .is_some_and(crate::kubernetes::Condition::is_true);
    let metrics = autoscaler.spec.metrics.len().max(1);
    if works && metrics == 1 {
        return;
    }
    for share in shares(autoscaler) {
        let without = containers_without(cluster, &workload, &share);
        if !without.is_empty() {
            // What runs goes on to serve; it only grows no more.
            sink.report(sighting(autoscaler, &workload, &share, &without));
        }
    }
}

fn shares(autoscaler: &HorizontalPodAutoscaler) -> Vec<Share<'_>> {
    let metrics = autoscaler.spec.metrics.iter().enumerate();
    metrics
        .filter_map(|(index, metric)| {
            let (source, field) = match metric.type_.as_str() {
                "Resource" => (metric.resource.as_ref()?, "resource"),
                "ContainerResource" => (metric.container_resource.as_ref()?, "containerResource"),
                _ => return None,
            };
            let is_share =
                source.target.type_ == "Utilization" || source.target.average_utilization.is_some();
            is_share.then(|| Share {
                index,
                resource: &source.name,
                container: &source.container,
                field,
                percent: source.target.average_utilization,
            })
        })
        .collect()
}

/// The containers of the pods, or of the template where there is no pod, that do not request it.
fn containers_without<'a>(
    cluster: &Cluster<'a>,
    workload: &Workload<'a>,
    share: &Share<'_>,
) -> Vec<&'a str> {
    let pods = cluster.pods_of(workload);
    let live = pods.iter().find(|pod| pod.is_live());
    let (spec, is_template): (&PodSpec, bool) = match live {
        Some(pod) => (&pod.spec, false),
        None => (workload.pod_spec(), true),
    };
    let has_pod_level = spec
        .resources
        .as_ref()
        .is_some_and(|resources| resources.effective_requests().contains_key(share.resource));
    let namespace = &workload.metadata().namespace;
    if has_pod_level || (is_template && is_filled_in(cluster, namespace, share.resource)) {
        return Vec::new();
    }
    // The template's own containers are those that someone can change; injected ones are not.
    let lacking = |container: &Container| {
        (share.container.is_empty() || container.name == *share.container)
            && !container
                .resources
                .effective_requests()
                .contains_key(share.resource)
    };
    let in_pod: Vec<&str> = spec
        .all_containers()
        .filter(|(role, container)| *role != ContainerRole::Init && lacking(container))
        .map(|(_, container)| container.name.as_str())
        .collect();
    workload
        .pod_spec()
        .all_containers()
        .map(|(_, container)| container.name.as_str())
        .filter(|name| in_pod.contains(name))
        .collect()
}

/// Whether a LimitRange gives containers a request of it, or may do so unseen.
fn is_filled_in(cluster: &Cluster<'_>, namespace: &str, resource: &str) -> bool {
    !cluster.is_complete(crate::kubernetes::Kind::LimitRange, namespace)
        || cluster
            .in_namespace::<LimitRange>(namespace)
            .flat_map(|range| range.spec.limits.iter())
            .any(|limit| {
                limit.type_ == "Container"
                    && (limit.default_request.contains_key(resource)
                        || limit.default.contains_key(resource))
            })
}

fn sighting(
    autoscaler: &HorizontalPodAutoscaler,
    workload: &Workload<'_>,
    share: &Share<'_>,
    without: &[&str],
) -> Sighting {
    let (own, scaler, resource) = (workload.reference(), autoscaler.reference(), share.resource);
    let names = some_of(without, 4);
    let (noun, verb) = if without.len() == 1 {
        ("Container", "has")
    } else {
        ("Containers", "have")
    };
    let title =
        format!("{noun} {names} of {own} {verb} no {resource} request, which {scaler} needs");
    let explanation = format!(
        "The autoscaler keeps {resource} at a share of what is requested ({} %); with a request missing it cannot tell the share and does nothing.",
        share.percent.unwrap_or(80)
    );
    let path = format!(
        "spec.metrics[{}].{}.target.averageUtilization",
        share.index, share.field
    );
    let mut sighting = Sighting::of(own.clone(), title, explanation)
        .seen_on(scaler.clone(), "scales")
        .identified_by("resource", resource)
        .evidence(Evidence::field(
            scaler.clone(),
            &path,
            share.percent.unwrap_or(80),
        ));
    for name in without.iter().take(4) {
        let path = format!(
            "{}.containers[{name}].resources.requests.{resource}",
            workload.pod_spec_path()
        );
        sighting = sighting.evidence(Evidence::field(own.clone(), &path, "not set"));
    }
    if let Some(active) = condition(&autoscaler.status.conditions, "ScalingActive") {
        let text = format!("{}: {}", active.reason, active.message);
        let path = "status.conditions[ScalingActive]";
        sighting = sighting
            .evidence(Evidence::message(scaler, path, &text).at(active.last_transition_time))
            .since(active.last_transition_time);
    }
    let namespace = own.namespace.clone().unwrap_or_default();
    sighting
        .suggest(Suggestion::advice(format!(
            "Set resources.requests.{resource} on {names} in {own}"
        )))
        .suggest(Suggestion::look(
            "See what the containers use",
            format!("kubectl -n {namespace} top pod --containers"),
        ))
}
