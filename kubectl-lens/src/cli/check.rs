use std::path::PathBuf;

use clap::Args;

use super::{CheckFlags, ReportFlags};

/// Check manifests before they are applied
///
/// By itself no cluster is asked: only what the manifests prove is told, and what is not in them is unknown, never
/// missing. With --against they are laid over the picture of a cluster: does the ConfigMap exist there, would quota,
/// limits and Pod Security admit the pods, is there a node for them, does the selector match. Nothing is applied.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 answered, 1 --fail-on was reached, 2 the question could not be answered\n\n\
    Examples:\n  \
    kubectl lens check -f deploy/                                 what the manifests prove by themselves\n  \
    helm template . | kubectl lens check -f - --against live -n shop\n  \
    kubectl lens check -f web.yaml --against cluster.tar.gz       against a snapshot\n  \
    kubectl lens check -f web.yaml --against live --server-side-dry-run --fail-on warning"
)]
pub(crate) struct CheckArgs {
    /// A manifest, or a folder of them, read recursively; - reads standard input; may be repeated
    #[arg(short, long = "filename", value_name = "FILE", required = true)]
    pub(crate) filename: Vec<PathBuf>,
    /// The cluster to check against: live, or a snapshot or anything that --from reads
    #[arg(long, value_name = "live|PATH")]
    pub(crate) against: Option<PathBuf>,
    /// Let the API server try each object (dryRun=All) and tell its answers; nothing is stored
    #[arg(long, requires = "against")]
    pub(crate) server_side_dry_run: bool,
    #[command(flatten)]
    pub(crate) checks: CheckFlags,
    #[command(flatten)]
    pub(crate) report: ReportFlags,
}
