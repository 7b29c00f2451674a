//! The kinds of objects that something else should use, and when one of them is used by nothing.

use crate::analysis::Usage;
use crate::kubernetes::{
    ClusterRole, ConfigMap, CustomObject, IngressClass, Kind, Namespace, Object, ObjectMeta,
    PersistentVolume, PersistentVolumeClaim, PriorityClass, Role, Secret, ServiceAccount,
    StorageClass,
};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// An object that nothing uses.
#[derive(Debug)]
pub(super) struct Unused<'a> {
    pub(super) reference: ObjectRef,
    pub(super) meta: &'a ObjectMeta,
    /// What is said of it, after its name.
    pub(super) says: &'static str,
    /// What was looked through.
    pub(super) proof: &'static str,
}

/// The account that every namespace has and every pod may use.
const DEFAULT_ACCOUNT: &str = "default";

/// Hands over every object that nothing uses, where that can be known.
pub(super) fn check_all<'a>(
    cluster: &Cluster<'a>,
    usage: &Usage,
    found: &mut impl FnMut(Unused<'a>),
) {
    // An empty one is told of by its own rule.
    of_kind(cluster, usage, found, |map: &ConfigMap| {
        !map.data.is_empty() || !map.binary_data.is_empty()
    });
    of_kind(cluster, usage, found, |secret: &Secret| {
        !matches!(
            secret.type_.as_str(),
            "kubernetes.io/service-account-token" | "bootstrap.kubernetes.io/token"
        )
    });
    of_kind(cluster, usage, found, |account: &ServiceAccount| {
        account.metadata.name != DEFAULT_ACCOUNT
    });
    of_kind(cluster, usage, found, |claim: &PersistentVolumeClaim| {
        claim.status.phase == "Bound"
    });
    of_kind(cluster, usage, found, |_: &Role| true);
    of_kind(cluster, usage, found, |role: &ClusterRole| {
        role.aggregation_rule.is_none()
    });
    of_kind(cluster, usage, found, |class: &StorageClass| {
        !is_default(
            &class.metadata,
            "storageclass.kubernetes.io/is-default-class",
        )
    });
    of_kind(cluster, usage, found, |class: &IngressClass| {
        !is_default(
            &class.metadata,
            "ingressclass.kubernetes.io/is-default-class",
        )
    });
    of_kind(cluster, usage, found, |class: &PriorityClass| {
        !class.global_default
    });
    gateway_classes(cluster, found);
    free_volumes(cluster, found);
    empty_namespaces(cluster, found);
}

fn is_default(meta: &ObjectMeta, annotation: &str) -> bool {
    meta.annotations.value(annotation) == Some("true")
}

fn of_kind<'a, T: Object>(
    cluster: &Cluster<'a>,
    usage: &Usage,
    found: &mut impl FnMut(Unused<'a>),
    is_meant: impl Fn(&T) -> bool,
) {
    let mut known: Option<(&str, bool)> = None;
    for object in cluster.all::<T>() {
        let meta = object.metadata();
        let namespace = meta.namespace.as_str();
        // Objects come by namespace: the answer for one is the answer for all of it.
        let is_known = match known {
            Some((before, is_known)) if before == namespace => is_known,
            _ => Usage::is_known(cluster, T::KIND, namespace),
        };
        known = Some((namespace, is_known));
        if is_known
            && is_meant(object)
            && !usage.is_used(T::KIND, meta)
            && !usage.is_read_through_api(T::KIND, &meta.namespace)
        {
            found(Unused {
                reference: object.reference(),
                meta,
                says: "is used by nothing",
                proof: "no pod, template or other object refers to it",
            });
        }
    }
}

/// Classes that no Gateway names, where there are Gateways.
fn gateway_classes<'a>(cluster: &Cluster<'a>, found: &mut impl FnMut(Unused<'a>)) {
    let gateways = cluster.custom("Gateway");
    for class in cluster.custom("GatewayClass") {
        let meta = &class.metadata;
        let names = |gateway: &CustomObject| {
            let name = gateway.spec.get("gatewayClassName");
            name.and_then(serde_json::Value::as_str) == Some(meta.name.as_str())
        };
        if !gateways.is_empty() && !gateways.iter().any(|gateway| names(gateway)) {
            let reference = ObjectRef::cluster_scoped(&class.api_version, &class.kind, &meta.name);
            found(Unused {
                reference,
                meta,
                says: "is used by nothing",
                proof: "no Gateway names it",
            });
        }
    }
}

fn free_volumes<'a>(cluster: &Cluster<'a>, found: &mut impl FnMut(Unused<'a>)) {
    for volume in cluster.all::<PersistentVolume>() {
        let since = volume.status.last_phase_transition_time;
        let is_long = since.is_none_or(|since| cluster.seconds_since(Some(since)) > 7 * 86_400);
        if volume.status.phase == "Available" && volume.spec.claim_ref.is_none() && is_long {
            found(Unused {
                reference: volume.reference(),
                meta: &volume.metadata,
                says: "is free: no claim uses it",
                proof: "spec.claimRef is not set and status.phase is Available",
            });
        }
    }
}

/// The kinds of which a namespace that is used holds something.
const CONTENTS: [Kind; 12] = [
    Kind::Pod,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
    Kind::Job,
    Kind::CronJob,
    Kind::Service,
    Kind::Ingress,
    Kind::PersistentVolumeClaim,
    Kind::Role,
    Kind::RoleBinding,
];

fn empty_namespaces<'a>(cluster: &Cluster<'a>, found: &mut impl FnMut(Unused<'a>)) {
    let custom: Vec<_> = cluster.all_custom().collect();
    for namespace in cluster.all::<Namespace>() {
        let name = namespace.metadata.name.as_str();
        let is_own =
            name == "default" || name.starts_with("kube-") || name.starts_with("openshift");
        let is_known = || {
            let kinds = [Kind::ConfigMap, Kind::Secret, Kind::ServiceAccount];
            let mut kinds = CONTENTS.iter().chain(&kinds);
            kinds.all(|kind| cluster.is_complete(*kind, name))
                && Usage::is_known(cluster, Kind::ServiceAccount, name)
        };
        let holds = || {
            let mut objects = custom.iter();
            CONTENTS
                .iter()
                .any(|kind| cluster.has_in_namespace(*kind, name))
                || objects.any(|object| object.metadata.namespace == *name)
                || holds_own::<ConfigMap>(
                    cluster,
                    name,
                    &["kube-root-ca.crt", "openshift-service-ca.crt"],
                )
                || holds_own::<ServiceAccount>(cluster, name, &[DEFAULT_ACCOUNT])
                || holds_own::<Secret>(cluster, name, &[])
        };
        if !is_own && namespace.status.phase == "Active" && !holds() && is_known() {
            found(Unused {
                reference: namespace.reference(),
                meta: &namespace.metadata,
                says: "is empty",
                proof: "it holds only what every namespace has",
            });
        }
    }
}

/// Whether the namespace holds an object of the kind besides those that every namespace has.
fn holds_own<T: Object>(cluster: &Cluster<'_>, namespace: &str, given: &[&str]) -> bool {
    let mut all = cluster.in_namespace::<T>(namespace);
    all.any(|object| !given.contains(&object.metadata().name.as_str()))
}
