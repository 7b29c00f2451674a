//! KubeLens' brain: reads a picture of a Kubernetes cluster and says what is broken, why, with the
//! proof, and what to do.
//!
//! ```text
//! source ──> snapshot ──> analyzers ──sightings──> diagnosis ──> model::Report
//!                         (run by the engine)
//! snapshots + reports, one after the other ──> settling::Verdict
//! ```

pub mod analysis;
mod analyzers;
pub mod comparison;
mod diagnosis;
pub mod documents;
pub mod engine;
pub mod fleet;
pub mod kubernetes;
pub mod model;
#[cfg(feature = "rules-cel")]
pub mod rules;
pub mod settling;
pub mod snapshot;
pub mod source;
#[cfg(feature = "validation")]
pub mod validation;

pub use engine::{Options, diagnose, registry};
pub use model::Report;
pub use snapshot::{Snapshot, SnapshotBuilder};
