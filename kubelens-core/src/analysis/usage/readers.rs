//! Who may read ConfigMaps and Secrets through the API, which leaves no trace in any field.

use std::collections::BTreeSet;

use super::Usage;
use crate::kubernetes::{
    ClusterRole, ClusterRoleBinding, Kind, Pod, PolicyRule, Role, RoleBinding, RoleRef, Subject,
    Text,
};
use crate::snapshot::Cluster;

/// The kinds that programs read through the API.
const KINDS: [Kind; 2] = [Kind::ConfigMap, Kind::Secret];

/// Notes the namespaces in which a ServiceAccount may read: through a binding of the namespace, or through one of
/// the cluster where a pod of that account runs in the namespace. A reader of the whole cluster that runs
/// elsewhere says nothing about any one namespace.
pub(super) fn collect(cluster: &Cluster<'_>, usage: &mut Usage) {
    let running: BTreeSet<(&Text, &str)> = cluster
        .all::<Pod>()
        .filter(|pod| pod.is_live())
        .map(|pod| {
            let account = pod.spec.service_account_name.non_empty();
            (&pod.metadata.namespace, account.unwrap_or("default"))
        })
        .collect();
    for binding in cluster.all::<RoleBinding>() {
        let namespace = &binding.metadata.namespace;
        if binding.subjects.iter().any(is_account) {
            note(cluster, usage, namespace, &binding.role_ref, namespace);
        }
    }
    for binding in cluster.all::<ClusterRoleBinding>() {
        for (namespace, account) in &running {
            if binding
                .subjects
                .iter()
                .any(|subject| is_meant(subject, namespace, account))
            {
                note(
                    cluster,
                    usage,
                    &Text::default(),
                    &binding.role_ref,
                    namespace,
                );
            }
        }
    }
}

fn is_account(subject: &Subject) -> bool {
    subject.kind == "ServiceAccount" || subject.name.starts_with("system:serviceaccount")
}

fn is_meant(subject: &Subject, namespace: &str, account: &str) -> bool {
    match subject.kind.as_str() {
        "ServiceAccount" => subject.name == *account && subject.namespace == *namespace,
        "Group" => {
            subject.name == "system:serviceaccounts"
                || subject.name.strip_prefix("system:serviceaccounts:") == Some(namespace)
        }
        _ => false,
    }
}

fn note(cluster: &Cluster<'_>, usage: &mut Usage, home: &Text, role: &RoleRef, namespace: &Text) {
    let rules: &[PolicyRule] = if role.kind == "Role" {
        let found = cluster.get::<Role>(home, &role.name);
        found.map_or(&[], |role| &role.rules)
    } else {
        let found = cluster.get::<ClusterRole>("", &role.name);
        found.map_or(&[], |role| &role.rules)
    };
    for kind in KINDS {
        for rule in rules.iter().filter(|rule| reads(rule, kind)) {
            if rule.resource_names.is_empty() {
                usage.read_through_api.insert((kind, namespace.clone()));
            }
            for name in &rule.resource_names {
                usage.mark(kind, namespace, name);
            }
        }
    }
}

fn reads(rule: &PolicyRule, kind: Kind) -> bool {
    let has =
        |list: &[Text], wanted: &[&str]| list.iter().any(|one| wanted.contains(&one.as_str()));
    has(&rule.verbs, &["*", "get", "list", "watch"])
        && has(&rule.api_groups, &["*", kind.group()])
        && has(&rule.resources, &["*", kind.plural()])
}
