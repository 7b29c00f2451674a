//! Which workload runs the controller of a group of custom resources.

use std::collections::{BTreeMap, BTreeSet};

use crate::analyzers::network::endpoints::workloads_behind;
use crate::kubernetes::{
    ClusterRole, ClusterRoleBinding, CustomObject, CustomResourceDefinition, Kind,
    MutatingWebhookConfiguration, Object, PolicyRule, Role, RoleBinding, RoleRef, Service, Subject,
    Text, ValidatingWebhookConfiguration, Webhook, WebhookClientConfig, text_at,
};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::{Cluster, Workload};

/// A workload that runs the controller of a group, and how that is known.
#[derive(Debug, Clone)]
pub(in crate::analyzers) struct Controller<'a> {
    pub(in crate::analyzers) workload: Workload<'a>,
    pub(in crate::analyzers) proof: Evidence,
}

/// What names a controller.
enum Way {
    Installation,
    Permission,
    Webhook,
    Label,
}

/// The workloads that run the controllers of these groups, by the surest way that names any: what the
/// operator's installation says, who may write the group's status, who serves its webhooks, whose labels are
/// those of its definitions.
pub(in crate::analyzers) fn controllers<'a>(
    cluster: &Cluster<'a>,
    groups: &BTreeSet<&str>,
) -> BTreeMap<String, Vec<Controller<'a>>> {
    let mut found: BTreeMap<String, Vec<Controller<'a>>> = BTreeMap::new();
    for way in [Way::Installation, Way::Permission, Way::Webhook, Way::Label] {
        let open: BTreeSet<&str> = groups
            .iter()
            .copied()
            .filter(|group| !found.contains_key(*group))
            .collect();
        let named = match way {
            Way::Installation => by_installation(cluster, &open),
            Way::Permission => by_permission(cluster, &open),
            Way::Webhook => by_webhook(cluster, &open),
            Way::Label => by_label(cluster, &open),
        };
        for (group, controller) in named {
            let all = found.entry(group).or_default();
            let own = controller.workload.reference();
            if !all.iter().any(|known| known.workload.reference() == own) {
                all.push(controller);
            }
        }
    }
    found
}

/// The Deployments of an installed operator version.
fn by_installation<'a>(
    cluster: &Cluster<'a>,
    groups: &BTreeSet<&str>,
) -> Vec<(String, Controller<'a>)> {
    let mut found = Vec::new();
    for version in cluster.customs("operators.coreos.com", "ClusterServiceVersion") {
        if version.status_text("/reason") == "Copied" {
            continue;
        }
        let owned: BTreeSet<&str> = version
            .spec_list("/customresourcedefinitions/owned")
            .iter()
            .filter_map(|owned| Some(text_at(owned, "/name").split_once('.')?.1))
            .filter(|group| groups.contains(group))
            .collect();
        for deployment in deployments_of(version) {
            let Some(workload) = cluster.workload(&deployment) else {
                continue;
            };
            for group in &owned {
                let path = "spec.install.spec.deployments";
                let proof = Evidence::field(version.reference(), path, &deployment.name);
                found.push(((*group).to_owned(), Controller { workload, proof }));
            }
        }
    }
    found
}

/// The workloads whose ServiceAccount may write the status of the group's objects.
fn by_permission<'a>(
    cluster: &Cluster<'a>,
    groups: &BTreeSet<&str>,
) -> Vec<(String, Controller<'a>)> {
    let mut roles: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for role in cluster.all::<ClusterRole>() {
        roles.insert(("", &role.metadata.name), written(&role.rules, groups));
    }
    for role in cluster.all::<Role>() {
        let key = (
            role.metadata.namespace.as_str(),
            role.metadata.name.as_str(),
        );
        roles.insert(key, written(&role.rules, groups));
    }
    roles.retain(|_, groups| !groups.is_empty());
    let mut writers: BTreeMap<(String, String), BTreeMap<&str, Evidence>> = BTreeMap::new();
    let mut note = |binding: ObjectRef, namespace: &str, role: &RoleRef, subjects: &[Subject]| {
        let home = if role.kind == "ClusterRole" {
            ""
        } else {
            namespace
        };
        let Some(groups) = roles.get(&(home, role.name.as_str())) else {
            return;
        };
        for subject in subjects
            .iter()
            .filter(|subject| subject.kind == "ServiceAccount")
        {
            let space = subject.namespace.non_empty().unwrap_or(namespace);
            let of = writers
                .entry((space.to_owned(), subject.name.to_string()))
                .or_default();
            for group in groups {
                let proof = Evidence::field(binding.clone(), "roleRef", &role.name);
                of.entry(group).or_insert(proof);
            }
        }
    };
    for binding in cluster.all::<ClusterRoleBinding>() {
        note(
            binding.reference(),
            "",
            &binding.role_ref,
            &binding.subjects,
        );
    }
    for binding in cluster.all::<RoleBinding>() {
        note(
            binding.reference(),
            &binding.metadata.namespace,
            &binding.role_ref,
            &binding.subjects,
        );
    }
    let mut found = Vec::new();
    for ((namespace, account), groups) in writers {
        for workload in cluster.workloads_in(&namespace) {
            if workload.is_batch() || *workload.pod_spec().service_account_name != *account {
                continue;
            }
            for (group, proof) in &groups {
                let proof = proof.clone();
                found.push(((*group).to_owned(), Controller { workload, proof }));
            }
        }
    }
    found
}

