//! A kind as the API server serves it, with a type here or not.

use kubelens_core::kubernetes::Kind;

/// A kind as the API server serves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// `Deployment`.
    pub kind: String,
    /// `apps/v1`.
    pub api_version: String,
    /// `deployments`.
    pub plural: String,
    /// Whether its objects lie in namespaces.
    pub is_namespaced: bool,
    /// Its type here, if it has one.
    pub typed: Option<Kind>,
    /// Other names: singular and short ones.
    pub names: Vec<String>,
}

impl Resource {
    /// The API group; empty for core.
    pub fn group(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// Whether people call it so: plural, singular, short, or one of them with the group.
    pub fn is_called(&self, word: &str) -> bool {
        let word = word.to_lowercase();
        let is_name = |word: &str| {
            self.plural == word
                || self.kind.to_lowercase() == word
                || self.names.iter().any(|name| name == word)
        };
        is_name(&word)
            || word
                .split_once('.')
                .is_some_and(|(name, group)| group == self.group() && is_name(name))
    }
}

impl From<Kind> for Resource {
    fn from(kind: Kind) -> Self {
        Self {
            kind: kind.as_str().to_owned(),
            api_version: kind.api_version().to_owned(),
            plural: kind.plural().to_owned(),
            is_namespaced: kind.is_namespaced(),
            typed: Some(kind),
            names: Vec::new(),
        }
    }
}
