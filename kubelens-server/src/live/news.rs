//! What a round has to tell: events of the stream, in the words of the contract.

use kubelens_core::comparison::blind_to;
use kubelens_core::kubernetes::{
    AnyObject, Condition, Deployment, Event, Kind, Node, Pod, condition,
};
use kubelens_core::model::{Cause, Report};
use serde_json::{Value, json};

use super::difference::Delta;
use super::rounds::Round;
use crate::api::models::event_of;
use crate::api::models::pod_words::{reason, restarts, status};
use crate::bus::Draft;

/// Everything that a round has to tell of a cluster.
pub(super) fn of(round: &Round, cluster: &str) -> Vec<Draft> {
    let mut told = Vec::new();
    let now = round
        .snapshot
        .taken_at()
        .unwrap_or_else(jiff::Timestamp::now);
    for Delta { before, after } in &round.deltas {
        match (before, after) {
            (before, Some(AnyObject::Pod(pod))) => {
                let before = before.as_ref().and_then(|before| match before {
                    AnyObject::Pod(before) => Some(&**before),
                    _ => None,
                });
                told.extend(pod_news(before, pod));
            }
            (Some(AnyObject::Pod(pod)), None) => {
                told.push(about_pod("pod_deleted", pod, json!({})));
            }
            (before, Some(AnyObject::Node(node))) => {
                let before = before.as_ref().and_then(|before| match before {
                    AnyObject::Node(before) => Some(&**before),
                    _ => None,
                });
                told.extend(node_news(before, node));
            }
            (Some(AnyObject::Node(node)), None) => {
                told.push(about_node("node_deleted", node, json!({})));
            }
            (before, Some(AnyObject::Deployment(deployment))) => {
                let before = before.as_ref().and_then(|before| match before {
                    AnyObject::Deployment(before) => Some(&**before),
                    _ => None,
                });
                told.extend(deployment_news(before, deployment));
            }
            (Some(AnyObject::Deployment(deployment)), None) => {
                told.push(about_deployment(
                    "deployment_deleted",
                    deployment,
                    json!({}),
                ));
            }
            (before, Some(AnyObject::Event(event))) => {
                let before = before.as_ref().and_then(|before| match before {
                    AnyObject::Event(before) => Some(&**before),
                    _ => None,
                });
                if before.is_none_or(|before| before.times() != event.times()) {
                    told.extend(event_news(event, now));
                }
            }
            _ => {}
        }
    }
    if let Some(previous) = &round.previous {
        told.extend(report_news(previous, &round.report));
    }
    told.into_iter()
        .map(|draft| draft.of_cluster(cluster))
        .collect()
}

fn with(mut payload: Value, more: Value) -> Value {
    if let (Value::Object(fields), Value::Object(more)) = (&mut payload, more) {
        fields.extend(more);
    }
    payload
}

fn about_pod(kind: &'static str, pod: &Pod, more: Value) -> Draft {
    let (namespace, name) = (pod.metadata.namespace.as_str(), pod.metadata.name.as_str());
    Draft::new(
        kind,
        with(json!({"namespace": namespace, "pod": name}), more),
    )
    .about(namespace, name)
    .for_readers_of(Kind::Pod)
}

fn pod_news(before: Option<&Pod>, pod: &Pod) -> Vec<Draft> {
    let restarted = restarts(pod);
    let mut told = vec![about_pod(
        "pod_update",
        pod,
        json!({"status": status(pod), "restarts": restarted}),
    )];
    let why = reason(pod).unwrap_or_default();
    if before.is_some_and(|before| restarts(before) < restarted) {
        told.push(about_pod(
            "pod_restart",
            pod,
            json!({"restarts": restarted, "reason": why}),
        ));
    }
    let was = before.map(|before| before.status.phase.as_str());
    let phase = pod.status.phase.as_str();
    if was != Some(phase) {
        match phase {
            "Failed" => told.push(about_pod("pod_failed", pod, json!({"reason": why}))),
            "Pending" => told.push(about_pod("pod_pending", pod, json!({"reason": why}))),
            _ => {}
        }
    }
    told
}

fn about_node(kind: &'static str, node: &Node, more: Value) -> Draft {
    let name = node.metadata.name.as_str();
    Draft::new(kind, with(json!({"node": name}), more))
        .about("", name)
        .for_readers_of(Kind::Node)
}

fn is_set(node: &Node, type_: &str) -> bool {
    condition(&node.status.conditions, type_).is_some_and(Condition::is_true)
}

fn node_news(before: Option<&Node>, node: &Node) -> Vec<Draft> {
    let status = crate::api::models::node_status(node);
    let was = before.map(crate::api::models::node_status);
    let mut told = Vec::new();
    let is_same = before.is_some_and(|before| {
        was == Some(status)
            && before.spec == node.spec
            && before.metadata.labels == node.metadata.labels
            && before.status.allocatable == node.status.allocatable
    });
    // Heartbeats alone are no news.
    if !is_same {
        told.push(about_node("node_update", node, json!({"status": status})));
    }
    if was == Some("Ready") && status != "Ready" {
        let why = condition(&node.status.conditions, "Ready").map(|ready| ready.reason.to_string());
        told.push(about_node(
            "node_not_ready",
            node,
            json!({"reason": why.unwrap_or_default()}),
        ));
    }
    for pressure in ["MemoryPressure", "DiskPressure", "PIDPressure"] {
        if is_set(node, pressure) && !before.is_some_and(|before| is_set(before, pressure)) {
            told.push(about_node(
                "node_pressure",
                node,
                json!({"condition": pressure}),
            ));
        }
    }
    told
}

