//! KubeLens' brain: reads a picture of a Kubernetes cluster and says what is broken, why, with the
//! proof, and what to do.

pub mod kubernetes;
pub mod model;
pub mod snapshot;
pub mod source;
