use super::certificate::last_of;
use super::webhook::{Hook, hooks};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::failed_create::{FailedCreate, failed_creates};
use crate::analyzers::refusal::Refusal;
use crate::kubernetes::{CertificateChain, CustomObject, Deployment, Kind, Object};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The API server does not trust the certificate of a webhook: `caBundle` is empty although
    /// something should have filled it in, or it does not fit the certificate that the webhook shows.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingWebhookConfiguration
    /// metadata:
    ///   name: policies
    ///   creationTimestamp: "2026-01-01T10:00:00Z"
    ///   annotations: {cert-manager.io/inject-ca-from: policy/serving}
    /// webhooks: [{name: a.example.com, clientConfig: {service: {namespace: policy, name: policy}}}]
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingWebhookConfiguration
    /// metadata: {name: policies}
    /// webhooks: [{name: a.example.com, clientConfig: {service: {namespace: policy, name: policy}, caBundle: eA==}}]
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 1}
    /// status:
    ///   conditions:
    ///   - type: ReplicaFailure
    ///     status: "True"
    ///     reason: FailedCreate
    ///     message: 'failed calling webhook "a.example.com": failed to call webhook: Post "https://policy.policy.svc:443/?timeout=5s": tls: failed to verify certificate: x509: certificate signed by unknown authority'
    /// ```
    ///
    /// # Stays silent on
    /// An empty bundle that nothing was asked to fill means the system's roots:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingWebhookConfiguration
    /// metadata: {name: policies, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// webhooks: [{name: a.example.com, clientConfig: {url: "https://hooks.example.com"}}]
    /// ```
    ///
    /// # How to fix
    /// Put the authority that signed the webhook's certificate into `caBundle`, or renew the
    /// certificate.
    ///
    /// # What it cannot know
    /// What the webhook itself shows. That `caBundle` is over is told by CTL020.
    ///
    /// # Source
    /// `webhooks[].clientConfig.caBundle` of admissionregistration/v1; refusals that name the webhook.
    CTL005 "webhook-certificate-rejected" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [
            ValidatingWebhookConfiguration, MutatingWebhookConfiguration, ReplicaSet,
            ReplicationController, StatefulSet, DaemonSet, Job, CronJob, Deployment, Event, Service, Pod, Namespace,
        ],
        maps_to: [],
        check: Cluster(check),
    }
}

/// Annotations by which something fills in `caBundle`, and what its workload is called.
const INJECTORS: [(&str, &str); 4] = [
    ("cert-manager.io/inject-ca-from", "cainjector"),
    ("cert-manager.io/inject-ca-from-secret", "cainjector"),
    ("cert-manager.io/inject-apiserver-ca", "cainjector"),
    ("service.beta.openshift.io/inject-cabundle", "service-ca"),
];

/// Seconds that an injector has.
const INJECT_GRACE: i64 = 300;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let hooks = hooks(cluster);
    if hooks.is_empty() {
        return;
    }
    let failed = failed_creates(cluster);
    for hook in &hooks {
        let refused = failed.iter().find(|failed| is_distrust(failed, hook));
        if let Some(failed) = refused {
            sink.report(distrusted(cluster, hook, failed));
        } else if let Some(injector) = awaited_injector(cluster, hook) {
            sink.report(not_injected(cluster, hook, injector));
        }
    }
}

fn is_distrust(failed: &FailedCreate<'_>, hook: &Hook<'_>) -> bool {
    let Refusal::WebhookCallFailed(call) = failed.refusal else {
        return false;
    };
    let marks = ["x509:", "tls: ", "certificate", "root certificates"];
    hook.webhook.name == *call.webhook && marks.iter().any(|mark| call.reason.contains(mark))
}

/// The annotation whose injector should have filled the bundle by now, and what that is called.
fn awaited_injector(
    cluster: &Cluster<'_>,
    hook: &Hook<'_>,
) -> Option<(&'static str, &'static str)> {
    let is_empty = hook.webhook.client_config.ca_bundle.is_empty();
    if !is_empty || cluster.age(hook.meta) < INJECT_GRACE {
        return None;
    }
    INJECTORS
        .into_iter()
        .find(|(key, _)| hook.meta.annotations.contains_key(key))
}

/// The Deployments that run an injector, by their names or those of their images.
fn run_by(cluster: &Cluster<'_>, program: &str) -> Vec<ObjectRef> {
    let is_one = |deployment: &&Deployment| {
        let mut containers = deployment.spec.template.spec.all_containers();
        deployment.metadata.name.ends_with(program)
            || containers.any(|(_, container)| container.image_name().ends_with(program))
    };
    let all = cluster.all::<Deployment>().filter(is_one);
    all.map(Object::reference).collect()
}

