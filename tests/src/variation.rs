//! Changes of a recorded cluster that must not matter: other names, another order, another time, more
//! healthy neighbours.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use serde_json::{Map, Value, json};

use crate::manifest::{self, text_at};
use crate::script::Dice;

/// Namespaces that are called so everywhere.
const FIXED: &[&str] = &["default", "kube-system", "kube-public", "kube-node-lease"];

/// Kinds whose objects can stand a second time in a cluster, under another namespace.
const REPEATABLE: &[&str] = &[
    "Namespace",
    "Pod",
    "Deployment",
    "ReplicaSet",
    "Service",
    "EndpointSlice",
    "Endpoints",
    "ConfigMap",
    "ServiceAccount",
    "PodDisruptionBudget",
    "Role",
    "RoleBinding",
];

/// A recorded cluster: its documents, and its logs by their place in the folder.
#[derive(Debug, Clone)]
pub struct Recording {
    documents: Vec<Value>,
    logs: BTreeMap<PathBuf, String>,
}

/// Old words and new ones.
#[derive(Debug, Default)]
pub struct Renaming(Vec<(String, String)>);

impl Recording {
    /// Reads the folder of a story.
    pub fn read(folder: &Path) -> Result<Self> {
        let mut recording = Self {
            documents: Vec::new(),
            logs: BTreeMap::new(),
        };
        recording.collect(folder, folder)?;
        Ok(recording)
    }

