//! What the typed words mean, once it is clear that they make sense together.

mod checks;
mod connection;
mod contexts;
mod output;
mod source;

pub(crate) use checks::{Checks, profiles, select};
pub(crate) use connection::connect_options;
pub(crate) use contexts::contexts;
pub(crate) use output::{Output, OutputSettings};
pub(crate) use source::{Namespaces, Origin, PictureSettings};
