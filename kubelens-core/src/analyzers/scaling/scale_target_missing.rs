use super::target::{Target, says_missing, target, target_ref};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{
    CustomObject, Deployment, HorizontalPodAutoscaler, Object, ObjectReference, StatefulSet,
    condition,
};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An autoscaler is to scale an object that does not exist, or one whose kind cannot be scaled.
    /// It does nothing.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Deployment
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: webb}, maxReplicas: 4}
    /// ```
    /// The controller's own words are proof enough:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deploymnet, name: web}, maxReplicas: 4}
    /// status:
    ///   conditions: [{type: AbleToScale, status: "False", reason: FailedGetScale, message: 'the HPA controller was unable to get the target''s current scale: no matches for kind "Deploymnet" in group "apps"'}]
    /// ```
    /// A kind without replicas:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: agent, namespace: shop, uid: h1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {scaleTargetRef: {apiVersion: apps/v1, kind: DaemonSet, name: agent}, maxReplicas: 4}
    /// ```
    ///
    /// # Stays silent on
    /// Deployments that could not be read are unknown:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 4}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 4}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// ```
    ///
    /// # How to fix
    /// Correct `scaleTargetRef`, or delete the autoscaler.
    ///
    /// # What it cannot know
    /// Whether the object was renamed or removed for good.
    ///
    /// # Source
    /// `spec.scaleTargetRef` and condition `AbleToScale` of autoscaling/v2; `spec.targetRef` of
    /// VerticalPodAutoscaler; `spec.scaleTargetRef` of KEDA's ScaledObject.
    SCA001 "scale-target-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.98,
        reads: [
            HorizontalPodAutoscaler, Deployment, StatefulSet, ReplicaSet, ReplicationController,
            CustomResourceDefinition,
        ],
        maps_to: ["k8sgpt:HorizontalPodAutoscaler", "k8sgpt:ScaledObject", "POP-600"],
        check: Cluster(check),
    }
}

/// Seconds that whoever made the autoscaler has to make its target too.
const YOUNG_GRACE: i64 = 120;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for autoscaler in cluster.all::<HorizontalPodAutoscaler>() {
        let meta = &autoscaler.metadata;
        let is_made_by_keda = meta
            .controller()
            .is_some_and(|owner| owner.kind == "ScaledObject");
        let is_young = cluster.is_within(meta.creation_timestamp, YOUNG_GRACE);
        if meta.is_terminating() || is_young || is_made_by_keda {
            continue;
        }
        let reference = &autoscaler.spec.scale_target_ref;
        if let Some(fault) = fault(cluster, autoscaler) {
            let mut sighting = sighting(
                cluster,
                &autoscaler.reference(),
                reference,
                fault,
                "spec.scaleTargetRef",
            );
            if let Some(failed) = failed_look(autoscaler) {
                sighting = sighting.evidence(failed);
            }
            sink.report(sighting);
        }
    }
    for scaled in cluster.custom("ScaledObject") {
        check_custom(cluster, scaled, "scaleTargetRef", Severity::Critical, sink);
    }
    for vertical in cluster.custom("VerticalPodAutoscaler") {
        check_custom(cluster, vertical, "targetRef", Severity::Warning, sink);
    }
}

fn check_custom(
    cluster: &Cluster<'_>,
    object: &CustomObject,
    field: &str,
    severity: Severity,
    sink: &mut Sink,
) {
    let meta = &object.metadata;
    let Some(reference) = object.spec.get(field) else {
        return;
    };
    if meta.is_terminating() || cluster.is_within(meta.creation_timestamp, YOUNG_GRACE) {
        return;
    }
    let text = |key, default| {
        let value = reference.get(key).and_then(serde_json::Value::as_str);
        value.unwrap_or(default).into()
    };
    let reference = ObjectReference {
        api_version: text("apiVersion", "apps/v1"),
        kind: text("kind", "Deployment"),
        name: text("name", ""),
        ..ObjectReference::default()
    };
    if matches!(target(cluster, &meta.namespace, &reference), Target::Absent) {
        let own = object.reference();
        let path = format!("spec.{field}");
        sink.report(
            sighting(cluster, &own, &reference, "which does not exist", &path)
                .severity(severity)
                .confidence(0.97),
        );
    }
}

/// What is wrong with the target, as the end of a sentence.
fn fault(cluster: &Cluster<'_>, autoscaler: &HorizontalPodAutoscaler) -> Option<&'static str> {
    let namespace = autoscaler.metadata.namespace.as_str();
    match target(cluster, namespace, &autoscaler.spec.scale_target_ref) {
        Target::Found(_) => None,
        Target::Absent => Some("which does not exist"),
        Target::NotScalable => Some("a kind that cannot be scaled"),
        Target::NoSuchKind => Some("a kind that does not exist in this cluster"),
        Target::Unknown => {
            let able = condition(&autoscaler.status.conditions, "AbleToScale")?;
            let is_missing = able.is_false() && says_missing(&able.message);
            let no_kind = able.message.contains("no matches for kind");
            match (is_missing, no_kind) {
                (true, true) => Some("a kind that does not exist in this cluster"),
                (true, false) => Some("which does not exist"),
                _ => None,
            }
        }
    }
}

fn failed_look(autoscaler: &HorizontalPodAutoscaler) -> Option<Evidence> {
    let able =
        condition(&autoscaler.status.conditions, "AbleToScale").filter(|able| able.is_false())?;
    let text = format!("{}: {}", able.reason, able.message);
    let path = "status.conditions[AbleToScale]";
    Some(Evidence::message(autoscaler.reference(), path, &text).at(able.last_transition_time))
}

fn sighting(
    cluster: &Cluster<'_>,
    own: &ObjectRef,
    reference: &ObjectReference,
    fault: &str,
    path: &str,
) -> Sighting {
    let namespace = own.namespace.as_deref().unwrap_or_default();
    let wanted = target_ref(namespace, reference);
    let of = if fault.starts_with("a kind") && !reference.api_version.is_empty() {
        format!(" of {}", reference.api_version)
    } else {
        String::new()
    };
    let title = format!("{own} is to scale {wanted}{of}, {fault}");
    let explanation =
        "The autoscaler does nothing: the number of replicas stays as it is, whatever the load.";
    let near = match reference.kind.as_str() {
        "StatefulSet" => cluster.near_names::<StatefulSet>(namespace, &reference.name),
        _ => cluster.near_names::<Deployment>(namespace, &reference.name),
    };
    let field = format!("{} {}", reference.kind, reference.name);
    let mut sighting = Sighting::of(own.clone(), title, explanation).evidence(Evidence::field(
        own.clone(),
        path,
        field,
    ));
    let is_absent = fault.ends_with("does not exist");
    if is_absent {
        let text = if near.is_empty() {
            format!("there is no {wanted}: not found")
        } else {
            format!(
                "not in the namespace (near names there: {})",
                near.join(", ")
            )
        };
        sighting = sighting.evidence(Evidence::absence(wanted, &text));
    }
    let advice = match near.first().filter(|_| is_absent) {
        Some(near) => format!("Point {path} at `{near}`"),
        None => format!("Correct {path}, or delete the autoscaler"),
    };
    sighting
        .suggest(Suggestion::advice(advice))
        .suggest(Suggestion::look(
            "See what could be meant",
            format!("kubectl -n {namespace} get deployments,statefulsets"),
        ))
}
