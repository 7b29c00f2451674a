//! What keeps controllers from making what they are asked for: their newest refusal that still holds.

use jiff::Timestamp;

use super::refusal::{Refusal, classify};
use crate::analysis::event_evidence;
use crate::kubernetes::{
    Condition, CronJob, DaemonSet, Deployment, Event, Job, Object, PodSpec, ReplicaSet,
    ReplicationController, StatefulSet, condition,
};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::{Cluster, Makes};

/// A controller that is refused what it wants to create.
#[derive(Debug, Clone)]
pub(crate) struct FailedCreate<'a> {
    /// The controller: a ReplicaSet, StatefulSet, DaemonSet, Job, CronJob, Deployment.
    pub(crate) controller: ObjectRef,
    /// What a person edits: its topmost owner, or itself.
    pub(crate) top: ObjectRef,
    /// The spec that the refused pods would get.
    pub(crate) spec: &'a PodSpec,
    /// How many it wants.
    pub(crate) wanted: i64,
    /// How many there are.
    pub(crate) have: i64,
    /// The API server's words, without what the controller puts before them.
    pub(crate) text: &'a str,
    /// What those words mean.
    pub(crate) refusal: Refusal<'a>,
    /// The newest event that says so.
    pub(crate) event: Option<&'a Event>,
    /// The condition that says so.
    pub(crate) condition: Option<&'a Condition>,
    /// When it was refused first.
    pub(crate) since: Option<Timestamp>,
}

impl FailedCreate<'_> {
    /// The proof: the event, else the condition.
    pub(crate) fn evidence(&self) -> Evidence {
        match (self.event, self.condition) {
            (Some(event), _) => event_evidence(event),
            (None, Some(condition)) => Evidence::message(
                self.controller.clone(),
                &format!("status.conditions[{}].message", condition.type_),
                &condition.message,
            )
            .at(condition.last_transition_time),
            (None, None) => Evidence::message(self.controller.clone(), "status", self.text),
        }
    }

    /// The namespace in which it happens.
    pub(crate) fn namespace(&self) -> &str {
        self.controller.namespace.as_deref().unwrap_or_default()
    }

    /// `0 of 2 pods exist`.
    pub(crate) fn counts(&self) -> String {
        let noun = match self.controller.kind.as_str() {
            "CronJob" => "Jobs",
            "Deployment" => "ReplicaSets",
            _ => "pods",
        };
        format!("{} of {} {noun} exist", self.have, self.wanted)
    }
}

/// Every controller that is refused now. Who calls it reads ReplicaSet, ReplicationController,
/// StatefulSet, DaemonSet, Job, CronJob, Deployment and Event.
pub(crate) fn failed_creates<'a>(cluster: &Cluster<'a>) -> Vec<FailedCreate<'a>> {
    let mut all = Vec::new();
    all.extend(cluster.short::<ReplicaSet>().filter_map(|set| {
        let failure = condition(&set.status.conditions, "ReplicaFailure");
        refused(cluster, set, &set.spec.template.spec, failure)
    }));
    all.extend(cluster.short::<ReplicationController>().filter_map(|set| {
        let failure = condition(&set.status.conditions, "ReplicaFailure");
        refused(cluster, set, &set.spec.template.spec, failure)
    }));
    all.extend(
        cluster
            .short::<StatefulSet>()
            .filter_map(|set| refused(cluster, set, &set.spec.template.spec, None)),
    );
    all.extend(
        cluster
            .short::<DaemonSet>()
            .filter_map(|set| refused(cluster, set, &set.spec.template.spec, None)),
    );
    all.extend(
        cluster
            .short::<Job>()
            .filter_map(|job| refused(cluster, job, &job.spec.template.spec, None)),
    );
    all.extend(cluster.short::<CronJob>().filter_map(|cron| {
        let spec = &cron.spec.job_template.spec.template.spec;
        refused(cluster, cron, spec, None)
    }));
    all.extend(cluster.short::<Deployment>().filter_map(|deployment| {
        let failure = condition(&deployment.status.conditions, "Progressing");
        let spec = &deployment.spec.template.spec;
        refused(cluster, deployment, spec, failure)
    }));
    all
}

