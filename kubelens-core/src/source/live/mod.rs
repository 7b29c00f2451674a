//! Reads a live cluster through its API server: every kind once, concurrently, decoded while it streams.

mod api;
mod certificate;
mod connect;
mod custom_kinds;
mod decoder;
mod discovery;
mod dry_run;
mod gap_text;
mod kubeconfig;
mod list;
mod logs;
mod pace;
mod plan;
mod read;
mod server_health;
mod target;
mod watch;

use crate::snapshot::{LogKey, Logs, Snapshot};
use crate::source::{ClusterSource, LogLimits, Progress, ReadRequest, SourceError};
use api::Api;
pub use connect::ConnectOptions;
pub use plan::PlannedRequest;
pub use watch::{Watch, Watched};

/// A cluster behind an API server.
#[derive(Debug, Clone)]
pub struct LiveSource {
    api: Api,
    name: String,
    default_namespace: String,
    /// When the client certificate expires, if there is one.
    expires: Option<jiff::Timestamp>,
}

impl LiveSource {
    /// Prepares the connection; the server is asked nothing yet. A crypto provider for rustls must be installed.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, SourceError> {
        connect::connect(options).await
    }

    /// The names of the kubeconfig's contexts, sorted; none where there is no kubeconfig.
    pub fn contexts(options: &ConnectOptions) -> Result<Vec<String>, SourceError> {
        let found = kubeconfig::find(options)?;
        let contexts = found.map(|config| config.contexts).unwrap_or_default();
        let mut names: Vec<String> = contexts.into_iter().map(|context| context.name).collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// A source that speaks through this client.
    pub fn new(client: kube::Client, server: impl Into<String>, name: impl Into<String>) -> Self {
        let default_namespace = client.default_namespace().to_owned();
        Self {
            api: Api::new(client, server.into()),
            name: name.into(),
            default_namespace,
            expires: None,
        }
    }

    /// The client that it speaks through, for who also writes.
    pub fn client(&self) -> kube::Client {
        self.api.client()
    }

    /// The context's name, or the server where there is no context.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The namespace that the context works in.
    pub fn default_namespace(&self) -> &str {
        &self.default_namespace
    }
}

impl ClusterSource for LiveSource {
    async fn load(
        &self,
        request: &ReadRequest,
        progress: &dyn Progress,
    ) -> Result<Snapshot, SourceError> {
        let reading = read::read(self, request, progress).await?;
        Ok(reading.snapshot)
    }

    async fn logs(&self, wanted: &[LogKey], limits: &LogLimits) -> Logs {
        logs::read(&self.api, wanted, limits).await
    }
}