/// The groups whose objects' status these rules let somebody write.
fn written<'g>(rules: &[PolicyRule], groups: &BTreeSet<&'g str>) -> BTreeSet<&'g str> {
    let rules = rules.iter().filter(|rule| {
        let is_status = rule.resources.iter().any(|name| name.ends_with("/status"));
        let is_write = rule
            .verbs
            .iter()
            .any(|verb| matches!(verb.as_str(), "update" | "patch" | "*"));
        is_status && is_write
    });
    let mut found = BTreeSet::new();
    for rule in rules {
        found.extend(
            groups
                .iter()
                .copied()
                .filter(|group| rule.api_groups.iter().any(|known| known == *group)),
        );
    }
    found
}

/// The workloads behind the webhooks that are called for the group's objects.
fn by_webhook<'a>(cluster: &Cluster<'a>, groups: &BTreeSet<&str>) -> Vec<(String, Controller<'a>)> {
    let mut hooks: Vec<(ObjectRef, &Webhook)> = Vec::new();
    for configuration in cluster.all::<ValidatingWebhookConfiguration>() {
        let own = configuration.reference();
        hooks.extend(
            configuration
                .webhooks
                .iter()
                .map(|hook| (own.clone(), hook)),
        );
    }
    for configuration in cluster.all::<MutatingWebhookConfiguration>() {
        let own = configuration.reference();
        hooks.extend(
            configuration
                .webhooks
                .iter()
                .map(|hook| (own.clone(), hook)),
        );
    }
    let mut found = Vec::new();
    for (own, hook) in hooks {
        let of = hook
            .rules
            .iter()
            .flat_map(|rule| rule.api_groups.iter())
            .map(Text::as_str)
            .filter(|group| groups.contains(group));
        for group in of.collect::<BTreeSet<_>>() {
            found.extend(served(cluster, group, &own, &hook.client_config));
        }
    }
    for definition in cluster.all::<CustomResourceDefinition>() {
        let group = definition.spec.group.as_str();
        let webhook = definition
            .spec
            .conversion
            .as_ref()
            .and_then(|conversion| conversion.webhook.as_ref());
        if let Some(webhook) = webhook.filter(|_| groups.contains(group)) {
            let own = definition.reference();
            found.extend(served(cluster, group, &own, &webhook.client_config));
        }
    }
    found
}

fn served<'a>(
    cluster: &Cluster<'a>,
    group: &str,
    own: &ObjectRef,
    config: &WebhookClientConfig,
) -> Vec<(String, Controller<'a>)> {
    let service = config
        .service
        .as_ref()
        .and_then(|service| cluster.get::<Service>(&service.namespace, &service.name));
    let workloads = service.map_or_else(Vec::new, |service| workloads_behind(cluster, service));
    let name = service.map_or("", |service| &service.metadata.name);
    workloads
        .into_iter()
        .map(|workload| {
            let proof = Evidence::field(own.clone(), "clientConfig.service", name);
            (group.to_owned(), Controller { workload, proof })
        })
        .collect()
}

/// Labels that the parts of one installation share.
const PART: [&str; 2] = ["app.kubernetes.io/part-of", "app.kubernetes.io/instance"];

/// The workloads that carry the labels of the group's definitions.
fn by_label<'a>(cluster: &Cluster<'a>, groups: &BTreeSet<&str>) -> Vec<(String, Controller<'a>)> {
    let mut wanted: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for definition in cluster.all::<CustomResourceDefinition>() {
        let group = definition.spec.group.as_str();
        for key in PART {
            if let Some(value) = definition.metadata.labels.value(key)
                && groups.contains(group)
            {
                wanted.entry(group).or_default().insert((key, value));
            }
        }
    }
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for namespace in cluster.all_namespaces() {
        for workload in cluster.workloads_in(&namespace) {
            if !matches!(workload.kind(), Kind::Deployment | Kind::StatefulSet) {
                continue;
            }
            for (group, labels) in &wanted {
                let shared = labels
                    .iter()
                    .find(|(key, value)| workload.metadata().labels.value(key) == Some(*value));
                if let Some((key, value)) = shared {
                    let path = format!("metadata.labels[{key}]");
                    let proof = Evidence::field(workload.reference(), &path, value);
                    found.push(((*group).to_owned(), Controller { workload, proof }));
                }
            }
        }
    }
    found
}

/// The Deployments that an operator version installs.
pub(super) fn deployments_of(version: &CustomObject) -> Vec<ObjectRef> {
    version
        .spec_list("/install/spec/deployments")
        .iter()
        .map(|deployment| text_at(deployment, "/name"))
        .filter(|name| !name.is_empty())
        .map(|name| {
            ObjectRef::namespaced("apps/v1", "Deployment", &version.metadata.namespace, name)
        })
        .collect()
}
