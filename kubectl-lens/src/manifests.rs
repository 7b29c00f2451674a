//! Manifests that are not applied yet, from files, folders and standard input.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::Context;
use kubelens_core::{
    kubernetes::read_documents,
    model::CoverageState,
    snapshot::Snapshot,
    source::{ClusterSource, FileSource, Progress as _, ReadRequest, SourceError},
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
    /// What was named, as shown.
    name: String,
    texts: Vec<Text>,
}

#[derive(Debug)]
struct Text {
    /// Where it is from, as shown.
    name: String,
    text: String,
    /// Nobody named the file: it lay in a folder that was named.
    is_found: bool,
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
                texts.push(text(path, false)?);
            }
        }
        let shown: Vec<String> = paths.iter().map(|path| shown(path)).collect();
        let name = shown.join(", ");
        if texts.is_empty() {
            return Err(Failure::new(format!("there is no manifest in {name}"))
                .way_out("manifests are files that end in .yaml, .yml or .json"));
        }
        Ok(Self { name, texts })
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
            validated: true,
            ..ReadRequest::default()
        };
        let mut all: Option<Snapshot> = None;
        for Text {
            name,
            text,
            is_found,
        } in &self.texts
        {
            if is_blank(text) {
                continue;
            }
            let source = FileSource::from_bytes(name.clone(), text.clone().into_bytes());
            let picture = match source.load(&request, &output.progress).await {
                Ok(picture) => picture,
                Err(error @ SourceError::NoObjects { .. }) if *is_found => {
                    output.progress.warning(&left_out(&error, name));
                    continue;
                }
                Err(error) => {
                    return Err(Failure::from(error)
                        .way_out("a manifest has apiVersion, kind and metadata.name"));
                }
            };
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
            .map(|all| all.named(&self.name))
            .ok_or_else(|| {
                Failure::new(format!("there is no object in {}", self.name))
                    .way_out("a manifest has apiVersion, kind and metadata.name")
            })
    }

    /// Every object in full, as the API server gets it.
    pub(crate) fn objects(&self) -> Result<Vec<Value>, Failure> {
        let mut objects = Vec::new();
        for Text { name, text, .. } in &self.texts {
            let documents =
                read_documents(text).with_context(|| format!("{name} is not a manifest"))?;
            for document in documents {
                match document.get("items").and_then(Value::as_array) {
                    Some(items) => objects.extend(items.iter().cloned()),
                    None => objects.push(document),
                }
            }
        }
        Ok(objects)
    }
}

/// Says that a file of a folder is no manifest; of a kustomization, how to check what it builds.
fn left_out(error: &SourceError, name: &str) -> String {
    let path = Path::new(name);
    let is_kustomization = path
        .file_stem()
        .is_some_and(|stem| stem.eq_ignore_ascii_case("kustomization"));
    match path.parent() {
        Some(folder) if is_kustomization => format!(
            "{name} is for kustomize, and the files beside it are read as they are; what it builds is checked by: \
             kubectl kustomize {} | kubectl lens check -f -",
            folder.display()
        ),
        _ => format!("{error}: left out"),
    }
}

fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

fn shown(path: &Path) -> String {
    if is_stdin(path) {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// Nothing but comments and separators, as a template that is switched off leaves it.
fn is_blank(text: &str) -> bool {
    text.trim_start_matches('\u{feff}')
        .lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#') || line == "---")
}

fn text(path: &Path, is_found: bool) -> Result<Text, Failure> {
    let shown = shown(path);
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
    Ok(Text {
        name: shown,
        text,
        is_found,
    })
}

/// The manifests of a folder, by name; hidden files and other endings are somebody else's.
fn folder(path: &Path, depth: usize, texts: &mut Vec<Text>) -> Result<(), Failure> {
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
            texts.push(text(&path, true)?);
        }
    }
    Ok(())
}
