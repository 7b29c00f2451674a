//! What other objects name in fields made for it.

use super::Usage;
use crate::kubernetes::{
    ClusterRole, ClusterRoleBinding, Ingress, Kind, PersistentVolume, PersistentVolumeClaim,
    RoleBinding, RoleRef, ServiceAccount, StorageClass, Subject, Text,
};
use crate::snapshot::Cluster;

/// Marks what bindings, accounts, Ingresses, volumes and classes name.
pub(super) fn collect(cluster: &Cluster<'_>, usage: &mut Usage) {
    let everywhere = Text::default();
    for account in cluster.all::<ServiceAccount>() {
        let namespace = &account.metadata.namespace;
        let own = account.secrets.iter().map(|secret| &secret.name);
        let pull = account.image_pull_secrets.iter().map(|secret| &secret.name);
        own.chain(pull)
            .for_each(|name| usage.mark(Kind::Secret, namespace, name));
    }
    for binding in cluster.all::<RoleBinding>() {
        let namespace = &binding.metadata.namespace;
        role(usage, namespace, &binding.role_ref);
        subjects(usage, Some(namespace), &binding.subjects);
    }
    for binding in cluster.all::<ClusterRoleBinding>() {
        role(usage, &everywhere, &binding.role_ref);
        subjects(usage, None, &binding.subjects);
    }
    aggregated(cluster, usage);
    for ingress in cluster.all::<Ingress>() {
        let namespace = &ingress.metadata.namespace;
        for tls in &ingress.spec.tls {
            usage.mark(Kind::Secret, namespace, &tls.secret_name);
        }
        usage.mark(
            Kind::IngressClass,
            &everywhere,
            &ingress.spec.ingress_class_name,
        );
        let older = ingress
            .metadata
            .annotations
            .value("kubernetes.io/ingress.class");
        usage.mark(Kind::IngressClass, &everywhere, older.unwrap_or_default());
    }
    for claim in cluster.all::<PersistentVolumeClaim>() {
        if let Some(class) = &claim.spec.storage_class_name {
            usage.mark(Kind::StorageClass, &everywhere, class);
        }
    }
    volumes(cluster, usage);
}

fn role(usage: &mut Usage, namespace: &Text, role: &RoleRef) {
    if role.kind == "Role" {
        usage.mark(Kind::Role, namespace, &role.name);
    } else {
        usage.mark(Kind::ClusterRole, &Text::default(), &role.name);
    }
}

fn subjects(usage: &mut Usage, namespace: Option<&Text>, subjects: &[Subject]) {
    for subject in subjects
        .iter()
        .filter(|subject| subject.kind == "ServiceAccount")
    {
        let own = Some(&subject.namespace).filter(|own| !own.is_empty());
        if let Some(namespace) = own.or(namespace) {
            usage.mark(Kind::ServiceAccount, namespace, &subject.name);
        }
    }
}

/// Roles whose rules another one takes over are used through it, whoever binds that.
fn aggregated(cluster: &Cluster<'_>, usage: &mut Usage) {
    let selectors: Vec<_> = cluster
        .all::<ClusterRole>()
        .filter_map(|role| role.aggregation_rule.as_ref())
        .flat_map(|rule| rule.cluster_role_selectors.iter())
        .collect();
    for role in cluster.all::<ClusterRole>() {
        if selectors
            .iter()
            .any(|selector| selector.matches(&role.metadata.labels))
        {
            usage.mark(Kind::ClusterRole, &Text::default(), &role.metadata.name);
        }
    }
}

fn volumes(cluster: &Cluster<'_>, usage: &mut Usage) {
    for volume in cluster.all::<PersistentVolume>() {
        let class = &volume.spec.storage_class_name;
        usage.mark(Kind::StorageClass, &Text::default(), class);
        if volume.spec.claim_ref.is_some() {
            let name = &volume.metadata.name;
            usage.mark(Kind::PersistentVolume, &Text::default(), name);
        }
        let Some(csi) = &volume.spec.csi else {
            continue;
        };
        let logins = [
            &csi.controller_publish_secret_ref,
            &csi.controller_expand_secret_ref,
            &csi.node_publish_secret_ref,
            &csi.node_stage_secret_ref,
            &csi.node_expand_secret_ref,
        ];
        for secret in logins.into_iter().flatten() {
            usage.mark(Kind::Secret, &secret.namespace, &secret.name);
        }
    }
    for class in cluster.all::<StorageClass>() {
        for (key, name) in class.parameters.iter() {
            // `csi.storage.k8s.io/node-stage-secret-name`, `adminSecretName`, with the namespace beside it.
            let namespace = match key.strip_suffix("secret-name") {
                Some(stem) => format!("{stem}secret-namespace"),
                None => match key.strip_suffix("SecretName") {
                    Some(stem) => format!("{stem}SecretNamespace"),
                    None => continue,
                },
            };
            if let Some(namespace) = class.parameters.get(&namespace) {
                usage.mark(Kind::Secret, namespace, name);
            }
        }
    }
}
