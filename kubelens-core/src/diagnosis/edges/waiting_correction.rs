use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::{Index, Seen};
use crate::kubernetes::{Deployment, Kind, Pod, PodSpec};
use crate::snapshot::Cluster;

/// Says that a Deployment is paused.
pub(super) const PAUSED: &str = "ROL005";

/// What a pod of an older template asks for in vain, and the newest template does not ask for any more, is explained by
/// the pause that keeps the correction back.
pub(super) fn edges(index: &Index<'_>, cluster: &Cluster<'_>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (cause, paused) in index.seen.iter().enumerate() {
        if paused.code() != PAUSED {
            continue;
        }
        let subject = &paused.sighting.subject;
        let namespace = subject.namespace.as_deref().unwrap_or_default();
        let Some(deployment) = cluster.get::<Deployment>(namespace, &subject.name) else {
            continue;
        };
        let newest = &deployment.spec.template.spec;
        for effect in index.on_pods_of(&subject.key()) {
            let is_corrected = index.get(*effect).is_some_and(|seen| {
                seen.pod
                    .is_some_and(|pod| asks_in_vain(seen, pod) && !asks(seen, newest))
            });
            if is_corrected {
                edges.push(Edge {
                    effect: *effect,
                    cause,
                    confidence: 0.96,
                    relation: "keeps the correction from",
                });
            }
        }
    }
    edges
}

/// Whether what a sighting misses is asked for by the template of the pod that shows it.
fn asks_in_vain(seen: &Seen<'_>, pod: &Pod) -> bool {
    let is_of_a_template = seen.code().starts_with("CFG") || seen.code().starts_with("IMG");
    is_of_a_template && asks(seen, &pod.spec)
}

/// Whether a spec names what the sighting misses: the image of the container, or the ConfigMap or Secret and its key.
fn asks(seen: &Seen<'_>, spec: &PodSpec) -> bool {
    let sighting = &seen.sighting;
    let identity = |wanted: &str| {
        let mut all = sighting.identity.iter();
        all.find(|(what, _)| *what == wanted)
            .map(|(_, value)| value.as_str())
    };
    if let (Some(container), Some(image)) = (&sighting.container, identity("image")) {
        return spec
            .all_containers()
            .any(|(_, known)| known.name == container.as_str() && known.image == image);
    }
    let kinds = [Kind::ConfigMap, Kind::Secret];
    let subject = &sighting.subject;
    let Some(kind) = kinds.into_iter().find(|kind| kind.as_str() == subject.kind) else {
        // Who names the wrong thing is the subject then: the key, or the object in the proof, tells it.
        let key = identity("key");
        return key.is_some_and(|key| {
            let all = spec.config_references();
            all.iter()
                .any(|known| known.keys.iter().any(|known| **known == key))
        });
    };
    spec.config_references().iter().any(|known| {
        let has_key =
            identity("key").is_none_or(|key| known.keys.iter().any(|known| **known == key));
        known.kind == kind && *known.name == subject.name.as_str() && has_key
    })
}