fn about_deployment(kind: &'static str, deployment: &Deployment, more: Value) -> Draft {
    let meta = &deployment.metadata;
    let payload = json!({"namespace": meta.namespace.as_str(), "deployment": meta.name.as_str()});
    Draft::new(kind, with(payload, more))
        .about(&meta.namespace, &meta.name)
        .for_readers_of(Kind::Deployment)
}

fn deployment_news(before: Option<&Deployment>, deployment: &Deployment) -> Vec<Draft> {
    let counts = |one: &Deployment| (one.status.ready_replicas, one.spec.replicas.unwrap_or(1));
    let (ready, desired) = counts(deployment);
    let mut told = vec![about_deployment(
        "deployment_update",
        deployment,
        json!({"ready": ready, "desired": desired}),
    )];
    let was_short = before.is_some_and(|before| {
        let (ready, desired) = counts(before);
        ready < desired
    });
    if ready < desired && !was_short {
        let available = condition(&deployment.status.conditions, "Available");
        let why = available
            .filter(|one| !one.is_true())
            .map(|one| one.reason.to_string())
            .unwrap_or_default();
        told.push(about_deployment(
            "deployment_unavailable",
            deployment,
            json!({"ready": ready, "desired": desired, "reason": why}),
        ));
    }
    told
}

fn event_news(event: &Event, now: jiff::Timestamp) -> Vec<Draft> {
    let object = &event.involved_object;
    let payload = serde_json::to_value(event_of(event, now)).unwrap_or_default();
    let about = |kind: &'static str, payload: Value| {
        Draft::new(kind, payload)
            .about(&object.namespace, &object.name)
            .for_readers_of(Kind::Event)
    };
    let mut told = vec![about("k8s_event", payload)];
    let short = json!({"namespace": object.namespace.as_str(), "resource": object.name.as_str(), "reason": event.reason.as_str()});
    if event.reason == "FailedScheduling" {
        told.push(about("scheduling_failure", short));
    } else if event.is_warning() && event.reason.to_lowercase().contains("pull") {
        told.push(about("image_pull_failure", short));
    }
    told
}

/// Causes that came, changed and went, by id; `unknown` are those that cannot be seen any more, whether they are gone or
/// not.
pub(super) fn report_news(before: &Report, after: &Report) -> Option<Draft> {
    let find = |causes: &[Cause], id: &str| causes.iter().position(|cause| cause.id == id);
    let short = |cause: &Cause| {
        json!({"id": cause.id, "code": cause.code, "severity": cause.severity, "title": cause.title,
            "subject": cause.subject})
    };
    let mut appeared = Vec::new();
    let mut changed = Vec::new();
    for cause in &after.causes {
        match find(&before.causes, &cause.id).and_then(|at| before.causes.get(at)) {
            None => appeared.push(short(cause)),
            // Proof that only grew older is no news.
            Some(known)
                if known.severity != cause.severity
                    || known.title != cause.title
                    || known.affected != cause.affected =>
            {
                changed.push(short(cause));
            }
            Some(_) => {}
        }
    }
    let (mut recovered, mut unknown) = (Vec::new(), Vec::new());
    for cause in &before.causes {
        if find(&after.causes, &cause.id).is_some() {
            continue;
        }
        match blind_to(after, &cause.code, &cause.subject, Some(before)) {
            None => recovered.push(short(cause)),
            Some(why) => unknown.push(with(short(cause), json!({"why": why}))),
        }
    }
    let lists = [&appeared, &changed, &recovered, &unknown];
    lists.iter().any(|list| !list.is_empty()).then(|| {
        Draft::new(
            "report_changed",
            json!({"appeared": appeared, "changed": changed, "recovered": recovered, "unknown": unknown,
                "healthScore": after.summary.health_score}),
        )
    })
}

#[cfg(test)]
mod tests {
    use kubelens_core::model::{CoverageState, KindCoverage};
    use kubelens_core::source::{FileSource, ReadRequest, Silent};

    use super::*;

    const POD: &str = "apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, uid: p, creationTimestamp: '2026-01-01T10:00:00Z'}
spec: {containers: [{name: web, image: 'x:1'}]}
status:
  phase: Pending
  containerStatuses: [{name: web, state: {waiting: {reason: InvalidImageName, message: 'no such name'}}}]
";

    #[test]
    fn what_cannot_be_seen_any_more_has_not_recovered() {
        let source = FileSource::from_bytes("a cluster", POD.as_bytes().to_vec());
        let picture = source.read(&ReadRequest::default(), &Silent).unwrap();
        let before = kubelens_core::diagnose(&picture, &kubelens_core::Options::default());
        assert!(!before.causes.is_empty());
        let mut after = before.clone();
        let gone = after.causes.remove(0);
        let lists = |after: &Report| {
            let payload = report_news(&before, after).unwrap().payload().clone();
            let count = |name: &str| payload[name].as_array().unwrap().len();
            (count("recovered"), count("unknown"))
        };
        assert_eq!(lists(&after), (1, 0));
        after.coverage.kinds.push(KindCoverage {
            kind: "Pod".to_owned(),
            state: CoverageState::Forbidden,
            detail: "may not be listed".to_owned(),
            checks_skipped: vec![gone.code],
        });
        assert_eq!(lists(&after), (0, 1));
    }
}
