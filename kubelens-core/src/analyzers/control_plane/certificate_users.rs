//! Who uses a Secret's certificate: Ingresses, Gateways, pods that mount it.

use std::collections::{BTreeMap, BTreeSet};

use crate::analyzers::network::gateway;
use crate::kubernetes::{Ingress, Kind, Object, Pod};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::Cluster;

/// A use of a certificate.
#[derive(Debug, Clone)]
pub(super) struct User {
    /// What shows it: an Ingress, a Gateway, a pod.
    pub(super) object: ObjectRef,
    pub(super) relation: &'static str,
    /// Where it names the Secret.
    path: String,
    secret: String,
}

impl User {
    /// The reference as proof.
    pub(super) fn evidence(&self) -> Evidence {
        Evidence::field(self.object.clone(), &self.path, &self.secret)
    }
}

/// The users of every Secret, by namespace and name; of the pods of one owner only the first.
pub(super) struct Users(BTreeMap<(String, String), Vec<User>>);

impl Users {
    /// Looks at everything that can name a certificate. Who calls it reads Ingress and Pod.
    pub(super) fn of(cluster: &Cluster<'_>) -> Self {
        let mut users = Self(BTreeMap::new());
        for ingress in cluster.all::<Ingress>() {
            for (at, tls) in ingress.spec.tls.iter().enumerate() {
                let path = format!("spec.tls[{at}].secretName");
                let namespace = &ingress.metadata.namespace;
                users.add(
                    namespace,
                    &tls.secret_name,
                    ingress.reference(),
                    "certificate of",
                    path,
                );
            }
        }
        for object in gateway::objects(cluster, "Gateway") {
            for (_, certificate) in gateway::certificates(object) {
                let own = gateway::object_ref(object);
                let (namespace, name) = (&certificate.namespace, &certificate.name);
                users.add(
                    namespace,
                    name,
                    own,
                    "certificate of",
                    certificate.path.clone(),
                );
            }
        }
        let mut told: BTreeSet<(ObjectRef, String)> = BTreeSet::new();
        for pod in cluster.all::<Pod>().filter(|pod| pod.is_live()) {
            for reference in pod.spec.config_references() {
                let is_mount = reference.relation.contains("volume");
                if reference.kind == Kind::Secret
                    && is_mount
                    && told.insert((cluster.top_of(pod), reference.name.to_string()))
                {
                    let path = format!("spec.{}", reference.path);
                    let namespace = &pod.metadata.namespace;
                    users.add(
                        namespace,
                        reference.name,
                        pod.reference(),
                        "mounted by",
                        path,
                    );
                }
            }
        }
        users
    }

    fn add(
        &mut self,
        namespace: &str,
        name: &str,
        object: ObjectRef,
        relation: &'static str,
        path: String,
    ) {
        let key = (namespace.to_owned(), name.to_owned());
        self.0.entry(key).or_default().push(User {
            object,
            relation,
            path,
            secret: name.to_owned(),
        });
    }

    /// The users of one Secret.
    pub(super) fn of_secret(&self, namespace: &str, name: &str) -> &[User] {
        self.0
            .get(&(namespace.to_owned(), name.to_owned()))
            .map_or(&[], Vec::as_slice)
    }
}
