use serde::{Deserialize, Serialize};

use super::Role;

/// Who says who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Nobody: sign-in is off.
    Local,
    /// A token of the settings.
    Token,
    /// An OpenID Connect provider.
    Oidc,
    /// Kubernetes, asked about a bearer token.
    Kubernetes,
}

/// A person or a machine that was let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The name shown and audited.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Who vouches for them.
    pub provider: Provider,
    /// What the provider calls them; with it, the identity of a person (four eyes).
    pub subject: String,
    /// Their groups, as the provider tells them.
    #[serde(default)]
    pub groups: Vec<String>,
}

impl Identity {
    /// Everyone, while sign-in is off.
    pub fn local_viewer() -> Identity {
        Identity {
            name: "local-viewer".to_owned(),
            role: Role::Viewer,
            provider: Provider::Local,
            subject: String::new(),
            groups: Vec::new(),
        }
    }

    /// Whether both are one person.
    pub fn is_same_person(&self, other: &Identity) -> bool {
        self.provider == other.provider && self.subject == other.subject
    }

    /// What decides about rights in a cluster: groups and role are part of who somebody is there.
    pub fn as_seen_by_clusters(&self) -> String {
        format!(
            "{}|{:?}|{}|{:?}",
            self.key(),
            self.role,
            self.name,
            self.groups
        )
    }

    /// What limits count by.
    pub(crate) fn key(&self) -> String {
        format!("{:?}:{}", self.provider, self.subject)
    }
}
