//! KubeLens' own recording: what `snapshot save` writes and any file source reads back.
//!
//! A gzipped tar: `kubelens-snapshot/info.json` says which cluster, when, and what could not be read;
//! `objects/<Kind>-<n>.json` are lists of the API; `whole/` holds objects with every field, where rules look at them; `logs/<namespace>/<pod>/<container>.log` are the logs.

mod pseudonyms;
mod whole;

pub use pseudonyms::Pseudonyms;
pub(crate) use whole::ArchivedWhole;

use std::collections::BTreeSet;
use std::io::Write;

use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ReadRequest;
use super::items::Item;
use crate::kubernetes::Kind;
use crate::model::{
    ClusterInfo, CoverageState, KUBELENS_API_VERSION, Scope, safe_text, without_secrets,
};
use crate::snapshot::{Snapshot, SnapshotBuilder};

/// The directory in the archive.
const ROOT: &str = "kubelens-snapshot";

/// How many objects stand in one file of the archive.
const PER_FILE: usize = 1000;

/// What a recording says about itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ArchiveInfo {
    api_version: String,
    kind: String,
    /// When the picture was taken.
    pub(crate) taken_at: Option<Timestamp>,
    cluster: ClusterInfo,
    scope: Scope,
    gaps: Vec<ArchivedGap>,
    /// The kinds without a type of their own that were listed, even if there was no object of them.
    #[serde(default)]
    custom_kinds: BTreeSet<String>,
    /// The kinds whose objects stand in it with every field too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    whole: Vec<whole::ArchivedKind>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArchivedGap {
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    /// The kind was read in these namespaces only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outside: Option<BTreeSet<String>>,
    state: CoverageState,
    detail: String,
}

impl ArchiveInfo {
    /// Reads `info.json`; none if it is another document.
    pub(crate) fn read(item: Item<'_>) -> Option<Self> {
        if item.kind != "Snapshot" {
            return None;
        }
        serde_json::from_slice(item.bytes).ok()
    }

    fn of(snapshot: &Snapshot) -> Self {
        let outside = snapshot
            .gaps()
            .outside()
            .map(|(kind, namespaces, gap)| ArchivedGap {
                kind: kind.to_owned(),
                namespace: None,
                outside: Some(namespaces.clone()),
                state: gap.state,
                detail: gap.detail.clone(),
            });
        let gaps = snapshot
            .gaps()
            .by_kind_and_namespace()
            .map(|(kind, namespace, gap)| ArchivedGap {
                kind: kind.to_owned(),
                namespace: namespace.map(str::to_owned),
                outside: None,
                state: gap.state,
                detail: gap.detail.clone(),
            });
        Self {
            api_version: KUBELENS_API_VERSION.to_owned(),
            kind: "Snapshot".to_owned(),
            taken_at: snapshot.taken_at(),
            cluster: snapshot.info().clone(),
            scope: snapshot.scope().clone(),
            gaps: gaps.chain(outside).collect(),
            custom_kinds: snapshot.custom_listed().clone(),
            whole: whole::kinds(snapshot),
        }
    }

    /// Takes the names out, and with them the objects with every field: their names may be anywhere.
    fn anonymize(&mut self, names: &Pseudonyms) {
        self.whole.clear();
        self.cluster.name = names.name(&self.cluster.name);
        for namespace in &mut self.scope.namespaces {
            *namespace = names.name(namespace);
        }
        // A selector's keys stay as the labels' keys do.
        self.scope.selector = self.scope.selector.as_deref().map(|text| names.text(text));
        for gap in &mut self.gaps {
            gap.namespace = gap.namespace.as_deref().map(|name| names.name(name));
            gap.outside = gap
                .outside
                .take()
                .map(|all| all.iter().map(|name| names.name(name)).collect());
            // Refusals name the user who asked.
            gap.detail = format!("{} (the details were left out)", gap.state.as_str());
        }
    }

    /// Tells the builder what the recording knows: every kind without a gap was complete.
    pub(crate) fn pour_into(
        self,
        whole: ArchivedWhole,
        request: &ReadRequest,
        builder: &mut SnapshotBuilder,
    ) {
        let info = builder.info_mut();
        info.name = self.cluster.name;
        info.version = self.cluster.version;
        builder.narrow_scope(&self.scope);
        for kind in Kind::ALL {
            builder.listed(*kind);
        }
        for kind in &self.custom_kinds {
            builder.listed_custom(kind);
        }
        for gap in self.gaps {
            match gap.outside {
                Some(namespaces) => {
                    builder.gap_outside(&gap.kind, namespaces, gap.state, gap.detail);
                }
                None => builder.gap(&gap.kind, gap.namespace.as_deref(), gap.state, gap.detail),
            }
        }
        whole.pour_into(self.whole, request, builder);
    }
}

