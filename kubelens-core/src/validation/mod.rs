//! What the API server would refuse in an object by itself, before any admission: fields that the API does not know,
//! values of another type, and the rules of validation that the people meet who write manifests.
//!
//! Source: the API's types (`k8s-openapi`) and `pkg/apis/*/validation` of Kubernetes. Rules that need the cluster, or
//! that no manifest in practice breaks, are left to the server (`--server-side-dry-run`).

mod access;
mod configuration;
mod containers;
mod field_error;
mod metadata;
mod names;
mod pods;
mod probes;
mod scaling;
mod served;
mod services;
mod strict;
#[cfg(test)]
mod tests;
mod volumes;
mod workloads;

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
    ValidatingWebhookConfiguration,
};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::autoscaling::v1::HorizontalPodAutoscaler as AutoscalerV1;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    ConfigMap, Endpoints, LimitRange, Namespace, Node, PersistentVolume, PersistentVolumeClaim,
    Pod, ReplicationController, ResourceQuota, Secret, Service, ServiceAccount,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass, NetworkPolicy};
use k8s_openapi::api::node::v1::RuntimeClass;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{Metadata, Resource};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::model::FieldError;
use field_error::{Errors, Path};
use names::NameRule;
use served::{Served, is_stable, served};

/// A kind whose objects are validated.
struct Validated {
    api_version: &'static str,
    kind: &'static str,
    check: fn(&Value, &mut Errors),
}

macro_rules! validated {
    ($($type:ty, $names:ident, $check:expr;)*) => {
        const VALIDATED: &[Validated] = &[$(Validated {
            api_version: <$type as Resource>::API_VERSION,
            kind: <$type as Resource>::KIND,
            check: |value, errors| check::<$type>(value, NameRule::$names, $check, errors),
        }),*];
    };
}

validated! {
    Pod, Subdomain, workloads::pod;
    Deployment, Subdomain, workloads::deployment;
    ReplicaSet, Subdomain, workloads::replica_set;
    StatefulSet, Subdomain, workloads::stateful_set;
    DaemonSet, Subdomain, workloads::daemon_set;
    Job, Subdomain, workloads::job;
    CronJob, Subdomain, workloads::cron_job;
    Service, Label, services::service;
    Ingress, Subdomain, services::ingress;
    IngressClass, Subdomain, nothing_more;
    NetworkPolicy, Subdomain, services::network_policy;
    EndpointSlice, Subdomain, nothing_more;
    Endpoints, Subdomain, nothing_more;
    Node, Subdomain, nothing_more;
    ReplicationController, Subdomain, nothing_more;
    ConfigMap, Subdomain, configuration::config_map;
    Secret, Subdomain, configuration::secret;
    ServiceAccount, Subdomain, nothing_more;
    Namespace, Label, nothing_more;
    LimitRange, Subdomain, nothing_more;
    ResourceQuota, Subdomain, nothing_more;
    PersistentVolumeClaim, Subdomain, claim;
    PersistentVolume, Subdomain, nothing_more;
    StorageClass, Subdomain, nothing_more;
    HorizontalPodAutoscaler, Subdomain, scaling::autoscaler;
    AutoscalerV1, Subdomain, nothing_more;
    PodDisruptionBudget, Subdomain, scaling::budget;
    PriorityClass, Subdomain, nothing_more;
    RuntimeClass, Subdomain, nothing_more;
    Role, PathSegment, access::role;
    ClusterRole, PathSegment, access::cluster_role;
    RoleBinding, PathSegment, access::role_binding;
    ClusterRoleBinding, PathSegment, access::cluster_role_binding;
    ValidatingWebhookConfiguration, Subdomain, nothing_more;
    MutatingWebhookConfiguration, Subdomain, nothing_more;
    ValidatingAdmissionPolicy, Subdomain, nothing_more;
    ValidatingAdmissionPolicyBinding, Subdomain, nothing_more;
}

/// API groups of Kubernetes itself: nobody adds kinds to them.
const OWN_GROUPS: [&str; 13] = [
    "",
    "admissionregistration.k8s.io",
    "apps",
    "autoscaling",
    "batch",
    "discovery.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "coordination.k8s.io",
];

