//! `watch`: the causes as they come and go.

mod changes;
mod journal;
mod screen;

use std::{collections::BTreeMap, io::IsTerminal};

use kubelens_core::{
    engine::{Following, Options},
    model::{Report, Severity},
    snapshot::Snapshot,
    source::{LiveSource, Watched},
};
use tokio::time::{Duration, sleep};

pub(super) use self::screen::told as not_followed;
use self::{changes::Change, journal::Journal, screen::Screen};
use crate::{
    cli::{ConnectionFlags, PictureFlags, WatchArgs},
    configuration::Configuration,
    destination::Destination,
    exit::ExitStatus,
    failure::Failure,
    logs::FetchedLogs,
    picture,
    render::Format,
    settings::{Checks, Namespaces, Origin, OutputSettings, PictureSettings, connect_options},
    target,
    terminal::Streams,
};

/// Faults also come up by lasting: without any change, a diagnosis is made this often.
const LULL: Duration = Duration::from_secs(10);

pub(super) async fn run(
    args: WatchArgs,
    connection: &ConnectionFlags,
    configuration: &Configuration,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    let settings = PictureSettings::new(
        connection,
        &PictureFlags {
            all_namespaces: args.all_namespaces,
            selector: args.selector.clone(),
            no_logs: args.no_logs,
            ..PictureFlags::default()
        },
    )?;
    let checks = Checks::of(&args.checks, configuration)?;
    let mut view = View::new(output, settings.looks_at_own_namespace())?;
    let Origin::Live(flags) = &settings.origin else {
        return Err(Failure::new("only a live cluster can be watched"));
    };
    output.progress.step("connecting");
    let source = LiveSource::connect(&connect_options(flags))
        .await
        .map_err(picture::told)?;
    let own = vec![source.default_namespace().to_owned()];
    let request = picture::request(&settings, own, checks.whole());
    let mut watch = source
        .watch(&request, &output.progress)
        .await
        .map_err(picture::told)?;
    let mut logs = FetchedLogs::default();
    let mut journal = Journal::default();
    let mut following = None;
    let mut is_first = true;
    while let Some(Watched {
        mut snapshot,
        troubles,
    }) = watch.current().await
    {
        if is_first && let Namespaces::Named(names) = &settings.namespaces {
            target::namespaces_exist(names, &snapshot)?;
        }
        if settings.logs {
            snapshot = logs.put_into(snapshot, &source).await;
        }
        let report = examine(&mut following, &snapshot, &checks.options(), &settings);
        if is_first {
            picture::tell_notes(&report, output);
        }
        let shown = target::keep(report, |cause| {
            args.show_info || cause.severity > Severity::Info
        });
        if is_first {
            output.progress.stop();
        }
        let changes = journal.note(&shown);
        view.show(&shown, &changes, &journal, &troubles)?;
        is_first = false;
        sleep(args.interval.unsigned_abs()).await;
        tokio::select! {
            () = watch.changed() => {}
            () = sleep(LULL) => {}
        }
    }
    Err(Failure::new("nobody follows the cluster any more")
        .way_out("start kubectl lens watch again"))
}

/// The report on a picture, as far as the selector goes. What did not change since the one before is not looked at
/// again.
fn examine(
    following: &mut Option<Box<Following>>,
    snapshot: &Snapshot,
    options: &Options,
    settings: &PictureSettings,
) -> Report {
    // It may keep a core busy for a while; who follows the cluster must not wait for it.
    let report = tokio::task::block_in_place(|| match following {
        Some(following) => {
            following.go_on_to(snapshot);
            following.report()
        }
        None => following
            .insert(Box::new(Following::begin(snapshot, options)))
            .report(),
    });
    match &settings.selector {
        None => report,
        // Nothing fits as long as nothing does.
        Some(labels) => target::focus(
            report,
            snapshot,
            &labels.objects(snapshot).unwrap_or_default(),
        ),
    }
}

/// How it is shown.
enum View {
    /// A table that is kept current.
    Screen(Screen),
    /// A line for each change, for people.
    Lines(Streams, BTreeMap<String, String>),
    /// A line of JSON for each change.
    Json(Streams, BTreeMap<String, String>),
}

impl View {
    fn new(output: &OutputSettings, own_namespace: bool) -> Result<Self, Failure> {
        let streams = output.streams;
        let [only] = output.outputs.as_slice() else {
            return Err(Failure::new("a watch has one output").way_out("leave one -o"));
        };
        if only.destination != Destination::StandardOutput {
            return Err(
                Failure::new("a watch has no end, so no file would ever be complete")
                    .way_out("-o ndjson, and redirect it"),
            );
        }
        Ok(match only.format {
            Format::Ndjson | Format::Json => Self::Json(streams, BTreeMap::new()),
            Format::Human | Format::Wide | Format::Table if std::io::stdout().is_terminal() => {
                Self::Screen(Screen::new(streams, own_namespace))
            }
            Format::Human | Format::Wide | Format::Table => Self::Lines(streams, BTreeMap::new()),
            _ => {
                return Err(Failure::new("a watch is printed for people, or as ndjson")
                    .way_out("-o ndjson"));
            }
        })
    }

    fn show(
        &mut self,
        report: &Report,
        changes: &[Change],
        journal: &Journal,
        troubles: &BTreeMap<String, String>,
    ) -> Result<(), Failure> {
        match self {
            Self::Screen(screen) => return screen.show(report, journal, troubles),
            Self::Lines(streams, known) => {
                let text: String = changes.iter().map(Change::line).collect();
                streams.data(&text)?;
                tell_troubles(*streams, known, troubles);
            }
            Self::Json(streams, known) => {
                for change in changes {
                    Streams::exact(&crate::render::line(&change.document())?)?;
                }
                tell_troubles(*streams, known, troubles);
            }
        }
        Ok(())
    }
}

/// Says on standard error which kinds are not followed, and when they are again; those that share a reason in one
/// line.
fn tell_troubles(
    streams: Streams,
    known: &mut BTreeMap<String, String>,
    troubles: &BTreeMap<String, String>,
) {
    if known.is_empty() == troubles.is_empty() {
        return;
    }
    if troubles.is_empty() {
        streams.message("followed again: everything\n");
    } else {
        streams.message(&format!("warning: {}\n", screen::told(troubles)));
    }
    known.clone_from(troubles);
}
