//! `check`: manifests before they are applied.

use std::collections::BTreeSet;
use std::path::Path;

use kubelens_core::{
    engine::rehearse, kubernetes::Kind, model::Report, snapshot::Snapshot, source::LiveSource,
};

use super::{
    diagnose::{fails, least, shown, view, within},
    print,
};
use crate::{
    cli::{CheckArgs, ConnectionFlags, FailOn, PictureFlags},
    configuration::Configuration,
    exit::ExitStatus,
    failure::Failure,
    manifests::Manifests,
    picture,
    render::{self, About, View},
    settings::{Checks, Namespaces, OutputSettings, PictureSettings, connect_options},
};

pub(super) async fn run(
    args: CheckArgs,
    connection: &ConnectionFlags,
    configuration: &Configuration,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    let checks = Checks::of(&args.checks, configuration)?;
    if args
        .report
        .fail_on
        .iter()
        .any(|limit| matches!(limit, FailOn::New(_)))
    {
        return Err(
            Failure::new("--fail-on new:… compares with a baseline, and check has none")
                .way_out("--fail-on warning"),
        );
    }
    let is_live = args.against.as_deref() == Some(Path::new("live"));
    if args.server_side_dry_run && !is_live {
        return Err(Failure::new(
            "--server-side-dry-run asks an API server, and a recording has none",
        )
        .way_out("--against live"));
    }
    let [namespace] = match connection.namespace.as_slice() {
        [] => [None],
        [only] => [Some(only.clone())],
        several => {
            return Err(Failure::new(format!(
                "-n names {} namespaces: {}",
                several.len(),
                several.join(", ")
            ))
            .way_out("-n is where objects go that name no namespace: name one"));
        }
    };
    let texts = Manifests::read(&args.filename)?;
    let live = if is_live {
        output.progress.step("connecting");
        Some(
            LiveSource::connect(&connect_options(connection))
                .await
                .map_err(picture::told)?,
        )
    } else {
        None
    };
    let namespace = namespace.unwrap_or_else(|| {
        live.as_ref()
            .map_or("default", LiveSource::default_namespace)
            .to_owned()
    });
    let manifests = texts.picture(&namespace, output).await?;
    let cluster = match (&args.against, &live) {
        (None, _) => None,
        (Some(path), None) => {
            let settings = PictureSettings::recorded(path.clone());
            Some(picture::read(&settings, output).await?)
        }
        (Some(_), Some(live)) => Some(around(&manifests, live, connection, output).await?),
    };
    let about = match &cluster {
        None => About::Manifests,
        Some(_) => About::ManifestsInCluster,
    };
    output.progress.step("analyzing");
    let mut report = rehearse(&manifests, cluster.as_ref(), &checks.options());
    if let Some(live) = live.filter(|_| args.server_side_dry_run) {
        output.progress.step("asking the API server");
        let patience = PictureSettings::new(connection, &PictureFlags::default())?.request_timeout;
        report.dry_run = live.dry_run(&texts.objects()?, &namespace, patience).await;
    }
    picture::tell_notes(&report, output);
    output.progress.stop();
    let status = status(&report, &args.report.fail_on);
    report = least(report, &args.report);
    let progress = &output.progress;
    print(output, |output| {
        let report = shown(&report, &args.report, output);
        let view = View {
            about,
            ..view(&args.report, output)
        };
        within(report.as_ref(), &args.report, output, progress, |report| {
            render::report(report, &output.format, &view)
        })
    })?;
    Ok(status)
}

/// The cluster as far as the manifests touch it: their namespaces, and what belongs to none.
async fn around(
    manifests: &Snapshot,
    live: &LiveSource,
    connection: &ConnectionFlags,
    output: &OutputSettings,
) -> Result<Snapshot, Failure> {
    let mut namespaces: BTreeSet<String> = Kind::ALL
        .iter()
        .flat_map(|kind| manifests.tables().references(*kind))
        .filter_map(|object| object.namespace)
        .collect();
    namespaces.extend(
        manifests
            .custom()
            .values()
            .flatten()
            .map(|object| object.metadata.namespace.to_string())
            .filter(|name| !name.is_empty()),
    );
    let flags = ConnectionFlags {
        namespace: Vec::new(),
        ..connection.clone()
    };
    let mut settings = PictureSettings::new(&flags, &PictureFlags::default())?;
    settings.logs = false;
    // What others already run on the nodes counts: whether a pod fits cannot be told from its own namespace.
    settings.namespaces = Namespaces::All;
    let whole = picture::load(live, &settings, Vec::new(), &BTreeSet::new(), output).await;
    match whole {
        Ok(snapshot) => Ok(snapshot),
        Err(_) if !namespaces.is_empty() => {
            settings.namespaces = Namespaces::Current;
            let namespaces = namespaces.into_iter().collect();
            picture::load(live, &settings, namespaces, &BTreeSet::new(), output).await
        }
        Err(failure) => Err(failure),
    }
}

/// Judged before anything is hidden. What the server refuses is as bad as it gets: it will not be applied.
fn status(report: &Report, fail_on: &[FailOn]) -> ExitStatus {
    let is_refused = report.dry_run.iter().any(|answer| !answer.accepted);
    let is_reached = fail_on
        .iter()
        .any(|limit| fails(report, *limit) || (is_refused && matches!(limit, FailOn::Any(_))));
    if is_reached {
        ExitStatus::FailOnReached
    } else {
        ExitStatus::Answered
    }
}
