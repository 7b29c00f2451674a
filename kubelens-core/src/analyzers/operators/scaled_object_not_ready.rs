use super::bad_condition::{has_lasted, is_resting, words};
use super::failing::{blaming, failing, titled, without_it};
use super::named_object::says_missing;
use super::reference::{Reference, is_absent, is_there};
use super::unreached::unreached;
use crate::analysis::{Sink, declare_analyzer, event_evidence};
use crate::analyzers::log_host::{hosts_in, missing_service};
use crate::kubernetes::{Condition, CustomObject, text_at};
use crate::model::{ObjectRef, Severity};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// KEDA cannot scale by its triggers: a ScaledObject or ScaledJob is not ready, its triggers cannot be
    /// asked, or the login that they use is not there.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: keda.sh/v1alpha1
    /// kind: ScaledObject
    /// metadata: {name: worker, namespace: shop, uid: k1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {scaleTargetRef: {name: worker}, triggers: [{type: kafka, authenticationRef: {name: kafka-login}}]}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "False", reason: ScaledObjectCheckFailed, message: 'error getting TriggerAuthentication: TriggerAuthentication.keda.sh "kafka-login" not found'}
    /// ```
    ///
    /// A trigger asks a Service that is not there:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Service, Namespace
    /// apiVersion: keda.sh/v1alpha1
    /// kind: ScaledObject
    /// metadata: {name: worker, namespace: shop, uid: k1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {scaleTargetRef: {name: worker}, triggers: [{type: prometheus, metadata: {serverAddress: "http://prom.watch.svc:9090"}}]}
    /// status: {conditions: [{type: Ready, status: "False", reason: TriggerError, message: Triggers defined in ScaledObject are not working correctly}]}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {apiVersion: keda.sh/v1alpha1, kind: ScaledObject, namespace: shop, name: worker, uid: k1}
    /// type: Warning
    /// reason: KEDAScalerFailed
    /// message: 'Get "http://prom.watch.svc:9090/api/v1/query": dial tcp: lookup prom.watch.svc on 10.96.0.10:53: no such host'
    /// count: 40
    /// firstTimestamp: "2026-01-01T11:00:00Z"
    /// lastTimestamp: "2026-01-01T11:59:40Z"
    /// ```
    ///
    /// # Stays silent on
    /// Idle and paused are meant so:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: keda.sh/v1alpha1
    /// kind: ScaledObject
    /// metadata: {name: worker, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: Ready, status: "True", reason: ScaledObjectReady}
    ///   - {type: Active, status: "False", reason: ScalerNotActive}
    ///   - {type: Fallback, status: "False", reason: NoFallbackFound}
    /// ---
    /// apiVersion: keda.sh/v1alpha1
    /// kind: ScaledObject
    /// metadata: {name: night, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z", annotations: {autoscaling.keda.sh/paused: "true"}}
    /// status: {conditions: [{type: Ready, status: "False", reason: ScaledObjectCheckFailed}]}
    /// ```
    ///
    /// # How to fix
    /// Correct the trigger or its login as the message says, or create what is missing.
    ///
    /// # What it cannot know
    /// Whether the source of a trigger is reachable from the operator.
    ///
    /// # Source
    /// Conditions Ready and Fallback and the events of ScaledObject and ScaledJob; `authenticationRef` and
    /// `secretTargetRef` of keda.sh.
    OPS021 "scaled-object-not-ready" {
        role: Both,
        severity: Critical,
        confidence: 0.92,
        reads: [Secret, ConfigMap, ServiceAccount, Service, Pod, Ingress, Namespace, Event],
        maps_to: ["k8sgpt:ScaledObject"],
        check: Cluster(check),
    }
}

const GROUP: &str = "keda.sh";

/// Events of scalers that fail.
const FAILURES: &[&str] = &[
    "KEDAScalerFailed",
    "KEDAMetricSourceFailed",
    "KEDAScaleTargetActivationFailed",
    "KEDAJobCreateFailed",
    "ScaledObjectCheckFailed",
    "ScaledJobCheckFailed",
    "TriggerAuthenticationFailed",
];

/// Seconds for which an event counts: KEDA asks its triggers twice a minute.
const EVENT_WINDOW: i64 = 600;

/// Reasons of conditions that tell no more than that something fails.
const SUMMARIES: [&str; 3] = [
    "TriggerError",
    "PartialTriggerError",
    "ScaledObjectCheckFailed",
];

/// How often a failure must be repeated by one that is ready.
const REPEATED: u32 = 3;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for kind in ["ScaledObject", "ScaledJob"] {
        for object in cluster.customs(GROUP, kind) {
            let is_paused = object
                .metadata
                .annotations
                .keys()
                .any(|key| key.starts_with("autoscaling.keda.sh/paused"));
            if !is_paused && !is_resting(object) {
                check_one(cluster, object, sink);
            }
        }
    }
}

