//! `-l` and `--field-selector`: the objects that they choose.
//!
//! They narrow what is reported about, never what is read: the ConfigMap that a chosen pod lacks
//! carries none of the pod's labels.

use kubelens_core::{
    kubernetes::{Kind, ObjectMeta, Pod},
    model::ObjectRef,
    snapshot::Snapshot,
};

use crate::{failure::Failure, nearest::did_you_mean};

/// One thing that a selector asks for: a key, and which values are fine.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    wanted: Wanted,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    Exists,
    Missing,
    In(Vec<String>),
    NotIn(Vec<String>),
}

impl Requirement {
    fn holds(&self, value: Option<&str>) -> bool {
        let is_one_of = |values: &[String]| value.is_some_and(|value| values.iter().any(|known| known == value));
        match &self.wanted {
            Wanted::Exists => value.is_some(),
            Wanted::Missing => value.is_none(),
            Wanted::In(values) => is_one_of(values),
            Wanted::NotIn(values) => !is_one_of(values),
        }
    }
}

/// The objects whose labels fit `selector`, of any kind. None is an error: "nothing is broken" would
/// be no answer to a label with a typo.
pub(crate) fn with_labels(selector: &str, snapshot: &Snapshot) -> Result<Vec<ObjectRef>, Failure> {
    let requirements = parse(selector, "-l")?;
    let fits = |meta: &ObjectMeta| requirements.iter().all(|one| one.holds(meta.labels.value(&one.key)));
    let mut found = Vec::new();
    let mut known = Vec::new();
    for kind in Kind::ALL.iter().copied() {
        let metadata = snapshot.tables().all_metadata(kind);
        let references = snapshot.tables().references(kind);
        for (meta, reference) in metadata.into_iter().zip(references) {
            if fits(meta) {
                found.push(reference);
            }
            known.extend(meta.labels.iter().map(|(key, value)| format!("{key}={value}")));
        }
    }
    if found.is_empty() {
        let near = did_you_mean(selector, known.iter().map(String::as_str));
        return Err(Failure::new(format!("no object has the labels {selector}")).way_out(near.unwrap_or_default()));
    }
    Ok(found)
}

/// The pods whose fields fit `selector`.
pub(crate) fn with_fields(selector: &str, snapshot: &Snapshot) -> Result<Vec<ObjectRef>, Failure> {
    use kubelens_core::kubernetes::Object;
    let requirements = parse(selector, "--field-selector")?;
    if let Some(unknown) = requirements.iter().find(|one| !FIELDS.contains(&one.key.as_str())) {
        let near = did_you_mean(&unknown.key, FIELDS).unwrap_or_default();
        return Err(Failure::new(format!("--field-selector: `{}` is no field that pods are chosen by ({})", unknown.key, FIELDS.join(", ")))
            .way_out(near));
    }
    let found: Vec<ObjectRef> = snapshot
        .table::<Pod>()
        .iter()
        .filter(|pod| requirements.iter().all(|one| one.holds(Some(&field(pod, &one.key)))))
        .map(|pod| pod.reference())
        .collect();
    if found.is_empty() {
        return Err(Failure::new(format!("no pod has the fields {selector}")));
    }
    Ok(found)
}

/// The fields that the API server chooses pods by, as far as they say something here.
const FIELDS: [&str; 4] = ["metadata.name", "metadata.namespace", "spec.nodeName", "status.phase"];

fn field(pod: &Pod, path: &str) -> String {
    match path {
        "metadata.name" => pod.metadata.name.to_string(),
        "metadata.namespace" => pod.metadata.namespace.to_string(),
        "spec.nodeName" => pod.node_name.to_string(),
        _ => pod.status.phase.to_string(),
    }
}

/// kubectl's notation: `a=b,c!=d,e in (f,g),h,!i`.
fn parse(selector: &str, flag: &str) -> Result<Vec<Requirement>, Failure> {
    let bad = |piece: &str| {
        Failure::new(format!("{flag}: `{}` is no requirement", piece.trim())).way_out("app=web,tier!=cache,env in (dev,test),!canary")
    };
    let mut depth = 0_usize;
    let pieces = selector.split(|character| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    });
    pieces.map(|piece| requirement(piece.trim()).ok_or_else(|| bad(piece))).collect()
}

