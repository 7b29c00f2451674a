use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::kubernetes::{GroupKind, Kind, KindSet};
use crate::model::Scope;

/// What to read.
///
/// A selector narrows what is reported about, never what is read: the ConfigMap that a selected pod
/// needs does not carry the pod's labels. It is kept in the snapshot's scope.
#[derive(Debug, Clone)]
pub struct ReadRequest {
    /// The namespaces; empty for all. Cluster-scoped kinds are read in any case.
    pub namespaces: Vec<String>,
    /// The namespace of namespaced objects that name none.
    pub default_namespace: String,
    /// The label selector, as given.
    pub selector: Option<String>,
    /// The kinds to read.
    pub kinds: KindSet,
    /// Whether the key names of Secrets may be read; otherwise only their metadata is asked for.
    pub secret_keys: bool,
    /// Whether lists must show every write that was answered before; a cache that lags a little is not enough.
    pub is_consistent: bool,
    /// The kinds whose objects are kept with every field too, for rules; also kinds without a type of their own.
    pub whole: BTreeSet<GroupKind>,
    /// Whether what objects say of their status is left out: nothing that is applied has one.
    pub without_status: bool,
    /// Whether it is noted what the API server would refuse in the objects: for what is not applied yet. It takes
    /// feature `validation`.
    pub validated: bool,
    /// The instant to judge from, where the source's own is not wanted.
    pub now: Option<Timestamp>,
    /// How long one request to a server may go without an answer or a further byte.
    pub request_timeout: Duration,
    /// How often a list is read anew that may not, or cannot, be watched.
    pub poll: Duration,
    /// How long everything may take; after that the picture is what was read so far.
    pub deadline: Duration,
}

impl Default for ReadRequest {
    fn default() -> Self {
        Self {
            namespaces: Vec::new(),
            default_namespace: "default".to_owned(),
            selector: None,
            kinds: KindSet::of(Kind::ALL),
            secret_keys: false,
            is_consistent: false,
            whole: BTreeSet::new(),
            without_status: false,
            validated: false,
            now: None,
            request_timeout: Duration::from_secs(30),
            poll: Duration::from_secs(30),
            deadline: Duration::from_mins(5),
        }
    }
}

impl ReadRequest {
    /// The scope of the snapshot that answers it.
    pub fn scope(&self) -> Scope {
        Scope {
            namespaces: self.namespaces.clone(),
            selector: self.selector.clone(),
            ..Scope::default()
        }
    }

    /// Whether objects of this namespace are asked for.
    pub fn wants_namespace(&self, namespace: &str) -> bool {
        self.namespaces.is_empty() || self.namespaces.iter().any(|wanted| wanted == namespace)
    }
}

/// How much of container logs to read at most.
#[derive(Debug, Clone, Copy)]
pub struct LogLimits {
    /// The last lines of one run.
    pub lines: usize,
    /// Bytes of one run.
    pub bytes: usize,
    /// How many containers, two runs each.
    pub count: usize,
    /// How long everything may take.
    pub time: Duration,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            lines: 60,
            bytes: 64 * 1024,
            count: 50,
            time: Duration::from_secs(20),
        }
    }
}