/// Kinds of these groups that are not looked at; few people write them by hand.
const OTHERS: [&str; 22] = [
    "Binding",
    "CSIDriver",
    "CSINode",
    "CSIStorageCapacity",
    "ComponentStatus",
    "ControllerRevision",
    "Event",
    "Eviction",
    "IPAddress",
    "Lease",
    "LeaseCandidate",
    "List",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "PodTemplate",
    "Scale",
    "ServiceCIDR",
    "Status",
    "TokenRequest",
    "VolumeAttachment",
    "VolumeAttributesClass",
    "PodSecurityPolicy",
];

/// Most letters in which a kind that nobody knows may differ from one that is meant.
const SLIP: usize = 2;

/// What the API server would refuse in this object, in the order of its fields; empty for kinds that are not
/// Kubernetes' own, and for those that are not looked at.
pub fn validate(object: &Value) -> Vec<FieldError> {
    let text = |field: &str| {
        object
            .get(field)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let mut errors = Errors::default();
    let known = VALIDATED.iter().find(|known| {
        known.kind == kind && (known.api_version == api_version || api_version.is_empty())
    });
    if api_version.is_empty() {
        let is_of = known.map(|known| format!("{kind} is of {}", known.api_version));
        errors.required(&Path::of(&["apiVersion"]), &is_of.unwrap_or_default());
        if let Some(known) = known {
            let mut whole = object.clone();
            if let Some(fields) = whole.as_object_mut() {
                fields.insert("apiVersion".to_owned(), known.api_version.into());
            }
            (known.check)(&whole, &mut errors);
        }
        return errors.into_vec();
    }
    match known {
        Some(known) => (known.check)(object, &mut errors),
        None => no_such_kind(api_version, kind, &mut errors),
    }
    errors.into_vec()
}

fn check<T: Metadata<Ty = ObjectMeta> + DeserializeOwned>(
    value: &Value,
    names: NameRule,
    more: fn(&T, &mut Errors),
    errors: &mut Errors,
) {
    if let Some(object) = strict::decode::<T>(value, errors) {
        metadata::check(object.metadata(), names, errors);
        more(&object, errors);
    }
}

/// The fields are known and of their types, and no more is asked.
fn nothing_more<T>(_: &T, _: &mut Errors) {}

fn claim(claim: &PersistentVolumeClaim, errors: &mut Errors) {
    volumes::claim(
        &claim.spec.clone().unwrap_or_default(),
        &Path::of(&["spec"]),
        errors,
    );
}

/// The kind is served in another group or version, or is a slip of one that is. Versions that are gone are no matter of
/// spelling, and kinds of groups that are not Kubernetes' own may well exist.
fn no_such_kind(api_version: &str, kind: &str, errors: &mut Errors) {
    let group = group_of(api_version);
    let known = VALIDATED.iter().find(|known| known.kind == kind);
    let served = served(api_version);
    let (field, hint) = match (known, served) {
        (_, Served::Foreign) => return,
        (Some(known), Served::NoSuchVersion(_)) if group_of(known.api_version) == group => {
            ("apiVersion", format!("it is {}", known.api_version))
        }
        (Some(known), _) if group_of(known.api_version) == group => return,
        // Before a kind had a group of its own, it was one of another: when that went is told elsewhere.
        (_, Served::Known) if !OWN_GROUPS.contains(&group) || OTHERS.contains(&kind) => return,
        (Some(known), _) => ("kind", format!("it is one of {}", known.api_version)),
        (None, Served::NoSuchVersion(best)) if is_stable(api_version) => {
            let best = match group {
                "" => best.to_owned(),
                group => format!("{group}/{best}"),
            };
            ("apiVersion", format!("there is {best}"))
        }
        (None, Served::Known) => {
            let near = VALIDATED
                .iter()
                .filter(|known| strsim::osa_distance(known.kind, kind) <= SLIP)
                .min_by_key(|known| strsim::osa_distance(known.kind, kind));
            let Some(near) = near else { return };
            let hint = format!("did you mean {} of {}?", near.kind, near.api_version);
            ("kind", hint)
        }
        (None, _) => return,
    };
    let words = format!("no matches for kind \"{kind}\" in version \"{api_version}\" ({hint})");
    errors.unreadable(&Path::of(&[field]), &words);
}

fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}
