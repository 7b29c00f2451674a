//! Where a path of a log lies: on which volume, and of which object that volume is made.

use super::log_signature::LogMatch;
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Container, Pod, Volume, VolumeMount};
use crate::model::ObjectRef;

/// An absolute path in a text; no part of a URL.
static PATH: Pattern = Pattern::new(r#"(?:^|[\s'"`(=:\[<])(/(?:[\w.@%+~-]+/)*[\w.@%+~-]*\w)"#);

/// The first absolute path in a text.
pub(super) fn path_in(text: &str) -> Option<&str> {
    PATH.first(text)
}

/// A mount below which a path lies, with its volume.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'p> {
    /// The mount.
    pub(super) mount: &'p VolumeMount,
    /// Its volume.
    pub(super) volume: &'p Volume,
    pod: &'p Pod,
}

/// The mount of a container below which a path lies: the innermost one.
pub(super) fn place_of<'p>(
    pod: &'p Pod,
    container: &'p Container,
    path: &str,
) -> Option<Place<'p>> {
    let is_below = |mount: &&VolumeMount| {
        let root = mount.mount_path.trim_end_matches('/');
        path.strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mount = container
        .volume_mounts
        .iter()
        .filter(is_below)
        .max_by_key(|mount| mount.mount_path.len())?;
    volume_of(pod, mount)
}

/// A mount with its volume.
pub(super) fn volume_of<'p>(pod: &'p Pod, mount: &'p VolumeMount) -> Option<Place<'p>> {
    let volume = pod
        .spec
        .volumes
        .iter()
        .find(|volume| volume.name == mount.name)?;
    Some(Place { mount, volume, pod })
}

/// The first file that the lines beside the deciding one name and that a ConfigMap or Secret of the pod holds.
pub(super) fn mounted_file<'a>(found: &LogMatch<'a>) -> Option<(&'a str, Place<'a>, ObjectRef)> {
    found.around(2, 2).find_map(|near| {
        let path = path_in(near)?;
        let place = place_of(found.pod(), found.unwell.container.spec, path)?;
        Some((path, place, place.configuration()?))
    })
}

impl Place<'_> {
    /// The object that the volume is made of: a ConfigMap, a Secret or a claim.
    pub(super) fn object(&self) -> Option<ObjectRef> {
        let namespace = self.pod.metadata.namespace.as_str();
        let named = |kind: &str, name: &str| ObjectRef::namespaced("v1", kind, namespace, name);
        if let Some(source) = &self.volume.config_map {
            return Some(named("ConfigMap", &source.name));
        }
        if let Some(source) = &self.volume.secret {
            return Some(named("Secret", &source.secret_name));
        }
        if let Some(source) = &self.volume.persistent_volume_claim {
            return Some(named("PersistentVolumeClaim", &source.claim_name));
        }
        if self.volume.ephemeral.is_some() {
            let name = format!("{}-{}", self.pod.metadata.name, self.volume.name);
            return Some(named("PersistentVolumeClaim", &name));
        }
        let projected = self.volume.projected.as_ref()?;
        projected.sources.iter().find_map(|source| {
            let map = source
                .config_map
                .as_ref()
                .map(|map| named("ConfigMap", &map.name));
            map.or_else(|| {
                source
                    .secret
                    .as_ref()
                    .map(|secret| named("Secret", &secret.name))
            })
        })
    }

    /// The ConfigMap or Secret that the volume is made of.
    pub(super) fn configuration(&self) -> Option<ObjectRef> {
        self.object()
            .filter(|object| matches!(object.kind.as_str(), "ConfigMap" | "Secret"))
    }

    /// ``volume `conf` (ConfigMap shop/web) at /etc/web``.
    pub(super) fn title(&self) -> String {
        let of = self
            .object()
            .map_or_else(String::new, |object| format!(" ({object})"));
        format!(
            "volume `{}`{of} at {}",
            self.volume.name, self.mount.mount_path
        )
    }
}

#[cfg(test)]
mod tests {
    use super::path_in;

    #[test]
    fn paths_are_found_and_addresses_are_not() {
        assert_eq!(
            path_in("open /etc/app/config.yaml: no such file"),
            Some("/etc/app/config.yaml")
        );
        assert_eq!(path_in("'/data/x.db'"), Some("/data/x.db"));
        assert_eq!(path_in("GET http://api/v1/x failed"), None);
    }
}
