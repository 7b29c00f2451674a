//! Whether a target has settled: told over pictures and virtual time, with the real diagnosis and no cluster.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

mod batch;
mod capacity;
mod custom;
mod forbidden;
mod instants;
mod rollout;
mod stability;
mod stateful;
mod wedged;
mod world;
