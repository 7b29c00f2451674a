//! What the typed words mean, once it is clear that they make sense together.

mod checks;
mod output;
mod source;

pub(crate) use checks::{Checks, select};
pub(crate) use output::OutputSettings;
pub(crate) use source::{Namespaces, Origin, PictureSettings};
