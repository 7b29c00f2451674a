//! Every webhook that the API server calls before it writes an object.

use crate::analyzers::network::endpoints::ready_endpoints;
use crate::kubernetes::{
    Kind, LabelSelector, Labels, MutatingWebhookConfiguration, Namespace, Object, ObjectMeta,
    Service, ServiceReference, Text, ValidatingWebhookConfiguration, Webhook,
};
use crate::model::{Evidence, ObjectRef, Severity};
use crate::snapshot::{Cluster, Lookup};

/// A webhook with the configuration that holds it.
#[derive(Debug, Clone)]
pub(super) struct Hook<'a> {
    /// The configuration.
    pub(super) configuration: ObjectRef,
    /// Its metadata.
    pub(super) meta: &'a ObjectMeta,
    /// The webhook.
    pub(super) webhook: &'a Webhook,
    /// Its place in the configuration.
    pub(super) index: usize,
}

/// All webhooks of both kinds; none of a configuration that is being deleted.
pub(super) fn hooks<'a>(cluster: &Cluster<'a>) -> Vec<Hook<'a>> {
    let mut all: Vec<Hook<'a>> = cluster
        .all::<ValidatingWebhookConfiguration>()
        .flat_map(|known| hooks_in(known.reference(), &known.metadata, &known.webhooks))
        .collect();
    all.extend(mutating_hooks(cluster));
    all
}

/// Those that may change what is written.
pub(super) fn mutating_hooks<'a>(
    cluster: &Cluster<'a>,
) -> impl Iterator<Item = Hook<'a>> + use<'a> {
    cluster
        .all::<MutatingWebhookConfiguration>()
        .flat_map(|known| hooks_in(known.reference(), &known.metadata, &known.webhooks))
}

fn hooks_in<'a>(
    configuration: ObjectRef,
    meta: &'a ObjectMeta,
    webhooks: &'a [Webhook],
) -> impl Iterator<Item = Hook<'a>> {
    let webhooks = if meta.is_terminating() { &[] } else { webhooks };
    webhooks
        .iter()
        .enumerate()
        .map(move |(index, webhook)| Hook {
            configuration: configuration.clone(),
            meta,
            webhook,
            index,
        })
}

/// The configurations with a webhook that must answer before an object of this kind is created. Reads both kinds of
/// configuration.
pub(in crate::analyzers) fn gates_of(
    cluster: &Cluster<'_>,
    group: &str,
    resource: &str,
) -> Vec<ObjectRef> {
    let mut all: Vec<ObjectRef> = hooks(cluster)
        .into_iter()
        .filter(|hook| hook.must_answer() && hook.is_asked_to_create(group, resource))
        .map(|hook| hook.configuration)
        .collect();
    all.dedup();
    all
}

/// Where kubelets renew the leases of their nodes.
const NODE_LEASES: &str = "kube-node-lease";

/// Webhooks that cannot be called and without whose answer no kubelet can renew the lease of its node: the configuration,
/// and the Service that it calls.
pub(in crate::analyzers) struct LeaseHolders(pub(in crate::analyzers) Vec<(ObjectRef, ObjectRef)>);

impl LeaseHolders {
    /// Those of a picture: all nodes have the same. Reads both kinds of configuration, Service, Pod, EndpointSlice,
    /// Endpoints and Namespace.
    pub(in crate::analyzers) fn of(cluster: &Cluster<'_>) -> Self {
        let labels = cluster
            .get::<Namespace>("", NODE_LEASES)
            .map(|namespace| &namespace.metadata.labels);
        let holders = hooks(cluster)
            .into_iter()
            .filter(|hook| hook.must_answer() && hook.is_asked_for_leases())
            .filter(|hook| labels.is_none_or(|labels| hook.covers_namespace(labels)))
            .filter_map(|hook| {
                let called = hook.service()?;
                let (namespace, name) = (&called.namespace, &called.name);
                let is_down = match cluster.look_up::<Service>(namespace, name) {
                    Lookup::Absent => true,
                    Lookup::Found(service) => ready_endpoints(cluster, service) == Some(0),
                    Lookup::Unknown(_) => false,
                };
                let service = ObjectRef::namespaced("v1", "Service", namespace, name);
                is_down.then_some((hook.configuration, service))
            });
        Self(holders.collect())
    }
}

/// Whether a resource of a rule, such as `pods` or `pods/exec`, is known and lives in namespaces.
fn is_in_namespaces(resource: &str) -> bool {
    let plural = resource.split('/').next().unwrap_or(resource);
    let mut known = Kind::ALL.iter().filter(|kind| kind.plural() == plural);
    known.any(|kind| kind.is_namespaced())
}

impl<'a> Hook<'a> {
    /// Whether requests fail when it does not answer; the default of v1.
    pub(super) fn must_answer(&self) -> bool {
        self.webhook.failure_policy != "Ignore"
    }

    /// How bad it is that it does not answer. Reads Namespace.
    pub(super) fn severity(&self, cluster: &Cluster<'_>) -> Severity {
        if self.is_asked_nowhere(cluster) {
            Severity::Info
        } else if self.must_answer() {
            Severity::Critical
        } else {
            Severity::Warning
        }
    }

