//! `-l` and `--field-selector`: the objects that they choose.
//!
//! They narrow what is reported about, never what is read: the ConfigMap that a chosen pod lacks
//! carries none of the pod's labels.

use std::fmt;

use kubelens_core::{
    kubernetes::{Kind, Labels, Object, Pod, SelectorRequirement, Text},
    model::ObjectRef,
    snapshot::Snapshot,
};

use crate::{failure::Failure, nearest::did_you_mean};

/// What to choose by, in kubectl's notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selector {
    text: String,
    by: By,
    requirements: Vec<SelectorRequirement>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Labels,
    Fields,
}

/// The fields that the API server chooses pods by, as far as they say something here.
const FIELDS: [&str; 4] = [
    "metadata.name",
    "metadata.namespace",
    "spec.nodeName",
    "status.phase",
];

impl Selector {
    /// Reads `-l`: `a=b,c!=d,e in (f,g),h,!i,j>3`.
    pub(crate) fn of_labels(text: &str) -> Result<Self, Failure> {
        let requirements = pieces(text)
            .map(|piece| {
                requirement(piece).ok_or_else(|| {
                    Failure::new(format!("-l: `{}` is no requirement", piece.trim()))
                        .way_out("app=web,tier!=cache,env in (dev,test),!canary")
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            text: text.to_owned(),
            by: By::Labels,
            requirements,
        })
    }

    /// Reads `--field-selector`: `a=b,c!=d`.
    pub(crate) fn of_fields(text: &str) -> Result<Self, Failure> {
        let mut requirements = Vec::new();
        for piece in text.split(',') {
            let Some((field, operator, value)) = comparison(piece) else {
                return Err(Failure::new(format!(
                    "--field-selector: `{}` is no requirement",
                    piece.trim()
                ))
                .way_out("spec.nodeName=worker-1,status.phase!=Running"));
            };
            if !FIELDS.contains(&field) {
                return Err(Failure::new(format!(
                    "--field-selector: `{field}` is no field that pods are chosen by ({})",
                    FIELDS.join(", ")
                ))
                .way_out(did_you_mean(field, FIELDS).unwrap_or_default()));
            }
            requirements.push(built(field, operator, [value]));
        }
        Ok(Self {
            text: text.to_owned(),
            by: By::Fields,
            requirements,
        })
    }

    /// The objects that fit: of any kind by labels, pods by fields. None is an error: "nothing is
    /// broken" would be no answer to a typo.
    pub(crate) fn objects(&self, snapshot: &Snapshot) -> Result<Vec<ObjectRef>, Failure> {
        match self.by {
            By::Labels => self.with_labels(snapshot),
            By::Fields => self.with_fields(snapshot),
        }
    }

    fn fits(&self, values: &Labels) -> bool {
        self.requirements.iter().all(|one| one.matches(values))
    }

    fn with_labels(&self, snapshot: &Snapshot) -> Result<Vec<ObjectRef>, Failure> {
        let mut found = Vec::new();
        let mut known = Vec::new();
        for kind in Kind::ALL.iter().copied() {
            let metadata = snapshot.tables().all_metadata(kind);
            let references = snapshot.tables().references(kind);
            for (meta, reference) in metadata.into_iter().zip(references) {
                if self.fits(&meta.labels) {
                    found.push(reference);
                }
                let labels = meta.labels.iter();
                known.extend(labels.map(|(key, value)| format!("{key}={value}")));
            }
        }
        for (kind, objects) in snapshot.custom() {
            let fitting = objects
                .iter()
                .filter(|object| self.fits(&object.metadata.labels));
            found.extend(fitting.map(|object| {
                let meta = &object.metadata;
                ObjectRef::namespaced(&object.api_version, kind, &meta.namespace, &meta.name)
            }));
        }
        if found.is_empty() {
            let near = did_you_mean(&self.text, known.iter().map(String::as_str));
            return Err(Failure::new(format!("no object has the labels {self}"))
                .way_out(near.unwrap_or_else(|| "kubectl get pods --show-labels".to_owned())));
        }
        Ok(found)
    }

    fn with_fields(&self, snapshot: &Snapshot) -> Result<Vec<ObjectRef>, Failure> {
        let pods = snapshot.table::<Pod>().iter();
        let found: Vec<ObjectRef> = pods
            .filter(|pod| self.fits(&fields(pod)))
            .map(|pod| pod.reference())
            .collect();
        if found.is_empty() {
            return Err(Failure::new(format!("no pod has the fields {self}"))
                .way_out("kubectl get pods -o wide"));
        }
        Ok(found)
    }
}

impl fmt::Display for Selector {
    /// As it was given.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The pod's fields, as if they were labels.
fn fields(pod: &Pod) -> Labels {
    let values = [
        &pod.metadata.name,
        &pod.metadata.namespace,
        &pod.node_name,
        &pod.status.phase,
    ];
    FIELDS
        .into_iter()
        .map(Text::from)
        .zip(values.into_iter().cloned())
        .collect()
}

/// Splits at commas, but not at those between brackets.
fn pieces(selector: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    selector.split(move |character| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    })
}

/// `a=b`, `a==b`, `a!=b`: key, operator and value.
fn comparison(piece: &str) -> Option<(&str, &'static str, &str)> {
    let (operator, (key, value)) = match piece.split_once("!=") {
        Some(pair) => ("NotIn", pair),
        None => (
            "In",
            piece.split_once("==").or_else(|| piece.split_once('='))?,
        ),
    };
    let (key, value) = (key.trim(), value.trim());
    (!key.is_empty() && !value.contains('=')).then_some((key, operator, value))
}

/// One requirement about labels. Source: apimachinery `labels.Parse`.
fn requirement(piece: &str) -> Option<SelectorRequirement> {
    let piece = piece.trim();
    let (key, operator, values) = if let Some((key, operator, value)) = comparison(piece) {
        (key, operator, vec![value])
    } else if let Some(key) = piece.strip_prefix('!') {
        (key.trim(), "DoesNotExist", Vec::new())
    } else if let Some((head, values)) = piece.strip_suffix(')').and_then(|all| all.split_once('('))
    {
        let (key, operator) = match head.trim().rsplit_once(char::is_whitespace)? {
            (key, "in") => (key, "In"),
            (key, "notin") => (key, "NotIn"),
            _ => return None,
        };
        (
            key.trim(),
            operator,
            values.split(',').map(str::trim).collect(),
        )
    } else if let Some((key, bound)) = piece.split_once('>').or_else(|| piece.split_once('<')) {
        let operator = if piece.contains('>') { "Gt" } else { "Lt" };
        bound.trim().parse::<i64>().ok()?;
        (key.trim(), operator, vec![bound.trim()])
    } else {
        (piece, "Exists", Vec::new())
    };
    let is_key = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    let are_values = values.iter().all(|value| {
        value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    });
    (is_key && are_values).then(|| built(key, operator, values))
}

fn built<'a>(
    key: &str,
    operator: &str,
    values: impl IntoIterator<Item = &'a str>,
) -> SelectorRequirement {
    SelectorRequirement {
        key: Text::new(key),
        operator: Text::new(operator),
        values: values.into_iter().map(Text::new).collect(),
    }
}

#[cfg(test)]
mod tests {
    use kubelens_core::{
        kubernetes::{Batch, Kind},
        model::{ClusterInfo, Scope},
        snapshot::{Snapshot, SnapshotBuilder},
    };
    use proptest::prelude::*;
    use serde_json::json;

