//! A cluster as tests make it up: objects, and what is known besides.

use std::collections::{BTreeMap, BTreeSet};

use kubelens_core::kubernetes::Kind;
use kubelens_core::model::Report;
use kubelens_core::source::{FileSource, ReadRequest, Silent, SourceError};
use kubelens_core::{Snapshot, diagnose};
use serde_json::{Value, json};

use crate::everything;

/// Objects, and what a recording knows besides.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    pub(crate) objects: Vec<Value>,
    /// When it is; none for the newest time in the objects.
    pub(crate) now: Option<String>,
    /// What the API server says it is.
    pub(crate) version: Option<String>,
    /// The kinds that were read in full, even if there is nothing of them.
    pub(crate) listed: BTreeSet<Kind>,
    /// The kinds that nobody was permitted to read.
    pub(crate) forbidden: BTreeSet<Kind>,
    /// What containers say, by `NAMESPACE/POD/CONTAINER.log` or `.previous.log`.
    pub(crate) logs: BTreeMap<String, String>,
}

impl World {
    /// Two worlds become one; where they differ about the time, it is this one's.
    pub(crate) fn meet(&mut self, other: &Self) {
        self.objects.extend(other.objects.iter().cloned());
        self.listed.extend(&other.listed);
        self.forbidden.extend(&other.forbidden);
        self.now = self.now.take().or_else(|| other.now.clone());
        self.version = self.version.take().or_else(|| other.version.clone());
        let logs = other.logs.iter();
        self.logs
            .extend(logs.map(|(path, text)| (path.clone(), text.clone())));
    }

    /// It as `snapshot save` writes it.
    pub(crate) fn recorded(&self) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        let mut append = |path: &str, bytes: &[u8]| {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            let path = format!("kubelens-snapshot/{path}");
            archive.append_data(&mut header, path, bytes).unwrap();
        };
        append("info.json", self.info().to_string().as_bytes());
        let list = json!({"apiVersion": "v1", "kind": "List", "items": self.objects});
        append("objects/all.json", list.to_string().as_bytes());
        for (path, text) in &self.logs {
            append(&format!("logs/{path}"), text.as_bytes());
        }
        archive.into_inner().unwrap()
    }

    /// What a recording says about itself. Of a kind that nobody listed, and of which there is nothing, nothing is known.
    fn info(&self) -> Value {
        let is_there = |kind: Kind| {
            let mut objects = self.objects.iter();
            objects.any(|object| {
                let text = |field: &str| object[field].as_str().unwrap_or_default();
                Kind::from_manifest(text("apiVersion"), text("kind")) == Some(kind)
            })
        };
        let gap = |kind: Kind| {
            let state = if self.forbidden.contains(&kind) {
                "forbidden"
            } else if self.listed.contains(&kind) || is_there(kind) {
                return None;
            } else {
                "absent"
            };
            Some(json!({"kind": kind.as_str(), "state": state, "detail": state}))
        };
        let gaps: Vec<Value> = Kind::ALL.iter().copied().filter_map(gap).collect();
        json!({
            "apiVersion": "kubelens.dev/v1alpha1", "kind": "Snapshot", "takenAt": self.now, "gaps": gaps,
            "cluster": {"name": "c", "version": self.version, "source": "files"},
            "scope": {"namespaces": [], "selector": null},
        })
    }

    /// The picture of it.
    pub(crate) fn picture(&self) -> Result<Snapshot, SourceError> {
        FileSource::from_bytes("c.tar", self.recorded()).read(&ReadRequest::default(), &Silent)
    }

    /// The report about it, by all profiles.
    pub(crate) fn report(&self) -> Result<Report, SourceError> {
        Ok(diagnose(&self.picture()?, &everything()))
    }
}
