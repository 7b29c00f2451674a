//! `diff`: what two reports or pictures differ in.

use kubelens_core::comparison::ReportDiff;

use super::print;
use crate::{
    baseline::{self, Side},
    cli::{ConnectionFlags, DiffArgs, FailOn, PictureFlags, ReportFlags},
    clusters,
    configuration::Configuration,
    exit::ExitStatus,
    failure::Failure,
    picture, render,
    settings::{Checks, Output, OutputSettings, PictureSettings, contexts},
    target,
};

use super::diagnose::{fails, view, within};

pub(super) async fn run(
    args: DiffArgs,
    connection: &ConnectionFlags,
    configuration: &Configuration,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    let checks = Checks::of(&args.checks, configuration)?;
    let mut older = baseline::open(&args.older, &checks, output).await?;
    let mut newer = match &args.newer {
        Some(path) => baseline::open(path, &checks, output).await?,
        None => now(&args, connection, &checks, output).await?,
    };
    if !connection.namespace.is_empty() {
        for side in [&mut older, &mut newer] {
            side.report = target::in_namespaces(side.report.clone(), &connection.namespace);
        }
    }
    let diff = baseline::differences(&older, &newer);
    let status = status(&diff, &newer.report, &args.report.fail_on);
    let diff = least(diff, &args.report);
    let progress = &output.progress;
    print(output, |output| {
        let shown = shown(&diff, &args.report, output);
        within(&shown, &args.report, output, progress, |diff| {
            render::diff(diff, &output.format, &view(&args.report, output))
        })
    })?;
    Ok(status)
}

/// The cluster, or the clusters, as they are now: all namespaces unless some are named.
async fn now(
    args: &DiffArgs,
    connection: &ConnectionFlags,
    checks: &Checks,
    output: &OutputSettings,
) -> Result<Side, Failure> {
    let flags = PictureFlags {
        all_namespaces: connection.namespace.is_empty(),
        ..PictureFlags::default()
    };
    if args.fleet.contexts.is_empty() {
        let settings = PictureSettings::new(connection, &flags)?;
        return Ok(picture::take(&settings, checks, output).await?.into());
    }
    let contexts = contexts(&args.fleet.contexts, connection)?;
    let report = clusters::check(contexts, connection, &flags, &[], checks, output).await?;
    Ok(Side {
        report,
        snapshot: None,
    })
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
