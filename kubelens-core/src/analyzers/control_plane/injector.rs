//! Who puts into pods what their templates do not have.

use super::webhook::{Hook, mutating_hooks};
use crate::analyzers::changed_before::changed_before;
use crate::analyzers::template::Template;
use crate::kubernetes::{ConfigMap, Kind, Namespace, Object, Pod};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::Cluster;

/// The webhooks that may have written into a pod before it was stored.
#[derive(Debug)]
pub(super) enum Injector<'a> {
    /// One is asked about such pods, or the pod names one of several.
    One(Box<Known<'a>>),
    /// Several are asked, and the pod names none.
    Several(Vec<Hook<'a>>),
    /// None is seen.
    Unseen,
}

/// A webhook that wrote into a pod.
#[derive(Debug)]
pub(super) struct Known<'a> {
    /// The webhook.
    pub(super) hook: Hook<'a>,
    /// The annotation by which the pod names it.
    named_by: Option<(&'a str, &'a str)>,
    /// What it reads and what changed before the pod was made.
    pub(super) changed: Option<Changed>,
}

/// A ConfigMap of an injector that changed before a pod was made.
#[derive(Debug)]
pub(super) struct Changed {
    /// The ConfigMap.
    pub(super) map: ObjectRef,
    /// How it belongs to the injector: `which its pods read`.
    pub(super) belongs: &'static str,
    /// Its change, as proof.
    pub(super) proof: Evidence,
}

/// Where those who elect a leader by a ConfigMap write, again and again.
const ELECTION: &str = "control-plane.alpha.kubernetes.io/leader";

/// Who wrote into a pod that was made from this template.
pub(super) fn injector<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    template: &Template<'_>,
) -> Injector<'a> {
    let Some(namespace) = cluster.get::<Namespace>("", &pod.metadata.namespace) else {
        return Injector::Unseen;
    };
    let asked_for = &template.template.metadata;
    let mut hooks: Vec<Hook<'a>> = mutating_hooks(cluster)
        .filter(Hook::is_asked_for_pods)
        .filter(|hook| hook.covers(&asked_for.labels, &namespace.metadata.labels))
        .collect();
    let name_of = |hook: &Hook<'_>| named_by(pod, template, hook).is_some();
    if hooks.iter().any(name_of) {
        hooks.retain(name_of);
    }
    hooks.dedup_by(|a, b| a.configuration == b.configuration);
    if hooks.len() > 1 {
        return Injector::Several(hooks);
    }
    hooks.pop().map_or(Injector::Unseen, |hook| {
        Injector::One(Box::new(Known {
            named_by: named_by(pod, template, &hook),
            changed: changed(cluster, pod, &hook),
            hook,
        }))
    })
}

/// The annotation that the pod has beyond its template and that names the webhook: by the domain of its key, or by the
/// Service in its value.
fn named_by<'a>(
    pod: &'a Pod,
    template: &Template<'_>,
    hook: &Hook<'_>,
) -> Option<(&'a str, &'a str)> {
    let asked_for = &template.template.metadata.annotations;
    let service = hook.service().map(|service| service.name.as_str());
    let mut own = pod
        .metadata
        .annotations
        .iter()
        .filter(|(key, _)| !asked_for.contains_key(key));
    own.find(|(key, value)| {
        let domain = key.split_once('/').map_or("", |(domain, _)| domain);
        let is_of_kubernetes = domain == "kubernetes.io" || domain.ends_with(".k8s.io");
        let is_its_domain = !is_of_kubernetes && is_of_one_house(domain, &hook.webhook.name);
        is_its_domain || service.is_some_and(|service| value.contains(service))
    })
    .map(|(key, value)| (key.as_str(), value.as_str()))
}

/// Whether two names end with the same domain: `sidecar.istio.io` and `namespace.sidecar-injector.istio.io`.
fn is_of_one_house(one: &str, other: &str) -> bool {
    let house = |name: &str| -> Option<String> {
        let mut labels = name.rsplit('.');
        let (top, second) = (labels.next()?, labels.next()?);
        Some(format!("{second}.{top}"))
    };
    house(one).is_some() && house(one) == house(other)
}

/// What the injector reads and what changed last before the pod was made.
fn changed<'a>(cluster: &Cluster<'a>, pod: &Pod, hook: &Hook<'a>) -> Option<Changed> {
    let service = hook.service()?;
    let behind = hook.found_service(cluster);
    let pods = behind.map_or_else(Vec::new, |service| cluster.pods_behind(service));
    let reads = |map: &ConfigMap| {
        pods.iter().any(|pod| {
            let references = pod.spec.config_references();
            references.iter().any(|reference| {
                reference.kind == Kind::ConfigMap && *reference.name == map.metadata.name
            })
        })
    };
    cluster
        .in_namespace::<ConfigMap>(&service.namespace)
        .filter_map(|map| {
            if map.metadata.annotations.contains_key(ELECTION) {
                return None;
            }
            let (at, proof) = changed_before(map, pod)?;
            let belongs = if reads(map) {
                "which its pods read"
            } else if map.metadata.name.starts_with(service.name.as_str()) {
                "which bears its name"
            } else {
                return None;
            };
            Some((
                at,
                Changed {
                    map: map.reference(),
                    belongs,
                    proof,
                },
            ))
        })
        .max_by(|(a, one), (b, other)| a.cmp(b).then_with(|| other.map.cmp(&one.map)))
        .map(|(_, changed)| changed)
}

impl Known<'_> {
    /// Where that has to be changed which it puts in: what changed, else its configuration.
    pub(super) fn place(&self) -> ObjectRef {
        let map = self.changed.as_ref().map(|changed| changed.map.clone());
        map.unwrap_or_else(|| self.hook.configuration.clone())
    }

    /// That it is asked about the pod, what changed, and how the pod names it.
    pub(super) fn evidence(&self, pod: &Pod) -> Vec<Evidence> {
        let [_, asked] = self.hook.evidence();
        let named = self.named_by.map(|(key, value)| {
            Evidence::field(
                pod.reference(),
                &format!("metadata.annotations[{key}]"),
                value,
            )
        });
        let changed = self.changed.as_ref().map(|changed| changed.proof.clone());
        [Some(asked), changed, named]
            .into_iter()
            .flatten()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::is_of_one_house;

    #[test]
    fn annotations_and_webhooks_of_one_project_share_a_domain() {
        let webhook = "namespace.sidecar-injector.istio.io";
        assert!(is_of_one_house("sidecar.istio.io", webhook));
        assert!(!is_of_one_house("prometheus.io", webhook));
        assert!(is_of_one_house(
            "linkerd.io",
            "linkerd-proxy-injector.linkerd.io"
        ));
        assert!(!is_of_one_house("", "mutate.example"));
    }
}
