//! `diagnose`: the root causes of what is broken.

use std::borrow::Cow;

use kubelens_core::{
    comparison::ReportDiff,
    model::{CoverageState, Report, Severity},
    source::Progress as _,
};

use super::{diff, explain_requests, print};
use crate::{
    baseline::{self, Side},
    cli::{ConnectionFlags, DiagnoseArgs, FailOn, ReportFlags},
    clusters,
    configuration::Configuration,
    exit::ExitStatus,
    failure::Failure,
    picture,
    render::{
        self, About, Format, Printout, View,
        budget::{self, Shortenable},
    },
    settings::{Checks, Output, OutputSettings, PictureSettings, contexts},
    target::{self, Target},
    terminal::Progress,
};

/// Entries that people get to see unless they ask for more.
const ENTRIES: usize = 20;

pub(super) async fn run(
    args: DiagnoseArgs,
    connection: &ConnectionFlags,
    configuration: &Configuration,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    let targets = target::named(&args.about)?;
    let checks = Checks::of(&args.checks, configuration)?;
    if args.baseline.is_none()
        && args
            .report
            .fail_on
            .iter()
            .any(|limit| matches!(limit, FailOn::New(_)))
    {
        return Err(
            Failure::new("--fail-on new:… needs something to compare with")
                .way_out("--baseline FILE with an earlier report or snapshot"),
        );
    }
    if args.explain_requests {
        let settings = PictureSettings::new(connection, &args.picture)?;
        return explain_requests::run(&settings, connection, checks.whole(), output).await;
    }
    // Read first: a file that is no baseline is told before the cluster is asked.
    let older = match &args.baseline {
        Some(path) => Some(baseline::open(path, &checks, output).await?),
        None => None,
    };
    let (mut report, diff, own_namespace) = if args.fleet.contexts.is_empty() {
        one(&args, &targets, older, connection, &checks, output).await?
    } else {
        several(&args, &targets, older, connection, &checks, output).await?
    };
    let status = match &diff {
        Some(diff) => diff::status(diff, &report, &args.report.fail_on),
        None => status(&report, &args.report.fail_on),
    };
    let diff = diff.map(|diff| diff::least(diff, &args.report));
    report = least(report, &args.report);
    let progress = &output.progress;
    print(output, |output| {
        let report = shown(&report, &args.report, output);
        let view = View {
            own_namespace,
            all_findings: args.all_findings,
            topology: args.topology,
            ..view(&args.report, output)
        };
        if let Some(diff) = diff
            .as_ref()
            .filter(|_| render::shows_a_diff(&output.format))
        {
            let diff = diff::shown(diff, &args.report, output);
            return within(&diff, &args.report, output, progress, |diff| {
                render::diff(diff, &output.format, &view)
            });
        }
        if let (Some(diff), Format::Sarif) = (&diff, &output.format) {
            return render::sarif_against(&report, diff);
        }
        within(report.as_ref(), &args.report, output, progress, |report| {
            render::report(report, &output.format, &view)
        })
    })?;
    Ok(status)
}

/// A report, what differs from the baseline, and whether only the context's own namespace was looked at.
type Judged = (Report, Option<ReportDiff>, bool);

async fn one(
    args: &DiagnoseArgs,
    targets: &[Target],
    older: Option<Side>,
    connection: &ConnectionFlags,
    checks: &Checks,
    output: &OutputSettings,
) -> Result<Judged, Failure> {
    let settings = PictureSettings::new(connection, &args.picture)?;
    let mut picture = picture::take(&settings, checks, output).await?;
    let objects = if targets.is_empty() {
        None
    } else {
        let find = |target: &Target| target.find(&picture.snapshot, &picture.report);
        Some(targets.iter().map(find).collect::<Result<Vec<_>, _>>()?)
    };
    if let Some(objects) = &objects {
        picture.report = target::focus(picture.report, &picture.snapshot, objects);
    }
    let diff = older.map(|older| {
        let older = baseline::cut_to(older, &picture, objects.as_deref());
        let newer = picture.clone().into();
        baseline::differences(&older, &newer)
    });
    Ok((picture.report, diff, settings.looks_at_own_namespace()))
}

