//! What uses what: which objects something living, or a template of it, refers to.
//!
//! Used is what any edge reaches: it is enough that something may use an object, nothing here has to be sure.
//! What the edges cannot know is for [`Usage::is_known`] to say.

mod known;
mod mentions;
mod owners;
mod pods;
mod readers;
mod references;

use std::collections::{HashMap, HashSet};

use crate::kubernetes::{Kind, ObjectMeta, Text};
use crate::snapshot::Cluster;

/// The objects that are used, and who reads through the API.
#[derive(Debug, Default)]
pub struct Usage {
    used: HashMap<(Kind, Text), HashSet<Text>>,
    owners: HashSet<Text>,
    read_through_api: HashSet<(Kind, Text)>,
}

impl Usage {
    /// The usage graph of the picture, worked out once.
    pub fn of(cluster: &Cluster<'_>) -> std::sync::Arc<Self> {
        cluster.once(|cluster| {
            let mut usage = Self::default();
            pods::collect(cluster, &mut usage);
            references::collect(cluster, &mut usage);
            mentions::collect(cluster, &mut usage);
            readers::collect(cluster, &mut usage);
            owners::collect(cluster, &mut usage);
            usage
        })
    }

    /// Whether something refers to the object, or owns it, or is owned by it.
    pub fn is_used(&self, kind: Kind, meta: &ObjectMeta) -> bool {
        !meta.owner_references.is_empty()
            || self.owners.contains(&meta.uid)
            || self.is_named(kind, &meta.namespace, &meta.name)
    }

    /// Whether something refers to the object of this name.
    pub fn is_named(&self, kind: Kind, namespace: &Text, name: &str) -> bool {
        self.used
            .get(&(kind, namespace.clone()))
            .is_some_and(|names| names.contains(name))
    }

    /// Whether something that runs may read every object of the kind in the namespace through the API.
    pub fn is_read_through_api(&self, kind: Kind, namespace: &Text) -> bool {
        self.read_through_api.contains(&(kind, namespace.clone()))
    }

    fn mark(&mut self, kind: Kind, namespace: &Text, name: &str) {
        if !name.is_empty() {
            self.used
                .entry((kind, namespace.clone()))
                .or_default()
                .insert(Text::new(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::example::picture;

    fn used(kind: Kind, name: &str, objects: &str) -> bool {
        let picture = picture(objects);
        let cluster = Cluster::new(&picture);
        let usage = Usage::of(&cluster);
        usage.is_named(kind, &Text::new("shop"), name)
    }

    #[test]
    fn what_a_template_at_zero_replicas_names_is_used() {
        let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {replicas: 0, template: {spec: {serviceAccountName: web, imagePullSecrets: [{name: pull}], containers: [{name: web, envFrom: [{configMapRef: {name: env}}], args: ['--cert=shop/tls', --map=routes]}], volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: tls, namespace: shop}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: routes, namespace: shop}";
        for (kind, name) in [
            (Kind::ServiceAccount, "web"),
            (Kind::Secret, "pull"),
            (Kind::Secret, "tls"),
            (Kind::ConfigMap, "env"),
            (Kind::ConfigMap, "routes"),
            (Kind::PersistentVolumeClaim, "data"),
        ] {
            assert!(used(kind, name, web), "{name}");
        }
        assert!(!used(Kind::ConfigMap, "other", web));
        assert!(!used(Kind::Secret, "env", web));
    }

    #[test]
    fn a_custom_resource_uses_what_it_names() {
        let issuer = "apiVersion: acme.io/v1\nkind: Store\nmetadata: {name: s, namespace: shop}\nspec: {auth: {keys: [{secretName: token}]}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: token, namespace: shop}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: other, namespace: shop}";
        assert!(used(Kind::Secret, "token", issuer));
        assert!(!used(Kind::Secret, "other", issuer));
    }

    #[test]
    fn claims_of_a_set_are_used_up_to_its_replicas() {
        let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db, namespace: shop}\nspec: {replicas: 2, volumeClaimTemplates: [{metadata: {name: data}}]}";
        assert!(used(Kind::PersistentVolumeClaim, "data-db-1", set));
        assert!(!used(Kind::PersistentVolumeClaim, "data-db-2", set));
    }

    #[test]
    fn a_reader_of_a_namespace_may_read_all_of_it() {
        let reader = "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: r, namespace: shop}\nroleRef: {kind: Role, name: r}\nsubjects: [{kind: ServiceAccount, name: web, namespace: shop}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r, namespace: shop}\nrules: [{apiGroups: [''], resources: [configmaps], verbs: [get, list]}, {apiGroups: [''], resources: [secrets], resourceNames: [one], verbs: [get]}]";
        let picture = picture(reader);
        let usage = Usage::of(&Cluster::new(&picture));
        let shop = Text::new("shop");
        assert!(usage.is_read_through_api(Kind::ConfigMap, &shop));
        assert!(!usage.is_read_through_api(Kind::Secret, &shop));
        assert!(usage.is_named(Kind::Secret, &shop, "one"));
    }
}
