use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{
    ClusterRole, ClusterRoleBinding, Object, Pod, Role, RoleBinding, RoleRef, Subject,
};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A binding gives a role that does not exist: it grants nothing.
    ///
    /// # Fires on
    /// ```yaml
    /// # listed: Role
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: RoleBinding
    /// metadata: {name: reader, namespace: shop}
    /// roleRef: {kind: Role, name: readr}
    /// subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: RoleBinding
    /// metadata: {name: reader, namespace: shop}
    /// roleRef: {kind: Role, name: reader}
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: Role
    /// metadata: {name: reader, namespace: shop}
    /// ```
    /// Roles that could not be read are unknown:
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: RoleBinding
    /// metadata: {name: reader, namespace: shop}
    /// roleRef: {kind: ClusterRole, name: view}
    /// ```
    ///
    /// # How to fix
    /// Create the role; a binding's role cannot be changed, so make a new binding to use another one.
    ///
    /// # What it cannot know
    /// Whether anybody still needs the binding.
    ///
    /// # Source
    /// `roleRef` of rbac/v1 RoleBinding and ClusterRoleBinding.
    SEC002 "bound-role-missing" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [Role, ClusterRole, RoleBinding, ClusterRoleBinding, Pod],
        maps_to: ["POP-1300"],
        check: Cluster(check),
    }
}

/// A role that every cluster has: where it is not listed, the list is only a part.
const ALWAYS_THERE: &str = "cluster-admin";

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for binding in cluster.all::<RoleBinding>() {
        let namespace = binding.metadata.namespace.as_str();
        if is_missing(cluster, namespace, &binding.role_ref) {
            let severity = severity_of(cluster, &binding.subjects);
            let sighting = sighting(cluster, binding.reference(), namespace, &binding.role_ref);
            sink.report(sighting.severity(severity));
        }
    }
    for binding in cluster.all::<ClusterRoleBinding>() {
        if is_missing(cluster, "", &binding.role_ref) {
            let severity = severity_of(cluster, &binding.subjects);
            let sighting = sighting(cluster, binding.reference(), "", &binding.role_ref);
            sink.report(sighting.severity(severity));
        }
    }
}

fn is_missing(cluster: &Cluster<'_>, namespace: &str, role: &RoleRef) -> bool {
    match role.kind.as_str() {
        "Role" => cluster.look_up::<Role>(namespace, &role.name).is_absent(),
        "ClusterRole" => {
            cluster.look_up::<ClusterRole>("", &role.name).is_absent()
                && cluster.get::<ClusterRole>("", ALWAYS_THERE).is_some()
        }
        _ => false,
    }
}

/// Critical while a pod of one of the accounts is not ready: it may be for want of this role.
fn severity_of(cluster: &Cluster<'_>, subjects: &[Subject]) -> Severity {
    let is_felt = subjects
        .iter()
        .filter(|subject| subject.kind == "ServiceAccount")
        .any(|subject| {
            cluster
                .in_namespace::<Pod>(&subject.namespace)
                .filter(|pod| pod.is_live() && !pod.is_ready())
                .any(|pod| {
                    let account = pod
                        .spec
                        .service_account_name
                        .non_empty()
                        .unwrap_or("default");
                    subject.name == *account
                })
        });
    if is_felt {
        Severity::Critical
    } else {
        Severity::Warning
    }
}

fn sighting(cluster: &Cluster<'_>, own: ObjectRef, namespace: &str, role: &RoleRef) -> Sighting {
    let is_role = role.kind == "Role";
    let missing = ObjectRef::namespaced(
        "rbac.authorization.k8s.io/v1",
        &role.kind,
        if is_role { namespace } else { "" },
        &role.name,
    );
    let near = if is_role {
        cluster.near_names::<Role>(namespace, &role.name)
    } else {
        cluster.near_names::<ClusterRole>("", &role.name)
    };
    let absence = if near.is_empty() {
        format!("no {} of that name", role.kind)
    } else {
        format!(
            "no {} of that name (near names: {})",
            role.kind,
            near.join(", ")
        )
    };
    Sighting::of(
        own.clone(),
        format!("{own} gives {missing}, which does not exist"),
        "The binding grants nothing to its subjects.",
    )
    .evidence(Evidence::field(own, "roleRef.name", &role.name))
    .evidence(Evidence::absence(missing.clone(), &absence))
    .suggest(Suggestion::advice(format!(
        "Create {missing}, or replace the binding by one to a role that exists"
    )))
}
