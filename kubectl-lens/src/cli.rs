//! The words that users type. What they mean is in [`crate::settings`].

mod bytes;
mod check;
mod checks;
mod cluster;
mod fail_on;
mod fleet;
mod output;
#[cfg(test)]
mod reference;
mod verbs;
mod waiting;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub(crate) use self::{
    check::CheckArgs,
    checks::{CheckFlags, ProfileWord, ReportFlags},
    cluster::{ConnectionFlags, PictureFlags, TargetFlags},
    fail_on::FailOn,
    fleet::FleetFlags,
    output::OutputFlags,
    verbs::{
        AnalyzersArgs, CompletionArgs, CompletionTarget, ConfigArgs, ConfigVerb, DiagnoseArgs,
        DiffArgs, ExplainArgs, RulesArgs, RulesVerb, SnapshotArgs, SnapshotVerb, WhyArgs,
    },
    waiting::{SettleArgs, WatchArgs},
};

/// Says what is broken in a Kubernetes cluster, why, with the proof, and what to do
#[derive(Debug, Parser)]
#[command(
    name = "kubectl-lens",
    bin_name = "kubectl lens",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    after_help = "Begin with:  kubectl lens diagnose\nNo cluster:  kubectl lens diagnose --demo"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) connection: ConnectionFlags,
    #[command(flatten)]
    pub(crate) output: OutputFlags,
    /// The settings [default: kubelens.yaml from here up, then in the user's configuration]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Settings",
        hide_short_help = true
    )]
    pub(crate) config: Option<PathBuf>,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Diagnose(DiagnoseArgs),
    Diff(DiffArgs),
    Check(CheckArgs),
    Why(WhyArgs),
    Settle(SettleArgs),
    Watch(WatchArgs),
    Explain(ExplainArgs),
    Analyzers(AnalyzersArgs),
    Snapshot(SnapshotArgs),
    Config(ConfigArgs),
    Rules(RulesArgs),
    Completion(CompletionArgs),
    /// Print the version, and the API version of the reports
    Version,
}