/// Writes a picture as an archive. The same picture gives the same bytes.
///
/// Values of ConfigMaps and Secrets were never read. What else looks like a secret is replaced by
/// `[redacted]`: in log lines as in reports; in objects the values of variables, flags and fields whose
/// names say so, credentials in addresses, and random-looking words of variables and arguments.
pub fn save(snapshot: &Snapshot, output: impl Write) -> std::io::Result<()> {
    write(snapshot, None, output)
}

/// The same with other names for names, namespaces, hosts, images and values of labels: [`Pseudonyms`]. What hangs
/// together by its name still does, so a diagnosis finds the same causes under other names.
pub fn save_anonymized(
    snapshot: &Snapshot,
    mut names: Pseudonyms,
    output: impl Write,
) -> std::io::Result<()> {
    for kind in Kind::ALL.iter().copied() {
        for object in snapshot.tables().to_json(kind)? {
            names.learn(&object);
        }
    }
    for object in snapshot.custom().values().flatten() {
        names.learn(&serde_json::to_value(&**object)?);
    }
    for name in &snapshot.scope().namespaces {
        names.learn_name(name);
    }
    write(snapshot, Some(&names), output)
}

fn write(
    snapshot: &Snapshot,
    names: Option<&Pseudonyms>,
    output: impl Write,
) -> std::io::Result<()> {
    let clean = |object: &mut serde_json::Value| {
        without_secrets(object);
        if let Some(names) = names {
            names.object(object);
        }
    };
    let name = |text: &str| names.map_or_else(|| text.to_owned(), |names| names.name(text));
    let gzip = GzBuilder::new()
        .mtime(0)
        .write(output, Compression::default());
    let mut archive = tar::Builder::new(gzip);
    let mut info = ArchiveInfo::of(snapshot);
    if let Some(names) = names {
        info.anonymize(names);
    }
    let info = serde_json::to_vec_pretty(&info)?;
    append(&mut archive, "info.json", &info)?;
    for kind in Kind::ALL.iter().copied() {
        let mut objects = snapshot.tables().to_json(kind)?;
        objects.iter_mut().for_each(clean);
        for (number, part) in objects.chunks(PER_FILE).enumerate() {
            let list = serde_json::json!({
                "apiVersion": kind.api_version(),
                "kind": format!("{kind}List"),
                "items": part,
            });
            append(
                &mut archive,
                &format!("objects/{kind}-{number}.json"),
                &serde_json::to_vec(&list)?,
            )?;
        }
    }
    for (kind, objects) in snapshot.custom() {
        for (number, part) in objects.chunks(PER_FILE).enumerate() {
            let mut items = part
                .iter()
                .map(|object| serde_json::to_value(&**object))
                .collect::<Result<Vec<_>, _>>()?;
            items.iter_mut().for_each(clean);
            let list = serde_json::json!({ "apiVersion": "v1", "kind": "List", "items": items });
            append(
                &mut archive,
                &format!("objects/custom-{kind}-{number}.json"),
                &serde_json::to_vec(&list)?,
            )?;
        }
    }
    if names.is_none() {
        for (path, bytes) in whole::documents(snapshot)? {
            append(&mut archive, &path, &bytes)?;
        }
    }
    for (key, log) in snapshot.logs() {
        let end = if key.previous { "previous.log" } else { "log" };
        let path = format!(
            "logs/{}/{}/{}.{end}",
            name(&key.namespace),
            name(&key.pod),
            name(&key.container)
        );
        let text: String = log
            .lines
            .iter()
            .map(|line| safe_text(line))
            .map(|line| names.map_or_else(|| line.clone(), |names| names.text(&line)) + "\n")
            .collect();
        append(&mut archive, &path, text.as_bytes())?;
    }
    archive.into_inner()?.finish()?.flush()
}

fn append<W: Write>(
    archive: &mut tar::Builder<W>,
    path: &str,
    bytes: &[u8],
) -> std::io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, format!("{ROOT}/{path}"), bytes)
}
