//! `diff`: what two reports or pictures differ in.

use kubelens_core::comparison::ReportDiff;

use super::print;
use crate::{
    baseline, catalog,
    cli::{ConnectionFlags, DiffArgs, FailOn, ReportFlags},
    exit::ExitStatus,
    failure::Failure,
    render,
    settings::{Checks, Output, OutputSettings},
    target,
};

use super::diagnose::{fails, view};

pub(super) async fn run(
    args: DiffArgs,
    connection: &ConnectionFlags,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    let checks = Checks::new(&args.checks, &catalog::entries())?;
    let mut older = baseline::open(&args.older, &checks, output).await?;
    let mut newer = baseline::open(&args.newer, &checks, output).await?;
    if !connection.namespace.is_empty() {
        for side in [&mut older, &mut newer] {
            side.report = target::in_namespaces(side.report.clone(), &connection.namespace);
        }
    }
    let diff = baseline::differences(&older, &newer);
    let status = status(&diff, &newer.report, &args.report.fail_on);
    let diff = least(diff, &args.report);
    print(output, |output| {
        let shown = shown(&diff, &args.report, output);
        render::diff(&shown, &output.format, &view(&args.report, output))
    })?;
    Ok(status)
}

/// Judged before anything is hidden.
pub(super) fn status(
    diff: &ReportDiff,
    newer: &kubelens_core::model::Report,
    fail_on: &[FailOn],
) -> ExitStatus {
    let newly = |limit| diff.changes.iter().any(|change| change.is_newly(limit));
    let is_reached = fail_on.iter().any(|limit| match limit {
        FailOn::New(severity) => newly(*severity),
        other => fails(newer, *other),
    });
    if is_reached {
        ExitStatus::FailOnReached
    } else {
        ExitStatus::Answered
    }
}

/// The comparison without what `--min-severity` hides.
pub(super) fn least(mut diff: ReportDiff, flags: &ReportFlags) -> ReportDiff {
    if let Some(least) = flags.min_severity {
        diff.changes.retain(|change| {
            let before = change.before.as_ref().map(|before| before.severity);
            change.cause.severity >= least || before >= Some(least)
        });
    }
    diff
}

/// The comparison without the changes that are too many for a program that asked for fewer; the summary counts
/// them all.
pub(super) fn shown(diff: &ReportDiff, flags: &ReportFlags, output: &Output) -> ReportDiff {
    let mut diff = diff.clone();
    if let Some(most) = flags.max_causes
        && most > 0
        && !output.format.is_for_people()
    {
        diff.changes.truncate(most);
    }
    diff
}