fn distrusted(cluster: &Cluster<'_>, hook: &Hook<'_>, failed: &FailedCreate<'_>) -> Sighting {
    let own = hook.configuration.clone();
    let bundle = CertificateChain::from_base64(&hook.webhook.client_config.ca_bundle);
    let is_over = bundle
        .as_ref()
        .and_then(last_of)
        .is_some_and(|last| last.is_expired(cluster.now()));
    let fault = Fault::of(failed);
    let title = format!(
        "The API server rejects the certificate of webhook `{}` of {own}{}",
        hook.webhook.name,
        fault.words()
    );
    let explanation = format!(
        "The webhook answers, and its certificate is not accepted. {}",
        hook.consequence()
    );
    let sighting = Sighting::of(own.clone(), title, explanation)
        .identified_by("webhook", hook.webhook.name.as_str())
        .severity(hook.severity(cluster))
        .evidence(failed.evidence())
        .all_evidence(hook.evidence())
        .suggest(advice(hook, fault));
    // That the bundle is over is a fact of its own, and the reason.
    if is_over {
        return sighting.blames(own, "trusted by");
    }
    let says_expired = failed.text.contains("has expired");
    match says_expired
        .then(|| ended_certificate(cluster, hook))
        .flatten()
    {
        Some(certificate) => sighting
            .evidence(Evidence::field(
                certificate.reference(),
                "status.notAfter",
                certificate.status_text("/notAfter"),
            ))
            .blames(certificate.reference(), "serves by"),
        None => sighting,
    }
}

/// The cert-manager Certificate that the webhook serves by, where it has ended: the pods behind its Service mount its Secret.
fn ended_certificate<'a>(cluster: &Cluster<'a>, hook: &Hook<'a>) -> Option<&'a CustomObject> {
    let service = hook.found_service(cluster)?;
    let pods = cluster.pods_behind(service);
    let is_mounted = |secret: &str| {
        pods.iter().any(|pod| {
            let mut references = pod.spec.config_references().into_iter();
            references.any(|reference| {
                reference.kind == Kind::Secret
                    && reference.relation.contains("volume")
                    && *reference.name == *secret
            })
        })
    };
    cluster
        .customs("cert-manager.io", "Certificate")
        .filter(|certificate| certificate.metadata.namespace == service.metadata.namespace)
        .filter(|certificate| is_mounted(certificate.spec_text("/secretName")))
        .find(|certificate| {
            let end = certificate.status_text("/notAfter").parse();
            end.is_ok_and(|end| cluster.has_come(end))
        })
}

/// What is wrong with the certificate, in the words of Go's crypto/x509.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Expired,
    NotYetValid,
    OtherName,
    UnknownAuthority,
    NotTold,
}

impl Fault {
    fn of(failed: &FailedCreate<'_>) -> Self {
        let Refusal::WebhookCallFailed(call) = failed.refusal else {
            return Self::NotTold;
        };
        let marks = [
            (" is after ", Self::Expired),
            (" is before ", Self::NotYetValid),
            ("certificate is valid for ", Self::OtherName),
            ("certificate is not valid for ", Self::OtherName),
            ("IP SANs", Self::OtherName),
            ("legacy Common Name", Self::OtherName),
            ("unknown authority", Self::UnknownAuthority),
        ];
        marks
            .into_iter()
            .find(|(mark, _)| call.reason.contains(mark))
            .map_or(Self::NotTold, |(_, fault)| fault)
    }

    /// As the end of a title.
    const fn words(self) -> &'static str {
        match self {
            Self::Expired => ": it has expired",
            Self::NotYetValid => ": it is not valid yet",
            Self::OtherName => ": it is for another name",
            Self::UnknownAuthority => ": caBundle does not hold the authority that signed it",
            Self::NotTold => "",
        }
    }
}

fn not_injected(
    cluster: &Cluster<'_>,
    hook: &Hook<'_>,
    (injector, program): (&str, &str),
) -> Sighting {
    let own = hook.configuration.clone();
    let title = format!(
        "caBundle of webhook `{}` of {own} is empty: nothing filled it in",
        hook.webhook.name
    );
    let source = hook.meta.annotations.value(injector).unwrap_or_default();
    let sighting = Sighting::of(own.clone(), title, hook.consequence());
    let sighting = run_by(cluster, program)
        .into_iter()
        .fold(sighting, |sighting, injector| {
            sighting.blames(injector, "fills in")
        });
    sighting
        .identified_by("webhook", hook.webhook.name.as_str())
        .severity(hook.severity(cluster))
        .evidence(Evidence::field(
            own.clone(),
            &hook.path("clientConfig.caBundle"),
            "(empty)",
        ))
        .evidence(Evidence::field(
            own,
            &format!("metadata.annotations[{injector}]"),
            source,
        ))
        .all_evidence(hook.evidence())
        .suggest(advice(hook, Fault::UnknownAuthority))
}

fn advice(hook: &Hook<'_>, fault: Fault) -> Suggestion {
    let name = &hook.webhook.name;
    let host = hook.service().map_or_else(
        || "its URL".to_owned(),
        |service| format!("{}.{}.svc", service.name, service.namespace),
    );
    Suggestion::advice(match fault {
        Fault::Expired => format!(
            "Renew the certificate that the webhook serves for {host}, and let its pods load it"
        ),
        Fault::NotYetValid => format!(
            "Compare the clocks of the API server and of who signed the certificate for {host}"
        ),
        Fault::OtherName => format!("Give the webhook a certificate for {host}"),
        Fault::UnknownAuthority => format!(
            "Put the authority that signed the certificate for {host} into clientConfig.caBundle of `{name}`"
        ),
        Fault::NotTold => format!(
            "Put the authority that signed the webhook's certificate into clientConfig.caBundle of `{name}`, or renew the certificate for {host}"
        ),
    })
}
