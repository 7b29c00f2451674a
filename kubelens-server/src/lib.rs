//! The hosted runtime of KubeLens: always watching, never inventing.
//!
//! ```text
//! clusters ──watch──> live (a picture each) ──> bus ──> streams (SSE, WebSocket)
//!                        ├──> history ──> store (what was broken when)
//!                        └──> api (routes, errors, paging) ──> actions ──door──> the cluster's API server
//! ```
//!
//! `demo` is a cluster like any other, in memory. Nothing that is shown was filled in: what is not known is an error
//! or `N/A`.

pub mod access;
pub mod actions;
pub mod api;
pub mod audit;
pub mod bus;
mod clock;
pub mod connections;
pub mod demo;
pub mod door;
mod hex;
pub mod history;
pub mod kept;
pub mod live;
pub mod measures;
pub mod pages;
pub mod server;
pub mod settings;
pub mod start;
pub mod store;
pub mod streams;
pub mod telemetry;
pub mod who;

pub use server::{AppState, Options, app};
