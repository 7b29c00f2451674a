//! An image reference in its parts.

/// `registry/repository:tag@digest`, with the defaults that container runtimes fill in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::analyzers) struct ImageName<'a> {
    /// The registry's host, with its port: `docker.io` where none is written.
    pub(in crate::analyzers) registry: &'a str,
    /// The repository as written, without the registry.
    pub(in crate::analyzers) repository: &'a str,
    /// The tag; `latest` where neither tag nor digest is written.
    pub(in crate::analyzers) tag: &'a str,
    /// The digest; empty where none is written.
    pub(in crate::analyzers) digest: &'a str,
}

impl<'a> ImageName<'a> {
    /// Takes a reference apart. Any text gives some answer: whether it is valid is not asked here.
    pub(in crate::analyzers) fn parse(reference: &'a str) -> Self {
        let (name, digest) = reference.split_once('@').unwrap_or((reference, ""));
        let (registry, path) = match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (host, path),
            _ => ("docker.io", name),
        };
        let (repository, tag) = match path.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, tag),
            _ if digest.is_empty() => (path, "latest"),
            _ => (path, ""),
        };
        Self {
            registry,
            repository,
            tag,
            digest,
        }
    }

    /// Whether both are builds of one thing.
    pub(super) fn is_sibling_of(&self, other: &Self) -> bool {
        self.registry == other.registry && self.repository == other.repository
    }

    /// The registry's host without its port.
    pub(super) fn host(&self) -> &'a str {
        self.registry
            .split_once(':')
            .map_or(self.registry, |(host, _)| host)
    }
}

#[cfg(test)]
mod tests {
    use super::ImageName;

    fn parts(reference: &str) -> [&str; 4] {
        let name = ImageName::parse(reference);
        [name.registry, name.repository, name.tag, name.digest]
    }

    #[test]
    fn defaults_are_those_of_container_runtimes() {
        assert_eq!(parts("nginx"), ["docker.io", "nginx", "latest", ""]);
        assert_eq!(parts("acme/web:1.2"), ["docker.io", "acme/web", "1.2", ""]);
        assert_eq!(
            parts("reg.local:5000/a/b"),
            ["reg.local:5000", "a/b", "latest", ""]
        );
        assert_eq!(
            parts("ghcr.io/a/b:1@sha256:00"),
            ["ghcr.io", "a/b", "1", "sha256:00"]
        );
    }
}
