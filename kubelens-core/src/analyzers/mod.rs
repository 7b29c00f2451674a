//! One condition, one file. Each family's `mod.rs` is a generated list of its files.

mod api_server;
pub(crate) mod called_service;
mod changed_before;
pub(crate) mod cloud_controller;
pub(crate) mod configuration;
pub(crate) mod control_plane;
pub(crate) mod control_plane_pod;
pub(crate) mod data_keeper;
mod failed_create;
mod finished_owner;
mod gate_owner;
pub(crate) mod hygiene;
pub(crate) mod images;
pub(crate) mod jobs;
mod kubelet_certificate;
mod later_run;
mod log_host;
mod log_level;
mod log_lines;
mod measured;
pub(crate) mod network;
mod node_clock;
pub(crate) mod nodes;
pub(crate) mod operators;
mod pattern;
mod plain_to_tls;
mod polarity;
mod policy_evaluation;
mod policy_parameters;
mod refusal;
mod refused_pods;
pub(crate) mod rollouts;
pub(crate) mod scaling;
pub(crate) mod scheduling;
pub(crate) mod security;
mod standing_workload;
pub(crate) mod storage;
mod template;
mod tunnel;
mod unix_socket;
mod waiting;
pub(crate) mod workloads;

use std::sync::LazyLock;

use crate::analysis::Analyzer;

/// All analyzers, by code.
pub(crate) fn registry() -> &'static [&'static Analyzer] {
    static BY_CODE: LazyLock<Vec<&'static Analyzer>> = LazyLock::new(|| {
        let mut all: Vec<_> = [
            configuration::ALL,
            control_plane::ALL,
            hygiene::ALL,
            images::ALL,
            jobs::ALL,
            network::ALL,
            nodes::ALL,
            operators::ALL,
            rollouts::ALL,
            scaling::ALL,
            scheduling::ALL,
            security::ALL,
            storage::ALL,
            workloads::ALL,
        ]
        .concat();
        all.sort_by_key(|analyzer| analyzer.code);
        all
    });
    &BY_CODE
}
