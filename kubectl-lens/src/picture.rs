//! The junction with the core: settings -> a picture of a cluster -> a report.

use std::path::Path;

use kubelens_core::{
    kubernetes::Kind,
    model::Report,
    snapshot::Snapshot,
};

use crate::{
    failure::Failure,
    settings::{Checks, OutputSettings, PictureSettings},
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
    _checks: &Checks,
    output: &OutputSettings,
) -> Result<Picture, Failure> {
    read(settings, output).await?;
    Err(Failure::new("the engine is not here yet"))
}

/// Reads.
pub(crate) async fn read(_settings: &PictureSettings, output: &OutputSettings) -> Result<Snapshot, Failure> {
    let _ = crate::terminal::Progress::new(output.progress);
    Err(Failure::new("no source is here yet"))
}

/// Saves a snapshot for `--from`, and says how many objects it holds.
pub(crate) fn save(_snapshot: &Snapshot, _file: &Path) -> Result<usize, Failure> {
    Err(Failure::new("saving is not here yet"))
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
        let gap = snapshot.gaps().iter().find(|(name, _, _)| *name == kind.as_str());
        KindCount {
            kind: kind.to_string(),
            objects: snapshot.tables().count(*kind),
            state: gap.map_or("complete", |(_, _, gap)| gap.state.as_str()).to_owned(),
        }
    });
    let custom = snapshot.custom().iter().map(|(kind, objects)| KindCount {
        kind: kind.clone(),
        objects: objects.len(),
        state: "complete".to_owned(),
    });
    typed.chain(custom).filter(|count| count.objects > 0 || count.state != "absent").collect()
}
