//! The live pictures of the clusters: each is followed on its own, and fails on its own.

mod answers;
mod calls;
mod cluster;
mod clusters;
mod credentials;
mod difference;
mod follow;
mod logs;
mod news;
mod picture;
mod rounds;
mod usage;
mod views;

pub use answers::Answers;
pub use cluster::{Cluster, ClusterItem, Origin, Standing};
pub use clusters::Clusters;
pub use follow::{Reading, follow};
pub use picture::Picture;
pub(crate) use usage::percent;
pub use usage::{Point, Usage};
pub use views::{View, ViewCounts, tell_views};
