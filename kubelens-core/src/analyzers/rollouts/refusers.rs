//! Who refuses what a controller wants to create, and how bad that is.

use crate::analyzers::failed_create::FailedCreate;
use crate::analyzers::policy_parameters::{NO_PARAMETERS, parameters_of};
use crate::analyzers::refusal::{Refusal, WebhookCall};
use crate::kubernetes::{
    Deployment, MutatingWebhookConfiguration, Object, ValidatingWebhookConfiguration,
};
use crate::model::{ObjectRef, Severity};
use crate::snapshot::Cluster;

/// The objects that the refusal names, each with its relation to what is refused. Who calls it reads
/// both kinds of webhook configuration.
pub(in crate::analyzers) fn refusers(
    cluster: &Cluster<'_>,
    failed: &FailedCreate<'_>,
) -> Vec<(ObjectRef, &'static str)> {
    let here = failed.namespace();
    let namespaced = |kind, name| ObjectRef::namespaced("v1", kind, here, name);
    match &failed.refusal {
        Refusal::QuotaExceeded { quota, .. }
        | Refusal::QuotaDemands { quota, .. }
        | Refusal::QuotaStatusUnknown { quota } => {
            vec![(namespaced("ResourceQuota", quota), "limits")]
        }
        Refusal::PodSecurity { .. } => vec![(
            ObjectRef::cluster_scoped("v1", "Namespace", here),
            "enforces a security level on",
        )],
        Refusal::WebhookDenied { webhook, .. } => configurations_with(cluster, webhook),
        Refusal::WebhookCallFailed(call) => called(cluster, call),
        Refusal::AdmissionPolicy {
            policy,
            binding,
            message,
        } if message.contains(NO_PARAMETERS) => vec![(
            parameters_of(cluster, policy, binding).into_what_to_change(),
            "has the parameters for",
        )],
        Refusal::AdmissionPolicy { policy, .. } => vec![(
            ObjectRef::cluster_scoped(
                "admissionregistration.k8s.io/v1",
                "ValidatingAdmissionPolicy",
                policy,
            ),
            "denies",
        )],
        Refusal::ServiceAccountMissing { namespace, name } => {
            let namespace = if namespace.is_empty() {
                here
            } else {
                namespace
            };
            let account = ObjectRef::namespaced("v1", "ServiceAccount", namespace, name);
            vec![(account, "account of")]
        }
        Refusal::PriorityClassMissing { name } => vec![(
            ObjectRef::cluster_scoped("scheduling.k8s.io/v1", "PriorityClass", name),
            "priority of",
        )],
        Refusal::RuntimeClassMissing { name } => vec![(
            ObjectRef::cluster_scoped("node.k8s.io/v1", "RuntimeClass", name),
            "runtime of",
        )],
        Refusal::NamespaceTerminating { namespace } => {
            let name = if namespace.is_empty() {
                here
            } else {
                namespace
            };
            vec![(ObjectRef::cluster_scoped("v1", "Namespace", name), "holds")]
        }
        Refusal::AlreadyExists { resource, name } => {
            let kind = if *resource == "pods" { "Pod" } else { "" };
            vec![(namespaced(kind, name), "takes the name of")]
        }
        Refusal::NoQuotaCovers { .. }
        | Refusal::LimitRange { .. }
        | Refusal::SecurityContextConstraints { .. }
        | Refusal::Invalid { .. }
        | Refusal::Other => Vec::new(),
    }
}

/// The configurations that hold a webhook of this name.
fn configurations_with(cluster: &Cluster<'_>, webhook: &str) -> Vec<(ObjectRef, &'static str)> {
    let validating = cluster
        .all::<ValidatingWebhookConfiguration>()
        .filter(|known| known.webhooks.iter().any(|known| known.name == *webhook))
        .map(Object::reference);
    let mutating = cluster
        .all::<MutatingWebhookConfiguration>()
        .filter(|known| known.webhooks.iter().any(|known| known.name == *webhook))
        .map(Object::reference);
    validating
        .chain(mutating)
        .map(|configuration| (configuration, "is asked about"))
        .collect()
}

fn called(cluster: &Cluster<'_>, call: &WebhookCall<'_>) -> Vec<(ObjectRef, &'static str)> {
    let mut all = configurations_with(cluster, call.webhook);
    if !call.service.is_empty() {
        let service = ObjectRef::namespaced("v1", "Service", call.namespace, call.service);
        all.push((service, "is asked about"));
    }
    all
}

/// How bad a refusal is: a warning where all pods that are wanted serve already and only a rollout
/// waits. Who calls it reads Deployment.
pub(in crate::analyzers) fn severity_of(
    cluster: &Cluster<'_>,
    failed: &FailedCreate<'_>,
) -> Severity {
    let serves_in_full = failed.top.kind == "Deployment"
        && cluster
            .get::<Deployment>(failed.namespace(), &failed.top.name)
            .is_some_and(|deployment| {
                let wanted = deployment.spec.replicas.unwrap_or(1);
                deployment.status.ready_replicas >= wanted
            });
    if serves_in_full {
        Severity::Warning
    } else {
        Severity::Critical
    }
}
