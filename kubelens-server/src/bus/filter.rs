//! What a listener wants to hear.

use serde::Deserialize;

use super::{Event, Hearing};
use crate::api::query::words;
use crate::who::Role;

/// Event types that everybody hears, whatever they asked for.
const ALWAYS: [&str; 2] = ["resync", "shutdown"];

/// What a listener wants to hear. What is empty narrows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Event types.
    pub types: Vec<String>,
    /// Namespaces; what has no namespace passes.
    pub namespaces: Vec<String>,
    /// One cluster; none for all.
    pub cluster: Option<String>,
    /// The name of one object.
    pub resource: Option<String>,
    /// What the listener may hear.
    pub role: Role,
    /// What they may hear by their rights in the clusters.
    pub hearing: Hearing,
}

/// The same as somebody writes it in a query or in a WebSocket frame.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema, utoipa::IntoParams,
)]
#[serde(default, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// Event types, with commas.
    pub types: Option<String>,
    /// Namespaces, with commas.
    pub namespace: Option<String>,
    /// A cluster; `*` for all.
    pub cluster: Option<String>,
    /// The name of one object.
    pub resource: Option<String>,
    /// The id of the last event that was heard.
    pub last_event_id: Option<String>,
}

impl Filter {
    /// What somebody of this role asked for; `selected` is the cluster where none was named.
    pub fn of(wanted: &Wanted, selected: &str, role: Role) -> Self {
        let list = |text: &Option<String>| words(text.as_deref()).map(str::to_owned).collect();
        let cluster = match wanted.cluster.as_deref() {
            Some("*") => None,
            Some(name) if !name.is_empty() => Some(name.to_owned()),
            _ => Some(selected.to_owned()),
        };
        Self {
            types: list(&wanted.types),
            namespaces: list(&wanted.namespace),
            cluster,
            resource: wanted.resource.clone().filter(|name| !name.is_empty()),
            role,
            hearing: Hearing::default(),
        }
    }

    /// The same for somebody with these rights in the clusters.
    #[must_use]
    pub fn within(mut self, hearing: Hearing) -> Self {
        self.hearing = hearing;
        self
    }

    /// Whether events of a cluster are wanted; those of none are.
    pub(super) fn wants_cluster(&self, cluster: &str) -> bool {
        cluster.is_empty()
            || self
                .cluster
                .as_deref()
                .is_none_or(|wanted| wanted == cluster)
    }

    pub(super) fn wants(&self, event: &Event) -> bool {
        if event.audience > self.role || !self.hearing.reaches(event, self.role) {
            return false;
        }
        if ALWAYS.contains(&event.kind) {
            return true;
        }
        let is_of_type =
            self.types.is_empty() || self.types.iter().any(|wanted| wanted == event.kind);
        let is_in_namespace = self.namespaces.is_empty()
            || event
                .namespace
                .as_ref()
                .is_none_or(|namespace| self.namespaces.contains(namespace));
        let is_about = self.resource.is_none() || self.resource == event.resource;
        is_of_type
            && is_in_namespace
            && is_about
            && self.wants_cluster(event.cluster.as_deref().unwrap_or_default())
    }
}
