use super::role_grant::{is_everything, name_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{ClusterRole, ClusterRoleBinding, Object, Subject};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// Everybody, every account, or an account that pods have without asking may do everything in the cluster.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRoleBinding
    /// metadata: {name: quick-fix}
    /// roleRef: {kind: ClusterRole, name: cluster-admin}
    /// subjects: [{kind: ServiceAccount, name: default, namespace: shop}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRoleBinding
    /// metadata: {name: cluster-admin}
    /// roleRef: {kind: ClusterRole, name: cluster-admin}
    /// subjects: [{kind: Group, name: "system:masters"}, {kind: ServiceAccount, name: argocd, namespace: argocd}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRoleBinding
    /// metadata: {name: discovery}
    /// roleRef: {kind: ClusterRole, name: "system:discovery"}
    /// subjects: [{kind: Group, name: "system:authenticated"}]
    /// ```
    ///
    /// # How to fix
    /// Delete the binding; give the one account that needs it a role of its own.
    ///
    /// # What it cannot know
    /// Who uses it already.
    ///
    /// # Source
    /// `roleRef` and `subjects` of rbac/v1 ClusterRoleBinding.
    SEC015 "admin-bound-widely" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [ClusterRole, ClusterRoleBinding],
        maps_to: ["POP-308"],
        profiles: [Security],
        check: Cluster(check),
    }
}

/// Users and groups that stand for everybody.
const EVERYBODY: [&str; 4] = [
    "system:anonymous",
    "system:unauthenticated",
    "system:authenticated",
    "system:serviceaccounts",
];

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for binding in cluster.all::<ClusterRoleBinding>() {
        if !gives_everything(cluster, binding) {
            continue;
        }
        let Some(subject) = binding.subjects.iter().find(|subject| is_wide(subject)) else {
            continue;
        };
        let own = binding.reference();
        let name = name_of(subject);
        sink.report(
            Sighting::of(
                own.clone(),
                format!("{own} lets {name} do everything in the cluster"),
                "Any pod or caller that counts as this subject can read every Secret and change every object.",
            )
            .evidence(Evidence::field(own.clone(), "roleRef.name", &binding.role_ref.name))
            .evidence(Evidence::field(own, "subjects", name))
            .suggest(Suggestion::advice(
                "Delete the binding, and give the one account that needs it a role of its own",
            )),
        );
    }
}

fn gives_everything(cluster: &Cluster<'_>, binding: &ClusterRoleBinding) -> bool {
    let name = binding.role_ref.name.as_str();
    let is_equal = || {
        let role = cluster.get::<ClusterRole>("", name);
        role.is_some_and(|role| {
            role.rules
                .iter()
                .any(|rule| is_everything(rule) && rule.api_groups.iter().any(|group| group == "*"))
        })
    };
    name == "cluster-admin" || is_equal()
}

fn is_wide(subject: &Subject) -> bool {
    if subject.kind == "ServiceAccount" {
        subject.name == "default"
    } else {
        EVERYBODY.contains(&subject.name.as_str())
            || subject.name.starts_with("system:serviceaccounts:")
    }
}
