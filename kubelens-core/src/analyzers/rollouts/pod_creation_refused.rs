use super::refusers::{refusers, severity_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::failed_create::{FailedCreate, failed_creates};
use crate::analyzers::refusal::Refusal;
use crate::kubernetes::{Kind, LimitRange, Object, Pod};
use crate::model::{Evidence, Quantity, Suggestion, safe_text, shortened};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The API server refuses the pods that a controller wants to create. Whatever the refusal
    /// names (a quota, a limit range, a webhook, a ServiceAccount, a priority class, a namespace that
    /// goes away) explains it; only a refusal that nothing explains is a cause of its own.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d1, controller: true}]}
    /// spec: {replicas: 2}
    /// status:
    ///   replicas: 0
    ///   conditions:
    ///   - {type: ReplicaFailure, status: "True", reason: FailedCreate, message: 'pods "web-5d-" is forbidden: exceeded quota: q, requested: pods=1, used: pods=4, limited: pods=4', lastTransitionTime: "2026-01-01T11:00:00Z"}
    /// ```
    /// A pod of that name that belongs to nobody:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1}
    /// spec: {replicas: 1}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, uid: p1}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: StatefulSet, namespace: shop, name: db, uid: s1}
    /// reason: FailedCreate
    /// message: 'create Pod db-0 in StatefulSet db failed error: pods "db-0" already exists'
    /// lastTimestamp: "2026-01-01T11:55:00Z"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 2}
    /// status: {replicas: 2}
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: ReplicaSet, namespace: shop, name: web-5d, uid: r1}
    /// reason: FailedCreate
    /// message: 'Error creating: pods "web-5d-x" is forbidden: exceeded quota: q'
    /// lastTimestamp: "2026-01-01T11:55:00Z"
    /// ```
    ///
    /// # How to fix
    /// Change what the refusal names: the API server's words are in the evidence.
    ///
    /// # What it cannot know
    /// Refusals whose event is older than an hour and that left no condition.
    ///
    /// # Source
    /// Condition `ReplicaFailure` and events `FailedCreate` of the controllers.
    ROL003 "pod-creation-refused" {
        role: Symptom,
        severity: Critical,
        confidence: 0.90,
        reads: [
            ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job, CronJob, Deployment, Event, Pod,
            ValidatingWebhookConfiguration, MutatingWebhookConfiguration, LimitRange,
        ],
        maps_to: ["k8sgpt:Deployment", "k8sgpt:ReplicaSet"],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for failed in failed_creates(cluster) {
        // A schedule that cannot make its Jobs has a rule of its own.
        if failed.controller.kind != "CronJob" {
            sink.report(sighting(cluster, &failed));
        }
    }
}

fn sighting(cluster: &Cluster<'_>, failed: &FailedCreate<'_>) -> Sighting {
    let base = match foreign_pod(cluster, failed) {
        Some(pod) => in_the_way(failed, pod),
        None => match SmallDefault::of(cluster, failed) {
            Some(default) => default.told_in(refused(failed), failed),
            None => refused(failed),
        },
    };
    let path = if failed.controller.kind == "DaemonSet" {
        "status.currentNumberScheduled"
    } else {
        "status.replicas"
    };
    let counts = Evidence::field(failed.controller.clone(), path, failed.counts());
    let mut sighting = base
        .severity(severity_of(cluster, failed))
        .evidence(failed.evidence())
        .evidence(counts)
        .since(failed.since);
    for (object, relation) in refusers(cluster, failed) {
        sighting = sighting.blames(object, relation);
    }
    sighting
}

fn refused(failed: &FailedCreate<'_>) -> Sighting {
    let class = match failed.refusal {
        Refusal::Invalid { reason } => format!("they are not valid: {}", quoted(reason)),
        Refusal::Other => quoted(reason_of(failed.text)),
        _ => class_of(&failed.refusal).to_owned(),
    };
    let title = format!("The API server refuses the pods of {}: {class}", failed.top);
    let explanation = format!(
        "{}; its controller tries again and again. The refusal is in the evidence.",
        failed.counts()
    );
    let controller = &failed.controller;
    let mut sighting = Sighting::of(failed.top.clone(), title, explanation);
    // What a custom resource makes is short of pods itself.
    if Kind::from_manifest(&failed.top.api_version, &failed.top.kind).is_none() {
        sighting = sighting.seen_on(controller.clone(), "template of");
    }
    if let Refusal::NoQuotaCovers { what } = failed.refusal {
        // The API server asks for such a quota in every namespace, and here is none: that is all.
        let class = failed.spec.priority_class_name.as_str();
        if !class.is_empty() {
            sighting = sighting.evidence(Evidence::field(
                failed.top.clone(),
                "spec.template.spec.priorityClassName",
                class,
            ));
        }
        sighting = sighting.names_its_cause().suggest(Suggestion::advice(format!(
            "Give {} a class that needs no quota here (a priorityClassName of its own), or have a ResourceQuota of the namespace cover {}",
            failed.top,
            quoted(what)
        )));
    }
    sighting.suggest(Suggestion::look(
        "Read the newest refusal",
        format!(
            "kubectl -n {} describe {} {}",
            failed.namespace(),
            controller.kind.to_lowercase(),
            controller.name
        ),
    ))
}

/// A LimitRange whose default becomes the limit of a container that asks for more and sets none.
struct SmallDefault<'a> {
    range: &'a LimitRange,
    container: &'a str,
    resource: &'a str,
    request: Quantity,
    default: Quantity,
}

