//! What to check, and what of the result to show.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use kubelens_core::{analysis::Profile, model::Severity};

use super::{FailOn, bytes::Bytes};

/// Which analyzers run.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct CheckFlags {
    /// Run only these analyzers: code, name, family or pattern (CFG001, image-*, NET)
    #[arg(
        long,
        value_name = "ANALYZER",
        value_delimiter = ',',
        help_heading = "Checks"
    )]
    pub(crate) only: Vec<String>,
    /// Run all but these analyzers
    #[arg(
        long,
        value_name = "ANALYZER",
        value_delimiter = ',',
        help_heading = "Checks"
    )]
    pub(crate) skip: Vec<String>,
    /// Look for what these profiles hold: default, classic, security, hygiene or all
    #[arg(
        long,
        value_enum,
        value_name = "PROFILE",
        value_delimiter = ',',
        hide_possible_values = true,
        help_heading = "Checks"
    )]
    pub(crate) profile: Vec<ProfileWord>,
    /// Look with the rules of this pack too: a file, or a folder of them; repeat it for several
    #[arg(long, value_name = "FILE|DIR", help_heading = "Checks")]
    pub(crate) rules: Vec<PathBuf>,
}

/// A word of `--profile`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProfileWord {
    /// What is broken or about to break
    Default,
    /// What simple cluster checkers warn of, beyond the default
    Classic,
    /// What makes an attack easier
    Security,
    /// Order and habits
    Hygiene,
    /// Everything
    All,
}

impl ProfileWord {
    /// The profiles that it stands for.
    pub(crate) fn profiles(self) -> Vec<Profile> {
        match self {
            Self::Default => vec![Profile::Default],
            Self::Classic => vec![Profile::Default, Profile::Classic],
            Self::Security => vec![Profile::Security],
            Self::Hygiene => vec![Profile::Hygiene],
            Self::All => Profile::ALL.to_vec(),
        }
    }
}

/// What of a report to show, and when to fail over it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ReportFlags {
    /// Show only causes at least this bad: critical, warning or info
    #[arg(long, value_name = "SEVERITY", help_heading = "Report")]
    pub(crate) min_severity: Option<Severity>,
    /// Exit with 1 when a cause is at least this bad: critical, warning or info; new:critical and so on
    /// when one is that the baseline does not have; unknown when something could not be read
    #[arg(
        long,
        value_name = "LIMIT",
        value_delimiter = ',',
        help_heading = "Report"
    )]
    pub(crate) fail_on: Vec<FailOn>,
    /// Show at most this many causes; 0 for all [default: 20 entries for people, all for programs]
    #[arg(long, value_name = "COUNT", help_heading = "Report")]
    pub(crate) max_causes: Option<usize>,
    /// Print at most this many bytes (4000, 16k, 16Ki): proof goes first, then explanations, then all but the
    /// titles of lower-ranked causes; the counts and the first cause stay
    #[arg(long, value_name = "BYTES", help_heading = "Report")]
    pub(crate) budget: Option<Bytes>,
    /// Show hygiene and opinion too
    #[arg(long, help_heading = "Report")]
    pub(crate) show_info: bool,
}
