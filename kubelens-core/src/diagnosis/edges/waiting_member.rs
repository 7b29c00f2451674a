use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::Index;

/// Say that the members of a set cannot become ready because none finds the others.
const WAIT_FOR_EACH_OTHER: [&str; 2] = ["ROL010", "ROL019"];

/// What a member shows that waits: it is not ready, and does not know the name or get an answer of another.
const WAITS: [&str; 5] = ["WRK019", "WRK020", "WRK102", "ROL006", "ROL007"];

/// That the members of a set are not ready is explained by what keeps them from finding each other.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (cause, seen) in index.seen.iter().enumerate() {
        if !WAIT_FOR_EACH_OTHER.contains(&seen.code()) {
            continue;
        }
        let set = seen.sighting.seen_on.key();
        let of_its_pods = index.on_pods_of(&set).iter();
        for effect in of_its_pods.chain(index.with_subject(&set)) {
            let waits = index
                .get(*effect)
                .is_some_and(|other| WAITS.contains(&other.code()));
            if waits {
                edges.push(Edge {
                    effect: *effect,
                    cause,
                    confidence: 0.96,
                    relation: "waits for others",
                });
            }
        }
    }
    edges
}