    use super::Selector;

    fn picture() -> Snapshot {
        let mut builder = SnapshotBuilder::new(ClusterInfo::default(), Scope::default());
        let mut batch = Batch::default();
        for (name, labels, node) in [
            (
                "web",
                json!({"app": "web", "tier": "front", "cores": "8"}),
                "n1",
            ),
            (
                "db",
                json!({"app": "db", "tier": "data", "cores": "2"}),
                "n2",
            ),
            ("job", json!({"app": "job"}), "n2"),
        ] {
            let pod = json!({"metadata": {"namespace": "shop", "name": name, "labels": labels}, "spec": {"nodeName": node}, "status": {"phase": "Running"}});
            batch.push_value(Kind::Pod, pod).expect("a Pod");
        }
        builder.absorb(batch);
        builder.build_live("2026-11-23T12:00:00Z".parse().expect("a time"))
    }

    fn names(selector: Result<Selector, crate::failure::Failure>) -> Result<String, String> {
        selector
            .and_then(|selector| selector.objects(&picture()))
            .map(|objects| {
                objects
                    .iter()
                    .map(|object| object.name.as_str())
                    .collect::<Vec<_>>()
                    .join(" ")
            })
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
            (" app = web ", "web"),
            ("cores>4", "web"),
            ("cores<4", "db"),
        ] {
            assert_eq!(
                names(Selector::of_labels(selector)),
                Ok(expected.into()),
                "{selector}"
            );
        }
    }

