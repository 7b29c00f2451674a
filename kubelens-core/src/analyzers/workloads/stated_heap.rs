//! What a program says at its start of the memory that it may take.

use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{ContainerView, Pod};
use crate::model::Quantity;
use crate::snapshot::Cluster;

/// `max heap 37.7G`, `heap size [31.3gb]`, `Max. Heap Size (Estimated): 7.78G`.
static HEAP: Pattern = Pattern::new(
    r"(?i)(?:max(?:imum|\.)?[ -]?heap|heap size|maxMemory)[^0-9\n]{0,24}(\d+(?:\.\d+)?) ?(Ki|Mi|Gi|K|M|G)i?B?\b",
);

/// Lines at the start of a log that are looked at.
const FIRST: usize = 200;

/// The line in which a container says that it may take more than its limit, and how much.
pub(super) fn heap_beyond<'a>(
    cluster: &Cluster<'a>,
    pod: &Pod,
    container: &ContainerView<'a>,
    limit: Quantity,
) -> Option<(&'a str, Quantity)> {
    [true, false].into_iter().find_map(|previous| {
        let log = cluster.log(pod, container.name(), previous)?;
        let lines = log.lines.iter().take(FIRST);
        lines
            .filter_map(|line| Some((line.as_str(), heap_in(line)?)))
            .find(|(_, heap)| *heap > limit)
    })
}

/// Programs mean powers of two, however they write it.
fn heap_in(line: &str) -> Option<Quantity> {
    let found = HEAP.captures(line)?;
    let unit = found.get(2)?.as_str().chars().next()?.to_ascii_uppercase();
    format!("{}{unit}i", found.get(1)?.as_str()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heaps_are_read_in_the_words_of_programs() {
        for (line, heap) in [
            (
                "java version \"1.8.0_292\", max heap 37.7G, processors 16",
                "37.7Gi",
            ),
            (
                "[INFO ][o.e.e.NodeEnvironment] heap size [31.3gb], compressed ordinary object pointers [true]",
                "31.3Gi",
            ),
            ("    Max. Heap Size (Estimated): 7.78G", "7.78Gi"),
        ] {
            assert_eq!(heap_in(line), heap.parse().ok(), "{line}");
        }
        assert_eq!(heap_in("heap usage 3 of 4"), None);
    }
}
