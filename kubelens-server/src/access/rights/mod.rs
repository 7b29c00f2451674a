//! What somebody may do in a cluster by Kubernetes' own rules, so that a viewer of one namespace
//! sees one namespace.

mod kubernetes;
mod rules;
mod sight;

use futures::future::BoxFuture;

pub use kubernetes::KubernetesRights;
pub use rules::{Rule, Rules};
pub use sight::{Catalogue, CustomKind, Readable, Sight};

use super::Identity;

/// May they do this?
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Question {
    /// get, list, watch, create, update, patch, delete.
    pub verb: String,
    /// The API group; "" is the core.
    pub group: String,
    /// The plural, with a subresource after a slash.
    pub resource: String,
    /// Nothing = in all namespaces, or of the cluster itself.
    pub namespace: Option<String>,
    /// One object; nothing = any.
    pub name: Option<String>,
}

/// Why it is not said what somebody may do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RightsError {
    /// Nobody acts in this name, whatever the cluster would say.
    #[error("nothing is asked of the cluster as {who:?}: {problem}")]
    Refused {
        /// The name.
        who: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Nobody could say. Unknown is neither yes nor no: what depends on it is not shown.
    #[error("what {who} may do in the cluster is unknown: {problem}")]
    Unknown {
        /// Who asks.
        who: String,
        /// Why it is unknown.
        problem: String,
    },
}

/// Somebody who knows rights.
pub trait Rights: Send + Sync + std::fmt::Debug {
    /// Whether the cluster takes a call in their name for theirs: without that no other answer is about them.
    fn confirm<'a>(&'a self, identity: &'a Identity) -> BoxFuture<'a, Result<(), RightsError>>;

    /// Whether they may.
    fn may<'a>(
        &'a self,
        identity: &'a Identity,
        question: &'a Question,
    ) -> BoxFuture<'a, Result<bool, RightsError>>;

    /// What they may do in a namespace.
    fn rules<'a>(
        &'a self,
        identity: &'a Identity,
        namespace: &'a str,
    ) -> BoxFuture<'a, Result<Rules, RightsError>>;
}