async fn several(
    args: &DiagnoseArgs,
    targets: &[Target],
    older: Option<Side>,
    connection: &ConnectionFlags,
    checks: &Checks,
    output: &OutputSettings,
) -> Result<Judged, Failure> {
    if args.picture.from.is_some() || args.picture.demo {
        return Err(
            Failure::new("--contexts asks live clusters, and --from and --demo none")
                .way_out("choose one of them"),
        );
    }
    let contexts = contexts(&args.fleet.contexts, connection)?;
    let report =
        clusters::check(contexts, connection, &args.picture, targets, checks, output).await?;
    let diff = older.map(|older| {
        let newer = Side {
            report: report.clone(),
            snapshot: None,
        };
        baseline::differences(&older, &newer)
    });
    Ok((report, diff, false))
}

/// The answer, kept to the budget if there is one. Where even the shortest one is longer, that is told.
pub(super) fn within<T: Shortenable>(
    answer: &T,
    flags: &ReportFlags,
    output: &Output,
    progress: &Progress,
    render: impl Fn(&T) -> Result<Printout, Failure>,
) -> Result<Printout, Failure> {
    match flags.budget {
        None => render(answer),
        Some(bytes) if budget::fits(&output.format) => {
            let fitted = budget::within(answer, bytes.0, render)?;
            if let Some(needs) = fitted.needs {
                progress.warning(&format!(
                    "the shortest answer takes {needs} bytes, and --budget gives {}; --budget {needs} would do",
                    bytes.0
                ));
            }
            Ok(fitted.printout)
        }
        Some(_) => Err(Failure::new("--budget is for formats that can be short")
            .way_out("-o human, wide, table, markdown, json or yaml")),
    }
}

/// Judged before anything is hidden.
fn status(report: &Report, fail_on: &[FailOn]) -> ExitStatus {
    if fail_on.iter().any(|limit| fails(report, *limit)) {
        ExitStatus::FailOnReached
    } else {
        ExitStatus::Answered
    }
}

/// Whether a report reaches a limit by itself, without anything to compare it with.
pub(super) fn fails(report: &Report, limit: FailOn) -> bool {
    match limit {
        FailOn::Any(severity) => report.causes.iter().any(|cause| cause.severity >= severity),
        // What a server does not serve cannot be read by anyone.
        FailOn::Unknown => report
            .coverage
            .kinds
            .iter()
            .any(|kind| kind.state != CoverageState::Absent),
        FailOn::New(_) => false,
    }
}

/// The report without what `--min-severity` hides; its scope says so.
pub(super) fn least(report: Report, flags: &ReportFlags) -> Report {
    let Some(least) = flags.min_severity else {
        return report;
    };
    let mut report = target::keep(report, |cause| cause.severity >= least);
    report.scope.min_severity = Some(least);
    report
}

/// The report without the causes that are too many. What `--max-causes` cuts off for programs stays
/// in the summary, so that they can tell.
pub(super) fn shown<'a>(
    report: &'a Report,
    flags: &ReportFlags,
    output: &Output,
) -> Cow<'a, Report> {
    match flags.max_causes {
        Some(most) if most > 0 && !output.format.is_for_people() => {
            let mut report = report.clone();
            report.causes.truncate(most);
            Cow::Owned(report)
        }
        _ => Cow::Borrowed(report),
    }
}

pub(super) fn view(flags: &ReportFlags, output: &Output) -> View {
    View {
        width: output.width,
        wide: false,
        own_namespace: false,
        about: About::Cluster,
        show_info: flags.show_info || flags.min_severity == Some(Severity::Info),
        all_findings: false,
        topology: false,
        most: match flags.max_causes {
            None => Some(ENTRIES),
            Some(0) => None,
            most => most,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::tests::shop_report;

    #[test]
    fn failing_is_asked_for_and_never_the_default() {
        assert_eq!(status(&shop_report(), &[]), ExitStatus::Answered);
        assert_eq!(
            status(&shop_report(), &[FailOn::Any(Severity::Critical)]),
            ExitStatus::FailOnReached
        );
        let mut healthy = shop_report();
        healthy
            .causes
            .retain(|cause| cause.severity == Severity::Info);
        assert_eq!(
            status(&healthy, &[FailOn::Any(Severity::Warning)]),
            ExitStatus::Answered
        );
    }

    #[test]
    fn what_could_not_be_read_fails_when_asked_and_what_is_not_served_never() {
        let mut report = shop_report();
        assert!(fails(&report, FailOn::Unknown));
        report
            .coverage
            .kinds
            .retain(|kind| kind.state == CoverageState::Absent);
        assert!(!report.coverage.kinds.is_empty());
        assert!(!fails(&report, FailOn::Unknown));
    }
}
