use serde_json::Value;

use super::target::{Target, target};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Condition, CustomObject, List, ObjectReference, condition};
use crate::model::{Evidence, ObjectRef, Quantity, Severity, Suggestion, safe_text};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A VerticalPodAutoscaler sets nothing: it matches no pods, its settings are not supported, or it has
    /// no recommendation after a quarter of an hour. One whose recommendation is far from what is asked for
    /// is noted.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling.k8s.io/v1
    /// kind: VerticalPodAutoscaler
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
    /// status:
    ///   conditions: [{type: NoPodsMatched, status: "True", lastTransitionTime: "2026-01-01T08:01:00Z", message: No pods match this VPA object}]
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling.k8s.io/v1
    /// kind: VerticalPodAutoscaler
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
    /// status:
    ///   conditions: [{type: RecommendationProvided, status: "False", lastTransitionTime: "2026-01-01T08:01:00Z"}]
    /// ```
    /// The request is four times what is recommended at most:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling.k8s.io/v1
    /// kind: VerticalPodAutoscaler
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, updatePolicy: {updateMode: "Off"}}
    /// status:
    ///   conditions: [{type: RecommendationProvided, status: "True", lastTransitionTime: "2026-01-01T08:01:00Z"}]
    ///   recommendation: {containerRecommendations: [{containerName: web, lowerBound: {cpu: 100m}, target: {cpu: 250m}, upperBound: {cpu: 500m}}]}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {template: {spec: {containers: [{name: web, resources: {requests: {cpu: "2"}}}]}}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling.k8s.io/v1
    /// kind: VerticalPodAutoscaler
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
    /// status:
    ///   conditions: [{type: RecommendationProvided, status: "True", lastTransitionTime: "2026-01-01T08:01:00Z"}]
    ///   recommendation: {containerRecommendations: [{containerName: web, lowerBound: {cpu: 100m}, target: {cpu: 250m}, upperBound: {cpu: 500m}}]}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {template: {spec: {containers: [{name: web, resources: {requests: {cpu: 300m}}}]}}}
    /// ---
    /// apiVersion: autoscaling.k8s.io/v1
    /// kind: VerticalPodAutoscaler
    /// metadata: {name: young, namespace: shop, creationTimestamp: "2026-01-01T11:55:00Z"}
    /// spec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
    /// status:
    ///   conditions: [{type: RecommendationProvided, status: "False", lastTransitionTime: "2026-01-01T11:55:10Z"}]
    /// ```
    ///
    /// # How to fix
    /// Point `targetRef` at a workload that has pods, correct what the condition names, and see that the
    /// recommender runs.
    ///
    /// # What it cannot know
    /// Whether recommender and updater run, where their own pods are not in the picture.
    ///
    /// # Source
    /// Conditions and `status.recommendation` of autoscaling.k8s.io VerticalPodAutoscaler.
    SCA011 "vertical-autoscaler-inactive" {
        role: Both,
        severity: Warning,
        confidence: 0.88,
        reads: [Deployment, StatefulSet, ReplicaSet, ReplicationController, CustomResourceDefinition],
        maps_to: [],
        check: Cluster(check),
    }
}

/// Conditions that are bad when true.
const BAD: [&str; 4] = [
    "NoPodsMatched",
    "ConfigUnsupported",
    "ConfigDeprecated",
    "FetchingHistory",
];

/// Seconds that a first recommendation takes.
const LEARNING: i64 = 900;

/// How far outside the recommended bounds a request is worth a note.
const FAR: f64 = 2.0;

/// How sure a note is: a recommendation is an estimate.
const A_NOTE: f64 = 0.70;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for vertical in cluster.custom("VerticalPodAutoscaler") {
        let meta = &vertical.metadata;
        if meta.is_terminating() || cluster.age(meta) < LEARNING {
            continue;
        }
        let conditions: List<Condition> = vertical
            .status
            .get("conditions")
            .and_then(|all| serde_json::from_value(all.clone()).ok())
            .unwrap_or_default();
        match bad(cluster, &conditions) {
            Some(bad) => sink.report(inactive(cluster, vertical, bad)),
            None => far_off(cluster, vertical, sink),
        }
    }
}

fn bad<'c>(cluster: &Cluster<'_>, conditions: &'c [Condition]) -> Option<&'c Condition> {
    let lasts = |one: &&Condition| cluster.seconds_since(one.last_transition_time) > LEARNING;
    BAD.iter()
        .filter_map(|type_| condition(conditions, type_).filter(|one| one.is_true()))
        .chain(condition(conditions, "RecommendationProvided").filter(|one| one.is_false()))
        .find(lasts)
}

