use super::webhook::{Hook, hooks};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Kind, Namespace, Object, Service, ServiceReference};
use crate::model::{Evidence, ObjectRef, Risk, Suggestion};
use crate::snapshot::{Cluster, Lookup};

declare_analyzer! {
    /// # What it means
    /// The API server must ask a webhook before it writes objects, but the webhook's Service does not
    /// exist, or has no such port. With failure policy `Fail` every such request is refused.
    ///
    /// # Fires on
    /// ```yaml
    /// # listed: Service
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: MutatingWebhookConfiguration
    /// metadata: {name: sidecar-inject}
    /// webhooks:
    /// - name: inject.example.com
    ///   clientConfig: {service: {namespace: mesh, name: inject-svc, port: 443}}
    ///   rules: [{operations: [CREATE], apiGroups: [""], resources: [pods]}]
    ///   failurePolicy: Fail
    /// ```
    ///
    /// # Stays silent on
    /// A webhook outside the cluster, a Service that is there, Services that could not be read:
    /// ```yaml
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingWebhookConfiguration
    /// metadata: {name: policies}
    /// webhooks:
    /// - {name: a.example.com, clientConfig: {url: "https://hooks.example.com"}}
    /// - {name: b.example.com, clientConfig: {service: {namespace: policy, name: policy}}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: policy, namespace: policy}
    /// spec: {ports: [{port: 443}]}
    /// ```
    /// ```yaml
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingWebhookConfiguration
    /// metadata: {name: policies}
    /// webhooks:
    /// - {name: b.example.com, clientConfig: {service: {namespace: policy, name: policy}}}
    /// ```
    ///
    /// # How to fix
    /// Bring the webhook's Service back, or delete the configuration of a webhook that was uninstalled.
    ///
    /// # What it cannot know
    /// Whether the webhook is still wanted.
    ///
    /// # Source
    /// `webhooks[].clientConfig.service` of admissionregistration/v1.
    CTL001 "webhook-service-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.97,
        reads: [
            ValidatingWebhookConfiguration, MutatingWebhookConfiguration, Service, Namespace,
        ],
        maps_to: ["k8sgpt:MutatingWebhookConfiguration", "k8sgpt:ValidatingWebhookConfiguration"],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for hook in hooks(cluster) {
        let Some(called) = hook.service() else {
            continue;
        };
        match cluster.look_up::<Service>(&called.namespace, &called.name) {
            Lookup::Absent => sink.report(missing(cluster, &hook, called)),
            Lookup::Found(service) => {
                let port = hook.port();
                if !service.spec.ports.iter().any(|known| known.port == port) {
                    sink.report(port_missing(cluster, &hook, service, port));
                }
            }
            Lookup::Unknown(_) => {}
        }
    }
}

fn missing(cluster: &Cluster<'_>, hook: &Hook<'_>, called: &ServiceReference) -> Sighting {
    let subject = ObjectRef::namespaced(
        Kind::Service.api_version(),
        Kind::Service.as_str(),
        &called.namespace,
        &called.name,
    );
    let mut absence = "no Service of that name in the namespace".to_owned();
    if cluster
        .look_up::<Namespace>("", &called.namespace)
        .is_absent()
    {
        absence = format!(
            "neither the Service nor its namespace {} exists",
            called.namespace
        );
    }
    let title = format!(
        "{subject} does not exist, and webhook `{}` of {} is called through it",
        hook.webhook.name, hook.configuration
    );
    Sighting::of(subject.clone(), title, hook.consequence())
        .seen_on(hook.configuration.clone(), "called by")
        .severity(hook.severity(cluster))
        .evidence(Evidence::field(
            hook.configuration.clone(),
            &hook.path("clientConfig.service"),
            format!("{}/{}", called.namespace, called.name),
        ))
        .evidence(Evidence::absence(subject.clone(), &absence))
        .all_evidence(hook.evidence())
        .suggest(Suggestion::advice(format!(
            "Bring {subject} and what serves behind it back"
        )))
        .suggest(Suggestion::run(
            "If the webhook was uninstalled, delete what is left of it",
            format!(
                "kubectl delete {} {}",
                hook.configuration.kind.to_lowercase(),
                hook.configuration.name
            ),
            Risk::Medium,
        ))
}

fn port_missing(cluster: &Cluster<'_>, hook: &Hook<'_>, service: &Service, port: i64) -> Sighting {
    let own = hook.configuration.clone();
    let target = service.reference();
    let there: Vec<String> = service
        .spec
        .ports
        .iter()
        .map(|port| port.port.to_string())
        .collect();
    let title = format!(
        "Webhook `{}` of {own} calls port {port} of {target}, which does not exist",
        hook.webhook.name
    );
    Sighting::of(own.clone(), title, hook.consequence())
        .identified_by("webhook", hook.webhook.name.as_str())
        .severity(hook.severity(cluster))
        .evidence(Evidence::field(
            own.clone(),
            &hook.path("clientConfig.service.port"),
            port,
        ))
        .evidence(Evidence::field(target, "spec.ports", there.join(", ")))
        .all_evidence(hook.evidence())
        .suggest(Suggestion::advice(format!(
            "Set clientConfig.service.port of `{}` in {own} to a port of the Service: {}",
            hook.webhook.name,
            there.join(", ")
        )))
}
