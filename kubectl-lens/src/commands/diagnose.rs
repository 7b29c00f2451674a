//! `diagnose`: the root causes of what is broken.

use std::borrow::Cow;

use kubelens_core::model::{Report, Severity};

use super::print;
use crate::{
    cli::{ConnectionFlags, DiagnoseArgs, ReportFlags},
    configuration::Configuration,
    exit::ExitStatus,
    failure::Failure,
    picture::{self, Picture},
    render::{self, View},
    settings::{Checks, Output, OutputSettings, PictureSettings},
    target::{self, Target},
};

/// Entries that people get to see unless they ask for more.
const ENTRIES: usize = 20;

pub(super) async fn run(
    args: DiagnoseArgs,
    connection: &ConnectionFlags,
    configuration: &Configuration,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    let mut targets = Target::of_words(&args.target)?
        .into_iter()
        .collect::<Vec<_>>();
    for path in &args.filename {
        targets.extend(target::of_manifest(path)?);
    }
    let checks = Checks::of(&args.checks, configuration)?;
    let settings = PictureSettings::new(connection, &args.picture)?;
    let Picture {
        snapshot,
        mut report,
    } = picture::take(&settings, &checks, output).await?;
    if !targets.is_empty() {
        let mut objects = Vec::new();
        for target in &targets {
            objects.push(target.find(&snapshot, &report)?);
        }
        report = target::focus(report, &snapshot, &objects);
    }
    let status = status(&report, args.report.fail_on);
    if let Some(least) = args.report.min_severity {
        report = target::keep(report, |cause| cause.severity >= least);
    }
    let own_namespace = settings.looks_at_own_namespace();
    print(output, |output| {
        let report = shown(&report, &args.report, output);
        let view = View {
            own_namespace,
            ..view(&args.report, output)
        };
        render::report(&report, &output.format, &view)
    })?;
    Ok(status)
}

/// Judged before anything is hidden.
fn status(report: &Report, fail_on: Option<Severity>) -> ExitStatus {
    match fail_on {
        Some(limit) if report.causes.iter().any(|cause| cause.severity >= limit) => {
            ExitStatus::FailOnReached
        }
        _ => ExitStatus::Answered,
    }
}

/// The report without the causes that are too many. What `--max-causes` cuts off for programs stays
/// in the summary, so that they can tell.
fn shown<'a>(report: &'a Report, flags: &ReportFlags, output: &Output) -> Cow<'a, Report> {
    match flags.max_causes {
        Some(most) if most > 0 && !output.format.is_for_people() => {
            let mut report = report.clone();
            report.causes.truncate(most);
            Cow::Owned(report)
        }
        _ => Cow::Borrowed(report),
    }
}

fn view(flags: &ReportFlags, output: &Output) -> View {
    View {
        width: output.width,
        wide: false,
        own_namespace: false,
        show_info: flags.show_info || flags.min_severity == Some(Severity::Info),
        all_findings: flags.all_findings,
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
        assert_eq!(status(&shop_report(), None), ExitStatus::Answered);
        assert_eq!(
            status(&shop_report(), Some(Severity::Critical)),
            ExitStatus::FailOnReached
        );
        let mut healthy = shop_report();
        healthy
            .causes
            .retain(|cause| cause.severity == Severity::Info);
        assert_eq!(
            status(&healthy, Some(Severity::Warning)),
            ExitStatus::Answered
        );
    }
}
