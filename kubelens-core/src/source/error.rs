use std::path::PathBuf;

/// Why no picture could be read at all. Each variant is the step that failed.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The path does not exist or may not be opened.
    #[error("cannot open {}: {reason}", path.display())]
    Open {
        /// What was to be opened.
        path: PathBuf,
        /// What the system said.
        #[source]
        reason: std::io::Error,
    },
    /// The bytes stopped coming, or the archive around them is damaged.
    #[error("cannot read {place}: {reason}")]
    Read {
        /// The file, with the member of an archive.
        place: String,
        /// What the system said.
        #[source]
        reason: std::io::Error,
    },
    /// There is not a single byte in it.
    #[error("{place} is empty")]
    Empty {
        /// The file.
        place: String,
    },
    /// It is neither JSON nor YAML nor an archive of them.
    #[error("{place} is no Kubernetes manifest: {detail}")]
    NotAManifest {
        /// The file.
        place: String,
        /// What it looks like instead.
        detail: String,
    },
    /// It is JSON or YAML, but broken, and nothing before the break could be used.
    #[error("{place}: {detail}")]
    Malformed {
        /// `file:line`.
        place: String,
        /// What the parser said.
        detail: String,
    },
    /// It was read in full and holds no object of Kubernetes.
    #[error("{place} holds no Kubernetes object")]
    NoObjects {
        /// The file or directory.
        place: String,
    },
}