    fn collect(&mut self, root: &Path, folder: &Path) -> Result<()> {
        let mut entries: Vec<PathBuf> = fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<_>>()?;
        entries.sort();
        for path in entries {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                self.collect(root, &path)?;
            } else if name.ends_with(".log") {
                let place = path.strip_prefix(root)?.to_path_buf();
                self.logs.insert(place, fs::read_to_string(&path)?);
            } else if name.starts_with("cluster.") {
                self.documents.extend(documents(&path)?);
            }
        }
        Ok(())
    }

    /// Whether the story is told by other files than `cluster.*`: in another layout, which is a part of what it tests.
    pub const fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// Writes it into a folder.
    pub fn write(&self, folder: &Path) -> Result<()> {
        for (number, document) in self.documents.iter().enumerate() {
            fs::write(
                folder.join(format!("{number:03}.json")),
                document.to_string(),
            )?;
        }
        for (place, log) in &self.logs {
            let file = folder.join(place);
            fs::create_dir_all(file.parent().context("a log lies in a folder")?)?;
            fs::write(file, log)?;
        }
        Ok(())
    }

    fn objects(&self) -> impl Iterator<Item = &Value> {
        self.documents.iter().flat_map(|document| {
            document
                .get("items")
                .and_then(Value::as_array)
                .map_or(std::slice::from_ref(document), Vec::as_slice)
        })
    }

    /// Puts everything into another order.
    pub fn shuffle(&mut self, seed: u64) {
        let mut dice = Dice::new(seed, "shuffle");
        shuffle(&mut self.documents, &mut dice);
        for document in &mut self.documents {
            if let Some(items) = document.get_mut("items").and_then(Value::as_array_mut) {
                shuffle(items, &mut dice);
            }
        }
    }

    /// Whether a schedule is told in days of a month: then not every day is like another.
    fn knows_the_calendar(&self) -> bool {
        self.objects().any(|object| {
            let schedule = text_at(object, "/spec/schedule");
            let fields: Vec<&str> = schedule.split_whitespace().collect();
            schedule.starts_with('@') || fields.iter().skip(2).take(2).any(|field| *field != "*")
        })
    }

    /// Moves all times by so many whole days, unless something in it goes by the calendar.
    pub fn shift(&mut self, days: i64) -> Result<()> {
        if self.knows_the_calendar() {
            return Ok(());
        }
        let time = Regex::new(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")?;
        let moved = |text: &str| {
            time.replace_all(text, |found: &regex::Captures<'_>| {
                let written = found.get(0).map_or("", |found| found.as_str());
                later(written, days).unwrap_or_else(|| written.to_owned())
            })
            .into_owned()
        };
        for document in &mut self.documents {
            each_text(document, &moved);
        }
        for log in self.logs.values_mut() {
            *log = moved(log);
        }
        Ok(())
    }

    /// The parts of the paths of images: these keep their names, and messages quote them.
    fn parts_of_images(&self) -> BTreeSet<String> {
        let mut parts = BTreeSet::new();
        let mut rest: Vec<&Value> = self.documents.iter().collect();
        while let Some(value) = rest.pop() {
            match value {
                Value::Array(items) => rest.extend(items),
                Value::Object(fields) => {
                    let image = fields.get("image").and_then(Value::as_str);
                    let path = image.into_iter().flat_map(|image| image.split(['/', ':']));
                    parts.extend(path.map(str::to_owned));
                    rest.extend(fields.values());
                }
                _ => {}
            }
        }
        parts
    }

    /// New names for namespaces, nodes and Deployments, where a name is not a word of something else.
    pub fn renaming(&self) -> Renaming {
        let mut words = BTreeSet::new();
        for object in self.objects() {
            let name = text_at(object, "/metadata/name");
            let is_own = match text_at(object, "/kind") {
                "Namespace" => !FIXED.contains(&name) && !name.starts_with("openshift"),
                "Node" => true,
                "Deployment" => {
                    name.contains('-') && !FIXED.contains(&text_at(object, "/metadata/namespace"))
                }
                _ => false,
            };
            if is_own && name.len() > 3 {
                words.insert(name.to_owned());
            }
        }
        let taken: BTreeSet<String> = self
            .objects()
            .flat_map(|object| {
                let api = text_at(object, "/apiVersion");
                let kind = text_at(object, "/kind").to_lowercase();
                api.split(['/', '.'])
                    .map(str::to_owned)
                    .chain([kind])
                    .collect::<Vec<_>>()
            })
            .collect();
        let taken: BTreeSet<String> = taken.into_iter().chain(self.parts_of_images()).collect();
        words.retain(|word| !taken.contains(word) && !ORDINARY.contains(&word.as_str()));
        Renaming(
            words
                .into_iter()
                .map(|word| {
                    let tail = Dice::new(7, &word).suffix(2);
                    let renamed = format!("{word}{tail}");
                    (word, renamed)
                })
                .collect(),
        )
    }

    /// Gives everything its new name, wherever the old one is written.
    pub fn rename(&mut self, renaming: &Renaming) {
        for document in &mut self.documents {
            each_text(document, &|text| renaming.applied(text));
        }
        self.logs = std::mem::take(&mut self.logs)
            .into_iter()
            .map(|(place, log)| {
                let place = renaming.applied(&place.to_string_lossy());
                (PathBuf::from(place), renaming.applied(&log))
            })
            .collect();
    }

    /// Puts a copy of every namespace beside it that holds only ordinary things and is not `involved` in
    /// anything. Gives the number of copies.
    pub fn repeat_neighbours(&mut self, involved: &BTreeSet<String>) -> usize {
        let mut kinds: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for object in self.objects() {
            let namespace = text_at(object, "/metadata/namespace");
            if !namespace.is_empty() {
                kinds
                    .entry(namespace.to_owned())
                    .or_default()
                    .push(object.clone());
            }
        }
        let mut copies = Vec::new();
        let mut count = 0;
        for (namespace, objects) in kinds {
            let is_ordinary = objects.iter().all(|object| {
                REPEATABLE.contains(&text_at(object, "/kind")) && !holds_a_node(object)
            });
            if !is_ordinary || FIXED.contains(&namespace.as_str()) || involved.contains(&namespace)
            {
                continue;
            }
            count += 1;
            let own = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace, "uid": format!("ns-{namespace}"), "creationTimestamp": "2020-01-01T00:00:00Z" }, "spec": { "finalizers": ["kubernetes"] }, "status": { "phase": "Active" } });
            for mut object in objects.into_iter().chain([own]) {
                copied(&mut object, &namespace);
                copies.push(object);
            }
        }
        self.documents
            .push(json!({ "apiVersion": "v1", "kind": "List", "metadata": {}, "items": copies }));
        count
    }
}

/// Words that a name may be, and that are written where it is not meant.
const ORDINARY: &[&str] = &[
    "data", "metrics", "batch", "apps", "node", "test", "http", "logs", "storage",
];

impl Renaming {
    /// The text with every old word replaced that stands for itself.
    pub fn applied(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (old, new) in &self.0 {
            if text.contains(old.as_str()) {
                text = replaced(&text, old, new);
            }
        }
        text
    }
}

