use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::Index;

/// Says that a set keeps a broken pod of a template that was changed since.
pub(super) const UPDATE_STUCK: &str = "ROL008";

/// What a pod of an older template shows about its own template is explained by the set that never
/// replaces it: the template may be cured already.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (cause, stuck) in index.seen.iter().enumerate() {
        if stuck.code() != UPDATE_STUCK {
            continue;
        }
        let subject = stuck.sighting.subject.key();
        for effect in index.shown_by(&stuck.sighting.seen_on.key()) {
            let is_about_the_template = index.get(*effect).is_some_and(|seen| {
                seen.code() != UPDATE_STUCK && seen.sighting.subject.key() == subject
            });
            if is_about_the_template {
                edges.push(Edge {
                    effect: *effect,
                    cause,
                    confidence: 0.90,
                    relation: "older template of",
                });
            }
        }
    }
    edges
}
