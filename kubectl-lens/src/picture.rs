//! The junction with the core: settings -> a picture of a cluster -> a report.

use kubelens_core::{engine::diagnose, kubernetes::Kind, model::Report, snapshot::Snapshot};

use crate::{
    failure::Failure,
    settings::{Checks, OutputSettings, PictureSettings},
    terminal::Progress,
};

/// What was read, and what is wrong with it.
#[derive(Debug)]
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
    let progress = Progress::new(output.progress);
    let snapshot = read(settings, output).await?;
    progress.step("analyzing");
    let report = diagnose(&snapshot, &checks.options());
    Ok(Picture { snapshot, report })
}

/// Reads.
pub(crate) async fn read(
    _settings: &PictureSettings,
    output: &OutputSettings,
) -> Result<Snapshot, Failure> {
    let progress = Progress::new(output.progress);
    progress.read("x", 1);
    progress.finished("x");
    Err(Failure::new("no source is here yet"))
}

/// How many objects of a kind a snapshot holds, and whether that is all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KindCount {
    pub(crate) kind: String,
    pub(crate) objects: usize,
    /// `complete`, or why not.
    pub(crate) state: String,
}

/// What a snapshot holds, by kind; kinds that it knows nothing of and has no gap for are left out.
pub(crate) fn counts(snapshot: &Snapshot) -> Vec<KindCount> {
    let typed = Kind::ALL.iter().map(|kind| {
        let gap = snapshot
            .gaps()
            .iter()
            .find(|(name, _, _)| *name == kind.as_str());
        KindCount {
            kind: kind.to_string(),
            objects: snapshot.tables().count(*kind),
            state: gap
                .map_or("complete", |(_, _, gap)| gap.state.as_str())
                .to_owned(),
        }
    });
    let custom = snapshot.custom().iter().map(|(kind, objects)| KindCount {
        kind: kind.clone(),
        objects: objects.len(),
        state: "complete".to_owned(),
    });
    typed
        .chain(custom)
        .filter(|count| count.objects > 0 || count.state != "absent")
        .collect()
}