impl Renaming {
    /// The text with the old words, wherever a new one is written.
    pub fn undone(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, (old, new)| text.replace(new, old))
    }
}

/// Replaces a word that no letter, digit or hyphen stands before, and no letter or digit after.
fn replaced(text: &str, old: &str, new: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(old) {
        let opens = out.chars().chain(before.chars()).last();
        let is_whole = opens.is_none_or(|letter| !letter.is_ascii_alphanumeric() && letter != '-')
            && after
                .chars()
                .next()
                .is_none_or(|letter| !letter.is_ascii_alphanumeric());
        out.push_str(before);
        out.push_str(if is_whole { new } else { old });
        rest = after;
    }
    out.push_str(rest);
    out
}

fn documents(file: &Path) -> Result<Vec<Value>> {
    let name = file.to_string_lossy();
    if name.ends_with(".json.gz") {
        let mut text = String::new();
        flate2::read::GzDecoder::new(fs::File::open(file)?).read_to_string(&mut text)?;
        Ok(vec![serde_json::from_str(&text)?])
    } else if name.ends_with(".json") {
        Ok(vec![serde_json::from_str(&fs::read_to_string(file)?)?])
    } else {
        manifest::values(&fs::read_to_string(file)?)
    }
}

fn shuffle<T>(items: &mut [T], dice: &mut Dice) {
    for last in (1..items.len()).rev() {
        let other = dice.below(u64::try_from(last + 1).unwrap_or(1));
        items.swap(last, usize::try_from(other).unwrap_or(0));
    }
}

fn later(written: &str, days: i64) -> Option<String> {
    let time: Timestamp = format!("{written}Z").parse().ok()?;
    let moved = time
        .checked_add(SignedDuration::from_hours(24 * days))
        .ok()?;
    let format = if written.contains('T') {
        "%Y-%m-%dT%H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M:%S"
    };
    Some(moved.strftime(format).to_string())
}

/// Changes every text of a document, and the keys of labels and the like as little as its structure.
fn each_text(value: &mut Value, change: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, change)),
        Value::Object(fields) => {
            for (key, item) in fields.iter_mut() {
                let is_fixed = matches!(
                    key.as_str(),
                    "apiVersion"
                        | "kind"
                        | "type"
                        | "reason"
                        | "image"
                        | "imageID"
                        | "caBundle"
                        | "tls.crt"
                );
                if !is_fixed {
                    each_text(item, change);
                }
            }
        }
        _ => {}
    }
}

/// Whether a second copy on the same node, or at the same port, would clash.
fn holds_a_node(object: &Value) -> bool {
    let spec = object.pointer("/spec").unwrap_or(&Value::Null).to_string();
    spec.contains("hostPort")
        || spec.contains("\"hostNetwork\":true")
        || spec.contains("nodePort")
        || spec.contains("persistentVolumeClaim")
}

/// Makes of an object its copy in another namespace: with ids and addresses of its own.
fn copied(object: &mut Value, namespace: &str) {
    let renaming = Renaming(vec![(namespace.to_owned(), format!("{namespace}-again"))]);
    let own = |text: &str| renaming.applied(text);
    each_text(object, &own);
    with_ids_of_its_own(object);
}

fn with_ids_of_its_own(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(with_ids_of_its_own),
        Value::Object(fields) => own_fields(fields),
        _ => {}
    }
}

fn own_fields(fields: &mut Map<String, Value>) {
    for (key, item) in fields.iter_mut() {
        match (key.as_str(), &mut *item) {
            ("uid", Value::String(uid)) => uid.push_str("-again"),
            ("podIP" | "ip" | "clusterIP", Value::String(address)) => *address = elsewhere(address),
            ("clusterIPs" | "addresses", Value::Array(addresses)) => {
                for address in addresses {
                    if let Value::String(address) = address {
                        *address = elsewhere(address);
                    }
                }
            }
            _ => with_ids_of_its_own(item),
        }
    }
}

/// An address that nothing has.
fn elsewhere(address: &str) -> String {
    match address.split_once('.') {
        Some((_, rest)) => format!("172.{rest}")
            .replacen('.', ".9", 1)
            .chars()
            .take(15)
            .collect(),
        None => address.to_owned(),
    }
}
