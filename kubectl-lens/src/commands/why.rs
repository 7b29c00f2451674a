//! `why`: how a fault reaches one object.

use kubelens_core::model::{ObjectRef, Report};

use super::print;
use crate::{
    cli::{ConnectionFlags, WhyArgs},
    configuration::Configuration,
    exit::ExitStatus,
    failure::Failure,
    picture::{self, Picture},
    render::{self, Format, Printout, View, tree},
    settings::{Checks, Output, OutputSettings, PictureSettings},
    target::{self, Target},
};

pub(super) async fn run(
    args: WhyArgs,
    connection: &ConnectionFlags,
    configuration: &Configuration,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    let target = Target::of_words(&args.target)?.ok_or_else(|| Failure::new("which object?"))?;
    let checks = Checks::of(&args.checks, configuration)?;
    let settings = PictureSettings::new(connection, &args.picture)?;
    let Picture { snapshot, report } = picture::take(&settings, &checks, output).await?;
    let object = target.find(&snapshot, &report)?;
    let report = target::focus(report, &snapshot, std::slice::from_ref(&object));
    let ran = checks.count();
    print(output, |output| answer(&object, &report, ran, output))?;
    Ok(ExitStatus::Answered)
}

fn answer(
    object: &ObjectRef,
    report: &Report,
    checks: usize,
    output: &Output,
) -> Result<Printout, Failure> {
    let view = View {
        width: output.width,
        wide: output.format == Format::Wide,
        own_namespace: false,
        show_info: true,
        all_findings: false,
        most: None,
    };
    if !matches!(output.format, Format::Human | Format::Wide) {
        return render::report(report, &output.format, &view);
    }
    if report.causes.is_empty() {
        return Ok(Printout::Styled(tree::healthy(
            object, report, checks, &view,
        )));
    }
    let causes: Vec<_> = report.causes.iter().collect();
    let tree = tree::print(object, &causes, &view);
    match render::report(report, &output.format, &view)? {
        Printout::Styled(details) => Ok(Printout::Styled(format!("{tree}\n{details}"))),
        exact @ Printout::Exact(_) => Ok(exact),
    }
}
