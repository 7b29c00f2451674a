use super::target::target_ref;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Condition, HorizontalPodAutoscaler, Object, condition};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An autoscaler has been at its maximum for a quarter of an hour and would add pods if it
    /// could: the load is above what the maximum is made for. One whose minimum is its maximum does
    /// not scale at all, which is only noted.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1}
    /// spec:
    ///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    ///   minReplicas: 2
    ///   maxReplicas: 4
    ///   metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
    /// status:
    ///   currentReplicas: 4
    ///   desiredReplicas: 4
    ///   currentMetrics: [{type: Resource, resource: {name: cpu, current: {averageUtilization: 96}}}]
    ///   conditions: [{type: ScalingLimited, status: "True", reason: TooManyReplicas, message: the desired replica count is more than the maximum replica count, lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    /// With a minimum that is the maximum, under a load far above the target:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1}
    /// spec:
    ///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    ///   minReplicas: 3
    ///   maxReplicas: 3
    ///   metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
    /// status:
    ///   currentReplicas: 3
    ///   desiredReplicas: 3
    ///   currentMetrics: [{type: Resource, resource: {name: cpu, current: {averageUtilization: 180}}}]
    ///   conditions: [{type: ScalingLimited, status: "True", reason: TooManyReplicas, lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    ///
    /// # Stays silent on
    /// At its minimum:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1}
    /// spec: {minReplicas: 2, maxReplicas: 4}
    /// status:
    ///   currentReplicas: 2
    ///   desiredReplicas: 2
    ///   conditions: [{type: ScalingLimited, status: "True", reason: TooFewReplicas, lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    ///
    /// # How to fix
    /// Raise `maxReplicas`, or make the work of a pod cheaper.
    ///
    /// # What it cannot know
    /// Whether the nodes have room for more.
    ///
    /// # Source
    /// Condition `ScalingLimited` and `status.currentMetrics` of autoscaling/v2.
    SCA006 "scaled-to-maximum" {
        role: Both,
        severity: Warning,
        confidence: 0.85,
        reads: [Pod, Deployment, StatefulSet, ReplicaSet, ReplicationController],
        maps_to: ["k8sgpt:HorizontalPodAutoscaler"],
        check: HorizontalPodAutoscaler(check),
    }
}

fn check<'a>(autoscaler: &'a HorizontalPodAutoscaler, cluster: &Cluster<'a>, sink: &mut Sink) {
    let (spec, status) = (&autoscaler.spec, &autoscaler.status);
    let most = spec.max_replicas;
    if autoscaler.metadata.is_terminating() || most <= 1 {
        return;
    }
    let is_fixed = spec.min_replicas == Some(most);
    let limited = condition(&status.conditions, "ScalingLimited")
        .filter(|limited| limited.is_true() && limited.reason == "TooManyReplicas");
    let lasting = limited.filter(|limited| {
        limited.last_transition_time.is_some()
            && !cluster.is_within(
                limited.last_transition_time,
                cluster.thresholds(&autoscaler.metadata).hpa_max_grace,
            )
    });
    match lasting {
        Some(limited) if is_fixed && is_far_above_target(autoscaler) => {
            let title = format!(
                "{} may not add replicas to {}, and the load is far above its target: its minimum is its maximum, {most}",
                autoscaler.reference(),
                scaled_by(autoscaler)
            );
            let sighting = at_maximum(cluster, autoscaler, limited, title)
                .identified_by("minimum", "maximum")
                .evidence(Evidence::field(
                    autoscaler.reference(),
                    "spec.minReplicas",
                    most,
                ));
            sink.report(sighting);
        }
        Some(limited)
            if !is_fixed && status.current_replicas >= most && is_above_target(autoscaler) =>
        {
            let title = format!(
                "{} holds {} at its maximum of {most} replicas and wants more",
                autoscaler.reference(),
                scaled_by(autoscaler)
            );
            sink.report(at_maximum(cluster, autoscaler, limited, title));
        }
        _ if is_fixed => sink.report(fixed(autoscaler)),
        _ => {}
    }
}

/// What it scales.
fn scaled_by(autoscaler: &HorizontalPodAutoscaler) -> ObjectRef {
    target_ref(
        &autoscaler.metadata.namespace,
        &autoscaler.spec.scale_target_ref,
    )
}

/// Use and target of the resource metrics that are known, in percent of the requests.
fn utilization(autoscaler: &HorizontalPodAutoscaler) -> Vec<(&str, i64, i64)> {
    autoscaler
        .spec
        .metrics
        .iter()
        .filter_map(|metric| {
            let wanted = metric.resource.as_ref()?;
            let target = wanted.target.average_utilization?;
            let now = autoscaler
                .status
                .current_metrics
                .iter()
                .find_map(|metric| {
                    let resource = metric.resource.as_ref()?;
                    (resource.name == wanted.name)
                        .then_some(resource.current.average_utilization)
                        .flatten()
                })?;
            Some((wanted.name.as_str(), now, target))
        })
        .collect()
}

/// Whether a known metric is above its target; true where none is known.
fn is_above_target(autoscaler: &HorizontalPodAutoscaler) -> bool {
    let known = utilization(autoscaler);
    known.is_empty() || known.iter().any(|(_, now, target)| now > target)
}

/// Whether a known metric is so far above its target that somebody who fixed the number on purpose would not have wanted it:
/// half as much again.
fn is_far_above_target(autoscaler: &HorizontalPodAutoscaler) -> bool {
    utilization(autoscaler)
        .iter()
        .any(|(_, now, target)| 2 * now >= 3 * target)
}

fn at_maximum(
    cluster: &Cluster<'_>,
    autoscaler: &HorizontalPodAutoscaler,
    limited: &Condition,
    title: String,
) -> Sighting {
    let own = autoscaler.reference();
    let most = autoscaler.spec.max_replicas;
    let scaled = scaled_by(autoscaler);
    let explanation = "The load is above the target and no pod may be added.";
    let text = format!("{}: {}", limited.reason, limited.message);
    let mut sighting = Sighting::of(own.clone(), title, explanation)
        .evidence(Evidence::field(own.clone(), "spec.maxReplicas", most))
        .evidence(
            Evidence::message(own.clone(), "status.conditions[ScalingLimited]", &text)
                .at(limited.last_transition_time),
        )
        .since(limited.last_transition_time);
    for (resource, now, target) in utilization(autoscaler) {
        let path = format!("status.currentMetrics[{resource}].averageUtilization");
        let value = format!("{now} % (target {target} %)");
        sighting = sighting.evidence(Evidence::field(own.clone(), &path, value));
    }
    // Pods that do not serve leave their part to the others: more of them are no remedy.
    let pods = cluster
        .workload(&scaled)
        .map_or_else(Vec::new, |workload| cluster.pods_of(&workload));
    if pods.iter().any(|pod| pod.is_live() && !pod.is_ready()) {
        return sighting.blames(scaled, "scales");
    }
    sighting.suggest(Suggestion::advice(format!(
        "Raise maxReplicas of {own}, if the nodes have room"
    )))
}

fn fixed(autoscaler: &HorizontalPodAutoscaler) -> Sighting {
    let own = autoscaler.reference();
    let most = autoscaler.spec.max_replicas;
    let title = format!("{own} cannot scale: its minimum is its maximum, {most}");
    Sighting::of(own.clone(), title, "It keeps the number of replicas fixed.")
        .severity(Severity::Info)
        .confidence(0.80)
        .identified_by("minimum", "maximum")
        .evidence(Evidence::field(own.clone(), "spec.minReplicas", most))
        .evidence(Evidence::field(own, "spec.maxReplicas", most))
}
