//! Did it converge, and if not, why: the question that a pipeline asks after it applied something.
//!
//! [`Settling`] is a machine over values: it is shown pictures of a cluster, each with the report on it, and says
//! of every target how it stands. It has no clock and no cluster: the pictures bring the time. What it can read
//! off the cluster's own times it does (since when a pod is ready, since when a fault stands), so that who begins
//! to watch late, or looks rarely, hears the same in the end.

mod capacity;
mod chosen;
mod clock;
mod evidence;
mod judge;
mod kinds;
mod machine;
mod pods;
mod stand;
mod verdict;

pub use chosen::{everything, is_judged, is_own};
pub use machine::{Patience, Settling};
pub use verdict::{Outcome, TargetVerdict, Verdict};
