//! Laws that hold for every analyzer, and the examples on their pages.
#![allow(
    clippy::disallowed_methods,
    reason = "the index is generated from the files"
)]

mod access;
mod changes;
mod example;
mod far_roots;
mod folding;
#[cfg(feature = "rules-cel")]
mod going_on_with_rules;
mod index;
mod laws;
mod measured_use;
mod opinions;
mod pages;
mod proof;
mod rehearsal;
mod scope;
mod settings;
mod shared;
mod siblings;
mod workload_folds;
