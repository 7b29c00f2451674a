//! Where an answer goes: standard output or a file.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, Write},
    path::{Path, PathBuf, is_separator},
};

use anyhow::Context;
use tempfile::NamedTempFile;

use crate::failure::Failure;

/// Standard output, or a file by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    StandardOutput,
    File(PathBuf),
}

impl Destination {
    /// The destination that `text` names; `-` is standard output.
    pub(crate) fn of(text: &str) -> Self {
        match text {
            "-" => Self::StandardOutput,
            path => Self::File(path.into()),
        }
    }

    /// Fails where a file can certainly not be written, so that nobody waits for an answer that has
    /// nowhere to go. Leaves no trace.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let Self::File(path) = self else {
            return Ok(());
        };
        let refused = |why: &str| Failure::new(format!("cannot write {}: {why}", path.display()));
        if path.is_dir() || path.to_string_lossy().ends_with(is_separator) {
            return Err(refused("it is a folder").way_out("name a file in it"));
        }
        let folder = folder(path);
        if !folder.is_dir() {
            let missing = format!("there is no folder {}", folder.display());
            return Err(refused(&missing).way_out("create it first, or name another file"));
        }
        match std::fs::metadata(path) {
            Ok(known) if known.permissions().readonly() => return Err(refused("it is read-only")),
            Ok(known) if !known.is_file() => return Ok(()),
            _ => {}
        }
        // Only trying tells, whatever owner, mode and file system say.
        unfinished(&followed(path))
            .map(drop)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(())
    }

    /// One spelling for each file, to tell whether two destinations are one.
    pub(crate) fn resolved(&self) -> Option<PathBuf> {
        let Self::File(path) = self else {
            return None;
        };
        let folder = folder(path).canonicalize().ok()?;
        Some(followed(&folder.join(path.file_name()?)))
    }
}

/// Writes the file as a whole or not at all: who reads it meanwhile finds what was there before.
pub(crate) fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    let step = || format!("cannot write {}", path.display());
    Ok(replace(path, text.as_bytes()).with_context(step)?)
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let known = std::fs::metadata(path).ok();
    if known.as_ref().is_some_and(|known| !known.is_file()) {
        // A device or a pipe is written to; replacing it would break what it is for.
        let mut open: File = OpenOptions::new().write(true).open(path)?;
        return open.write_all(content);
    }
    let path = followed(path);
    let mut file = unfinished(&path)?;
    file.write_all(content)?;
    if let Some(known) = known {
        file.as_file().set_permissions(known.permissions())?;
    }
    file.persist(&path)?;
    Ok(())
}

/// A new file beside `path`, gone when dropped.
fn unfinished(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".kubectl-lens-").suffix(".part");
    let permissions = usual_permissions();
    if let Some(permissions) = &permissions {
        builder.permissions(permissions.clone());
    }
    builder.tempfile_in(folder(path))
}

/// What the user's umask leaves of it is what any program's new file has.
#[cfg(unix)]
#[allow(
    clippy::unnecessary_wraps,
    reason = "other systems have no such permissions"
)]
fn usual_permissions() -> Option<Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(Permissions::from_mode(0o666))
}

#[cfg(not(unix))]
fn usual_permissions() -> Option<Permissions> {
    None
}

fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// The file that a link leads to: the link stays.
fn followed(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Destination, write_file};

    fn written(path: &std::path::Path, text: &str) {
        write_file(path, text)
            .map_err(|failure| failure.to_string())
            .expect("a file");
    }

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("report.html");
        written(&path, "a longer text");
        written(&path, "short");
        assert_eq!(std::fs::read_to_string(&path).expect("a file"), "short");
        assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn checking_leaves_no_trace() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = Destination::File(dir.path().join("report.html"));
        assert!(file.check().is_ok());
        assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn modes_stay_links_stay_and_new_files_have_the_usual_mode() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("a folder");
        let mode = |path: &std::path::Path| {
            let known = std::fs::metadata(path).expect("a file");
            known.permissions().mode() & 0o777
        };
        let (plain, new) = (dir.path().join("plain"), dir.path().join("new"));
        std::fs::write(&plain, "").expect("a file");
        written(&new, "x");
        assert_eq!(mode(&new), mode(&plain));

        std::fs::set_permissions(&plain, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&plain, &link).expect("a link");
        written(&link, "through the link");
        assert!(link.is_symlink());
        assert_eq!(mode(&plain), 0o600);
        assert_eq!(
            std::fs::read_to_string(&plain).expect("a file"),
            "through the link"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_device_stays_a_device() {
        let null = std::path::Path::new("/dev/null");
        assert!(Destination::of("/dev/null").check().is_ok());
        written(null, "gone");
        assert!(!std::fs::metadata(null).expect("a device").is_file());
    }
}