fn requirement(piece: &str) -> Option<Requirement> {
    let one = |key: &str, wanted| {
        let key = key.trim();
        let is_key = !key.is_empty() && key.chars().all(|character| character.is_alphanumeric() || "-_./".contains(character));
        is_key.then(|| Requirement { key: key.to_owned(), wanted })
    };
    let value = |text: &str| vec![text.trim().to_owned()];
    if let Some((key, text)) = piece.split_once("!=") {
        return one(key, Wanted::NotIn(value(text)));
    }
    if let Some((key, text)) = piece.split_once("==").or_else(|| piece.split_once('=')) {
        return one(key, Wanted::In(value(text)));
    }
    if let Some(key) = piece.strip_prefix('!') {
        return one(key, Wanted::Missing);
    }
    if let Some(rest) = piece.strip_suffix(')') {
        let (head, values) = rest.split_once('(')?;
        let values = values.split(',').map(|text| text.trim().to_owned()).collect();
        return match head.trim().rsplit_once(char::is_whitespace)? {
            (key, "in") => one(key, Wanted::In(values)),
            (key, "notin") => one(key, Wanted::NotIn(values)),
            _ => None,
        };
    }
    one(piece, Wanted::Exists)
}

#[cfg(test)]
mod tests {
    use kubelens_core::{
        kubernetes::{Batch, Kind},
        model::{ClusterInfo, Scope},
        snapshot::{Snapshot, SnapshotBuilder},
    };
    use serde_json::json;

    use super::{with_fields, with_labels};

    fn picture() -> Snapshot {
        let mut builder = SnapshotBuilder::new(ClusterInfo::default(), Scope::default());
        let mut batch = Batch::default();
        for (name, labels, node) in [
            ("web", json!({"app": "web", "tier": "front"}), "n1"),
            ("db", json!({"app": "db", "tier": "data"}), "n2"),
            ("job", json!({"app": "job"}), "n2"),
        ] {
            let pod = json!({"metadata": {"namespace": "shop", "name": name, "labels": labels}, "spec": {"nodeName": node}, "status": {"phase": "Running"}});
            batch.push_value(Kind::Pod, pod).expect("a Pod");
        }
        builder.absorb(batch);
        builder.build_live("2026-11-23T12:00:00Z".parse().expect("a time"))
    }

    fn names(found: Result<Vec<kubelens_core::model::ObjectRef>, crate::failure::Failure>) -> Result<String, String> {
        found
            .map(|objects| objects.iter().map(|object| object.name.as_str()).collect::<Vec<_>>().join(" "))
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn labels_are_chosen_in_kubectls_notation() {
        for (selector, expected) in [
            ("app=web", "web"),
            ("app==web,tier=front", "web"),
            ("tier!=front", "db job"),
            ("tier", "db web"),
            ("!tier", "job"),
            ("app in (web, db)", "db web"),
            ("app notin (web),tier", "db"),
        ] {
            assert_eq!(names(with_labels(selector, &picture())), Ok(expected.into()), "{selector}");
        }
    }

    #[test]
    fn labels_that_nothing_has_are_no_empty_answer() {
        let message = names(with_labels("app=wep", &picture())).expect_err("nothing");
        assert!(message.starts_with("error: no object has the labels app=wep\n  try: did you mean app=web"), "{message}");
        assert!(names(with_labels("a b", &picture())).is_err());
        assert!(names(with_labels("", &picture())).is_err());
    }

    #[test]
    fn pods_are_chosen_by_their_fields() {
        assert_eq!(names(with_fields("spec.nodeName=n2,metadata.name!=db", &picture())), Ok("job".into()));
        assert!(names(with_fields("spec.nodename=n2", &picture())).expect_err("unknown").contains("did you mean spec.nodeName?"));
        assert!(names(with_fields("status.phase=Failed", &picture())).is_err());
    }
}
