use std::path::PathBuf;

use clap::Args;

/// Flags that stand before the environment. Secrets have none: a command line can be read by
/// everyone on the machine.
#[derive(Debug, Clone, Default, Args)]
pub struct Arguments {
    /// Serve a simulated cluster, marked as demo in every answer
    #[arg(long)]
    pub demo: bool,
    /// Settings in YAML: NAME: value
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Kubeconfig of the cluster to watch
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Directory for sessions, audit and history
    #[arg(long, visible_alias = "data-dir", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Port to listen on
    #[arg(long)]
    pub port: Option<u16>,
    /// Any other setting, by its name in the environment
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Check the settings, print them with secrets masked, and end
    #[arg(long)]
    pub check_config: bool,
}
