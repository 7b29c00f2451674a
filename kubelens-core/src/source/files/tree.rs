//! Walks a directory.

use std::fs::{self, File};
use std::path::Path;

use super::gather::Gathering;
use super::logs::{LogFile, tail_of_file};
use super::open;
use crate::source::SourceError;

/// Deepest directory that is entered.
const DEEPEST: usize = 24;

/// Reads a file, or all files below a directory in the order of their names.
pub(super) fn read(path: &Path, gathering: &mut Gathering<'_>) -> Result<(), SourceError> {
    let failed = |reason| SourceError::Open {
        path: path.to_owned(),
        reason,
    };
    if fs::metadata(path).map_err(failed)?.is_dir() {
        gathering.is_tree = true;
        return walk(path, "", 0, gathering);
    }
    let file = File::open(path).map_err(failed)?;
    open::stream(&path.display().to_string(), file, gathering)
}

/// Only a directory that cannot be listed at the top is an error; below, it is a gap.
fn walk(
    directory: &Path,
    inside: &str,
    depth: usize,
    gathering: &mut Gathering<'_>,
) -> Result<(), SourceError> {
    let failed = |reason| SourceError::Open {
        path: directory.to_owned(),
        reason,
    };
    let mut names: Vec<_> = fs::read_dir(directory)
        .and_then(|entries| {
            entries
                .map(|entry| entry.map(|entry| entry.file_name()))
                .collect()
        })
        .map_err(failed)?;
    names.sort();
    for name in names {
        let path = directory.join(&name);
        let name = name.to_string_lossy();
        // Hidden files; and a link to a directory may lead in circles.
        let Ok(entry) = fs::symlink_metadata(&path) else {
            continue;
        };
        if name.starts_with('.') || (entry.is_symlink() && path.is_dir()) {
            continue;
        }
        let inside = if inside.is_empty() {
            name.into_owned()
        } else {
            format!("{inside}/{name}")
        };
        if entry.is_dir() {
            if depth < DEEPEST
                && let Err(error) = walk(&path, &inside, depth + 1, gathering)
            {
                gathering.unreadable(&inside, error);
            }
        } else if path.is_file() {
            // A pipe or a device never ends.
            read_member(&path, &inside, gathering);
        }
    }
    Ok(())
}

fn read_member(path: &Path, inside: &str, gathering: &mut Gathering<'_>) {
    if let Some(log) = LogFile::of(inside) {
        if let Ok(bytes) = tail_of_file(path, &log) {
            gathering.log(&log, &bytes);
        }
        return;
    }
    if !open::is_manifest_name(inside) {
        return;
    }
    let read = File::open(path)
        .map_err(|reason| SourceError::Open {
            path: path.to_owned(),
            reason,
        })
        .and_then(|file| open::stream(inside, file, gathering));
    if let Err(error) = read {
        gathering.unreadable(inside, error);
    }
}
