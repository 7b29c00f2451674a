//! Writes a cluster as the files that `--from` reads: one folder per story with `cluster.json` (one `List` of
//! all kinds), container logs at `<namespace>/<pod>/<container>.log`, and the story's `expect.json`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::cluster::Cluster;
use crate::manifest::text_at;
use crate::story::Story;

/// Marks what belongs to the tests' own machinery, and has no place in a recording.
const OURS: &str = "tests.kubelens.dev/";

/// Records `story` out of `objects`, the whole cluster, leaving out what belongs to the `others`.
pub async fn write(
    story: &Story,
    others: &[&Story],
    objects: &[Value],
    cluster: &Cluster,
    to: &Path,
) -> Result<()> {
    let foreign = Foreign::of(others)?;
    let mut items: Vec<Value> = objects
        .iter()
        .filter(|object| !foreign.owns(object))
        .cloned()
        .collect();
    items.iter_mut().for_each(forget_machinery);
    let folder = to.join(&story.name);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("cluster.json"), one_a_line(&items)?)?;
    fs::write(folder.join("expect.json"), story.expectation_text()?)?;
    let printing: BTreeSet<String> = story.logs()?.into_iter().map(|log| log.container).collect();
    for pod in items.iter().filter(|object| {
        is_kind(object, "Pod") && text_at(object, "/metadata/namespace") == story.namespace()
    }) {
        let name = text_at(pod, "/metadata/name");
        for list in ["/spec/initContainers", "/spec/containers"] {
            for container in pod
                .pointer(list)
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                let container = text_at(container, "/name");
                if !printing.contains(container) {
                    continue;
                }
                if let Some(log) = cluster
                    .log(story.namespace(), name, container, false)
                    .await?
                {
                    let place = folder.join(story.namespace()).join(name);
                    fs::create_dir_all(&place)?;
                    fs::write(place.join(format!("{container}.log")), log)?;
                }
            }
        }
    }
    Ok(())
}

/// A `List`, one object a line: small, and still readable in a diff.
fn one_a_line(items: &[Value]) -> Result<String> {
    let lines = items
        .iter()
        .map(serde_json::to_string)
        .collect::<Result<Vec<_>, _>>()?;
    let head = r#"{"apiVersion":"v1","kind":"List","metadata":{"resourceVersion":""},"items":["#;
    Ok(format!("{head}\n{}\n]}}\n", lines.join(",\n")))
}

/// What other stories brought into the cluster.
struct Foreign {
    namespaces: BTreeSet<String>,
    /// Cluster-scoped, by kind and name.
    objects: BTreeSet<(String, String)>,
}

impl Foreign {
    fn of(stories: &[&Story]) -> Result<Self> {
        let mut objects = BTreeSet::new();
        for story in stories {
            for object in story.objects()? {
                let name = text_at(&object, "/metadata/name").to_owned();
                if is_kind(&object, "Node") {
                    objects.insert(("CSINode".to_owned(), name.clone()));
                    objects.insert(("Lease".to_owned(), name.clone()));
                }
                objects.insert((text_at(&object, "/kind").to_owned(), name));
            }
        }
        let namespaces = stories
            .iter()
            .flat_map(|story| story.namespaces.iter().cloned())
            .collect();
        Ok(Self {
            namespaces,
            objects,
        })
    }

    fn owns(&self, object: &Value) -> bool {
        let (name, namespace) = (
            text_at(object, "/metadata/name"),
            text_at(object, "/metadata/namespace"),
        );
        let claimed = text_at(object, "/spec/claimRef/namespace");
        let node = [
            text_at(object, "/spec/nodeName"),
            text_at(object, "/involvedObject/name"),
        ];
        let has =
            |kind: &str, name: &str| self.objects.contains(&(kind.to_owned(), name.to_owned()));
        match text_at(object, "/kind") {
            "Namespace" => self.namespaces.contains(name),
            "Lease" => namespace == "kube-node-lease" && has("Lease", name),
            "VolumeAttachment" => {
                has(
                    "PersistentVolume",
                    text_at(object, "/spec/source/persistentVolumeName"),
                ) || has("Node", node[0])
            }
            // A DaemonSet of all stories also has a pod on another story's node.
            "Pod" | "Event" if node.iter().any(|node| has("Node", node)) => true,
            kind if namespace.is_empty() => self.namespaces.contains(claimed) || has(kind, name),
            _ => self.namespaces.contains(namespace),
        }
    }
}

fn is_kind(object: &Value, kind: &str) -> bool {
    text_at(object, "/kind") == kind
}

fn forget_machinery(object: &mut Value) {
    let holders = [
        "/metadata",
        "/spec/template/metadata",
        "/spec/jobTemplate/spec/template/metadata",
        "/data/spec/template/metadata",
    ];
    for holder in holders {
        for field in ["annotations", "labels"] {
            let Some(metadata) = object.pointer_mut(holder).and_then(Value::as_object_mut) else {
                continue;
            };
            if let Some(entries) = metadata.get_mut(field).and_then(Value::as_object_mut) {
                entries.retain(|key, _| !key.starts_with(OURS));
                if entries.is_empty() {
                    metadata.remove(field);
                }
            }
        }
    }
}
