//! `why`: how a fault reaches one object.

use kubelens_core::model::{ObjectRef, Report};

use super::print;
use crate::{
    cli::{ConnectionFlags, WhyArgs},
    configuration::Configuration,
    exit::ExitStatus,
    failure::Failure,
    picture::{self, Picture},
    render::{self, About, Format, Printout, View, tree},
    route::Route,
    settings::{Checks, Output, OutputSettings, PictureSettings},
    target::{self, Target},
};

pub(super) async fn run(
    args: WhyArgs,
    connection: &ConnectionFlags,
    configuration: &Configuration,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    // Two words that both name an object are two objects; `KIND NAME` has no slash.
    if let [from, to] = args.target.as_slice()
        && from.contains('/')
        && to.contains('/')
    {
        return between(from, to, &args, connection, configuration, output).await;
    }
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

/// Whether a fault of one object reaches another.
async fn between(
    from: &str,
    to: &str,
    args: &WhyArgs,
    connection: &ConnectionFlags,
    configuration: &Configuration,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    let target = |word: &str| {
        Target::of_words(&[word.to_owned()])?.ok_or_else(|| Failure::new("which object?"))
    };
    let (from, to) = (target(from)?, target(to)?);
    let checks = Checks::of(&args.checks, configuration)?;
    let settings = PictureSettings::new(connection, &args.picture)?;
    let Picture { snapshot, report } = picture::take(&settings, &checks, output).await?;
    let (from, to) = (from.find(&snapshot, &report)?, to.find(&snapshot, &report)?);
    if from.is_same(&to) {
        return Err(
            Failure::new(format!("{from} is asked about twice")).way_out(format!(
                "kubectl lens why {}",
                args.target.first().map_or("", String::as_str)
            )),
        );
    }
    let ran = checks.count();
    let route = Route::between(&from, &to, &report);
    print(output, |output| {
        render::route(&route, &report, ran, &output.format, &view(output))
    })?;
    Ok(ExitStatus::Answered)
}

fn view(output: &Output) -> View {
    View {
        width: output.width,
        wide: output.format == Format::Wide,
        own_namespace: false,
        about: About::Cluster,
        show_info: true,
        all_findings: false,
        topology: false,
        most: None,
    }
}

fn answer(
    object: &ObjectRef,
    report: &Report,
    checks: usize,
    output: &Output,
) -> Result<Printout, Failure> {
    let view = view(output);
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
