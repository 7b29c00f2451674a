//! The junction with the core: settings -> a picture of a cluster -> a report.

use std::{collections::BTreeSet, fs::File, io::BufWriter, path::Path};

use anyhow::Context;
use kubelens_core::{
    engine::{diagnose, wanted_logs},
    kubernetes::{GroupKind, Kind},
    model::{Report, some_of},
    snapshot::{Logs, Snapshot},
    source::{
        ClusterSource, DemoSource, FileSource, LiveSource, LogLimits, Progress, ReadRequest,
        SourceError,
        archive::{self, Pseudonyms},
        provider_health,
    },
};

use crate::{
    failure::Failure,
    nearest::did_you_mean,
    settings::{Checks, Namespaces, Origin, OutputSettings, PictureSettings, connect_options},
    target,
};

/// What was read, and what is wrong with it.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) snapshot: Snapshot,
    pub(crate) report: Report,
}

/// Reads and diagnoses.
pub(crate) async fn take(
    settings: &PictureSettings,
    checks: &Checks,
    output: &OutputSettings,
) -> Result<Picture, Failure> {
    let snapshot = read_with(settings, checks.whole(), output).await?;
    output.progress.step("analyzing");
    let mut report = diagnose(&snapshot, &checks.options());
    tell_notes(&report, output);
    if let Some(labels) = &settings.selector {
        report = target::focus(report, &snapshot, &labels.objects(&snapshot)?);
    }
    if let Some(fields) = &settings.field_selector {
        report = target::focus(report, &snapshot, &fields.objects(&snapshot)?);
    }
    output.progress.stop();
    Ok(Picture { snapshot, report })
}

/// Says what about the settings has to be known or changed.
pub(crate) fn tell_notes(report: &Report, output: &OutputSettings) {
    for note in &report.notes {
        output.progress.warning(&note.text);
    }
}

/// Reads.
pub(crate) async fn read(
    settings: &PictureSettings,
    output: &OutputSettings,
) -> Result<Snapshot, Failure> {
    read_with(settings, &BTreeSet::new(), output).await
}

/// Reads, and keeps objects of some kinds with every field.
pub(crate) async fn read_with(
    settings: &PictureSettings,
    whole: &BTreeSet<GroupKind>,
    output: &OutputSettings,
) -> Result<Snapshot, Failure> {
    match &settings.origin {
        Origin::Recorded(path) => {
            load(&FileSource::new(path), settings, Vec::new(), whole, output).await
        }
        Origin::Demo => load(&DemoSource, settings, Vec::new(), whole, output).await,
        Origin::Live(flags) => {
            output.progress.step("connecting");
            let source = LiveSource::connect(&connect_options(flags))
                .await
                .map_err(told)?;
            let own = vec![source.default_namespace().to_owned()];
            load(&source, settings, own, whole, output).await
        }
    }
}

/// Reads from `source`; `own` are the namespaces where the user names none.
pub(crate) async fn load(
    source: &impl ClusterSource,
    settings: &PictureSettings,
    own: Vec<String>,
    whole: &BTreeSet<GroupKind>,
    output: &OutputSettings,
) -> Result<Snapshot, Failure> {
    let request = request(settings, own, whole);
    let snapshot = source
        .load(&request, &output.progress)
        .await
        .map_err(told)?;
    let snapshot = with_provider_health(snapshot, settings)?;
    if let Namespaces::Named(names) = &settings.namespaces {
        target::namespaces_exist(names, &snapshot)?;
    }
    if !settings.logs {
        return Ok(snapshot.with_logs(Logs::new()));
    }
    output.progress.step("reading logs of what fails");
    let limits = LogLimits::default();
    let wanted = wanted_logs(&snapshot, limits.count);
    // What was recorded with the picture stays.
    let mut logs = snapshot.logs().clone();
    logs.extend(source.logs(&wanted, &limits).await);
    Ok(snapshot.with_logs(logs))
}

/// The picture with what the cluster's provider says of it.
fn with_provider_health(
    snapshot: Snapshot,
    settings: &PictureSettings,
) -> Result<Snapshot, Failure> {
    settings
        .provider_health
        .iter()
        .try_fold(snapshot, |snapshot, path| {
            let shown = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read --provider-health {shown}"))?;
            Ok(snapshot.with_custom(provider_health(&shown, &text)?))
        })
}

