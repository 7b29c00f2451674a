use std::collections::BTreeMap;

use crate::analysis::Analyzer;
use crate::kubernetes::{Kind, KindSet, Secret};
use crate::model::{Coverage, CoverageState, KindCoverage};
use crate::snapshot::Snapshot;

/// Most namespaces whose reasons are listed for one kind.
const MOST_DETAILS: usize = 3;

/// What the analyzers wanted and could not read.
pub(super) fn coverage(snapshot: &Snapshot, analyzers: &[&'static Analyzer]) -> Coverage {
    let wanted = analyzers.iter().fold(KindSet::EMPTY, |wanted, analyzer| {
        wanted.union(analyzer.reads)
    });
    let mut kinds: BTreeMap<&str, (CoverageState, Vec<String>)> = BTreeMap::new();
    // The older form says nothing that the slices do not.
    let are_slices_known = snapshot
        .gaps()
        .iter()
        .all(|(kind, _, _)| kind != "EndpointSlice");
    for (kind, namespace, gap) in snapshot.gaps().iter() {
        if kind == "Endpoints" && are_slices_known {
            continue;
        }
        if Kind::from_name(kind).is_some_and(|kind| !wanted.contains(kind)) {
            continue;
        }
        let detail = match namespace {
            Some(namespace) if !gap.detail.contains(namespace) => {
                format!("{namespace}: {}", gap.detail)
            }
            _ => gap.detail.clone(),
        };
        kinds
            .entry(kind)
            .or_insert((gap.state, Vec::new()))
            .1
            .push(detail);
    }
    let is_counted =
        |kind: &Kind, state: CoverageState| !(kind.is_optional() && state == CoverageState::Absent);
    let (missing, left_out): (Vec<_>, Vec<_>) = kinds
        .iter()
        .filter_map(|(kind, (state, _))| Some((Kind::from_name(kind)?, *state)))
        .partition(|(kind, state)| is_counted(kind, *state));
    let missing = missing.len();
    let total = wanted.iter().count().saturating_sub(left_out.len());
    let seen = total.saturating_sub(missing);
    let mut told: Vec<KindCoverage> = kinds
        .into_iter()
        .map(|(kind, (state, details))| KindCoverage {
            kind: kind.to_owned(),
            state,
            detail: joined(&details),
            checks_skipped: skipped(kind, analyzers),
        })
        .collect();
    told.extend(without_values(snapshot, analyzers));
    Coverage {
        percent: (seen * 100)
            .checked_div(total)
            .map_or(100, |percent| u8::try_from(percent).unwrap_or(100)),
        kinds: told,
    }
}

/// What needs the data of Secrets: the names of its keys, or what its certificate says.
const OF_SECRET_DATA: [&str; 3] = ["CFG004", "CTL020", "CTL021"];

/// Secrets of which only the metadata was asked for, by design: nothing is missing, and the checks that look
/// into them did not run.
fn without_values(snapshot: &Snapshot, analyzers: &[&'static Analyzer]) -> Option<KindCoverage> {
    let has_run = |code: &&&str| analyzers.iter().any(|analyzer| analyzer.code == **code);
    let skipped: Vec<String> = OF_SECRET_DATA
        .iter()
        .filter(has_run)
        .map(|code| (*code).to_owned())
        .collect();
    let mut secrets = snapshot.table::<Secret>().iter();
    let is_hidden = secrets.any(|secret| secret.data.is_none());
    (is_hidden && !skipped.is_empty()).then(|| KindCoverage {
        kind: "Secret data".to_owned(),
        state: CoverageState::Absent,
        detail:
            "only the metadata of Secrets was read: keys and certificates in them are not known"
                .to_owned(),
        checks_skipped: skipped,
    })
}

fn joined(details: &[String]) -> String {
    let mut text = details
        .iter()
        .take(MOST_DETAILS)
        .cloned()
        .collect::<Vec<_>>()
        .join("; ");
    if details.len() > MOST_DETAILS {
        use std::fmt::Write;
        let _ = write!(text, "; and {} more", details.len() - MOST_DETAILS);
    }
    text
}

fn skipped(kind: &str, analyzers: &[&'static Analyzer]) -> Vec<String> {
    let Some(kind) = Kind::from_name(kind) else {
        return Vec::new();
    };
    analyzers
        .iter()
        .filter(|analyzer| analyzer.reads.contains(kind))
        .map(|analyzer| analyzer.code.to_owned())
        .collect()
}
