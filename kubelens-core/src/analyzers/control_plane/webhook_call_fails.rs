use super::webhook::hooks;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::failed_create::{FailedCreate, failed_creates};
use crate::analyzers::network::api_server_shut_out::shut_out;
use crate::analyzers::refusal::{Refusal, WebhookCall};
use crate::analyzers::refused_pods::read_refusal;
use crate::analyzers::rollouts::refusers::{refusers, severity_of};
use crate::analyzers::tunnel;
use crate::kubernetes::Object;
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The API server calls a webhook and gets no answer, so it refuses what a controller wants to
    /// create. It is explained by what is wrong with the webhook's Service, pods or certificate.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 1}
    /// status:
    ///   replicas: 0
    ///   conditions:
    ///   - type: ReplicaFailure
    ///     status: "True"
    ///     reason: FailedCreate
    ///     message: 'Internal error occurred: failed calling webhook "inject.example.com": failed to call webhook: Post "https://inject.mesh.svc:443/x?timeout=5s": context deadline exceeded'
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 1}
    /// status: {replicas: 1}
    /// ```
    ///
    /// # How to fix
    /// Bring the webhook back to answer, or let requests pass without it (failure policy `Ignore`).
    ///
    /// # What it cannot know
    /// Whether the network between the API server and the webhook is open.
    ///
    /// # Source
    /// Condition `ReplicaFailure` and events `FailedCreate` of controllers: `failed calling webhook "W"`.
    CTL004 "webhook-call-fails" {
        role: Symptom,
        severity: Critical,
        confidence: 0.95,
        reads: [
            ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job, CronJob, Deployment, Event,
            ValidatingWebhookConfiguration, MutatingWebhookConfiguration, Service, Pod, NetworkPolicy,
        ],
        maps_to: [],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for failed in failed_creates(cluster) {
        if let Refusal::WebhookCallFailed(call) = failed.refusal {
            sink.report(sighting(cluster, &failed, &call));
        }
    }
}

fn sighting(cluster: &Cluster<'_>, failed: &FailedCreate<'_>, call: &WebhookCall<'_>) -> Sighting {
    let hook = hooks(cluster)
        .into_iter()
        .find(|hook| hook.webhook.name == *call.webhook);
    let subject = match &hook {
        Some(hook) => hook.configuration.clone(),
        None if call.service.is_empty() => failed.top.clone(),
        None => ObjectRef::namespaced("v1", "Service", call.namespace, call.service),
    };
    let at = if call.host.is_empty() {
        String::new()
    } else {
        format!(" at {}", call.host)
    };
    let title = format!(
        "Webhook `{}` does not answer{at}, so the pods of {} are refused",
        call.webhook, failed.top
    );
    let explanation = format!(
        "{}: the API server must ask the webhook first and {}.",
        failed.counts(),
        how(call.reason)
    );
    let mut sighting = Sighting::of(subject, title, explanation)
        .seen_on(failed.controller.clone(), "refuses")
        .identified_by("webhook", call.webhook)
        .severity(severity_of(cluster, failed))
        .evidence(failed.evidence())
        .evidence(Evidence::field(
            failed.controller.clone(),
            "status.replicas",
            failed.counts(),
        ))
        .since(failed.since);
    if let Some(hook) = &hook {
        sighting = sighting.all_evidence(hook.evidence());
    }
    for (object, relation) in refusers(cluster, failed) {
        sighting = sighting.blames(object, relation);
    }
    sighting = tunnel::carried(sighting, cluster, call.reason);
    let service = hook.as_ref().and_then(super::webhook::Hook::service);
    if let Some(policy) = service.and_then(|service| shut_out(cluster, service, call.reason)) {
        sighting = sighting.blames(policy.reference(), "shuts in");
    }
    sighting
        .suggest(Suggestion::advice(
            "Bring the webhook's pods back to answer, or set its failurePolicy to Ignore until then",
        ))
        .suggest(read_refusal(failed))
}

/// What the transport's words mean.
fn how(reason: &str) -> &'static str {
    let classes = [
        ("no endpoints available", "its Service has no endpoint"),
        ("not found", "its Service does not exist"),
        (
            "No agent available",
            "has no tunnel into the cluster: no agent is connected",
        ),
        ("x509", "its certificate is not trusted"),
        ("certificate", "its certificate is not trusted"),
        ("deadline exceeded", "gets no answer in time"),
        ("timeout", "gets no answer in time"),
        ("timed out", "gets no answer in time"),
        ("connection refused", "the connection is refused"),
        ("no such host", "its name is not found"),
        ("EOF", "the connection is cut"),
    ];
    classes
        .iter()
        .find(|(mark, _)| reason.contains(mark))
        .map_or("cannot call it", |(_, meaning)| meaning)
}
