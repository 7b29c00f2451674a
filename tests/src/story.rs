//! Stories: folders of manifests that real controllers act upon, with what a diagnosis must say then.
//!
//! `control-plane/stories/<name>/` holds
//! - `manifests.yaml`: what is applied first. Its first Namespace is where the story happens;
//! - `until.yaml`: a list of steps, each `until: [condition, ...]`, `apply: FILE` or `delete: {...}`; and who
//!   asks for the diagnosis (`as: USER`), if not the administrator; and how old the state must be before a
//!   diagnosis may speak of it (`ripe: SECONDS`), where that is longer than usual;
//! - `expect.json`: what must be named (see [`crate::judge`]);
//! - `logs/<container>.log`: what that container printed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::cluster::{Cluster, Target};
use crate::condition::Condition;
use crate::control_plane::{self, ControlPlane};
use crate::judge::Expectation;
use crate::manifest;
use crate::patience::{Seen, until};
use crate::stage::ContainerLog;

const PATIENCE: Duration = Duration::from_mins(3);
const PAUSE: Duration = Duration::from_millis(500);

/// Longer than every grace period of a minute or two, shorter than it takes a pod's events to grow stale.
const RIPE: Duration = Duration::from_secs(130);

/// A story, read from its folder.
#[derive(Debug)]
pub struct Story {
    /// The folder's name.
    pub name: String,
    /// Where it happens: its namespaces, the main one first.
    pub namespaces: Vec<String>,
    /// What a diagnosis must say.
    pub expectation: Expectation,
    /// The user who asks, if not the administrator.
    pub asks: Option<String>,
    /// How old the state must be before a diagnosis may speak of it.
    pub ripe: Duration,
    folder: PathBuf,
    steps: Vec<Step>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plot {
    #[serde(rename = "as")]
    asks: Option<String>,
    ripe: Option<u64>,
    #[serde(default)]
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Step {
    Until(Vec<Condition>),
    Apply(String),
    Delete(Target),
}

/// The cluster that every story happens in: nodes, DNS, an ingress controller, storage. All of it is well.
pub fn base() -> Result<Story> {
    Story::read(&control_plane::folder().join("base"))
}

/// All stories of this crate, by name.
pub fn all() -> Result<Vec<Story>> {
    let folder = control_plane::folder().join("stories");
    let mut names: Vec<PathBuf> = fs::read_dir(&folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    names.retain(|path| path.join("manifests.yaml").exists());
    names.sort();
    names
        .iter()
        .map(|path| Story::read(path).with_context(|| format!("story {}", path.display())))
        .collect()
}

/// The stories of these names; `all` is all of them.
pub fn named(names: &[String]) -> Result<Vec<Story>> {
    let mut stories = all()?;
    if names.iter().any(|name| name == "all") {
        return Ok(stories);
    }
    if let Some(unknown) = names
        .iter()
        .find(|name| !stories.iter().any(|story| story.name == **name))
    {
        let known: Vec<&str> = stories.iter().map(|story| story.name.as_str()).collect();
        anyhow::bail!("no story {unknown}; there are: {}", known.join(", "));
    }
    stories.retain(|story| names.contains(&story.name));
    Ok(stories)
}

impl Story {
    /// Reads a story's folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let read =
            |name: &str| fs::read_to_string(folder.join(name)).with_context(|| name.to_owned());
        let documents = manifest::values(&read("manifests.yaml")?)?;
        let namespaces = documents.iter().filter(|object| is_namespace(object));
        let namespaces: Vec<String> = namespaces
            .map(|object| manifest::text_at(object, "/metadata/name").to_owned())
            .collect();
        anyhow::ensure!(!namespaces.is_empty(), "manifests.yaml has no Namespace");
        let plot: Plot = if folder.join("until.yaml").exists() {
            serde_json::from_value(manifest::value(&read("until.yaml")?)?).context("until.yaml")?
        } else {
            Plot::default()
        };
        Ok(Self {
            name: folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            namespaces,
            expectation: serde_json::from_str(&read("expect.json")?).context("expect.json")?,
            asks: plot.asks,
            ripe: plot.ripe.map_or(RIPE, Duration::from_secs),
            folder: folder.to_path_buf(),
            steps: plot.steps,
        })
    }

    /// Its `expect.json`, as it was written.
    pub fn expectation_text(&self) -> Result<String> {
        fs::read_to_string(self.folder.join("expect.json")).context("expect.json")
    }

    /// What it brings into the cluster: all documents of all its files.
    pub fn objects(&self) -> Result<Vec<Value>> {
        let later = self.steps.iter().filter_map(|step| {
            if let Step::Apply(file) = step {
                Some(file.as_str())
            } else {
                None
            }
        });
        let mut all = Vec::new();
        for file in std::iter::once("manifests.yaml").chain(later) {
            let text =
                fs::read_to_string(self.folder.join(file)).with_context(|| file.to_owned())?;
            all.extend(manifest::values(&text)?);
        }
        Ok(all)
    }

    /// Where it happens.
    pub fn namespace(&self) -> &str {
        self.namespaces.first().map_or("default", String::as_str)
    }

    /// The logs that its containers print.
    pub fn logs(&self) -> Result<Vec<ContainerLog>> {
        let folder = self.folder.join("logs");
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let mut logs = Vec::new();
        for entry in fs::read_dir(folder)? {
            let file = entry?.path();
            let container = file
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            logs.push(ContainerLog {
                namespace: self.namespace().to_owned(),
                container,
                file,
            });
        }
        logs.sort_by(|a, b| a.container.cmp(&b.container));
        Ok(logs)
    }

    /// Applies the manifests and takes the steps, until the last condition holds.
    pub async fn play(&self, plane: &ControlPlane, cluster: &Cluster) -> Result<()> {
        self.tell(plane, cluster)
            .await
            .with_context(|| format!("story {}", self.name))
    }

    async fn tell(&self, plane: &ControlPlane, cluster: &Cluster) -> Result<()> {
        let first = self.documents(plane, "manifests.yaml")?;
        for object in first.iter().filter(|object| is_namespace(object)) {
            cluster.apply(object, "").await?;
        }
        for namespace in &self.namespaces {
            settled(cluster, namespace).await?;
        }
        self.apply(cluster, &first).await?;
        for step in &self.steps {
            match step {
                Step::Until(conditions) => {
                    for condition in conditions {
                        until("a condition", PATIENCE, PAUSE, async || {
                            let missing = condition.missing(cluster, self.namespace()).await?;
                            Ok(missing.map_or(Seen::Yes(()), Seen::NotYet))
                        })
                        .await?;
                    }
                }
                Step::Apply(file) => self.apply(cluster, &self.documents(plane, file)?).await?,
                Step::Delete(target) if target.namespace.is_empty() => {
                    cluster
                        .delete(&Target {
                            namespace: self.namespace().to_owned(),
                            ..target.clone()
                        })
                        .await?;
                }
                Step::Delete(target) => cluster.delete(target).await?,
            }
        }
        Ok(())
    }

    fn documents(&self, plane: &ControlPlane, file: &str) -> Result<Vec<Value>> {
        let text = fs::read_to_string(self.folder.join(file)).with_context(|| file.to_owned())?;
        manifest::values(&plane.fill_in(&text)?).with_context(|| file.to_owned())
    }

    async fn apply(&self, cluster: &Cluster, objects: &[Value]) -> Result<()> {
        for object in objects {
            cluster.apply(object, self.namespace()).await?;
        }
        Ok(())
    }
}

fn is_namespace(object: &Value) -> bool {
    manifest::text_at(object, "/kind") == "Namespace"
}

/// Waits until controllers have put into a namespace what every pod of it needs.
pub(crate) async fn settled(cluster: &Cluster, namespace: &str) -> Result<()> {
    for (kind, name) in [
        ("ServiceAccount", "default"),
        ("ConfigMap", "kube-root-ca.crt"),
    ] {
        let target = Target {
            api_version: "v1".to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        until(
            "a new namespace to be settled",
            PATIENCE,
            PAUSE / 5,
            async || {
                let found = cluster.get(&target).await?.is_some();
                Ok(if found {
                    Seen::Yes(())
                } else {
                    Seen::NotYet(format!("no {kind} {name}"))
                })
            },
        )
        .await?;
    }
    Ok(())
}
