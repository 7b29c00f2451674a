//! What a policy of a network engine says of a connection.

use super::service_port::declared;
use crate::kubernetes::{Labels, Pod};

/// What one policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is not about this end.
    Apart,
    /// A rule lets it through.
    Allows,
    /// A rule forbids it.
    Denies,
    /// It isolates this end, and no rule lets it through.
    Lacks,
    /// It asks for something that is not known here.
    Unknown,
}

/// Whether a container of the pod declares this port by this name.
pub(super) fn declares(pod: &Pod, name: &str, port: i64) -> bool {
    declared(pod).any(|(_, known)| known.name == *name && known.container_port == port)
}

/// Labels, and more of them that an engine adds.
pub(super) fn labels_with(labels: &Labels, more: Vec<(String, String)>) -> Labels {
    let own = labels
        .iter()
        .map(|(key, value)| (key.to_string(), value.to_string()));
    let all: serde_json::Map<String, serde_json::Value> = own
        .chain(more)
        .map(|(key, value)| (key, serde_json::Value::String(value)))
        .collect();
    serde_json::from_value(serde_json::Value::Object(all)).unwrap_or_default()
}
