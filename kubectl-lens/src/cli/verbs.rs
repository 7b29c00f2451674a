//! The verbs' own words.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use kubelens_core::model::Severity;

use super::{CheckFlags, FleetFlags, PictureFlags, ProfileWord, ReportFlags, TargetFlags};

/// Find the root causes of what is broken, ranked
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 answered, 1 --fail-on was reached, 2 the question could not be answered\n\n\
    Examples:\n  \
    kubectl lens diagnose                      what is broken\n  \
    kubectl lens diagnose deploy/web -n shop   what hurts one workload\n  \
    kubectl lens diagnose --from dump/         the same from a dump\n  \
    kubectl lens diagnose -o json --fail-on critical\n  \
    kubectl lens diagnose --baseline before.json --fail-on new:warning\n  \
    kubectl lens diagnose -A --contexts 'prod-*'      several clusters in one report"
)]
pub(crate) struct DiagnoseArgs {
    #[command(flatten)]
    pub(crate) about: TargetFlags,
    #[command(flatten)]
    pub(crate) picture: PictureFlags,
    #[command(flatten)]
    pub(crate) fleet: FleetFlags,
    #[command(flatten)]
    pub(crate) checks: CheckFlags,
    #[command(flatten)]
    pub(crate) report: ReportFlags,
    /// Show everything that an analyzer saw, also what a cause explains
    #[arg(long, help_heading = "Report")]
    pub(crate) all_findings: bool,
    /// Draw the chain of each cause as a tree below it (human, wide)
    #[arg(long, help_heading = "Report")]
    pub(crate) topology: bool,
    /// Print what would be asked of the API server, and ask only for its version and kinds
    #[arg(long, conflicts_with_all = ["baseline", "contexts", "target", "filename"])]
    pub(crate) explain_requests: bool,
    /// Compare with an earlier report (-o json) or picture (snapshot save): what is new, fixed, worse
    #[arg(long, value_name = "FILE", help_heading = "Report")]
    pub(crate) baseline: Option<PathBuf>,
}

/// Compare two reports or pictures: what is new, fixed, worse, or broke and recovered in between
///
/// Causes are paired by their id. What a report could not have seen, because it could not read a kind or looked
/// at other namespaces, is never called new or fixed without saying so. What broke and recovered in between, and
/// what flaps, is told where both are pictures.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 answered, 1 --fail-on was reached, 2 the question could not be answered\n\n\
    Examples:\n  \
    kubectl lens diff before.json after.json             two reports of diagnose -o json\n  \
    kubectl lens diff monday.tar.gz tuesday.tar.gz       two snapshots: also what recovered in between\n  \
    kubectl lens diff before.json -n shop                with the cluster as it is now\n  \
    kubectl lens diff before.json after.json --fail-on new:critical -o markdown"
)]
pub(crate) struct DiffArgs {
    /// The older one: a report (-o json), a snapshot, or anything that --from reads
    #[arg(value_name = "OLD")]
    pub(crate) older: PathBuf,
    /// The newer one [default: the cluster as it is now]
    #[arg(value_name = "NEW", conflicts_with = "contexts")]
    pub(crate) newer: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) fleet: FleetFlags,
    #[command(flatten)]
    pub(crate) checks: CheckFlags,
    #[command(flatten)]
    pub(crate) report: ReportFlags,
}

/// Show how a fault reaches one object, as a tree; of two objects, whether a fault of the first reaches the second
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    kubectl lens why ingress/shop                  what it suffers from\n  \
    kubectl lens why configmap/web-config ingress/shop   whether, and how, the one reaches the other")]
pub(crate) struct WhyArgs {
    /// The object: KIND/NAME or KIND NAME; or two objects, each as KIND/NAME
    #[arg(value_name = "KIND/NAME", num_args = 1..=2, required = true)]
    pub(crate) target: Vec<String>,
    #[command(flatten)]
    pub(crate) picture: PictureFlags,
    #[command(flatten)]
    pub(crate) checks: CheckFlags,
}

/// Explain what an analyzer means, when it fires and how to fix what it finds
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The analyzer's code or name
    #[arg(value_name = "CODE", add = clap_complete::ArgValueCandidates::new(crate::catalog::candidates))]
    pub(crate) code: String,
    /// Know the rules of this pack too: a file, or a folder of them; repeat it for several
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) rules: Vec<PathBuf>,
}

