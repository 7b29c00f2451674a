//! Somebody who may not read a kind, in every recorded cluster that it matters to: the report says so, and calls
//! nothing of that kind missing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kubelens_core::kubernetes::{Kind, KindSet};
use kubelens_core::model::{CoverageState, EvidenceKind, Report};
use kubelens_core::snapshot::{Snapshot, SnapshotBuilder, Writer};
use kubelens_core::source::{FileSource, ReadRequest, Silent};
use kubelens_core::{Options, diagnose, registry};

/// In how many stories each kind is denied: all of them would take a quarter of an hour.
const STORIES_A_KIND: usize = 6;

fn stories() -> Vec<(String, Snapshot)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stories");
    let mut all: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the stories")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("expect.json").exists())
        .collect();
    all.sort();
    let read = |path: PathBuf| {
        let picture = FileSource::new(&path).read(&ReadRequest::default(), &Silent);
        let name = path.file_name().expect("a name").to_string_lossy();
        (name.into_owned(), picture.expect("a picture"))
    };
    all.into_iter().map(read).collect()
}

/// The stories in which a kind is denied: spread over all that hold it and know it in full, others for each kind.
fn chosen(stories: &[(String, Snapshot)], kind: Kind) -> Vec<&(String, Snapshot)> {
    let holding: Vec<&(String, Snapshot)> = stories
        .iter()
        .filter(|(_, picture)| picture.gaps().has_none(kind))
        .filter(|(_, picture)| picture.tables().count(kind) > 0)
        .collect();
    let step = holding.len().div_ceil(STORIES_A_KIND).max(1);
    let first = kind as usize % step;
    holding.into_iter().skip(first).step_by(step).collect()
}

fn denied(picture: &Snapshot, kind: Kind) -> Snapshot {
    let nothing = SnapshotBuilder::default().build_recorded(None);
    let mut writer = Writer::new(picture);
    writer.replace(kind, None, &nothing);
    let detail = format!("{} is forbidden", kind.plural());
    writer.gap(kind.as_str(), None, CoverageState::Forbidden, detail);
    writer.snapshot(picture.taken_at().expect("a story has a time"))
}

fn complaints(report: &Report, kind: Kind) -> Vec<String> {
    let mut all = Vec::new();
    let gap = report
        .coverage
        .kinds
        .iter()
        .find(|known| known.kind == kind.as_str());
    if gap.is_none_or(|gap| gap.state != CoverageState::Forbidden) {
        all.push("no gap".to_owned());
    }
    for cause in &report.causes {
        let is_claimed = cause.evidence.iter().any(|proof| {
            proof.kind == EvidenceKind::Absence
                && proof.object.kind == kind.as_str()
                && proof.object.api_version == kind.api_version()
                && proof.object.uid.is_none()
        });
        if is_claimed {
            all.push(format!("{} calls it absent: {}", cause.code, cause.title));
        }
    }
    all
}

#[test]
fn what_may_not_be_read_is_a_gap_in_every_story_and_never_missing() {
    let stories = stories();
    let options = Options::default();
    let read = registry()
        .iter()
        .filter(|analyzer| !analyzer.is_opinion())
        .fold(KindSet::EMPTY, |all, analyzer| all.union(analyzer.reads));
    let mut cases = Vec::new();
    // Endpoints are read only where slices cannot be.
    for kind in read.iter().filter(|kind| *kind != Kind::Endpoints) {
        let all = chosen(&stories, kind).into_iter();
        cases.extend(all.map(|(name, picture)| (kind, name, picture)));
    }
    let kinds: BTreeSet<Kind> = cases.iter().map(|(kind, ..)| *kind).collect();
    assert!(kinds.len() >= 30, "few kinds are in stories: {kinds:?}");
    let wrong: Vec<String> = cases
        .iter()
        .flat_map(|(kind, name, picture)| {
            let report = diagnose(&denied(picture, *kind), &options);
            let all = complaints(&report, *kind).into_iter();
            all.map(move |complaint| format!("{name} without {kind}: {complaint}"))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} complaints in {} cases:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}