/// What to read; `own` are the namespaces where the user names none, `whole` the kinds that rules look at.
pub(crate) fn request(
    settings: &PictureSettings,
    own: Vec<String>,
    whole: &BTreeSet<GroupKind>,
) -> ReadRequest {
    ReadRequest {
        namespaces: match &settings.namespaces {
            Namespaces::Named(names) => names.clone(),
            Namespaces::All => Vec::new(),
            Namespaces::Current => own,
        },
        selector: settings.selector.as_ref().map(ToString::to_string),
        now: settings.now,
        whole: whole.clone(),
        request_timeout: settings.request_timeout,
        ..ReadRequest::default()
    }
}

/// Why nothing could be read, with a way out.
pub(crate) fn told(error: SourceError) -> Failure {
    const NO_CLUSTER: &str =
        "kubectl lens diagnose --demo, or --from PATH with a dump of a cluster";
    const RECORDING: &str = "--from reads manifests, dumps and archives of them; kubectl lens snapshot save FILE makes one";
    let way_out: &str = match &error {
        SourceError::NoCluster => "--kubeconfig FILE, --from PATH with a recording, or --demo",
        SourceError::Kubeconfig { .. } => "kubectl config view shows what kubectl reads",
        SourceError::UnknownName {
            what: "context", ..
        } => "kubectl config get-contexts lists them",
        SourceError::Unauthorized { .. } | SourceError::Credentials { .. } => {
            "log in again; kubectl auth whoami shows whether that helped"
        }
        SourceError::Certificate { .. } => "--certificate-authority FILE names the one to trust",
        SourceError::Unreachable { .. } => NO_CLUSTER,
        SourceError::NotInNamespaces { wanted, held, .. } => &namespaces_like(wanted, held),
        SourceError::Open { .. } | SourceError::Read { .. } => "check the path, or --demo",
        SourceError::Empty { .. }
        | SourceError::NotAManifest { .. }
        | SourceError::NoObjects { .. } => RECORDING,
        SourceError::Malformed { .. } => {
            "correct it, or record again: kubectl lens snapshot save FILE"
        }
        _ => "",
    };
    let failure = match error {
        // Its own way out would be told twice.
        SourceError::NoCluster => Failure::new(
            "no cluster to read: there is no kubeconfig, and this is not a pod of a cluster",
        ),
        other => Failure::from(other),
    };
    failure.way_out(way_out)
}

/// The nearest of the namespaces that there are, or some of them.
fn namespaces_like(wanted: &[String], held: &[String]) -> String {
    let names = || held.iter().map(String::as_str);
    wanted
        .iter()
        .find_map(|name| did_you_mean(name, names()))
        .unwrap_or_else(|| format!("it holds objects of {}", some_of(names(), 5)))
}

/// Saves a snapshot for `--from`, and says how many objects it holds. What cannot be written in full
/// is not left behind.
pub(crate) fn save(
    snapshot: &Snapshot,
    file: &Path,
    names: Option<Pseudonyms>,
) -> Result<usize, Failure> {
    let mut unfinished = file.as_os_str().to_owned();
    unfinished.push(".part");
    let unfinished = Path::new(&unfinished);
    let written = File::create(unfinished)
        .map(BufWriter::new)
        .and_then(|out| match names {
            Some(names) => archive::save_anonymized(snapshot, names, out),
            None => archive::save(snapshot, out),
        })
        .and_then(|()| std::fs::rename(unfinished, file));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = std::fs::remove_file(unfinished);
    }
    written.with_context(|| format!("cannot write {}", file.display()))?;
    Ok(snapshot.object_count())
}

/// How many objects of a kind a snapshot holds, and whether that is all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KindCount {
    pub(crate) kind: String,
    pub(crate) objects: usize,
    /// `complete`, or why not.
    pub(crate) state: &'static str,
}

/// What a snapshot holds, by kind; kinds that it knows nothing of are left out.
pub(crate) fn counts(snapshot: &Snapshot) -> Vec<KindCount> {
    let typed = Kind::ALL.iter().map(|kind| KindCount {
        kind: kind.to_string(),
        objects: snapshot.tables().count(*kind),
        state: snapshot
            .gaps()
            .by_kind_and_namespace()
            .find(|(name, _, _)| *name == kind.as_str())
            .map_or("complete", |(_, _, gap)| gap.state.as_str()),
    });
    let custom = snapshot.custom().iter().map(|(kind, objects)| KindCount {
        kind: kind.clone(),
        objects: objects.len(),
        state: "complete",
    });
    typed
        .chain(custom)
        .filter(|count| count.objects > 0 || count.state != "absent")
        .collect()
}
