//! Scripts: clusters told in a few lines, written out as complete objects.
//!
//! `tests/scripts/<story>.yaml` says what a person would tell: which workloads there are, what their pods do, which
//! events and logs that left behind. Everything else that a real cluster has comes from here: ids, owners,
//! ReplicaSets, pods with their statuses, EndpointSlices, claims and volumes, nodes, `kube-system`, and healthy
//! neighbours. Names, digests, addresses and the order of objects follow from the seed.
//!
//! Text of a script may hold `{{ago 10m}}` (a time), `{{node 0}}`, `{{uid Kind namespace/name}}`, and within a pod
//! `{{pod}}`, `{{uid}}`, `{{node}}`.

mod actor;
mod claims;
mod clock;
mod dice;

mod endpoints;
mod events;
mod kubelet;
mod platform;
mod town;
mod workload;
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::manifest;
pub use dice::Dice;
use world::World;

/// A script, read from its file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// One sentence for people.
    title: String,
    family: String,
    /// What must be named, as in `expect.json`.
    #[serde(default)]
    roots: Vec<Value>,
    #[serde(default)]
    forbid: Vec<Value>,
    /// How many causes of severity warning or critical there may be.
    most: usize,
    seed: u64,
    #[serde(default = "Script::default_now")]
    now: String,
    #[serde(default)]
    platform: platform::Platform,
    #[serde(default = "Script::default_version")]
    version: String,
    /// How many worker nodes.
    #[serde(default = "Script::default_nodes")]
    nodes: usize,
    #[serde(default = "Script::default_zones")]
    zones: usize,
    /// What is special about some nodes: `{node: 0, patch: ..., csi: ...}` (the Node, its `CSINode`).
    #[serde(default)]
    machines: Vec<Map<String, Value>>,
    /// What is otherwise than usual about objects that come from here: `{of: Kind namespace/name, patch: ..., previous: ...}`.
    #[serde(default)]
    changes: Vec<Map<String, Value>>,
    /// How many namespaces of healthy neighbours.
    #[serde(default = "Script::default_neighbours")]
    neighbours: usize,
    /// Kinds that the one who recorded it could not list.
    #[serde(default)]
    without: Vec<String>,
    #[serde(default)]
    objects: Vec<Map<String, Value>>,
    #[serde(default)]
    events: Vec<events::Told>,
}

impl Script {
    fn default_now() -> String {
        "2026-09-17T09:26:40Z".to_owned()
    }

    fn default_version() -> String {
        "v1.34.3".to_owned()
    }

    fn default_nodes() -> usize {
        3
    }

    fn default_zones() -> usize {
        2
    }

    fn default_neighbours() -> usize {
        1
    }

    /// Reads the script of a story.
    pub fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        serde_saphyr::from_str(&text).with_context(|| file.display().to_string())
    }

    /// The cluster at the end of the story.
    pub fn perform(&self) -> Result<Performance> {
        let mut world = World::new(self)?;
        platform::raise(self, &mut world)?;
        for told in &self.objects {
            world.tell(told)?;
        }
        town::settle(self.neighbours, &mut world)?;
        for told in &self.machines {
            platform::change(told, &mut world)?;
        }
        for told in &self.changes {
            world.change(told)?;
        }
        for told in &self.events {
            events::add(told, &mut world)?;
        }
        Ok(world.finish(&self.without))
    }

    /// What a diagnosis must say, as `expect.json` has it.
    fn expectation(&self, name: &str) -> Value {
        json!({
            "id": name,
            "title": self.title,
            "family": self.family,
            "roots": self.roots.iter().map(completed).collect::<Vec<_>>(),
            "forbid": self.forbid,
            "max_causes_critical_or_warning": self.most,
            "note": "",
        })
    }

    /// Writes the story's folder, anew.
    pub fn write(&self, name: &str, stories: &Path) -> Result<()> {
        let performance = self.perform().with_context(|| name.to_owned())?;
        let folder = stories.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let lines = performance
            .objects
            .iter()
            .map(serde_json::to_string)
            .collect::<Result<Vec<_>, _>>()?;
        fs::write(
            folder.join("cluster.json"),
            format!(
                "{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"metadata\":{{\"resourceVersion\":\"\"}},\"items\":[\n{}\n]}}\n",
                lines.join(",\n")
            ),
        )?;
        let mut expectation = serde_json::to_string_pretty(&self.expectation(name))?;
        expectation.push('\n');
        fs::write(folder.join("expect.json"), expectation)?;
        for (place, text) in &performance.logs {
            let file = folder.join(place);
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(file, text)?;
        }
        Ok(())
    }
}

/// A root with what is the same in most of them filled in: `subjects: [Kind namespace/name]`, `text`.
fn completed(told: &Value) -> Value {
    let subjects: Vec<Value> = list(told, "subjects")
        .iter()
        .filter_map(Value::as_str)
        .map(|subject| {
            let (kind, place) = subject.split_once(' ').unwrap_or((subject, ""));
            let (namespace, name) = place
                .split_once('/')
                .map_or((Value::Null, place), |(namespace, name)| {
                    (json!(namespace), name)
                });
            json!({ "kind": kind, "namespace": namespace, "name": name })
        })
        .collect();
    json!({
        "subject_any": subjects,
        "text_all": list(told, "text"),
        "min_severity": told.get("severity").and_then(Value::as_str).unwrap_or("critical"),
        "max_rank": told.get("rank").and_then(Value::as_u64).unwrap_or(1),
    })
}

/// The list of that name, or none.
fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// Lays `patch` over `base`, as a JSON merge patch does.
fn merge(base: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        base.clone_from(patch);
        return;
    };
    if !base.is_object() {
        *base = json!({});
    }
    if let Some(target) = base.as_object_mut() {
        for (key, value) in fields {
            if value.is_null() {
                target.remove(key);
            } else {
                merge(target.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
    }
}

/// A cluster, written out.
#[derive(Debug)]
pub struct Performance {
    /// Every object.
    pub objects: Vec<Value>,
    /// Logs by `<namespace>/<pod>/<container>[.previous].log`.
    pub logs: BTreeMap<String, String>,
}

/// Where the scripts are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts")
}

/// All scripts with their stories' names, sorted.
pub fn all() -> Result<Vec<(String, Script)>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "yaml")
    });
    files.sort();
    files
        .iter()
        .map(|file| {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            Ok((name.into_owned(), Script::read(file)?))
        })
        .collect()
}

/// The text at a JSON pointer.
fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    manifest::text_at(value, pointer)
}
