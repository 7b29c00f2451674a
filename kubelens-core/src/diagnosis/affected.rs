use std::collections::BTreeMap;

use super::fronts::Front;
use super::index::Index;
use crate::model::ObjectRef;

/// What suffers from a cause, the subject aside: owners of the pods that show it, what folded into
/// it, and what serves only through the pods that it stops.
pub(super) fn affected(
    index: &Index<'_>,
    members: &[usize],
    subject: &ObjectRef,
    fronts: &[Front],
) -> Vec<ObjectRef> {
    let mut all: BTreeMap<(String, String, String), ObjectRef> = BTreeMap::new();
    for seen in members.iter().filter_map(|at| index.get(*at)) {
        if let (Some(_), Some(top)) = (seen.pod, &seen.top) {
            all.insert(top.key(), top.clone());
        } else {
            let shown = &seen.sighting.seen_on;
            all.insert(shown.key(), shown.clone());
        }
        let own = &seen.sighting.subject;
        if own.kind != "Pod" || seen.pod.is_none() {
            all.insert(own.key(), own.clone());
        }
    }
    for front in fronts {
        for object in front.ingresses.keys().chain([&front.service]) {
            all.insert(object.key(), object.clone());
        }
    }
    all.remove(&subject.key());
    all.into_values().collect()
}
