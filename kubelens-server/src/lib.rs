//! The hosted runtime of KubeLens. So far it answers whether it lives; everything else is 404.

mod routes;

pub use routes::app;
