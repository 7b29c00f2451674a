use std::collections::BTreeMap;

use super::target::target_ref;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{
    Condition, CustomObject, HorizontalPodAutoscaler, Object, ObjectMeta, condition,
};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// Two autoscalers steer one thing against each other: two HorizontalPodAutoscalers on one target
    /// or on the same pods, or one and a VerticalPodAutoscaler on the same resource, whose change of
    /// the requests changes what the other measures.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 4}
    /// ---
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web-too, namespace: shop, uid: h2, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 9}
    /// ```
    /// ```yaml
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1}
    /// spec:
    ///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    ///   maxReplicas: 4
    ///   metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
    /// ---
    /// apiVersion: autoscaling.k8s.io/v1
    /// kind: VerticalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: v1}
    /// spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, updatePolicy: {updateMode: Auto}}
    /// ```
    ///
    /// # Stays silent on
    /// A VerticalPodAutoscaler that only recommends:
    /// ```yaml
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1}
    /// spec:
    ///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    ///   maxReplicas: 4
    ///   metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
    /// ---
    /// apiVersion: autoscaling.k8s.io/v1
    /// kind: VerticalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: v1}
    /// spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, updatePolicy: {updateMode: "Off"}}
    /// ```
    ///
    /// # How to fix
    /// Leave one autoscaler per target and resource.
    ///
    /// # What it cannot know
    /// Which of the two is meant.
    ///
    /// # Source
    /// `spec.scaleTargetRef` of autoscaling/v2, condition `ScalingActive` with reason
    /// `AmbiguousSelector`; `spec.targetRef` of VerticalPodAutoscaler.
    SCA008 "autoscalers-conflict" {
        role: Root,
        severity: Critical,
        confidence: 0.93,
        reads: [HorizontalPodAutoscaler],
        maps_to: [],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let mut by_target: BTreeMap<ObjectRef, Vec<&HorizontalPodAutoscaler>> = BTreeMap::new();
    for autoscaler in cluster.all::<HorizontalPodAutoscaler>() {
        let meta = &autoscaler.metadata;
        if meta.is_terminating() {
            continue;
        }
        let scaled = target_ref(&meta.namespace, &autoscaler.spec.scale_target_ref);
        for vertical in cluster.custom("VerticalPodAutoscaler") {
            if let Some(resource) = shared_resource(autoscaler, vertical, &scaled) {
                sink.report(with_vertical(autoscaler, vertical, resource, &scaled));
            }
        }
        by_target.entry(scaled).or_default().push(autoscaler);
    }
    for (scaled, mut same) in by_target {
        same.sort_by_key(|autoscaler| age_order(&autoscaler.metadata));
        match same.as_slice() {
            [oldest, newer @ ..] if !newer.is_empty() => {
                for autoscaler in newer {
                    sink.report(on_one_target(autoscaler, oldest, &scaled));
                }
            }
            [only] => {
                if let Some(sighting) = on_the_same_pods(cluster, only) {
                    sink.report(sighting);
                }
            }
            _ => {}
        }
    }
}

fn age_order(meta: &ObjectMeta) -> (Option<jiff::Timestamp>, &str) {
    (meta.creation_timestamp, &meta.name)
}

fn on_one_target(
    newer: &HorizontalPodAutoscaler,
    older: &HorizontalPodAutoscaler,
    scaled: &ObjectRef,
) -> Sighting {
    let (own, other) = (newer.reference(), older.reference());
    let title = format!("{own} and {other} both scale {scaled}");
    let explanation =
        "Each undoes what the other sets: the number of replicas jumps, or neither scales at all.";
    let field = |autoscaler: &HorizontalPodAutoscaler| {
        let target = &autoscaler.spec.scale_target_ref;
        Evidence::field(
            autoscaler.reference(),
            "spec.scaleTargetRef",
            format!("{} {}", target.kind, target.name),
        )
    };
    Sighting::of(own, title, explanation)
        .identified_by("other", other.name.as_str())
        .evidence(field(newer))
        .evidence(field(older))
        .all_evidence(ambiguous(newer).or_else(|| ambiguous(older)))
        .suggest(Suggestion::advice(format!(
            "Merge the metrics of both into {other} and delete the newer one"
        )))
}

/// What the controller says of an autoscaler whose pods another one has, too.
fn ambiguity(autoscaler: &HorizontalPodAutoscaler) -> Option<&Condition> {
    condition(&autoscaler.status.conditions, "ScalingActive")
        .filter(|active| active.is_false() && active.reason == "AmbiguousSelector")
}

