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
        // kubectl reads YAML 1.1: a file mode is written 0440.
        legacy_octal_numbers: true,
        with_snippet: false,
    };
    options.alias_limits.max_total_replayed_events = 200_000;
    options.alias_limits.max_replay_stack_depth = 16;
    options
}

/// The documents of a file as kubectl reads them, without those that are empty.
pub fn read_documents(yaml: &str) -> Result<Vec<serde_json::Value>, serde_saphyr::Error> {
    let documents =
        serde_saphyr::from_multiple_with_options::<Option<serde_json::Value>>(yaml, options())?;
    Ok(documents.into_iter().flatten().collect())
}

/// Reads one document.
pub(crate) fn from_str<T: DeserializeOwned>(yaml: &str) -> Result<T, serde_saphyr::Error> {
    serde_saphyr::from_str_with_options(yaml, options())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::read_documents;

    #[test]
    fn documents_are_read_as_kubectl_reads_them() {
        let read =
            read_documents("mode: 0440\nname: '0440'\nyes: on\n---\n# nothing\n---\ncount: 010\n");
        let documents = read.expect("documents");
        assert_eq!(
            documents,
            [
                json!({"mode": 288, "name": "0440", "yes": true}),
                json!({"count": 8})
            ]
        );
    }
}
