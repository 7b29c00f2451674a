//! What is known of a cluster at one instant, with its diagnosis.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use kubelens_core::model::Report;
use kubelens_core::snapshot::Snapshot;

use super::{Answers, Usage};

/// A picture with its report; it never changes.
#[derive(Debug)]
pub struct Picture {
    /// The objects.
    pub snapshot: Snapshot,
    /// What is broken.
    pub report: Arc<Report>,
    /// The report as it is sent: as the command line prints it.
    pub report_json: Bytes,
    /// Counts up with every picture of the cluster.
    pub revision: u64,
    /// The instant.
    pub as_of: Timestamp,
    /// Kinds that are not followed at the moment, and why.
    pub troubles: BTreeMap<String, String>,
    /// What nodes used lately.
    pub usage: Usage,
    /// How long the diagnosis took, in seconds.
    pub diagnosed_in: f64,
    /// What was answered from it.
    pub answers: Answers,
    /// Of which view it is; 0 is everything that this server sees.
    pub view: u64,
}