impl<'a> SmallDefault<'a> {
    fn of(cluster: &Cluster<'a>, failed: &FailedCreate<'a>) -> Option<Self> {
        let Refusal::Invalid { reason } = failed.refusal else {
            return None;
        };
        if !reason.contains("must be less than or equal to") {
            return None;
        }
        let containers = failed.spec.all_containers();
        let asked = containers.flat_map(|(_, container)| {
            let resources = &container.resources;
            let without_limit = resources
                .requests
                .iter()
                .filter(|(resource, _)| !resources.limits.contains_key(resource));
            without_limit.map(move |(resource, request)| (container, resource, *request))
        });
        asked
            .flat_map(|(container, resource, request)| {
                let ranges = cluster.in_namespace::<LimitRange>(failed.namespace());
                let items = ranges
                    .flat_map(|range| range.spec.limits.iter().map(move |item| (range, item)));
                items
                    .filter(|(_, item)| item.type_ == "Container")
                    .filter_map(move |(range, item)| {
                        let default = item.default.get(resource).copied()?;
                        (default < request).then_some(Self {
                            range,
                            container: &container.name,
                            resource,
                            request,
                            default,
                        })
                    })
            })
            .next()
    }

    fn told_in(self, mut sighting: Sighting, failed: &FailedCreate<'_>) -> Sighting {
        let range = self.range.reference();
        let resource = self.resource;
        let (request, default) = (self.request.human(resource), self.default.human(resource));
        sighting.explanation = format!(
            "Container `{}` asks for {request} {resource} and sets no limit, so it gets the default limit of {range}, {default}, which is less. {}.",
            self.container,
            failed.counts()
        );
        sighting
            .names_its_cause()
            .evidence(Evidence::field(
                range.clone(),
                &format!("spec.limits[Container].default.{resource}"),
                &default,
            ))
            .evidence(Evidence::field(
                failed.top.clone(),
                &format!(
                    "spec.template.spec.containers[{}].resources.requests.{resource}",
                    self.container
                ),
                &request,
            ))
            .suggest_first(Suggestion::advice(format!(
                "Give container {} of {} a {resource} limit of {request} or more, or raise the default of {range}",
                self.container, failed.top
            )))
    }
}

/// Most characters of a refusal that a title quotes.
const MOST_WORDS: usize = 160;

fn quoted(words: &str) -> String {
    shortened(&safe_text(words), MOST_WORDS)
}

/// What follows `pods "x" is forbidden: `.
fn reason_of(text: &str) -> &str {
    let text = text.strip_prefix("Error creating: ").unwrap_or(text);
    text.split_once(" is forbidden: ")
        .map_or(text, |(_, reason)| reason)
}

/// The pod that has the name which the controller needs, and is not the controller's.
fn foreign_pod<'a>(cluster: &Cluster<'a>, failed: &FailedCreate<'_>) -> Option<&'a Pod> {
    let Refusal::AlreadyExists { resource, name } = failed.refusal else {
        return None;
    };
    let pod = cluster
        .get::<Pod>(failed.namespace(), name)
        .filter(|_| resource == "pods")?;
    let owner = pod.metadata.controller().map(|owner| owner.name.as_str());
    let is_foreign = owner != Some(failed.controller.name.as_str());
    (is_foreign && !pod.metadata.is_terminating()).then_some(pod)
}

fn in_the_way(failed: &FailedCreate<'_>, pod: &Pod) -> Sighting {
    let subject = pod.reference();
    let title = format!("{subject} stands in the way of {}", failed.controller);
    let owner = pod.metadata.controller().map_or_else(
        || "belongs to no controller".to_owned(),
        |owner| format!("belongs to {} {}", owner.kind, owner.name),
    );
    let explanation = format!(
        "{} needs a pod of this name, and a pod that {owner} already exists under it.",
        failed.controller
    );
    Sighting::of(subject, title, explanation)
        .seen_on(failed.top.clone(), "takes the name of")
        .suggest(Suggestion::advice(format!(
            "Delete or rename pod {} if nothing needs it",
            pod.metadata.name
        )))
}

const fn class_of(refusal: &Refusal<'_>) -> &'static str {
    match refusal {
        Refusal::QuotaExceeded { .. } => "a quota is used up",
        Refusal::QuotaDemands { .. } => "a quota demands requests or limits",
        Refusal::QuotaStatusUnknown { .. } => "the use of a quota is not known",
        Refusal::NoQuotaCovers { .. } => "no quota of the namespace covers them",
        Refusal::LimitRange { .. } => "a limit range is violated",
        Refusal::PodSecurity { .. } => "they violate the pod security level",
        Refusal::SecurityContextConstraints { .. } => "no security context constraint admits them",
        Refusal::WebhookDenied { .. } => "a webhook denies them",
        Refusal::WebhookCallFailed(_) => "a webhook does not answer",
        Refusal::AdmissionPolicy { .. } => "an admission policy denies them",
        Refusal::ServiceAccountMissing { .. } => "their ServiceAccount was not found",
        Refusal::PriorityClassMissing { .. } => "their priority class was not found",
        Refusal::RuntimeClassMissing { .. } => "their runtime class was not found",
        Refusal::AlreadyExists { .. } => "an object of that name already exists",
        Refusal::NamespaceTerminating { .. } => "their namespace is being deleted",
        Refusal::Invalid { .. } => "they are not valid",
        Refusal::Other => "see its words",
    }
}
