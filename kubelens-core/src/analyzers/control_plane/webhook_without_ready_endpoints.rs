use super::webhook::{Hook, hooks};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::network::endpoints::{live_pods, ready_endpoints, workloads_behind};
use crate::kubernetes::{Object, Service};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The API server must ask a webhook, but no pod behind its Service is ready. With failure policy
    /// `Fail` every such request is refused.
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
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: MutatingWebhookConfiguration
    /// metadata: {name: guard}
    /// webhooks:
    /// - name: guard.example.com
    ///   clientConfig: {service: {namespace: guard, name: guard}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: guard, namespace: guard, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {app: guard}, ports: [{port: 443}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: guard-1, namespace: guard, labels: {app: guard}}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// # How to fix
    /// Find out why the webhook's pods are not ready.
    ///
    /// # What it cannot know
    /// Whether the webhook is still wanted.
    ///
    /// # Source
    /// `webhooks[].clientConfig.service` of admissionregistration/v1; the Service's endpoints.
    CTL002 "webhook-without-ready-endpoints" {
        role: Symptom,
        severity: Critical,
        confidence: 0.95,
        reads: [
            ValidatingWebhookConfiguration, MutatingWebhookConfiguration, Service, EndpointSlice,
            Endpoints, Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob,
            Namespace,
        ],
        maps_to: ["k8sgpt:MutatingWebhookConfiguration", "k8sgpt:ValidatingWebhookConfiguration"],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for hook in hooks(cluster) {
        if let Some(service) = hook.found_service(cluster) {
            let is_empty = ready_endpoints(cluster, service) == Some(0);
            if is_empty && has_waited(cluster, service) {
                sink.report(sighting(cluster, &hook, service));
            }
        }
    }
}

/// Whether the Service and its pods are past the time that a start takes.
fn has_waited(cluster: &Cluster<'_>, service: &Service) -> bool {
    let grace = cluster.thresholds(&service.metadata).endpoint_grace;
    cluster.age(&service.metadata) > grace
        && live_pods(cluster, service).iter().all(|pod| {
            let ready = pod.condition("Ready");
            let since = ready
                .and_then(|ready| ready.last_transition_time)
                .or(pod.metadata.creation_timestamp);
            cluster.seconds_since(since) > grace
        })
}

fn sighting<'a>(cluster: &Cluster<'a>, hook: &Hook<'a>, service: &Service) -> Sighting {
    let own = hook.configuration.clone();
    let target = service.reference();
    let title = format!(
        "Webhook `{}` of {own} cannot be called: {target} has no ready endpoint",
        hook.webhook.name
    );
    let mut sighting = Sighting::of(own.clone(), title, hook.consequence())
        .identified_by("service", target.path())
        .severity(hook.severity(cluster))
        .evidence(Evidence::field(
            own,
            &hook.path("clientConfig.service"),
            target.path(),
        ))
        .evidence(Evidence::absence(target.clone(), "no ready endpoint"))
        .all_evidence(hook.evidence())
        .blames(target, "serves");
    for workload in workloads_behind(cluster, service) {
        sighting = sighting.blames(workload.reference(), "serves");
    }
    sighting.suggest(Suggestion::look(
        "See what serves behind it",
        format!(
            "kubectl -n {} get endpointslices,pods",
            service.metadata.namespace
        ),
    ))
}
