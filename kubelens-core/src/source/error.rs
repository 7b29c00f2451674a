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
    /// There is no kubeconfig, and this is no pod of a cluster.
    #[error(
        "no cluster to read: there is no kubeconfig, and this is not a pod of a cluster; name one with --kubeconfig, \
         read a recording with --from PATH, or try --demo"
    )]
    NoCluster,
    /// A kubeconfig cannot be read or used.
    #[error("kubeconfig: {detail}")]
    Kubeconfig {
        /// The file and what is wrong with it.
        detail: String,
    },
    /// The kubeconfig has no context, cluster or user of this name.
    #[error("the kubeconfig has no {what} `{name}`{}", or_near(near))]
    UnknownName {
        /// `context`, `cluster` or `user`.
        what: &'static str,
        /// The name that was asked for.
        name: String,
        /// The names that come nearest, best first.
        near: Vec<String>,
    },
    /// Credentials could not be made, or a plugin for them failed.
    #[error("no credentials for the cluster: {detail}")]
    Credentials {
        /// What went wrong.
        detail: String,
    },
    /// The server does not know who is asking.
    #[error("{server} does not accept the credentials (401): {detail}")]
    Unauthorized {
        /// The server.
        server: String,
        /// What may be wrong with them.
        detail: String,
    },
    /// The server's certificate is not trusted, or expired.
    #[error("the certificate of {server} is not accepted: {detail}")]
    Certificate {
        /// The server.
        server: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The server does not answer. Trying again may help.
    #[error("{server} does not answer: {detail}")]
    Unreachable {
        /// The server.
        server: String,
        /// What went wrong.
        detail: String,
    },
    /// The server answers, but not to the questions of this program.
    #[error("{server} refuses to answer: {detail}")]
    Refused {
        /// The server.
        server: String,
        /// What it said.
        detail: String,
    },
    /// It holds objects, but none in the namespaces that were asked for.
    #[error("{place} holds nothing of namespace {}", wanted.join(", "))]
    NotInNamespaces {
        /// The file or directory.
        place: String,
        /// The namespaces that were asked for.
        wanted: Vec<String>,
        /// Those that it holds something of.
        held: Vec<String>,
    },
    /// It was read in full and holds no object of Kubernetes.
    #[error("{place} holds no Kubernetes object")]
    NoObjects {
        /// The file or directory.
        place: String,
    },
}

fn or_near(near: &[String]) -> String {
    match near {
        [] => String::new(),
        names => format!("; it has: {}", names.join(", ")),
    }
}
