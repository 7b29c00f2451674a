//! Whether what a cluster is reached with has changed on the disk: a kubeconfig that was renewed is read anew.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Origin;

/// The files that a connection was made from, as they were.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CredentialFiles(Vec<(PathBuf, Option<(SystemTime, u64)>)>);

impl CredentialFiles {
    /// Those of a kubeconfig; the token of a ServiceAccount is read anew by the client itself.
    pub(super) fn of(origin: &Origin) -> Self {
        let Origin::Kubeconfig(options) = origin else {
            return Self(Vec::new());
        };
        let files = options.kubeconfig.iter();
        // Several files may stand there, as in KUBECONFIG.
        let files = files.flat_map(|files| std::env::split_paths(files).collect::<Vec<_>>());
        Self(files.map(|file| (file.clone(), stamp(&file))).collect())
    }

    /// Whether one of them is another than it was; one that is gone for a moment is not.
    pub(super) fn have_changed(&self) -> bool {
        let mut all = self.0.iter();
        all.any(|(file, before)| {
            let now = stamp(file);
            now.is_some() && now != *before
        })
    }
}

fn stamp(file: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

#[cfg(test)]
mod tests {
    use kubelens_core::source::ConnectOptions;

    use super::*;

    #[test]
    fn a_renewed_kubeconfig_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("config");
        std::fs::write(&file, "old").unwrap();
        let origin = Origin::Kubeconfig(Box::new(ConnectOptions {
            kubeconfig: Some(file.clone()),
            ..ConnectOptions::default()
        }));
        let files = CredentialFiles::of(&origin);
        assert!(!files.have_changed());
        std::fs::write(&file, "longer than before").unwrap();
        assert!(files.have_changed());
        std::fs::remove_file(&file).unwrap();
        assert!(!files.have_changed());
        assert!(!CredentialFiles::of(&Origin::InCluster).have_changed());
    }
}
