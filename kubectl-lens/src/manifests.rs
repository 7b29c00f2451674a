//! Manifests that are not applied yet, from files, folders and standard input.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::Context;
use kubelens_core::{
    model::CoverageState,
    snapshot::Snapshot,
    source::{ClusterSource, FileSource, ReadRequest},
};
use serde_json::Value;

use crate::{failure::Failure, settings::OutputSettings};

/// Longest input; what is longer is no manifest.
const LONGEST: u64 = 64 * 1024 * 1024;
/// Deepest folder of folders.
const DEEPEST: usize = 32;

/// Manifests as they were given.
#[derive(Debug)]
pub(crate) struct Manifests {
    texts: Vec<(String, String)>,
}

impl Manifests {
    /// Reads all of them.
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Self, Failure> {
        let mut texts = Vec::new();
        if paths.iter().filter(|path| is_stdin(path)).count() > 1 {
            return Err(Failure::new(
                "-f - is given twice: standard input can be read once",
            ));
        }
        for path in paths {
            if path.is_dir() {
                folder(path, 0, &mut texts)?;
            } else {
                texts.push(text(path)?);
            }
        }
        if texts.is_empty() {
            let shown: Vec<String> = paths
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            return Err(
                Failure::new(format!("there is no manifest in {}", shown.join(", ")))
                    .way_out("manifests are files that end in .yaml, .yml or .json"),
            );
        }
        Ok(Self { texts })
    }

    /// All objects as one picture; those that name no namespace are in `namespace`. One that cannot be read is an
    /// error: nothing may be called good that nobody has looked at.
    pub(crate) async fn picture(
        &self,
        namespace: &str,
        output: &OutputSettings,
    ) -> Result<Snapshot, Failure> {
        let request = ReadRequest {
            default_namespace: namespace.to_owned(),
            without_status: true,
            ..ReadRequest::default()
        };
        let mut all: Option<Snapshot> = None;
        for (name, text) in &self.texts {
            if is_blank(text) {
                continue;
            }
            let source = FileSource::from_bytes(name.clone(), text.clone().into_bytes());
            let picture = source
                .load(&request, &output.progress)
                .await
                .map_err(|error| {
                    Failure::from(error)
                        .way_out("a manifest has apiVersion, kind and metadata.name")
                })?;
            let broken = picture
                .gaps()
                .iter()
                .find(|(_, _, gap)| gap.state != CoverageState::Absent);
            if let Some((_, _, gap)) = broken {
                return Err(Failure::new(&gap.detail).way_out("correct it first"));
            }
            all = Some(match all {
                Some(before) => before.with_applied(&picture),
                None => picture,
            });
        }
        all.filter(|all| all.object_count() > 0)
            .ok_or_else(|| Failure::new("there is no object in the manifests"))
    }

    /// Every object in full, as the API server gets it.
    pub(crate) fn objects(&self) -> Result<Vec<Value>, Failure> {
        let mut objects = Vec::new();
        for (name, text) in &self.texts {
            let documents = serde_saphyr::from_multiple::<Option<Value>>(text)
                .with_context(|| format!("{name} is not a manifest"))?;
            for document in documents.into_iter().flatten() {
                match document.get("items").and_then(Value::as_array) {
                    Some(items) => objects.extend(items.iter().cloned()),
                    None => objects.push(document),
                }
            }
        }
        Ok(objects)
    }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Nothing but comments and separators, as a template that is switched off leaves it.
fn is_blank(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#') || line == "---")
}

fn text(path: &Path) -> Result<(String, String), Failure> {
    let shown = if is_stdin(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let input: Box<dyn Read> = if is_stdin(path) {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).with_context(|| format!("cannot read {shown}"))?)
    };
    let mut text = String::new();
    let length = input
        .take(LONGEST + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("cannot read {shown}"))?;
    if length as u64 > LONGEST {
        return Err(Failure::new(format!("{shown} is longer than 64 MiB")));
    }
    Ok((shown, text))
}

/// The manifests of a folder, by name; hidden files and other endings are somebody else's.
fn folder(path: &Path, depth: usize, texts: &mut Vec<(String, String)>) -> Result<(), Failure> {
    let shown = path.display();
    if depth > DEEPEST {
        return Err(Failure::new(format!("{shown} is nested too deeply")));
    }
    let mut entries = std::fs::read_dir(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("cannot read {shown}"))?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let ending = path.extension().and_then(|ending| ending.to_str());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            folder(&path, depth + 1, texts)?;
        } else if matches!(ending, Some("yaml" | "yml" | "json")) {
            texts.push(text(&path)?);
        }
    }
    Ok(())
}
