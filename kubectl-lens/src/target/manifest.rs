//! The objects that a manifest names.

use std::{io::Read, path::Path};

use anyhow::Context;
use serde::Deserialize;

use super::Target;
use crate::failure::Failure;

/// As much of a manifest as names its object; a List names its items.
#[derive(Debug, Deserialize)]
struct Manifest {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    items: Vec<Manifest>,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: Option<String>,
}

/// The objects of a YAML or JSON file with any number of documents; `-` is standard input.
pub(crate) fn of_manifest(path: &Path) -> Result<Vec<Target>, Failure> {
    let shown = if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let text = read(path).with_context(|| format!("cannot read {shown}"))?;
    let targets = of_text(&text).with_context(|| format!("{shown} is not a manifest"))?;
    if targets.is_empty() {
        return Err(Failure::new(format!("{shown} names no object"))
            .way_out("a manifest has kind and metadata.name"));
    }
    Ok(targets)
}

/// Longest manifest; what is longer is something else.
const LONGEST: u64 = 64 * 1024 * 1024;

fn read(path: &Path) -> std::io::Result<String> {
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path)?)
    };
    let mut text = String::new();
    if input.take(LONGEST + 1).read_to_string(&mut text)? as u64 > LONGEST {
        return Err(std::io::Error::other("it is longer than 64 MiB"));
    }
    Ok(text)
}

fn of_text(text: &str) -> Result<Vec<Target>, serde_saphyr::Error> {
    let mut targets = Vec::new();
    for manifest in serde_saphyr::from_multiple::<Option<Manifest>>(text)?
        .into_iter()
        .flatten()
    {
        collect(manifest, &mut targets);
    }
    Ok(targets)
}

fn collect(manifest: Manifest, targets: &mut Vec<Target>) {
    let Manifest {
        kind,
        metadata,
        items,
    } = manifest;
    if kind.ends_with("List") && !items.is_empty() {
        for item in items {
            collect(item, targets);
        }
    } else if !kind.is_empty() && !metadata.name.is_empty() {
        targets.push(Target {
            kind,
            name: metadata.name,
            namespace: metadata.namespace,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Target, of_text};

    fn target(kind: &str, name: &str, namespace: Option<&str>) -> Target {
        Target {
            kind: kind.into(),
            name: name.into(),
            namespace: namespace.map(Into::into),
        }
    }

    #[test]
    fn every_document_and_every_item_names_an_object() {
        let text = "kind: Deployment\nmetadata: {name: web, namespace: shop}\n---\n---\nkind: List\nitems:\n- kind: Service\n  metadata: {name: web}\n- kind: ConfigMap\n  metadata: {name: conf}\n";
        assert_eq!(
            of_text(text).expect("targets"),
            [
                target("Deployment", "web", Some("shop")),
                target("Service", "web", None),
                target("ConfigMap", "conf", None)
            ]
        );
    }

    #[test]
    fn json_is_read_too() {
        let text = r#"{"kind": "Pod", "metadata": {"name": "a"}}"#;
        assert_eq!(of_text(text).expect("targets"), [target("Pod", "a", None)]);
    }

    #[test]
    fn what_is_no_manifest_names_nothing() {
        assert!(of_text("hello: world\n").expect("no error").is_empty());
        assert!(of_text("\ta: [").is_err());
    }
}
