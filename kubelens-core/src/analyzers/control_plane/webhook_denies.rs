use super::webhook::hooks;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::failed_create::{FailedCreate, failed_creates};
use crate::analyzers::refusal::Refusal;
use crate::analyzers::refused_pods::{read_refusal, sighting as refused_sighting};
use crate::model::{Evidence, Suggestion, safe_text, shortened};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An admission webhook refuses what a workload's controller wants to create: the template breaks
    /// a rule that the webhook enforces.
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
    ///     message: 'admission webhook "images.policy.example.com" denied the request: image docker.io/web is not allowed'
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
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: ReplicaSet, namespace: shop, name: web-5d, uid: r1}
    /// reason: FailedCreate
    /// message: 'Error creating: admission webhook "images.policy.example.com" denied the request: no'
    /// lastTimestamp: "2026-01-01T11:55:00Z"
    /// ```
    ///
    /// # How to fix
    /// Change the template so that it meets the rule in the message, or the rule.
    ///
    /// # What it cannot know
    /// The webhook's rules beyond its message.
    ///
    /// # Source
    /// Condition `ReplicaFailure` and events `FailedCreate` of controllers: `admission webhook "W"
    /// denied the request`.
    CTL003 "webhook-denies" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [
            ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job, CronJob, Deployment, Event,
            ValidatingWebhookConfiguration, MutatingWebhookConfiguration,
        ],
        maps_to: [],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for failed in failed_creates(cluster) {
        if let Refusal::WebhookDenied { webhook, .. } = failed.refusal {
            sink.report(sighting(cluster, &failed, webhook));
        }
    }
}

/// Most letters of a reason in a sentence.
const MOST_LETTERS: usize = 200;

/// Why a webhook refuses, in its own words, where it gives any.
fn reason_in(text: &str) -> Option<String> {
    let (_, reason) = text.split_once("denied the request")?;
    // Kyverno begins with whom it refuses: that is in the title.
    let reason = reason
        .split_once("blocked due to the following policies")
        .map_or(reason, |(_, policies)| policies);
    let words: Vec<&str> = reason.split_whitespace().collect();
    let reason = words.join(" ");
    let reason = reason.trim_start_matches([':', ' ']);
    (!reason.is_empty()).then(|| shortened(&safe_text(reason), MOST_LETTERS))
}

fn sighting(cluster: &Cluster<'_>, failed: &FailedCreate<'_>, webhook: &str) -> Sighting {
    let title = format!(
        "Admission webhook `{webhook}` denies the pods of {}",
        failed.top
    );
    let explanation = match reason_in(failed.text) {
        Some(reason) => format!(
            "{}: the webhook refuses the request: {reason}",
            failed.counts()
        ),
        None => format!(
            "{}: the webhook refuses the request; its reason is in the evidence.",
            failed.counts()
        ),
    };
    let mut sighting =
        refused_sighting(cluster, failed, title, explanation).identified_by("webhook", webhook);
    if let Some(hook) = hooks(cluster)
        .into_iter()
        .find(|hook| hook.webhook.name == *webhook)
    {
        sighting = sighting.evidence(Evidence::field(
            hook.configuration.clone(),
            &hook.path("rules"),
            hook.requests(),
        ));
    }
    let images: Vec<&str> = failed
        .spec
        .containers
        .iter()
        .map(|container| container.image.as_str())
        .filter(|image| !image.is_empty() && failed.text.contains(image))
        .collect();
    if !images.is_empty() {
        sighting = sighting.evidence(Evidence::field(
            failed.top.clone(),
            "spec.template.spec.containers[].image",
            images.join(", "),
        ));
    }
    sighting
        .suggest(Suggestion::advice(format!(
            "Change the template of {} so that it meets the rule that the webhook names",
            failed.top
        )))
        .suggest(read_refusal(failed))
}
