//! Laws that hold for every analyzer, and the examples on their pages.

pub(super) mod example;
mod index;
mod laws;
mod pages;
mod workload_folds;
