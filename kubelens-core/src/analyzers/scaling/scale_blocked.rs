use super::target::{Target, says_missing, target, target_ref};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Condition, HorizontalPodAutoscaler, Object, condition};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An autoscaler can neither read nor set the number of replicas of its target, or finds no
    /// usable selector there. It does nothing.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1}
    /// spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 4}
    /// status:
    ///   conditions: [{type: AbleToScale, status: "False", reason: FailedUpdateScale, message: 'the HPA controller was unable to update the target scale: admission webhook "replicas.example" denied the request', lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// ```
    ///
    /// # Stays silent on
    /// A hiccup of a minute:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1}
    /// spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 4}
    /// status:
    ///   conditions: [{type: AbleToScale, status: "False", reason: FailedGetScale, message: etcdserver request timed out, lastTransitionTime: "2026-01-01T11:59:00Z"}]
    /// ```
    ///
    /// # How to fix
    /// Change what the message names.
    ///
    /// # What it cannot know
    /// Why the API refused, beyond its words.
    ///
    /// # Source
    /// Conditions `AbleToScale` and `ScalingActive` of autoscaling/v2.
    SCA003 "scale-blocked" {
        role: Both,
        severity: Critical,
        confidence: 0.90,
        reads: [Deployment, StatefulSet, ReplicaSet, ReplicationController, CustomResourceDefinition],
        maps_to: ["k8sgpt:HorizontalPodAutoscaler"],
        check: HorizontalPodAutoscaler(check),
    }
}

/// Seconds for which it may fail before it counts.
const TRANSIENT: i64 = 180;

fn check<'a>(autoscaler: &'a HorizontalPodAutoscaler, cluster: &Cluster<'a>, sink: &mut Sink) {
    if autoscaler.metadata.is_terminating() {
        return;
    }
    let blocked = autoscaler.status.conditions.iter().find(|known| {
        let reasons: &[&str] = match known.type_.as_str() {
            "AbleToScale" => &["FailedGetScale", "FailedUpdateScale"],
            "ScalingActive" => &["InvalidSelector", "SelectorRequired"],
            _ => &[],
        };
        known.is_false() && reasons.contains(&known.reason.as_str())
    });
    let Some(blocked) = blocked else { return };
    let is_lasting = blocked.last_transition_time.is_some()
        && !cluster.is_within(blocked.last_transition_time, TRANSIENT);
    if is_lasting && !is_missing_target(cluster, autoscaler) {
        sink.report(sighting(autoscaler, blocked));
    }
}

/// A target that is not there has a rule of its own.
fn is_missing_target(cluster: &Cluster<'_>, autoscaler: &HorizontalPodAutoscaler) -> bool {
    let namespace = autoscaler.metadata.namespace.as_str();
    match target(cluster, namespace, &autoscaler.spec.scale_target_ref) {
        Target::Found(_) => false,
        Target::Unknown => condition(&autoscaler.status.conditions, "AbleToScale")
            .is_some_and(|able| able.is_false() && says_missing(&able.message)),
        _ => true,
    }
}

fn sighting(autoscaler: &HorizontalPodAutoscaler, blocked: &Condition) -> Sighting {
    let own = autoscaler.reference();
    let namespace = autoscaler.metadata.namespace.as_str();
    let scaled = target_ref(namespace, &autoscaler.spec.scale_target_ref);
    let what = match blocked.reason.as_str() {
        "FailedUpdateScale" => "cannot set the number of replicas of",
        "FailedGetScale" => "cannot read the number of replicas of",
        _ => "finds no usable selector on",
    };
    let path = format!("status.conditions[{}]", blocked.type_);
    let text = format!("{}: {}", blocked.reason, blocked.message);
    Sighting::of(
        own.clone(),
        format!("{own} {what} {scaled}"),
        "The autoscaler does nothing until that works.",
    )
    .identified_by("reason", blocked.reason.as_str())
    .evidence(Evidence::message(own.clone(), &path, &text).at(blocked.last_transition_time))
    .since(blocked.last_transition_time)
    .blames(scaled, "scaled by")
    .suggest(Suggestion::look(
        "Read what it says",
        format!("kubectl -n {namespace} describe hpa {}", own.name),
    ))
}
