//! The benchmark: what a whole run costs next to raw lists of the same kinds, whether it finds the faults that
//! the loader made and nothing else, and what analysis and parsing cost without a cluster.

pub mod alone;
pub mod faults;
pub mod going_on;
pub mod multiplied;
pub mod offline;
pub mod raw_lists;
pub mod requests;
pub mod rounds;
pub mod serving;
pub mod table;
pub mod usage;
pub mod watched;
pub mod written;
