//! Where the picture of the cluster comes from.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

const HEADING: &str = "Cluster (as for kubectl)";

/// kubectl's own flags, under their own names.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ConnectionFlags {
    /// The kubeconfig file [default: KUBECONFIG, then ~/.kube/config]
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context
    #[arg(long, global = true, value_name = "NAME", help_heading = HEADING)]
    pub(crate) context: Option<String>,
    /// The kubeconfig's cluster
    #[arg(long, global = true, value_name = "NAME", help_heading = HEADING, hide_short_help = true)]
    pub(crate) cluster: Option<String>,
    /// The kubeconfig's user
    #[arg(long, global = true, value_name = "NAME", help_heading = HEADING, hide_short_help = true)]
    pub(crate) user: Option<String>,
    /// Only this namespace; several with commas [default: the context's]
    #[arg(short, long, global = true, value_name = "NAMESPACE", value_delimiter = ',', help_heading = HEADING)]
    pub(crate) namespace: Vec<String>,
    /// The API server's address
    #[arg(short, long, global = true, value_name = "URL", help_heading = HEADING, hide_short_help = true)]
    pub(crate) server: Option<String>,
    /// Bearer token for the API server
    #[arg(long, global = true, value_name = "TOKEN", help_heading = HEADING, hide_short_help = true)]
    pub(crate) token: Option<String>,
    /// Ask as this user
    #[arg(long = "as", global = true, value_name = "USER", help_heading = HEADING, hide_short_help = true)]
    pub(crate) as_user: Option<String>,
    /// Ask as a member of this group; repeat it for several
    #[arg(long, global = true, value_name = "GROUP", help_heading = HEADING, hide_short_help = true)]
    pub(crate) as_group: Vec<String>,
    /// Ask as the user with this UID
    #[arg(long, global = true, value_name = "UID", help_heading = HEADING, hide_short_help = true)]
    pub(crate) as_uid: Option<String>,
    /// The authority that signed the API server's certificate
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING, hide_short_help = true)]
    pub(crate) certificate_authority: Option<PathBuf>,
    /// Client certificate
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING, hide_short_help = true)]
    pub(crate) client_certificate: Option<PathBuf>,
    /// Client key
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING, hide_short_help = true)]
    pub(crate) client_key: Option<PathBuf>,
    /// Do not check the API server's certificate: anyone in between can read and answer
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", help_heading = HEADING, hide_short_help = true)]
    pub(crate) insecure_skip_tls_verify: Option<bool>,
    /// The name that the API server's certificate must carry
    #[arg(long, global = true, value_name = "NAME", help_heading = HEADING, hide_short_help = true)]
    pub(crate) tls_server_name: Option<String>,
    /// How long one request may take: 30s, 2m; 0 for no limit
    #[arg(long, global = true, value_name = "TIME", help_heading = HEADING, hide_short_help = true)]
    pub(crate) request_timeout: Option<String>,
    /// Accepted for kubectl's sake: this plugin keeps no cache
    #[arg(long, global = true, value_name = "DIR", help_heading = HEADING, hide_short_help = true)]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Ask for answers that are not compressed
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", help_heading = HEADING, hide_short_help = true)]
    pub(crate) disable_compression: Option<bool>,
    /// Send at most this many requests a second to each API server [default: no limit of its own]
    #[arg(long, global = true, value_name = "COUNT", help_heading = HEADING, hide_short_help = true)]
    pub(crate) qps: Option<std::num::NonZeroU32>,
    /// Reach the API server through this proxy
    #[arg(long, global = true, value_name = "URL", help_heading = HEADING, hide_short_help = true)]
    pub(crate) proxy_url: Option<String>,
}

/// Which objects a verb is about.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct TargetFlags {
    /// Only what concerns this object: KIND/NAME or KIND NAME
    #[arg(value_name = "KIND/NAME", num_args = 0..=2)]
    pub(crate) target: Vec<String>,
    /// Only what concerns the objects of this manifest; - reads standard input
    #[arg(
        short,
        long = "filename",
        value_name = "FILE",
        conflicts_with = "target"
    )]
    pub(crate) filename: Vec<PathBuf>,
}

/// What of the cluster to look at, or what to look at instead of one.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PictureFlags {
    /// All namespaces
    #[arg(short = 'A', long)]
    pub(crate) all_namespaces: bool,
    /// Only objects with these labels, and what they depend on: app=web,tier!=cache
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<String>,
    /// Only pods with these fields: spec.nodeName=worker-1
    #[arg(long, value_name = "FIELDS")]
    pub(crate) field_selector: Option<String>,
    /// Read no cluster but a file, a folder, a dump, a must-gather, a support bundle or a snapshot
    #[arg(long, value_name = "PATH", conflicts_with = "demo")]
    pub(crate) from: Option<PathBuf>,
    /// Read no cluster but one that comes with the plugin, with a dozen faults in it
    #[arg(long)]
    pub(crate) demo: bool,
    /// The instant to judge from, with --from [default: the newest time in it]
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<Timestamp>,
    /// Do not read logs of containers that fail
    #[arg(long)]
    pub(crate) no_logs: bool,
    /// What a provider says of its cluster: the output of aws eks describe-cluster, gcloud container clusters describe
    #[arg(long, value_name = "FILE")]
    pub(crate) provider_health: Vec<PathBuf>,
}
