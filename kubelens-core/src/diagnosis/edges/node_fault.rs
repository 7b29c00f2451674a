use crate::diagnosis::graph::Edge;
use crate::diagnosis::index::Index;

/// Which faults of a node explain what its pods show: evictions by the shortage that the kubelet
/// names, refused devices by the device plugin.
pub(in crate::diagnosis) const EXPLAINS: [(&str, &[&str]); 2] = [
    ("WRK038", &["NOD003", "NOD004", "NOD005", "NOD013"]),
    ("WRK040", &["NOD021"]),
];

/// The condition that goes with a shortage.
const CONDITIONS: [(&str, &str); 4] = [
    ("NOD003", "MemoryPressure"),
    ("NOD013", "MemoryPressure"),
    ("NOD004", "DiskPressure"),
    ("NOD005", "PIDPressure"),
];

/// What a pod shows that its kubelet stopped or refused, is explained by what is wrong with the node.
pub(super) fn edges(index: &Index<'_>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (effect, seen) in index.seen.iter().enumerate() {
        let Some(pod) = seen.pod else { continue };
        let Some((_, causes)) = EXPLAINS.iter().find(|(code, _)| *code == seen.code()) else {
            continue;
        };
        let condition = seen
            .sighting
            .identity
            .iter()
            .find(|(what, _)| *what == "condition");
        let node = ("Node".to_owned(), String::new(), pod.node_name.to_string());
        for cause in index.shown_by(&node) {
            let explains = index.get(*cause).is_some_and(|node| {
                causes.contains(&node.code())
                    && is_of(condition.map(|(_, value)| value.as_str()), node.code())
            });
            if explains {
                edges.push(Edge {
                    effect,
                    cause: *cause,
                    confidence: 0.95,
                    relation: "runs on",
                });
            }
        }
    }
    edges
}

fn is_of(condition: Option<&str>, code: &str) -> bool {
    let of_code = CONDITIONS
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, condition)| *condition);
    condition.is_none() || of_code.is_none() || condition == of_code
}
