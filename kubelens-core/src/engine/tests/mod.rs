//! Laws that hold for every analyzer, and the examples on their pages.
#![allow(
    clippy::disallowed_methods,
    reason = "the index is generated from the files"
)]

mod example;
mod folding;
mod index;
mod laws;
mod pages;
mod settings;
mod siblings;
mod workload_folds;
