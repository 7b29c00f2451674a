//! Who has which role, as far as it is for users to say: without the cluster's own roles and accounts.

use std::collections::BTreeMap;

use crate::analyzers::standing_workload::is_clusters_own;
use crate::kubernetes::{
    ClusterRoleBinding, Object, ObjectMeta, PolicyRule, RoleBinding, RoleRef, Subject, Text,
};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// One subject that a binding gives a role to.
#[derive(Debug, Clone)]
pub(super) struct Grant<'a> {
    pub(super) binding: ObjectRef,
    pub(super) subject: &'a Subject,
    /// The namespace that it counts in; none for all of them.
    pub(super) namespace: Option<&'a str>,
}

/// The grants of each role: `Role` or `ClusterRole`, namespace, name.
pub(super) type Grants<'a> = BTreeMap<(&'static str, &'a str, &'a str), Vec<Grant<'a>>>;

/// Every grant to a subject that is not the cluster's own.
pub(super) fn grants<'a>(cluster: &Cluster<'a>) -> Grants<'a> {
    let mut all = Grants::new();
    for binding in cluster.all::<RoleBinding>() {
        let namespace = binding.metadata.namespace.as_str();
        note(
            &mut all,
            binding.reference(),
            Some(namespace),
            &binding.role_ref,
            &binding.subjects,
        );
    }
    for binding in cluster.all::<ClusterRoleBinding>() {
        note(
            &mut all,
            binding.reference(),
            None,
            &binding.role_ref,
            &binding.subjects,
        );
    }
    all
}

fn note<'a>(
    all: &mut Grants<'a>,
    binding: ObjectRef,
    namespace: Option<&'a str>,
    role: &'a RoleRef,
    subjects: &'a [Subject],
) {
    let key = match (role.kind.as_str(), namespace) {
        ("Role", Some(namespace)) => ("Role", namespace, role.name.as_str()),
        _ => ("ClusterRole", "", role.name.as_str()),
    };
    let grants = subjects
        .iter()
        .filter(|subject| is_foreign(subject))
        .map(|subject| Grant {
            binding: binding.clone(),
            subject,
            namespace,
        });
    all.entry(key).or_default().extend(grants);
}

fn is_foreign(subject: &Subject) -> bool {
    if subject.kind == "ServiceAccount" {
        !is_clusters_own(&subject.namespace)
    } else {
        !subject.name.starts_with("system:")
    }
}

/// Whether a role is one of the cluster's own.
pub(super) fn is_clusters_role(meta: &ObjectMeta) -> bool {
    meta.name.starts_with("system:")
        || meta.labels.contains_key("kubernetes.io/bootstrapping")
        || is_clusters_own(&meta.namespace)
}

/// Whether a rule allows everything with everything that Kubernetes itself has. Everything of a group of its own is
/// what an operator needs.
pub(super) fn is_everything(rule: &PolicyRule) -> bool {
    has(&rule.verbs, &["*"]) && has(&rule.resources, &["*"]) && has(&rule.api_groups, &[""])
}

/// Whether one of these words is in a list, or what stands for all.
pub(super) fn has(list: &[Text], words: &[&str]) -> bool {
    list.iter()
        .any(|known| known == "*" || words.contains(&known.as_str()))
}

/// A subject as a person writes it: `ServiceAccount shop/web`.
pub(super) fn name_of(subject: &Subject) -> String {
    if subject.namespace.is_empty() {
        format!("{} {}", subject.kind, subject.name)
    } else {
        format!("{} {}/{}", subject.kind, subject.namespace, subject.name)
    }
}
