use super::api_server_shut_out::shut_out;
use super::policy::Direction;
use super::policy_text::{look_at, proof_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::failed_create::failed_creates;
use crate::analyzers::refusal::Refusal;
use crate::kubernetes::{APIService, NetworkPolicy, Object, ServiceReference, condition};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The API server calls a webhook or an aggregated API and gets no answer, and the NetworkPolicies of the pods
    /// behind it let only other pods in. The API server is no pod: no selector of a policy names it.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apiregistration.k8s.io/v1
    /// kind: APIService
    /// metadata: {name: v1beta1.metrics.k8s.io}
    /// spec: {group: metrics.k8s.io, version: v1beta1, service: {namespace: watch, name: metrics, port: 443}}
    /// status:
    ///   conditions:
    ///   - {type: Available, status: "False", reason: FailedDiscoveryCheck, message: "failing or missing response from https://10.96.0.9:443/apis/metrics.k8s.io/v1beta1: Get \"https://10.96.0.9:443/apis/metrics.k8s.io/v1beta1\": context deadline exceeded", lastTransitionTime: "2026-01-01T11:00:00Z"}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: metrics, namespace: watch}
    /// spec: {selector: {app: metrics}, ports: [{port: 443, targetPort: 10250}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: metrics-1, namespace: watch, labels: {app: metrics}}
    /// spec: {containers: [{name: metrics}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: {name: own-pods-only, namespace: watch}
    /// spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}
    /// ```
    ///
    /// # Stays silent on
    /// The port is open to everybody, or to a range of addresses:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apiregistration.k8s.io/v1
    /// kind: APIService
    /// metadata: {name: v1beta1.metrics.k8s.io}
    /// spec: {group: metrics.k8s.io, version: v1beta1, service: {namespace: watch, name: metrics, port: 443}}
    /// status:
    ///   conditions:
    ///   - {type: Available, status: "False", reason: FailedDiscoveryCheck, message: "context deadline exceeded", lastTransitionTime: "2026-01-01T11:00:00Z"}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: metrics, namespace: watch}
    /// spec: {selector: {app: metrics}, ports: [{port: 443, targetPort: 10250}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: metrics-1, namespace: watch, labels: {app: metrics}}
    /// spec: {containers: [{name: metrics}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: {name: own-pods-only, namespace: watch}
    /// spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: NetworkPolicy
    /// metadata: {name: metrics-port, namespace: watch}
    /// spec: {podSelector: {matchLabels: {app: metrics}}, policyTypes: [Ingress], ingress: [{ports: [{port: 10250}]}]}
    /// ```
    ///
    /// # How to fix
    /// Allow the port of the webhook or API from everybody, or from the addresses of the control plane.
    ///
    /// # What it cannot know
    /// Whether the network plugin enforces policies for what comes from the nodes. Where the API server comes through a
    /// tunnel with agents in the cluster, its calls come from pods, and this rule is silent.
    ///
    /// # Source
    /// NetworkPolicy of networking.k8s.io/v1; refusals `failed calling webhook`; condition `Available` of APIService.
    NET054 "network-policy-blocks-api-server" {
        role: Root,
        severity: Critical,
        confidence: 0.85,
        reads: [
            NetworkPolicy, Service, Pod, APIService, ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job,
            CronJob, Deployment, Event,
        ],
        maps_to: [],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    if cluster.all::<NetworkPolicy>().next().is_none() {
        return;
    }
    for failed in failed_creates(cluster) {
        let Refusal::WebhookCallFailed(call) = failed.refusal else {
            continue;
        };
        let called = ServiceReference {
            namespace: call.namespace.into(),
            name: call.service.into(),
            port: call.port.parse().ok(),
            ..ServiceReference::default()
        };
        if let Some(policy) = shut_out(cluster, &called, call.reason) {
            sink.report(sighting(policy, &called, failed.evidence()));
        }
    }
    for api in cluster.all::<APIService>() {
        let available = condition(&api.status.conditions, "Available");
        let away = available.filter(|available| !available.is_true());
        let (Some(away), Some(called)) = (away, &api.spec.service) else {
            continue;
        };
        if let Some(policy) = shut_out(cluster, called, &away.message) {
            let proof = Evidence::message(
                api.reference(),
                "status.conditions[Available]",
                &format!("{}: {}", away.reason, away.message),
            )
            .at(away.last_transition_time);
            sink.report(sighting(policy, called, proof));
        }
    }
}

fn sighting(policy: &NetworkPolicy, called: &ServiceReference, proof: Evidence) -> Sighting {
    let own = policy.reference();
    let service = ObjectRef::namespaced("v1", "Service", &called.namespace, &called.name);
    let title = format!("{own} lets no call of the API server to {service} through");
    let explanation = "Its pods may be called by other pods alone, and the API server is none: what it sends is dropped, and its call gets no answer in time.";
    Sighting::of(own.clone(), title, explanation)
        .seen_on(service.clone(), "shuts in")
        .identified_by("service", service.path())
        .evidence(proof)
        .all_evidence(proof_of(policy, Direction::Ingress))
        .since(policy.metadata.creation_timestamp)
        .suggest(Suggestion::advice(format!(
            "Add a rule to {own} (or a policy beside it) that allows the port of {service} from everybody, or from the addresses of the control plane"
        )))
        .suggest(look_at(policy))
}
