//! When a kind is what its spec asks for: one kind a file, after kstatus where that has a rule.
//!
//! Source of the rules: cli-utils `pkg/kstatus/status/core.go` and kubectl's `rollout status`, with pods looked at
//! one by one where those only look at counts.

pub(super) mod claim;
pub(super) mod conditioned;
pub(super) mod cron_job;
pub(super) mod custom;
pub(super) mod daemon_set;
pub(super) mod deployment;
pub(super) mod job;
pub(super) mod pod;
pub(super) mod replica_set;
pub(super) mod service;
pub(super) mod stateful_set;
