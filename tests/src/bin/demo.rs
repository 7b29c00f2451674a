//! `demo`: packs the plugin's bundled cluster from the recorded stories, all faults in one cluster.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use flate2::{Compression, GzBuilder, read::GzDecoder};
use serde_json::{Value, json};

/// The healthy background, then one story a fault.
const STORIES: [&str; 13] = [
    "all-is-well",
    "config-map-missing",
    "database-down-takes-api-down",
    "image-not-found",
    "ingress-backend-missing",
    "job-backoff-limit",
    "node-selector-matches-nothing",
    "out-of-memory",
    "quota-exceeded",
    "readiness-probe-wrong-port",
    "service-selector-typo",
    "setting-missing-crash",
    "storage-class-missing",
];

fn main() -> Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("a workspace")?;
    let mut objects: BTreeMap<[String; 4], Value> = BTreeMap::new();
    let mut logs: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for story in STORIES {
        let folder = workspace.join("tests/stories").join(story);
        let file =
            File::open(folder.join("cluster.json.gz")).with_context(|| format!("story {story}"))?;
        let list: Value = serde_json::from_reader(GzDecoder::new(file))?;
        for object in list
            .get("items")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            objects.entry(key(object)).or_insert_with(|| object.clone());
        }
        gather_logs(&folder, &folder, &mut logs)?;
    }
    let list = json!({
        "apiVersion": "v1",
        "kind": "List",
        "items": objects.into_values().collect::<Vec<_>>(),
    });
    let out = workspace.join("kubelens-core/src/source/demo/cluster.tar.gz");
    let gzip = GzBuilder::new()
        .mtime(0)
        .write(File::create(&out)?, Compression::best());
    let mut archive = tar::Builder::new(gzip);
    append(&mut archive, "cluster.json", &serde_json::to_vec(&list)?)?;
    for (path, bytes) in &logs {
        append(&mut archive, path, bytes)?;
    }
    archive.into_inner()?.finish()?;
    Ok(())
}

fn key(object: &Value) -> [String; 4] {
    [
        "/apiVersion",
        "/kind",
        "/metadata/namespace",
        "/metadata/name",
    ]
    .map(|path| {
        object
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    })
}

fn gather_logs(top: &Path, folder: &Path, logs: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather_logs(top, &path, logs)?;
        } else if path.extension().is_some_and(|extension| extension == "log") {
            let mut bytes = Vec::new();
            File::open(&path)?.read_to_end(&mut bytes)?;
            logs.insert(
                path.strip_prefix(top)?.to_string_lossy().into_owned(),
                bytes,
            );
        }
    }
    Ok(())
}

fn append(archive: &mut tar::Builder<impl std::io::Write>, path: &str, bytes: &[u8]) -> Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len().try_into()?);
    header.set_mode(0o644);
    header.set_mtime(0);
    header.set_cksum();
    Ok(archive.append_data(&mut header, path, bytes)?)
}
