//! What tests share across crates: a real control plane on loopback, stories played on it by real
//! controllers, recordings of them, and a judge of reports.
//!
//! - [`control_plane`] starts etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kwok,
//!   which plays the kubelets, and stops them however the test ends;
//! - [`story`] plays a folder of manifests until the cluster is in the state that it tells of;
//! - [`judge`] says whether a report names what an experienced person would name;
//! - [`accuracy`] counts how often it does;
//! - [`variation`] changes of a recorded cluster what must not matter;
//! - [`recording`] writes a cluster as the files that `--from` reads;
//! - [`load`] fills a cluster for the benchmark, and [`scale`] is what is measured on it;
//! - [`script`] writes clusters out that are told in a few lines;
//! - [`server`] runs the server's program, and [`faulty_server`] spoils what it hears of its cluster;
//! - [`theatre`] is all of it together.

pub mod accuracy;
pub mod cluster;
pub mod condition;
pub mod control_plane;
pub mod diagnosis;
pub mod dying_server;
pub mod faulty_server;
pub mod judge;
pub mod load;
pub mod manifest;
pub mod patience;
pub mod recording;
pub mod scale;
pub mod script;
pub mod server;
pub mod stage;
pub mod story;
pub mod theatre;
pub mod variation;

// What is measured in one of these programs allocates as it does in the plugin and the server.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
