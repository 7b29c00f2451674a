use clap::Args;

/// Which clusters, where it is more than one.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct FleetFlags {
    /// All contexts of the kubeconfig with these names or patterns (prod-*), in one report; may be repeated
    #[arg(
        long,
        value_name = "PATTERN",
        value_delimiter = ',',
        conflicts_with = "context",
        help_heading = "Cluster (as for kubectl)"
    )]
    pub(crate) contexts: Vec<String>,
}
