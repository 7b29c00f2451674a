//! Reads a cluster from files: manifests, dumps, bundles, archives.
#![allow(
    clippy::disallowed_methods,
    reason = "this is the one place where files are read"
)]

mod documents;
mod gather;
mod kind_hint;
mod list_scopes;
mod logs;
mod open;
mod tree;
mod trouble;

use std::borrow::Cow;
use std::io::Cursor;
use std::path::PathBuf;

use super::{ClusterSource, LogLimits, Progress, ReadRequest, SourceError};
use crate::kubernetes::Interning;
use crate::snapshot::{LogKey, Logs, Snapshot};
use gather::Gathering;

/// A cluster that was recorded in a file or a directory.
#[derive(Debug, Clone)]
pub struct FileSource {
    origin: Origin,
}

#[derive(Debug, Clone)]
enum Origin {
    Path(PathBuf),
    Bytes {
        name: String,
        bytes: Cow<'static, [u8]>,
    },
}

impl FileSource {
    /// A file, a directory, or `-` for standard input.
    ///
    /// Files: JSON and YAML with any number of documents and lists, and tar archives of them, each also
    /// compressed with gzip. Directories, recursively: such files, the output of `kubectl cluster-info
    /// dump`, must-gathers, support bundles. Archives of `snapshot save` are read back as they were.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            origin: Origin::Path(path.into()),
        }
    }

    /// The content of such a file; the name is what messages call it.
    pub fn from_bytes(name: impl Into<String>, bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        Self {
            origin: Origin::Bytes {
                name: name.into(),
                bytes: bytes.into(),
            },
        }
    }

    /// What messages and reports call it.
    fn name(&self) -> String {
        match &self.origin {
            Origin::Bytes { name, .. } => name.clone(),
            Origin::Path(path) if path.as_os_str() == "-" => "standard input".to_owned(),
            Origin::Path(path) => path.file_name().map_or_else(
                || path.display().to_string(),
                |name| name.to_string_lossy().into_owned(),
            ),
        }
    }

    /// Reads the picture.
    pub fn read(
        &self,
        request: &ReadRequest,
        progress: &dyn Progress,
    ) -> Result<Snapshot, SourceError> {
        let _scope = Interning::begin();
        let mut gathering = Gathering::new(request, progress);
        match &self.origin {
            Origin::Bytes { name, bytes } => {
                open::stream(name, Cursor::new(bytes), &mut gathering)?;
            }
            Origin::Path(path) if path.as_os_str() == "-" => {
                open::stream("standard input", std::io::stdin().lock(), &mut gathering)?;
            }
            Origin::Path(path) => tree::read(path, &mut gathering)?,
        }
        gathering.into_snapshot(&self.name())
    }
}

impl ClusterSource for FileSource {
    async fn load(
        &self,
        request: &ReadRequest,
        progress: &dyn Progress,
    ) -> Result<Snapshot, SourceError> {
        self.read(request, progress)
    }

    /// None: the picture already holds every log that was recorded.
    async fn logs(&self, _wanted: &[LogKey], _limits: &LogLimits) -> Logs {
        Logs::new()
    }
}
