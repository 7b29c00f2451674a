//! "Did you mean": the core's own, which the readers of configuration use too.

pub(crate) use kubelens_core::model::{did_you_mean, nearest};
