use super::{Analyzer, Sighting};
use crate::kubernetes::KindSet;

/// What all analyzers saw, in the order of their codes.
#[derive(Debug, Default)]
pub struct Sightings {
    /// Each sighting with the analyzer that made it.
    pub seen: Vec<(&'static Analyzer, Sighting)>,
    /// Sightings that an annotation keeps from becoming causes.
    pub suppressed: Vec<(&'static Analyzer, Sighting)>,
    /// Codes of analyzers that failed: a fault of KubeLens, not of the cluster.
    pub failed: Vec<&'static str>,
    /// The kinds that were asked about, by code.
    pub touched: Vec<(&'static str, KindSet)>,
}
