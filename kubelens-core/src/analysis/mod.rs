//! What an analyzer is and what it says: its declaration, what it sees, where it puts it.

mod analyzer;
mod family;
pub mod other_tools;
mod profile;
mod shared;
mod sighting;
mod sightings;
mod sink;
mod usage;

pub use analyzer::{Analyzer, Check, Role};
pub(crate) use analyzer::{Walked, declare_analyzer};
pub use family::Family;
pub use profile::Profile;
pub(crate) use profile::last_of;
pub use shared::Shared;
pub(crate) use sighting::{AWAITS, MADE_FROM, event_evidence};
pub use sighting::{Blame, Sighting};
pub use sightings::Sightings;
pub use sink::Sink;
pub use usage::Usage;
