//! A bundled cluster with a dozen independent faults over a healthy background.
//!
//! It was recorded from a real control plane: `cargo run -p kubelens-tests --bin demo` packs it from
//! the same recordings that the tests judge.

use super::{ClusterSource, FileSource, LogLimits, Progress, ReadRequest, SourceError};
use crate::snapshot::{LogKey, Logs, Snapshot};

static CLUSTER: &[u8] = include_bytes!("cluster.tar.gz");

/// The bundled cluster.
#[derive(Debug, Clone, Copy, Default)]
pub struct DemoSource;

impl ClusterSource for DemoSource {
    async fn load(
        &self,
        request: &ReadRequest,
        progress: &dyn Progress,
    ) -> Result<Snapshot, SourceError> {
        let picture = FileSource::from_bytes("demo", CLUSTER).read(request, progress)?;
        Ok(picture.from_source("demo"))
    }

    /// None: the picture already holds every log that was recorded.
    async fn logs(&self, _wanted: &[LogKey], _limits: &LogLimits) -> Logs {
        Logs::new()
    }
}