/// The same as proof.
fn ambiguous(autoscaler: &HorizontalPodAutoscaler) -> Option<Evidence> {
    let active = ambiguity(autoscaler)?;
    let text = active.in_words();
    let path = "status.conditions[ScalingActive]";
    Some(Evidence::message(autoscaler.reference(), path, &text).at(active.last_transition_time))
}

/// Two targets with one selector: told once, on the newest of those that the controller names.
fn on_the_same_pods(
    cluster: &Cluster<'_>,
    autoscaler: &HorizontalPodAutoscaler,
) -> Option<Sighting> {
    let active = ambiguity(autoscaler)?;
    let meta = &autoscaler.metadata;
    let newest = cluster
        .in_namespace::<HorizontalPodAutoscaler>(&meta.namespace)
        .filter(|other| active.message.contains(other.metadata.name.as_str()))
        .max_by_key(|other| age_order(&other.metadata));
    if newest.is_some_and(|newest| newest.metadata.name != meta.name) {
        return None;
    }
    let own = autoscaler.reference();
    let title = format!("{own} measures pods that another autoscaler measures too");
    let explanation = "Their targets have selectors that match the same pods, so neither can tell which pods are its own, and neither scales.";
    let text = format!("{}: {}", active.reason, active.message);
    let path = "status.conditions[ScalingActive]";
    Some(
        Sighting::of(own.clone(), title, explanation)
            .identified_by("selector", "ambiguous")
            .evidence(Evidence::message(own, path, &text).at(active.last_transition_time))
            .since(active.last_transition_time)
            .suggest(Suggestion::advice(
                "Give the targets selectors that do not match each other's pods",
            )),
    )
}

/// The resource that both the autoscaler measures and the vertical one sets.
fn shared_resource<'h>(
    autoscaler: &'h HorizontalPodAutoscaler,
    vertical: &CustomObject,
    scaled: &ObjectRef,
) -> Option<&'h str> {
    let text = |path| {
        vertical
            .spec
            .pointer(path)
            .and_then(serde_json::Value::as_str)
    };
    let is_same = vertical.metadata.namespace == autoscaler.metadata.namespace
        && text("/targetRef/kind") == Some(scaled.kind.as_str())
        && text("/targetRef/name") == Some(scaled.name.as_str());
    let mode = text("/updatePolicy/updateMode").unwrap_or("Auto");
    if !is_same || !matches!(mode, "Auto" | "Recreate" | "InPlaceOrRecreate") {
        return None;
    }
    autoscaler
        .spec
        .metrics
        .iter()
        .filter_map(|metric| Some(metric.resource.as_ref()?.name.as_str()))
        .find(|resource| controls(vertical, resource))
}

/// Whether the vertical autoscaler sets this resource: it sets cpu and memory unless told otherwise.
fn controls(vertical: &CustomObject, resource: &str) -> bool {
    let policies = vertical
        .spec
        .pointer("/resourcePolicy/containerPolicies")
        .and_then(serde_json::Value::as_array);
    let lists: Vec<&Vec<serde_json::Value>> = policies
        .into_iter()
        .flatten()
        .filter_map(|policy| policy.get("controlledResources")?.as_array())
        .collect();
    matches!(resource, "cpu" | "memory")
        && (lists.is_empty()
            || lists
                .iter()
                .any(|list| list.iter().any(|known| known.as_str() == Some(resource))))
}

fn with_vertical(
    autoscaler: &HorizontalPodAutoscaler,
    vertical: &CustomObject,
    resource: &str,
    scaled: &ObjectRef,
) -> Sighting {
    let meta = &vertical.metadata;
    let own = autoscaler.reference();
    let other = ObjectRef {
        uid: meta.uid.non_empty().map(str::to_owned),
        ..ObjectRef::namespaced(
            &vertical.api_version,
            &vertical.kind,
            &meta.namespace,
            &meta.name,
        )
    };
    let (newer, older) = if age_order(meta) > age_order(&autoscaler.metadata) {
        (other.clone(), own.clone())
    } else {
        (own.clone(), other.clone())
    };
    let title = format!("{newer} and {older} both steer {scaled} by {resource}");
    let explanation = format!(
        "The one changes the {resource} requests, of which the other takes a share: they drive each other."
    );
    Sighting::of(newer, title, explanation)
        .identified_by("other", older.to_string())
        .evidence(Evidence::field(
            own,
            "spec.metrics[].resource.name",
            resource,
        ))
        .evidence(Evidence::field(
            other,
            "spec.targetRef",
            format!("{} {}", scaled.kind, scaled.name),
        ))
        .suggest(Suggestion::advice(format!(
            "Let only one of them steer by {resource}"
        )))
}