/// List the analyzers
#[derive(Debug, Args)]
pub(crate) struct AnalyzersArgs {
    /// Only those whose code, name, family or summary contains this, or matches as a pattern
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Option<String>,
    /// Only those that can be at least this bad
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) min_severity: Option<Severity>,
    /// Only those that stand for a check of another tool: POP-1109, k8sgpt:Pod, Pod, classic:crashloop
    #[arg(long, value_name = "CHECK")]
    pub(crate) maps_to: Option<String>,
    /// Only those of these profiles: default, classic, security, hygiene or all
    #[arg(
        long,
        value_enum,
        value_name = "PROFILE",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    pub(crate) profile: Vec<ProfileWord>,
    /// List the rules of this pack too: a file, or a folder of them; repeat it for several
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) rules: Vec<PathBuf>,
}

/// Save a picture of the cluster, or look into a saved one
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct SnapshotArgs {
    #[command(subcommand)]
    pub(crate) verb: SnapshotVerb,
}

/// What to do with a snapshot.
#[derive(Debug, Subcommand)]
pub(crate) enum SnapshotVerb {
    /// Save what a diagnosis reads, without the values of secrets, for --from
    ///
    /// Values of Secrets and ConfigMaps are never read. Of pods and other objects everything stays that a
    /// diagnosis needs, but what looks like a secret is replaced by `[redacted]`: values of variables, flags
    /// and fields that are named after a password, a token or a key; credentials in addresses; random-looking
    /// words of variables and arguments; the same in log lines. A secret that looks like an ordinary word
    /// cannot be told from one: look into the file before it leaves your hands.
    Save {
        /// Where to; a name that ends in .tar.gz or .tgz
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Overwrite the file
        #[arg(long)]
        force: bool,
        /// Put other words for names, namespaces, hosts, images and values of labels
        ///
        /// The same name gets the same word everywhere, and what hangs together by its name still does: the
        /// causes are the same under other names. Addresses (IP), keys of labels, names of variables, custom kinds
        /// and words of Kubernetes itself stay; so do words of log lines and messages that are no object's name.
        #[arg(long)]
        anonymize: bool,
        /// The key that the words depend on: the same key gives the same words [default: a new one each time]
        #[arg(long, value_name = "KEY", requires = "anonymize")]
        anonymize_key: Option<String>,
        /// Keep what the rules of this pack look at: a file, or a folder of them; repeat it for several
        ///
        /// Objects of the kinds that its rules match or relate to are saved with every field, so that the rules can
        /// run over the snapshot: more than a diagnosis without them needs. Secrets are taken out of them as of
        /// everything else; ConfigMaps are not saved that way, because their values never are.
        #[arg(long, value_name = "FILE|DIR", conflicts_with = "anonymize")]
        rules: Vec<PathBuf>,
        #[command(flatten)]
        picture: PictureFlags,
    },
    /// Show what a saved picture holds
    Show {
        /// A snapshot, a dump, or anything that --from reads
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Show the settings that count here, and where each comes from
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    pub(crate) verb: ConfigVerb,
}

/// What to tell of the settings.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum ConfigVerb {
    /// Show every setting with its value and its origin
    View,
    /// Show which file counts
    Path,
}

/// List the rules of rule packs, or run their examples
#[derive(Debug, Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    pub(crate) verb: RulesVerb,
}

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesVerb {
    /// Run the examples of packs: each has to fire, or to stay silent, as it says
    #[command(after_help = "Exit status: 0 all did, 1 some did not, 2 a pack cannot be read")]
    Test {
        /// Files of rule packs, or folders of them
        #[arg(value_name = "PACK", required = true)]
        packs: Vec<PathBuf>,
    },
    /// List the rules that a diagnosis would look with
    List {
        /// Rule packs besides those of the configuration: files, or folders of them
        #[arg(long, value_name = "FILE|DIR")]
        rules: Vec<PathBuf>,
    },
}

/// Print a completion script, or install completion for `kubectl lens`
#[derive(Debug, Args)]
#[command(
    after_help = "kubectl completes its plugins by a program named kubectl_complete-lens on PATH:\n  \
    kubectl lens completion install"
)]
pub(crate) struct CompletionArgs {
    /// A shell, or `install`
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) target: CompletionTarget,
    /// Where `install` puts kubectl_complete-lens [default: beside this program]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

/// What `completion` can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompletionTarget {
    /// Script for bash
    Bash,
    /// Script for elvish
    Elvish,
    /// Script for fish
    Fish,
    /// Script for PowerShell
    #[value(name = "powershell")]
    PowerShell,
    /// Script for zsh
    Zsh,
    /// Make kubectl itself complete `kubectl lens`
    Install,
}
