//! The hosted runtime of KubeLens. So far it answers whether it lives; everything else is 404.

pub mod access;
pub mod audit;
mod routes;
pub mod settings;
pub mod store;

pub use routes::app;
