//! What changes a cluster. Everything goes through one gate, and is written down before it is done.

mod apply;
mod drain;
mod gate;
mod nodes;
mod operations;
mod pods;
mod restart;
mod rollback;
mod scale;

pub use apply::{Applied, apply, difference};
pub use drain::{DrainBlocker, DrainOrder, DrainPod, DrainPreview, drain, preview};
pub use gate::Act;
pub use nodes::cordon;
pub use operations::{Operation, OperationProgress, OperationStep, Operations, Running};
pub mod risk;
pub use pods::{create_pod, delete_pod, restart_pod};
pub use restart::restart;
pub use rollback::{Revision, history, rollback};
pub use scale::scale;