fn inactive(cluster: &Cluster<'_>, vertical: &CustomObject, bad: &Condition) -> Sighting {
    let own = reference(vertical);
    let why = match bad.type_.as_str() {
        "NoPodsMatched" => "it matches no pods",
        "ConfigUnsupported" => "its settings are not supported",
        "ConfigDeprecated" => "its settings are of a form that goes away",
        "FetchingHistory" => "it has been fetching history for a long time",
        _ => "it has no recommendation",
    };
    // A form that goes away works until then.
    let (verb, severity) = match bad.type_.as_str() {
        "ConfigDeprecated" => ("works for now", Severity::Info),
        _ => ("sets nothing", Severity::Warning),
    };
    let said = match bad.message.non_empty() {
        Some(message) => format!(" It says: {}", safe_text(message)),
        None => String::new(),
    };
    let text = format!("{}: {} {}", bad.status, bad.reason, bad.message);
    let path = format!("status.conditions[{}]", bad.type_);
    let mut sighting = Sighting::of(
        own.clone(),
        format!("{own} {verb}: {why}"),
        format!("The requests of its target stay as they are, whatever it uses.{said}"),
    )
    .identified_by("condition", bad.type_.as_str())
    .severity(severity)
    .since(bad.last_transition_time)
    .evidence(Evidence::message(own.clone(), &path, text.trim()).at(bad.last_transition_time))
    .suggest(Suggestion::look(
        "Read its conditions",
        format!(
            "kubectl -n {} describe verticalpodautoscaler {}",
            own.namespace.as_deref().unwrap_or_default(),
            own.name
        ),
    ));
    if let Some(workload) = target_of(cluster, vertical) {
        let object = workload.reference();
        sighting = sighting
            .evidence(Evidence::field(own, "spec.targetRef", &object))
            .blames(object, "sizes");
    }
    sighting
}

/// Requests that lie far outside what is recommended: nobody has taken the advice.
fn far_off(cluster: &Cluster<'_>, vertical: &CustomObject, sink: &mut Sink) {
    let Some(workload) = target_of(cluster, vertical) else {
        return;
    };
    let advice = vertical
        .status
        .pointer("/recommendation/containerRecommendations");
    for one in advice.and_then(Value::as_array).into_iter().flatten() {
        let name = one.get("containerName").and_then(Value::as_str);
        let Some(container) = name.and_then(|name| workload.pod_spec().container(name)) else {
            continue;
        };
        let requests = container.resources.effective_requests();
        for resource in ["cpu", "memory"] {
            let bound = |which: &str| -> Option<Quantity> {
                one.get(which)?.get(resource)?.as_str()?.parse().ok()
            };
            let (Some(request), Some(low), Some(high)) = (
                requests.get(resource),
                bound("lowerBound"),
                bound("upperBound"),
            ) else {
                continue;
            };
            let is_far =
                request.as_f64() > high.as_f64() * FAR || request.as_f64() * FAR < low.as_f64();
            if is_far {
                let fit = bound("target").unwrap_or(high);
                let fact = (resource, *request, low, high, fit);
                sink.report(note(vertical, &workload, &container.name, fact));
            }
        }
    }
}

fn note(
    vertical: &CustomObject,
    workload: &Workload<'_>,
    container: &str,
    (resource, request, low, high, fit): (&str, Quantity, Quantity, Quantity, Quantity),
) -> Sighting {
    let own = reference(vertical);
    let top = workload.reference();
    let human = |amount: Quantity| amount.human(resource);
    let path = format!(
        "{}.containers[{container}].resources.requests.{resource}",
        workload.pod_spec_path()
    );
    let recommended = format!(
        "between {} and {}, best {}",
        human(low),
        human(high),
        human(fit)
    );
    Sighting::of(
        own.clone(),
        format!(
            "{own} recommends {} {resource} for container `{container}` of {top}, which asks for {}",
            human(fit),
            human(request)
        ),
        format!("What it measured asks for {recommended}; the request is far from it."),
    )
    .in_container(container)
    .identified_by("resource", resource)
    .severity(Severity::Info)
    .confidence(A_NOTE)
    .evidence(Evidence::field(top, &path, human(request)))
    .evidence(Evidence::field(
        own,
        "status.recommendation.containerRecommendations",
        format!("{container} {resource}: {recommended}"),
    ))
    .suggest(Suggestion::advice(format!(
        "Ask for {} {resource}, or let the autoscaler set it",
        human(fit)
    )))
}

fn reference(vertical: &CustomObject) -> ObjectRef {
    let meta = &vertical.metadata;
    ObjectRef {
        uid: meta.uid.non_empty().map(str::to_owned),
        ..ObjectRef::namespaced(
            &vertical.api_version,
            &vertical.kind,
            &meta.namespace,
            &meta.name,
        )
    }
}

fn target_of<'a>(cluster: &Cluster<'a>, vertical: &CustomObject) -> Option<Workload<'a>> {
    let named = vertical.spec.get("targetRef")?;
    let reference: ObjectReference = serde_json::from_value(named.clone()).ok()?;
    match target(cluster, &vertical.metadata.namespace, &reference) {
        Target::Found(workload) => Some(workload),
        _ => None,
    }
}
