//! What a state of things is compared with: an earlier report, or an earlier picture.

use std::{fs::File, io::Read, path::Path};

use anyhow::Context;
use kubelens_core::{
    comparison::{Interlude, ReportDiff, compare},
    model::{KUBELENS_API_VERSION, ObjectRef, Report},
    snapshot::Snapshot,
};
use serde::Deserialize;

use crate::{
    failure::Failure,
    picture::{self, Picture},
    settings::{Checks, OutputSettings, PictureSettings},
    target,
};

/// One side of a comparison.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) report: Report,
    /// The picture, where it is one that was given and no report.
    pub(crate) snapshot: Option<Snapshot>,
}

impl From<Picture> for Side {
    fn from(picture: Picture) -> Self {
        Self {
            report: picture.report,
            snapshot: Some(picture.snapshot),
        }
    }
}

/// Reads a report as it is, and diagnoses anything else that `--from` reads.
pub(crate) async fn open(
    path: &Path,
    checks: &Checks,
    output: &OutputSettings,
) -> Result<Side, Failure> {
    if let Some(report) = recorded_report(path)? {
        return Ok(Side {
            report,
            snapshot: None,
        });
    }
    let settings = PictureSettings::recorded(path.to_owned());
    Ok(picture::take(&settings, checks, output).await?.into())
}

/// What differs between the two.
pub(crate) fn differences(older: &Side, newer: &Side) -> ReportDiff {
    let interlude = match (&older.snapshot, &newer.snapshot) {
        (Some(older), Some(newer)) => Interlude::between(older, newer),
        _ => Interlude::default(),
    };
    compare(&older.report, &newer.report, interlude)
}

/// The earlier side, cut to what the newer looks at: what lies elsewhere is neither new nor fixed.
pub(crate) fn cut_to(mut older: Side, newer: &Picture, objects: Option<&[ObjectRef]>) -> Side {
    let scope = &newer.report.scope;
    let looked = &scope.namespaces;
    let is_wider = older.report.scope.selector.is_none()
        && (older.report.scope.namespaces.is_empty()
            || looked
                .iter()
                .all(|namespace| older.report.scope.namespaces.contains(namespace)));
    if is_wider && !looked.is_empty() {
        older.report = target::in_namespaces(older.report, looked);
    }
    if let Some(objects) = objects {
        older.report = target::focus(older.report, &newer.snapshot, objects);
    }
    if is_wider && (objects.is_some() || scope.selector.is_none()) {
        older.report.scope = scope.clone();
    }
    older
}

/// As much of a document as says what it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default)]
    api_version: String,
    #[serde(default)]
    kind: String,
}

/// How much of a file tells whether it can be a report, in bytes.
const GLANCE: u64 = 512;

/// Whether a file that begins so holds a JSON object; editors may put a byte order mark in front.
fn is_object(first: &[u8]) -> bool {
    let text = first.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(first);
    text.trim_ascii_start().starts_with(b"{")
}

/// The report that a file holds; none where it holds something else.
fn recorded_report(path: &Path) -> Result<Option<Report>, Failure> {
    // What cannot be opened, and what is no JSON object, is for whoever reads pictures to tell.
    let Ok(file) = File::open(path) else {
        return Ok(None);
    };
    let mut first = Vec::new();
    if !path.is_file() || file.take(GLANCE).read_to_end(&mut first).is_err() || !is_object(&first) {
        return Ok(None);
    }
    let shown = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let Ok(head) = serde_json::from_str::<Head>(text) else {
        return Ok(None);
    };
    if !head.api_version.starts_with("kubelens.dev/") {
        return Ok(None);
    }
    if head.kind != "Report" || head.api_version != KUBELENS_API_VERSION {
        return Err(Failure::new(format!(
            "{shown} is a {} of {}, not a Report of {KUBELENS_API_VERSION}",
            head.kind, head.api_version
        ))
        .way_out("kubectl lens diagnose -o json=FILE writes one"));
    }
    let report: Report =
        serde_json::from_str(text).with_context(|| format!("{shown} is not a whole report"))?;
    if report.causes.len() < report.summary.causes || report.omitted.is_some() {
        return Err(Failure::new(format!(
            "{shown} was cut and holds {} of {} causes: what is not in it cannot be called new",
            report.causes.len(),
            report.summary.causes
        ))
        .way_out("save it without --max-causes and --budget"));
    }
    Ok(Some(report))
}
