//! What is observed about a cluster and is no object of it. It is kept like an object of a custom kind, so that every
//! source can hold it and a recording loses nothing.

use serde_json::Value;

use super::{CustomObject, ObjectMeta, Text};

/// The group of what was observed.
pub const OBSERVED: &str = "observed.kubelens.dev";

/// What the API server says of itself and how it treated the requests of a run. `status.failingChecks` are lines of
/// `/readyz?verbose`; `status.turnedAway` counts answers of status 429 by the uid of the priority level.
pub const SERVER_HEALTH: &str = "ApiServerHealth";

/// What a provider says of a cluster that it manages. `status.issues` have `code`, `message`, `about` and `resources`.
pub const PROVIDER_HEALTH: &str = "ProviderHealth";

impl CustomObject {
    /// An observation of this kind.
    pub fn observed(kind: &str, name: &str, status: Value) -> Self {
        Self {
            api_version: Text::new(&format!("{OBSERVED}/v1alpha1")),
            kind: Text::new(kind),
            metadata: ObjectMeta {
                name: Text::new(name),
                ..ObjectMeta::default()
            },
            status,
            ..Self::default()
        }
    }
}