fn check_one(cluster: &Cluster<'_>, object: &CustomObject, sink: &mut Sink) {
    let lasting = |type_: &str| {
        object
            .condition(type_)
            .filter(|condition| has_lasted(cluster, object, condition))
    };
    let not_ready = lasting("Ready").filter(Condition::is_false);
    let fallback = lasting("Fallback").filter(Condition::is_true);
    let meta = &object.metadata;
    let event = cluster
        .events_about(&object.kind, &meta.namespace, &meta.name, "")
        .rev()
        .find(|event| {
            FAILURES.contains(&event.reason.as_str())
                && cluster.is_within(event.last_seen(), EVENT_WINDOW)
        })
        .filter(|event| not_ready.is_some() || event.times() >= REPEATED);
    if not_ready.is_none() && fallback.is_none() && event.is_none() {
        return;
    }
    let severity = if not_ready.is_some() {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let conditions: Vec<Condition> = not_ready.into_iter().chain(fallback).collect();
    let said = match (conditions.first(), event) {
        // The condition only says that a trigger fails, the event which and why.
        (Some(condition), Some(event)) if SUMMARIES.contains(&condition.reason.as_str()) => {
            format!("{}: {}", condition.reason, event.message)
        }
        (Some(condition), _) => words(condition),
        (None, Some(event)) => format!("{}: {}", event.reason, event.message),
        (None, None) => String::new(),
    };
    let mut sighting = failing(
        cluster,
        object,
        titled(object, "cannot scale", &said),
        "The number of replicas does not follow the load.",
        &conditions,
    )
    .severity(severity)
    .all_evidence(event.map(event_evidence));
    sighting = unreached(cluster, object, sighting, &said);
    let mut missing = Vec::new();
    for (path, login) in logins(object) {
        let is_said = says_missing(&said) && said.contains(&login.name);
        if is_absent(cluster, &login) || (is_said && !is_there(cluster, &login)) {
            missing.push(Reference::needed(&path, login));
        } else {
            missing.extend(secrets_missing(cluster, &login));
            sighting = blaming(sighting, login, "logs in with");
        }
    }
    if missing.is_empty() {
        missing.extend(service_missing(cluster, object, &said));
    }
    if missing.is_empty() {
        return sink.report(sighting);
    }
    for reference in missing {
        sink.report(without_it(cluster, object, &sighting, &reference));
    }
}

/// The Service that a trigger asks by a name which none has.
fn service_missing(cluster: &Cluster<'_>, object: &CustomObject, said: &str) -> Option<Reference> {
    if !said.contains("no such host") {
        return None;
    }
    let namespace = object.metadata.namespace.as_str();
    let hosts = hosts_in(said);
    let missing = hosts
        .iter()
        .find_map(|host| missing_service(cluster, namespace, host.name))?;
    let trigger = object
        .spec_list("/triggers")
        .iter()
        .position(|trigger| trigger.to_string().contains(&missing.name))?;
    let path = format!("spec.triggers[{trigger}].metadata");
    Some(Reference::needed(&path, missing.reference()))
}

/// The logins that the triggers name.
fn logins(object: &CustomObject) -> Vec<(String, ObjectRef)> {
    object
        .spec_list("/triggers")
        .iter()
        .enumerate()
        .filter_map(|(at, trigger)| {
            let name = text_at(trigger, "/authenticationRef/name");
            let (kind, namespace) = match text_at(trigger, "/authenticationRef/kind") {
                "ClusterTriggerAuthentication" => ("ClusterTriggerAuthentication", ""),
                _ => ("TriggerAuthentication", object.metadata.namespace.as_str()),
            };
            let login = ObjectRef::namespaced(&object.api_version, kind, namespace, name);
            (!name.is_empty()).then(|| (format!("spec.triggers[{at}].authenticationRef"), login))
        })
        .collect()
}

/// The Secrets that a login takes its values from and that are not there.
fn secrets_missing(cluster: &Cluster<'_>, login: &ObjectRef) -> Vec<Reference> {
    let namespace = login.namespace.as_deref().unwrap_or_default();
    let found = cluster
        .customs(GROUP, &login.kind)
        .find(|other| other.metadata.name == *login.name && other.metadata.namespace == *namespace);
    let Some(found) = found.filter(|_| !namespace.is_empty()) else {
        return Vec::new();
    };
    let mut missing: Vec<Reference> = found
        .spec_list("/secretTargetRef")
        .iter()
        .map(|target| text_at(target, "/name"))
        .filter(|name| !name.is_empty())
        .map(|name| ObjectRef::namespaced("v1", "Secret", namespace, name))
        .filter(|secret| is_absent(cluster, secret))
        .map(|secret| {
            let path = format!("spec.secretTargetRef of {login}");
            Reference::needed(&path, secret)
        })
        .collect();
    missing.dedup();
    missing
}
