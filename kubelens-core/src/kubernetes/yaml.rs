//! How YAML is read: as Kubernetes reads it, within bounds that hostile input cannot stretch.

use serde::de::DeserializeOwned;
use serde_saphyr::Options;

/// What one object may cost: a real one has a few thousand nodes.
pub(crate) fn options() -> Options {
    let budget = serde_saphyr::budget! {
        max_events: 4_000_000,
        max_nodes: 2_000_000,
        max_aliases: 10_000,
        max_depth: 100,
    };
    let mut options = serde_saphyr::options! {
        budget: budget,
        emit_comments: false,
        leading_zero_numbers_as_strings: true,
        with_snippet: false,
    };
    options.alias_limits.max_total_replayed_events = 200_000;
    options.alias_limits.max_replay_stack_depth = 16;
    options
}

/// Reads one document.
pub(crate) fn from_str<T: DeserializeOwned>(yaml: &str) -> Result<T, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(yaml, options())
}
