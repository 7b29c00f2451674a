//! What is served over HTTP.
#![allow(
    clippy::unused_async,
    reason = "handlers are async, whether they wait or not"
)]

pub mod answers;
pub mod body;
pub mod caching;
pub mod error;
pub mod idempotency;
pub mod load;
pub mod models;
pub mod outside;
pub mod paging;
pub mod query;
pub mod router;
pub mod routes;
pub mod selection;
pub mod selections;
pub mod text;

pub use crate::access::RequestId;
pub use selection::{Chosen, Selected};
