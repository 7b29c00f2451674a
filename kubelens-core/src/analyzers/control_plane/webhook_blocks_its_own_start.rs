use super::webhook::{Hook, hooks};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::failed_create::{FailedCreate, failed_creates};
use crate::analyzers::network::endpoints::{live_pods, ready_endpoints};
use crate::analyzers::refusal::Refusal;
use crate::kubernetes::{Namespace, Object, Service};
use crate::model::{Evidence, Risk, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A webhook must be asked before its own pods may be made, and none of them runs: it cannot come
    /// back by itself.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: MutatingWebhookConfiguration
    /// metadata: {name: guard}
    /// webhooks:
    /// - name: guard.example.com
    ///   clientConfig: {service: {namespace: guard, name: guard}}
    ///   rules: [{operations: [CREATE], apiGroups: [""], resources: [pods]}]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: guard, namespace: guard, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {app: guard}, ports: [{port: 443}]}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: guard-5d, namespace: guard, uid: r1}
    /// spec: {replicas: 1}
    /// status:
    ///   conditions:
    ///   - type: ReplicaFailure
    ///     status: "True"
    ///     reason: FailedCreate
    ///     message: 'failed calling webhook "guard.example.com": failed to call webhook: Post "https://guard.guard.svc:443/?timeout=5s": no endpoints available for service "guard"'
    /// ```
    ///
    /// # Stays silent on
    /// Pods that exist and only are not ready:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: MutatingWebhookConfiguration
    /// metadata: {name: guard}
    /// webhooks:
    /// - name: guard.example.com
    ///   clientConfig: {service: {namespace: guard, name: guard}}
    ///   rules: [{operations: [CREATE], apiGroups: [""], resources: [pods]}]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: guard, namespace: guard, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {app: guard}, ports: [{port: 443}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: guard-1, namespace: guard, labels: {app: guard}}
    /// status: {phase: Running}
    /// ```
    ///
    /// # How to fix
    /// Exempt the webhook's own namespace with a `namespaceSelector`.
    ///
    /// # What it cannot know
    /// Conditions in the webhook's `matchConditions`.
    ///
    /// # Source
    /// `namespaceSelector`, `rules` and `failurePolicy` of admissionregistration/v1 webhooks.
    CTL007 "webhook-blocks-its-own-start" {
        role: Root,
        severity: Critical,
        confidence: 0.90,
        reads: [
            ValidatingWebhookConfiguration, MutatingWebhookConfiguration, Service, EndpointSlice,
            Endpoints, Pod, Namespace, ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job, CronJob,
            Deployment, Event,
        ],
        maps_to: [],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let hooks = hooks(cluster);
    if hooks.is_empty() {
        return;
    }
    let failed = failed_creates(cluster);
    for hook in hooks {
        let Some(service) = hook.found_service(cluster) else {
            continue;
        };
        let is_down =
            ready_endpoints(cluster, service) == Some(0) && live_pods(cluster, service).is_empty();
        if !is_down || !hook.must_answer() || !hook.is_asked_for_pods() {
            continue;
        }
        let covers_itself = cluster
            .get::<Namespace>("", &service.metadata.namespace)
            .is_none_or(|namespace| hook.covers_namespace(&namespace.metadata.labels));
        let own = failed.iter().find(|failed| {
            failed.namespace() == service.metadata.namespace.as_str()
                && matches!(failed.refusal, Refusal::WebhookCallFailed(call) if hook.webhook.name == *call.webhook)
        });
        if let Some(failed) = own.filter(|_| covers_itself) {
            sink.report(sighting(&hook, service, failed));
        }
    }
}

fn sighting(hook: &Hook<'_>, service: &Service, failed: &FailedCreate<'_>) -> Sighting {
    let own = hook.configuration.clone();
    let target = service.reference();
    let namespace = &service.metadata.namespace;
    let selector = hook
        .webhook
        .namespace_selector
        .as_ref()
        .filter(|selector| !selector.is_empty())
        .map_or_else(|| "(all namespaces)".to_owned(), ToString::to_string);
    Sighting::of(
        own.clone(),
        format!(
            "Webhook `{}` of {own} blocks the start of its own pods",
            hook.webhook.name
        ),
        format!(
            "It must be asked about pods in namespace {namespace}, where its own pods belong; none of them runs, so {target} has no endpoint and cannot get one."
        ),
    )
    .seen_on(target, "called by")
    .identified_by("webhook", hook.webhook.name.as_str())
    .evidence(failed.evidence())
    .evidence(Evidence::field(
        own.clone(),
        &hook.path("namespaceSelector"),
        selector,
    ))
    .all_evidence(hook.evidence())
    .suggest(Suggestion::advice(format!(
        "Exempt namespace {namespace} with a namespaceSelector in {own}"
    )))
    .suggest(Suggestion::run(
        "Take the webhook away until its pods run; whoever installed it must put it back",
        format!("kubectl delete {} {}", own.kind.to_lowercase(), own.name),
        Risk::Medium,
    ))
}
