/// A kind of any API, whatever its version: `Deployment` of `apps`, `Cluster` of `postgresql.cnpg.io`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupKind {
    /// The API group; empty for core.
    pub group: String,
    /// The kind.
    pub kind: String,
}

/// The API group of an `apiVersion`; empty for core.
pub fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

impl GroupKind {
    /// The kind that a manifest of this `apiVersion` and `kind` names.
    pub fn of(api_version: &str, kind: &str) -> Self {
        Self {
            group: group_of(api_version).to_owned(),
            kind: kind.to_owned(),
        }
    }

    /// The same among the kinds that are read in typed form.
    pub fn typed(&self) -> Option<super::Kind> {
        super::Kind::from_manifest(&format!("{}/v", self.group), &self.kind)
    }
}

impl std::fmt::Display for GroupKind {
    /// `Deployment.apps`, `Pod`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.group.as_str() {
            "" => f.write_str(&self.kind),
            group => write!(f, "{}.{group}", self.kind),
        }
    }
}
