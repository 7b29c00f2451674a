//! The door to the world: whatever a cluster is read from becomes a [`Snapshot`].
//!
//! A source reads; it judges nothing. What it could not read becomes a gap of the snapshot, and only
//! what makes the whole question unanswerable is a [`SourceError`].

pub mod archive;
mod decoding_error;
mod demo;
mod error;
mod files;
mod intake;
mod items;
mod json_items;
mod json_path;
#[cfg(feature = "live")]
mod live;
mod progress;
mod provider_health;
mod request;
mod whole;
mod yaml_items;

use std::future::Future;

pub use demo::DemoSource;
pub use error::SourceError;
pub use files::FileSource;
#[cfg(feature = "live")]
pub use live::{ConnectOptions, LiveSource, PlannedRequest, Watch, Watched};
pub use progress::{Progress, Silent};
pub use provider_health::provider_health;
pub use request::{LogLimits, ReadRequest};

use crate::snapshot::{LogKey, Logs, Snapshot};

/// Something that a picture of a cluster can be read from.
pub trait ClusterSource: Sync {
    /// Reads the picture. What cannot be read in full is a gap in it, not an error.
    fn load(
        &self,
        request: &ReadRequest,
        progress: &dyn Progress,
    ) -> impl Future<Output = Result<Snapshot, SourceError>> + Send;

    /// Reads the last lines of these container runs. What is not to be had is left out.
    fn logs(&self, wanted: &[LogKey], limits: &LogLimits) -> impl Future<Output = Logs> + Send;
}