    /// Whether no namespace has the labels of those that it is asked for. What belongs to no namespace is asked for all
    /// the same.
    fn is_asked_nowhere(&self, cluster: &Cluster<'_>) -> bool {
        let mut rules = self.webhook.rules.iter();
        let is_of_namespaces = rules.all(|rule| {
            let mut resources = rule.resources.iter();
            rule.scope == "Namespaced" || resources.all(|resource| is_in_namespaces(resource))
        });
        let mut namespaces = cluster.all::<Namespace>().peekable();
        is_of_namespaces
            && namespaces.peek().is_some()
            && namespaces.all(|namespace| !self.covers_namespace(&namespace.metadata.labels))
    }

    /// The Service that it calls, where it calls one.
    pub(super) fn service(&self) -> Option<&'a ServiceReference> {
        self.webhook.client_config.service.as_ref()
    }

    /// The port of that Service.
    pub(super) fn port(&self) -> i64 {
        self.service()
            .and_then(|service| service.port)
            .unwrap_or(443)
    }

    /// The Service as it stands in the picture.
    pub(super) fn found_service(&self, cluster: &Cluster<'a>) -> Option<&'a Service> {
        let service = self.service()?;
        cluster.get(&service.namespace, &service.name)
    }

    /// What it is called for: `CREATE, UPDATE of pods`.
    pub(super) fn requests(&self) -> String {
        let mut operations: Vec<&str> = Vec::new();
        let mut resources: Vec<&str> = Vec::new();
        for rule in &self.webhook.rules {
            operations.extend(rule.operations.iter().map(|operation| operation.as_str()));
            resources.extend(rule.resources.iter().map(|resource| resource.as_str()));
        }
        operations.dedup();
        resources.dedup();
        format!("{} of {}", operations.join(", "), resources.join(", "))
    }

    /// Whether it is asked about the creation of pods.
    pub(super) fn is_asked_for_pods(&self) -> bool {
        self.webhook.rules.iter().any(|rule| {
            let creates = rule
                .operations
                .iter()
                .any(|operation| operation == "CREATE" || operation == "*");
            let pods = rule
                .resources
                .iter()
                .any(|resource| matches!(resource.as_str(), "pods" | "*" | "*/*"));
            creates && pods
        })
    }

    /// Whether it is asked about the creation of such objects.
    fn is_asked_to_create(&self, group: &str, resource: &str) -> bool {
        self.webhook.rules.iter().any(|rule| {
            let has =
                |all: &[Text], names: &[&str]| all.iter().any(|one| names.contains(&one.as_str()));
            has(&rule.operations, &["CREATE", "*"])
                && has(&rule.api_groups, &[group, "*"])
                && has(&rule.resources, &[resource, "*", "*/*"])
        })
    }

    /// Whether it is asked when a lease is renewed.
    fn is_asked_for_leases(&self) -> bool {
        self.webhook.rules.iter().any(|rule| {
            let has =
                |all: &[Text], names: &[&str]| all.iter().any(|one| names.contains(&one.as_str()));
            has(&rule.operations, &["UPDATE", "*"])
                && has(&rule.api_groups, &["coordination.k8s.io", "*"])
                && has(&rule.resources, &["leases", "*", "*/*"])
                && rule.scope != "Cluster"
        })
    }

    /// Whether it is asked about objects of a namespace with these labels.
    pub(super) fn covers_namespace(&self, labels: &Labels) -> bool {
        self.webhook
            .namespace_selector
            .as_ref()
            .is_none_or(|selector: &LabelSelector| selector.matches(labels))
    }

    /// Whether it is asked about objects with these labels, in a namespace with those.
    pub(super) fn covers(&self, labels: &Labels, namespace: &Labels) -> bool {
        let selector = self.webhook.object_selector.as_ref();
        self.covers_namespace(namespace) && selector.is_none_or(|selector| selector.matches(labels))
    }

    /// The path of one of its fields.
    pub(super) fn path(&self, field: &str) -> String {
        format!("webhooks[{}].{field}", self.index)
    }

    /// Its policy and what it is called for, as proof.
    pub(super) fn evidence(&self) -> [Evidence; 2] {
        let policy = self.webhook.failure_policy.non_empty().unwrap_or("Fail");
        [
            Evidence::field(
                self.configuration.clone(),
                &self.path("failurePolicy"),
                policy,
            ),
            Evidence::field(
                self.configuration.clone(),
                &self.path("rules"),
                self.requests(),
            ),
        ]
    }

    /// What happens to requests while it does not answer.
    pub(super) fn consequence(&self) -> String {
        let name = &self.webhook.name;
        if self.must_answer() {
            format!(
                "The API server refuses {} while webhook `{name}` does not answer (failurePolicy Fail).",
                self.requests()
            )
        } else {
            format!(
                "Webhook `{name}` does nothing now; requests pass without it (failurePolicy Ignore)."
            )
        }
    }
}
