use super::{Analyzer, Sighting};
use crate::kubernetes::KindSet;
use crate::model::SuppressedBy;

/// What all analyzers saw, in the order of their codes.
#[derive(Debug, Default)]
pub struct Sightings {
    /// Each sighting with the analyzer that made it.
    pub seen: Vec<(&'static Analyzer, Sighting)>,
    /// Sightings that the user's settings keep from becoming causes, and which of them.
    pub suppressed: Vec<(&'static Analyzer, Sighting, SuppressedBy)>,
    /// Codes of analyzers that failed: a fault of KubeLens, not of the cluster.
    pub failed: Vec<&'static str>,
    /// The kinds that were asked about, by code.
    pub touched: Vec<(&'static str, KindSet)>,
}
