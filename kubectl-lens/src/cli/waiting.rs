//! The words of the verbs that wait for something to happen.

use clap::Args;
use jiff::SignedDuration;

use super::{CheckFlags, PictureFlags, TargetFlags};

/// Wait until what was applied has settled, or say why it does not
///
/// Without an object, a manifest or a selector it waits for every workload of the namespace.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 settled, 1 failed, 2 still progressing at --timeout, 3 not permitted to know,\n\
    4 nothing matched, 5 could not run\n\n\
    Examples:\n  \
    kubectl apply -f app.yaml && kubectl lens settle -f app.yaml\n  \
    kubectl lens settle deploy/web -n shop --timeout 10m\n  \
    kubectl lens settle -l app=web -o json\n  \
    kubectl lens settle -A --from dump/        as of the time of a recording"
)]
pub(crate) struct SettleArgs {
    #[command(flatten)]
    pub(crate) about: TargetFlags,
    /// How long every pod must have been ready
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time, help_heading = "Patience")]
    pub(crate) stable_for: SignedDuration,
    /// For how long, in total, a fault must have stood to be a failure
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = time, help_heading = "Patience")]
    pub(crate) wedged_for: SignedDuration,
    /// How long to wait; 0 looks once
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = time, help_heading = "Patience")]
    pub(crate) timeout: SignedDuration,
    #[command(flatten)]
    pub(crate) picture: PictureFlags,
    #[command(flatten)]
    pub(crate) checks: CheckFlags,
}

/// Show the causes as they come and go
#[derive(Debug, Args)]
#[command(
    after_help = "A terminal gets a table that is kept current; a pipe, and -o ndjson, gets a line for each change.\n\
    Ctrl-C ends it, with status 130.\n\n\
    Examples:\n  \
    kubectl lens watch -A\n  \
    kubectl lens watch -n shop -o ndjson"
)]
pub(crate) struct WatchArgs {
    /// All namespaces
    #[arg(short = 'A', long)]
    pub(crate) all_namespaces: bool,
    /// Only what concerns objects with these labels: app=web,tier!=cache
    #[arg(short = 'l', long, value_name = "LABELS")]
    pub(crate) selector: Option<String>,
    /// Diagnose at most this often
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    pub(crate) interval: SignedDuration,
    /// Show hygiene and opinion too
    #[arg(long)]
    pub(crate) show_info: bool,
    /// Do not read logs of containers that fail
    #[arg(long)]
    pub(crate) no_logs: bool,
    #[command(flatten)]
    pub(crate) checks: CheckFlags,
}

/// kubectl's notation: a number of seconds, or a number with a unit.
fn time(text: &str) -> Result<SignedDuration, String> {
    let span = match text.parse::<u32>() {
        Ok(seconds) => Some(SignedDuration::from_secs(i64::from(seconds))),
        Err(_) => text.parse::<SignedDuration>().ok(),
    };
    span.filter(|span| !span.is_negative())
        .ok_or_else(|| "write it as 30s, 2m or 1h".to_owned())
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::time;

    #[test]
    fn times_are_written_as_for_kubectl() {
        assert_eq!(time("90"), Ok(SignedDuration::from_secs(90)));
        assert_eq!(time("1m30s"), Ok(SignedDuration::from_secs(90)));
        assert!(time("soon").is_err());
        assert!(time("-3s").is_err());
    }
}