    #[test]
    fn labels_that_nothing_has_are_no_empty_answer() {
        let message = names(Selector::of_labels("app=wep")).expect_err("nothing");
        assert!(
            message.starts_with(
                "error: no object has the labels app=wep\n  try: did you mean app=web"
            ),
            "{message}"
        );
        assert!(names(Selector::of_labels("a b")).is_err());
        assert!(names(Selector::of_labels("")).is_err());
    }

    #[test]
    fn what_the_api_server_would_refuse_is_refused() {
        for selector in [
            "",
            ",",
            "=",
            "(",
            "a b",
            "a=b=c",
            "a in",
            "a in b",
            "a in (",
            "a in b)",
            "=b",
            "!",
            "a=b,",
            "a=\"b\"",
            "a in (b,,c d)",
            "cores>many",
            "a notin",
            "a=b;c",
        ] {
            assert!(Selector::of_labels(selector).is_err(), "{selector}");
        }
        assert!(Selector::of_fields("status.phase").is_err());
        assert!(Selector::of_fields("status.phase in (Failed)").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_a_selector_or_refused(text in r"[a-z0-9.=!,()<>\- ]{0,24}|\PC{0,16}") {
            for selector in [Selector::of_labels(&text), Selector::of_fields(&text)].into_iter().flatten() {
                let _ = selector.objects(&picture());
            }
        }

        #[test]
        fn what_is_written_is_what_is_read(
            key in "[a-z]{1,6}(/[a-z]{1,6})?",
            values in prop::collection::vec("[a-z0-9]{1,6}", 1..4),
            operator in 0..6_usize,
        ) {
            let (first, all) = (&values[0], values.join(","));
            let (text, told) = match operator {
                0 => (format!("{key}={first}"), format!("{key} in ({first})")),
                1 => (format!("{key}!={first}"), format!("{key} notin ({first})")),
                2 => (format!("{key} in ({all})"), format!("{key} in ({})", values.join(", "))),
                3 => (format!("{key} notin ({all})"), format!("{key} notin ({})", values.join(", "))),
                4 => (key.clone(), key.clone()),
                _ => (format!("!{key}"), format!("!{key}")),
            };
            let read = Selector::of_labels(&text).map_err(|failure| failure.to_string());
            prop_assert_eq!(read.map(|selector| selector.requirements[0].to_string()), Ok(told));
        }
    }

    #[test]
    fn pods_are_chosen_by_their_fields() {
        assert_eq!(
            names(Selector::of_fields("spec.nodeName=n2,metadata.name!=db")),
            Ok("job".into())
        );
        assert!(
            names(Selector::of_fields("spec.nodename=n2"))
                .expect_err("unknown")
                .contains("did you mean spec.nodeName?")
        );
        assert!(names(Selector::of_fields("status.phase=Failed")).is_err());
    }
}
