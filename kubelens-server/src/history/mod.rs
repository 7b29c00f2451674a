//! What was broken when: every cause from the report that first had it to the first that did not, also across restarts.
//!
//! ```text
//! pictures ──> keeper ──> Course (what is open) ──changes──> store, shelf `reports`
//!                                              api <──entries───┘
//! ```
//!
//! What nobody watched is said, never filled in: a time without a picture is an entry of its own, and a cause that could
//! not be seen any more has not recovered.

mod course;
mod entry;
mod keeper;
mod shelf;

pub use entry::{Ending, Entry, Episode, Unwatched};
pub use keeper::{history_name, keep};
pub use shelf::History;
