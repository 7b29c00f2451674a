use super::{Gap, Gaps, LogKey, Logs, Snapshot, SnapshotBuilder, Tuning};
use crate::kubernetes::{Batch, CustomObject, Kind, ObjectMeta};
use crate::model::{ClusterInfo, CoverageState, ObjectRef, Scope};

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Header {
    api_version: String,
    kind: String,
}

/// The picture that an example describes. Comments direct it: `# now: TIME`, `# listed: Kind, Kind`
/// (read in full), `# namespaces: NAME, NAME` (only they were asked for), `# forbidden: Kind, Kind` (not permitted to be read), `# version: v1.35.4`,
/// `# log: namespace/pod/container [previous] | line`, `# registries: HOST, HOST` (the user's
/// allow-list); `# manifests`: not applied yet, so validated; `# repeat: COUNT` in a document makes so many of it, `$N` in it counts them.
pub(crate) fn picture(block: &str) -> Snapshot {
    let text: String = block
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    let mut builder = SnapshotBuilder::new(ClusterInfo::default(), Scope::default());
    let mut now = None;
    let mut logs = Logs::new();
    let mut registries = Vec::new();
    for line in text.lines() {
        if let Some(time) = line.strip_prefix("# now: ") {
            now = Some(time.trim().parse().expect("a time"));
        } else if let Some(version) = line.strip_prefix("# version: ") {
            builder.info_mut().version = Some(version.trim().to_owned());
        } else if let Some(asked) = line.strip_prefix("# namespaces: ") {
            builder.narrow_scope(&Scope {
                namespaces: asked.split(',').map(|one| one.trim().to_owned()).collect(),
                ..Scope::default()
            });
        } else if let Some(kinds) = line.strip_prefix("# listed: ") {
            for kind in kinds.split(',') {
                builder.listed(
                    Kind::from_name(kind.trim()).unwrap_or_else(|| panic!("no kind `{kind}`")),
                );
            }
        } else if let Some(kinds) = line.strip_prefix("# forbidden: ") {
            for kind in kinds.split(',') {
                builder.gap(kind.trim(), None, CoverageState::Forbidden, "forbidden");
            }
        } else if let Some(allowed) = line.strip_prefix("# registries: ") {
            registries.extend(allowed.split(',').map(|one| one.trim().to_owned()));
        } else if let Some(log) = line.strip_prefix("# log: ") {
            let (place, line) = log.split_once(" | ").expect("place | line");
            let (place, previous) = place
                .strip_suffix(" previous")
                .map_or((place, false), |place| (place, true));
            let mut parts = place.trim().split('/');
            let mut part = || parts.next().expect("namespace/pod/container").to_owned();
            let key = LogKey {
                namespace: part(),
                pod: part(),
                container: part(),
                previous,
            };
            logs.entry(key).or_default().lines.push(line.to_owned());
        }
    }
    let mut batch = Batch::default();
    for document in text.split("\n---\n").flat_map(repeated) {
        let document = document.as_str();
        if document
            .lines()
            .all(|line| line.trim().is_empty() || line.starts_with('#'))
        {
            continue;
        }
        #[cfg(feature = "validation")]
        if text.lines().any(|line| line == "# manifests") {
            validate(document, &mut builder);
        }
        let header: Header =
            serde_saphyr::from_str(document).unwrap_or_else(|error| panic!("{error}\n{document}"));
        if let Some(kind) = Kind::from_manifest(&header.api_version, &header.kind) {
            batch
                .push_yaml(kind, document)
                .unwrap_or_else(|error| panic!("{error}\n{document}"));
            let metadata = batch.last_mut(kind).expect("an object");
            if header.api_version != kind.api_version() {
                builder.written_as(ObjectRef::namespaced(
                    &header.api_version,
                    kind.as_str(),
                    &metadata.namespace,
                    &metadata.name,
                ));
            }
        } else {
            let object: CustomObject = serde_saphyr::from_str(document)
                .unwrap_or_else(|error| panic!("{error}\n{document}"));
            builder.add_custom(object);
        }
    }
    builder.absorb(batch);
    builder.add_logs(logs);
    builder.build_recorded(now).tuned(Tuning {
        registries,
        ..Tuning::default()
    })
}

#[cfg(feature = "validation")]
fn validate(document: &str, builder: &mut SnapshotBuilder) {
    let value: serde_json::Value = serde_saphyr::from_str(document).expect("a manifest");
    let text = |pointer| {
        value
            .pointer(pointer)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
    };
    let object = ObjectRef::namespaced(
        text("/apiVersion"),
        text("/kind"),
        text("/metadata/namespace"),
        text("/metadata/name"),
    );
    for error in crate::validation::validate(&value) {
        builder.refused(object.clone(), error);
    }
}

/// A document, or as many as it asks for.
fn repeated(document: &str) -> Vec<String> {
    let asked = document
        .lines()
        .find_map(|line| line.strip_prefix("# repeat: "));
    match asked {
        None => vec![document.to_owned()],
        Some(count) => (1..=count.trim().parse::<u32>().expect("a count"))
            .map(|at| document.replace("$N", &at.to_string()))
            .collect(),
    }
}

/// The same picture for somebody who may not list a kind: in one namespace, or anywhere.
pub(crate) fn denied(picture: &Snapshot, kind: Kind, namespace: Option<&str>) -> Snapshot {
    let mut denied = picture.apart();
    let is_hidden = |meta: &ObjectMeta| namespace.is_none_or(|hidden| meta.namespace == *hidden);
    for meta in picture.tables.all_metadata(kind) {
        if is_hidden(meta) {
            denied.tables.take(kind, &meta.namespace, &meta.name);
        }
    }
    let mut gaps = Gaps::default();
    let detail = format!("{} is forbidden", kind.plural());
    let forbidden = Gap {
        state: CoverageState::Forbidden,
        detail,
    };
    gaps.record(kind.as_str(), namespace, forbidden);
    for (known, place, gap) in picture.gaps.by_kind_and_namespace() {
        if known != kind.as_str() || namespace.is_some() {
            gaps.record(known, place, gap.clone());
        }
    }
    for (known, namespaces, gap) in picture.gaps.outside() {
        gaps.record_outside(known, namespaces.clone(), gap.clone());
    }
    denied.gaps = gaps;
    denied
}