/// The newest refusal of one controller, if it is short and nothing newer says otherwise.
fn refused<'a, T: Makes>(
    cluster: &Cluster<'a>,
    object: &'a T,
    spec: &'a PodSpec,
    failure: Option<&'a Condition>,
) -> Option<FailedCreate<'a>> {
    let meta = object.metadata();
    let condition = failure.filter(|failure| is_failure(failure));
    let event = cluster.newest_event(object, &["FailedCreate", "ReplicaSetCreateError"]);
    let event = event.filter(|event| {
        condition.is_some()
            || (cluster.is_within(
                event.last_seen(),
                cluster.thresholds(object.metadata()).event_window,
            ) && !was_created_later(cluster, object, event))
    });
    let text = event
        .map(|event| event.message.as_str())
        .or_else(|| condition.map(|condition| condition.message.as_str()))?;
    let text = words_of_the_api(text);
    let own = object.reference();
    Some(FailedCreate {
        top: cluster.top_owner(own.clone(), meta),
        controller: own,
        spec,
        wanted: object.wanted(),
        have: object.have(),
        text,
        refusal: classify(text),
        event,
        condition,
        since: condition
            .and_then(|condition| condition.last_transition_time)
            .or_else(|| event.and_then(Event::first_seen)),
    })
}

fn is_failure(failure: &Condition) -> bool {
    match failure.type_.as_str() {
        "ReplicaFailure" => failure.is_true() && failure.reason == "FailedCreate",
        _ => failure.is_false(),
    }
}

/// Whether a creation went well after the refusal. In the same second both happen: some of many
/// were still let through.
fn was_created_later<'a, T: Object>(cluster: &Cluster<'a>, object: &'a T, event: &Event) -> bool {
    cluster
        .newest_event(object, &["SuccessfulCreate"])
        .is_some_and(|created| created.last_seen() > event.last_seen())
}

/// The text without what a controller or the event recorder puts before it.
fn words_of_the_api(text: &str) -> &str {
    let text = text
        .strip_prefix("(combined from similar events): ")
        .unwrap_or(text);
    let marks = [
        "Error creating: ",
        "Error creating job: ",
        " failed error: ",
    ];
    for mark in marks {
        if let Some((before, rest)) = text.split_once(mark)
            && (before.is_empty() || before.starts_with("create "))
        {
            return rest;
        }
    }
    if text.starts_with("Failed to create new replica set \"") {
        return text.split_once("\": ").map_or(text, |(_, rest)| rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::example::picture;

    const SET: &str = r#"
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: web-5d, namespace: shop, uid: r1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}]}
spec: {replicas: 2}
status: {replicas: 1}
---
apiVersion: v1
kind: Event
metadata: {name: e1, namespace: shop}
involvedObject: {kind: ReplicaSet, namespace: shop, name: web-5d, uid: r1}
reason: FailedCreate
message: '(combined from similar events): Error creating: pods "web-5d-x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1'
lastTimestamp: "2026-01-01T11:55:00Z"
"#;

    fn seen(text: &str) -> Vec<(String, String)> {
        let picture = picture(&format!("# now: 2026-01-01T12:00:00Z\n{text}"));
        let cluster = Cluster::new(&picture);
        failed_creates(&cluster)
            .iter()
            .map(|failed| (failed.top.to_string(), format!("{:?}", failed.refusal)))
            .collect()
    }

    #[test]
    fn an_event_tells_which_owner_is_refused_and_why() {
        let expected = r#"QuotaExceeded { quota: "q", requested: "pods=1", used: "pods=1", limited: "pods=1" }"#;
        assert_eq!(
            seen(SET),
            [("Deployment shop/web".to_owned(), expected.to_owned())]
        );
    }

    #[test]
    fn a_later_success_or_enough_pods_end_a_refusal() {
        let later = format!(
            "{SET}---\napiVersion: v1\nkind: Event\nmetadata: {{name: e2, namespace: shop}}\ninvolvedObject: {{kind: ReplicaSet, namespace: shop, name: web-5d, uid: r1}}\nreason: SuccessfulCreate\nlastTimestamp: \"2026-01-01T11:56:00Z\"\n"
        );
        assert_eq!(seen(&later), []);
        assert_eq!(seen(&SET.replace("{replicas: 1}", "{replicas: 2}")), []);
    }

    #[test]
    fn a_stateful_set_names_the_pod_before_the_words_of_the_api() {
        let text = r#"create Pod db-0 in StatefulSet db failed error: pods "db-0" is forbidden: x"#;
        assert_eq!(words_of_the_api(text), r#"pods "db-0" is forbidden: x"#);
    }
}
