use std::collections::BTreeMap;

use crate::model::Cause;

/// Fills in how many causes share a group, and drops groups of one.
pub(super) fn count(causes: &mut [Cause]) {
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    for group in causes.iter().filter_map(|cause| cause.group.as_ref()) {
        *sizes.entry(group.key.clone()).or_default() += 1;
    }
    for cause in causes {
        let size = cause
            .group
            .as_ref()
            .and_then(|group| sizes.get(&group.key))
            .copied()
            .unwrap_or(0);
        if size < 2 {
            cause.group = None;
        } else if let Some(group) = &mut cause.group {
            group.size = size;
            group.title = format!("{size} {}", group.title);
        }
    }
}
