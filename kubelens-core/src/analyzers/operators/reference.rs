//! What a custom resource refers to in its spec, by the names that projects give such fields.

use std::collections::HashMap;

use serde_json::Value;

use super::named_object::says_missing;
use crate::kubernetes::{CustomObject, Kind, group_of};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// How deep a spec is looked through.
const DEPTH: usize = 12;

/// Kinds without a group of their own that are referred to, and whose absence can be proven.
const KINDS: [Kind; 4] = [
    Kind::Secret,
    Kind::ConfigMap,
    Kind::ServiceAccount,
    Kind::Service,
];

/// A field of a spec that names an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// Where it stands: `spec.auth.secretRef`.
    pub(super) path: String,
    /// What it names.
    pub(super) object: ObjectRef,
    /// Whether the field says where to write: then nothing needs to be there.
    is_output: bool,
    /// Whether the field is a name alone: that may be the name of something to be made.
    is_bare: bool,
}

impl Reference {
    /// A reference to something that must be there.
    pub(super) fn needed(path: &str, object: ObjectRef) -> Self {
        Self {
            path: path.to_owned(),
            object,
            is_output: false,
            is_bare: false,
        }
    }
}

/// Every reference of a spec whose kind is known: said beside the name, or by the field's own name.
pub(super) fn references(cluster: &Cluster<'_>, object: &CustomObject) -> Vec<Reference> {
    let mut found = Vec::new();
    walk(object, &object.spec, "spec", false, DEPTH, &mut found);
    found.retain_mut(|reference| {
        !reference.object.api_version.is_empty() || by_field_name(cluster, object, reference)
    });
    found
}

/// A kind without a type of its own that the picture has objects of.
struct Known {
    api_version: String,
    kind: String,
    is_namespaced: bool,
}

/// The kinds that the picture has objects of, by their names in small letters.
struct KnownKinds(HashMap<String, Vec<Known>>);

fn known_kinds(cluster: &Cluster<'_>) -> KnownKinds {
    let mut kinds: HashMap<String, Vec<Known>> = HashMap::new();
    for object in cluster.all_custom() {
        let of_name = kinds.entry(object.kind.to_ascii_lowercase()).or_default();
        let is_known = of_name
            .iter()
            .any(|known| group_of(&known.api_version) == object.group());
        if !is_known {
            of_name.push(Known {
                api_version: object.api_version.to_string(),
                kind: object.kind.to_string(),
                is_namespaced: !object.metadata.namespace.is_empty(),
            });
        }
    }
    KnownKinds(kinds)
}

/// Finds the kind that `catalogRef: {name: …}` means: the one of that name whose group is nearest to the owner's.
/// Where two are as near, nobody can tell.
fn by_field_name(cluster: &Cluster<'_>, owner: &CustomObject, reference: &mut Reference) -> bool {
    let kinds = cluster.once(known_kinds);
    let Some(known) = kinds.0.get(&reference.object.kind.to_ascii_lowercase()) else {
        return false;
    };
    let nearness = |known: &Known| shared_ending(group_of(&known.api_version), owner.group());
    let Some(best) = known.iter().map(nearness).max() else {
        return false;
    };
    let mut nearest = known.iter().filter(|known| nearness(known) == best);
    // A group of another project that has a kind of the same name is not meant.
    let (Some(one), None, 2..) = (nearest.next(), nearest.next(), best) else {
        return false;
    };
    let namespace = reference.object.namespace.as_deref().unwrap_or_default();
    let namespace = if one.is_namespaced { namespace } else { "" };
    reference.object = ObjectRef::namespaced(
        &one.api_version,
        &one.kind,
        namespace,
        &reference.object.name,
    );
    true
}

/// How many labels two groups have in common at their ends: `a.example.com` and `b.example.com` two.
fn shared_ending(a: &str, b: &str) -> usize {
    a.rsplit('.')
        .zip(b.rsplit('.'))
        .take_while(|(a, b)| a == b)
        .count()
}

/// The reference, without a namespace where it names something of the cluster as a whole: a field that
/// leaves the namespace out says neither.
pub(super) fn located(cluster: &Cluster<'_>, reference: Reference) -> Reference {
    let alone = ObjectRef {
        namespace: None,
        ..reference.object.clone()
    };
    if !is_there(cluster, &reference.object) && is_there(cluster, &alone) {
        Reference {
            object: alone,
            ..reference
        }
    } else {
        reference
    }
}

/// The references that name nothing: what a controller says is not there, or what is proven not to be and
/// its message names.
pub(super) fn missing(
    cluster: &Cluster<'_>,
    object: &CustomObject,
    messages: &[&str],
) -> Vec<Reference> {
    those(cluster, object, |reference| {
        let name = reference.object.name.as_str();
        let of_it: Vec<&&str> = messages.iter().filter(|text| names(text, name)).collect();
        let is_said = of_it.iter().any(|text| says_missing(text));
        let is_named = !of_it.is_empty();
        (is_said && !is_there(cluster, &reference.object))
            || (is_named && !reference.is_output && is_absent(cluster, &reference.object))
    })
}

/// The references that name nothing, of an object that waits and does not say what for.
pub(super) fn missing_unsaid(cluster: &Cluster<'_>, object: &CustomObject) -> Vec<Reference> {
    those(cluster, object, |reference| {
        !reference.is_output && !reference.is_bare && is_absent(cluster, &reference.object)
    })
}

/// The references of an object that are meant, each object once.
fn those(
    cluster: &Cluster<'_>,
    object: &CustomObject,
    is_meant: impl Fn(&Reference) -> bool,
) -> Vec<Reference> {
    let mut all: Vec<Reference> = references(cluster, object)
        .into_iter()
        .map(|reference| located(cluster, reference))
        .filter(is_meant)
        .collect();
    all.sort_by(|a, b| a.object.cmp(&b.object));
    all.dedup_by(|a, b| a.object == b.object);
    all
}

/// The references that name nothing of an object that this one names in its spec, such as the login in the configuration
/// of a provider, or a step of a pipeline: what the message says is not there.
pub(super) fn missing_behind(
    cluster: &Cluster<'_>,
    object: &CustomObject,
    messages: &[&str],
) -> Vec<Reference> {
    if !messages.iter().any(|text| says_missing(text)) {
        return Vec::new();
    }
    let fields = object.spec.as_object().into_iter().flatten();
    let named = fields.filter_map(|(key, field)| {
        let kind = key.strip_suffix("Ref")?;
        let name = field.get("name").and_then(Value::as_str)?;
        Some((
            field.get("kind").and_then(Value::as_str).unwrap_or(kind),
            name,
        ))
    });
    let mut all = Vec::new();
    for (kind, name) in named {
        let between = cluster.all_customs().filter(|other| {
            let is_near = other.metadata.namespace.is_empty()
                || other.metadata.namespace == object.metadata.namespace;
            is_near && other.kind.eq_ignore_ascii_case(kind) && other.metadata.name == *name
        });
        for other in between {
            let own = other.reference();
            all.extend(
                missing(cluster, other, messages)
                    .into_iter()
                    .map(|found| Reference {
                        path: format!("{} of {own}", found.path),
                        ..found
                    }),
            );
        }
    }
    all
}

/// Whether a text names something as a word of its own.
fn names(text: &str, name: &str) -> bool {
    text.split(|letter: char| letter.is_whitespace() || "'\"`,;()[]{}/=".contains(letter))
        .any(|word| word.trim_end_matches([':', '.']) == name)
}

/// Whether an object is in the picture.
pub(super) fn is_there(cluster: &Cluster<'_>, object: &ObjectRef) -> bool {
    match Kind::from_manifest(&object.api_version, &object.kind) {
        Some(_) => cluster.metadata_of(object).is_some(),
        None => found(cluster, object).is_some(),
    }
}

/// The object of a kind without a type of its own that a reference names.
pub(super) fn found<'a>(cluster: &Cluster<'a>, object: &ObjectRef) -> Option<&'a CustomObject> {
    let namespace = object.namespace.as_deref().unwrap_or_default();
    cluster
        .custom(&object.kind)
        .iter()
        .map(|other| &**other)
        .find(|other| other.metadata.namespace == namespace && other.metadata.name == *object.name)
}

/// Whether an object is proven not to be there.
pub(super) fn is_absent(cluster: &Cluster<'_>, object: &ObjectRef) -> bool {
    let namespace = object.namespace.as_deref().unwrap_or_default();
    if let Some(kind) = Kind::from_manifest(&object.api_version, &object.kind) {
        return KINDS.contains(&kind)
            && cluster.is_complete(kind, namespace)
            && !is_there(cluster, object);
    }
    cluster
        .look_up_custom(
            group_of(&object.api_version),
            &object.kind,
            namespace,
            &object.name,
        )
        .is_absent()
}

fn walk(
    owner: &CustomObject,
    value: &Value,
    path: &str,
    is_output: bool,
    depth: usize,
    found: &mut Vec<Reference>,
) {
    if depth == 0 {
        return;
    }
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(
                    owner,
                    item,
                    &format!("{path}[{at}]"),
                    is_output,
                    depth - 1,
                    found,
                );
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                let path = format!("{path}.{key}");
                let is_output = is_output || is_written(key);
                if let Some(object) = named_by(owner, key, field, fields) {
                    found.push(Reference {
                        path: path.clone(),
                        object,
                        is_output,
                        is_bare: field.is_string(),
                    });
                }
                if let (Some(one), Value::Array(items)) = (key.strip_suffix('s'), field) {
                    for (at, item) in items.iter().enumerate() {
                        let object =
                            named_by(owner, one, item, fields).filter(|_| item.is_object());
                        found.extend(object.map(|object| Reference {
                            path: format!("{path}[{at}]"),
                            object,
                            is_output,
                            is_bare: false,
                        }));
                    }
                }
                walk(owner, field, &path, is_output, depth - 1, found);
            }
        }
        _ => {}
    }
}

/// Whether a field says where a controller writes to.
fn is_written(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    [
        "write",
        "target",
        "output",
        "destination",
        "privatekeysecret",
        "template",
    ]
    .iter()
    .any(|word| key.contains(word))
}

/// What a field names, if its name and form say that it is a reference and of which kind.
fn named_by(
    owner: &CustomObject,
    key: &str,
    field: &Value,
    siblings: &serde_json::Map<String, Value>,
) -> Option<ObjectRef> {
    let own = owner.metadata.namespace.as_str();
    let lower = key.to_ascii_lowercase();
    let named = field.as_str().or_else(|| field.get("name")?.as_str());
    if let Some(object) = named.and_then(|name| named_by_group(owner, key, name)) {
        return Some(object);
    }
    if let Value::String(name) = field {
        let kind = match lower.as_str() {
            "secretname" | "existingsecret" => Kind::Secret,
            "configmapname" => Kind::ConfigMap,
            "serviceaccountname" => Kind::ServiceAccount,
            _ => return None,
        };
        let is_optional = siblings.get("optional").and_then(Value::as_bool) == Some(true);
        return (!name.is_empty() && !is_optional && !own.is_empty())
            .then(|| ObjectRef::namespaced(kind.api_version(), kind.as_str(), own, name));
    }
    let text = |name: &str| field.get(name).and_then(Value::as_str).unwrap_or_default();
    let name = text("name");
    let is_reference =
        lower.ends_with("ref") || lower.ends_with("selector") && lower.contains("key");
    let is_optional = field.get("optional").and_then(Value::as_bool) == Some(true);
    if name.is_empty() || is_optional || !is_reference {
        return None;
    }
    let namespace = match text("namespace") {
        "" => own,
        other => other,
    };
    let (kind, group) = (text("kind"), text("group"));
    if !kind.is_empty() {
        let api_version = match (text("apiVersion"), group, text("apiGroup")) {
            ("", "", "") => typed(kind).map_or_else(
                || owner.api_version.to_string(),
                |kind| kind.api_version().to_owned(),
            ),
            ("", "", group) | ("", group, _) => format!("{group}/v1"),
            (version, ..) => version.to_owned(),
        };
        let namespace = if kind.starts_with("Cluster") {
            ""
        } else {
            namespace
        };
        return Some(ObjectRef::namespaced(&api_version, kind, namespace, name));
    }
    let kind = if lower.contains("secret") {
        Kind::Secret
    } else if lower.contains("configmap") {
        Kind::ConfigMap
    } else if lower.contains("serviceaccount") {
        Kind::ServiceAccount
    } else {
        // Of a kind that only the field's name can tell.
        let stem = key
            .strip_suffix("Refs")
            .or_else(|| key.strip_suffix("Ref"))?;
        return (!stem.is_empty()).then(|| ObjectRef::namespaced("", stem, namespace, name));
    };
    (!namespace.is_empty())
        .then(|| ObjectRef::namespaced(kind.api_version(), kind.as_str(), namespace, name))
}

/// Fields of projects whose names do not say that they name an object: group of the project, field, kind, and whether
/// that is one of the cluster as a whole.
const BY_GROUP: [(&str, &str, &str, bool); 8] = [
    ("argoproj.io", "project", "AppProject", false),
    ("kueue.x-k8s.io", "admissionCheck", "AdmissionCheck", true),
    ("kueue.x-k8s.io", "clusterQueue", "ClusterQueue", true),
    ("kueue.x-k8s.io", "flavor", "ResourceFlavor", true),
    ("kueue.x-k8s.io", "queueName", "LocalQueue", false),
    ("kueue.x-k8s.io", "topologyName", "Topology", true),
    ("velero.io", "backupName", "Backup", false),
    (
        "velero.io",
        "storageLocation",
        "BackupStorageLocation",
        false,
    ),
];

fn named_by_group(owner: &CustomObject, field: &str, name: &str) -> Option<ObjectRef> {
    let known = BY_GROUP
        .iter()
        .find(|(group, known, ..)| *group == owner.group() && *known == field);
    let (_, _, kind, is_of_the_cluster) = known.filter(|_| !name.is_empty())?;
    let namespace = if *is_of_the_cluster {
        ""
    } else {
        owner.metadata.namespace.as_str()
    };
    Some(ObjectRef::namespaced(
        &owner.api_version,
        kind,
        namespace,
        name,
    ))
}

fn typed(kind: &str) -> Option<Kind> {
    Kind::from_name(kind).filter(|kind| KINDS.contains(kind) || kind.group() == "apps")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::example::picture;

    #[test]
    fn fields_that_are_named_like_references_are() {
        let object: CustomObject = serde_json::from_str(
            r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w","namespace":"shop"},
                "spec":{"auth":{"passwordSecretRef":{"name":"login","key":"p"}},
                        "issuerRef":{"name":"ca","kind":"Issuer"},
                        "claimRef":{"apiVersion":"other.com/v1","kind":"Gadget","name":"g","namespace":"bank"},
                        "tls":{"secretName":"web-tls"},
                        "color":{"name":"red"},
                        "catalogRef":{"name":"books"},
                        "gardenRef":{"name":"roses"},
                        "caRefs":[{"group":"","kind":"ConfigMap","name":"roots"}],
                        "extra":{"secretRef":{"name":"perhaps","optional":true}}}}"#,
        )
        .unwrap_or_default();
        let picture = picture(
            "apiVersion: store.example.com/v1\nkind: Catalog\nmetadata: {name: other, namespace: shop}\n---\napiVersion: other.org/v1\nkind: Catalog\nmetadata: {name: far}\n---\napiVersion: other.org/v1\nkind: Garden\nmetadata: {name: far}\n",
        );
        let mut found: Vec<String> = references(&Cluster::new(&picture), &object)
            .into_iter()
            .map(|reference| format!("{} {}", reference.path, reference.object))
            .collect();
        found.sort();
        assert_eq!(
            found,
            [
                "spec.auth.passwordSecretRef Secret shop/login",
                "spec.caRefs[0] ConfigMap shop/roots",
                "spec.catalogRef Catalog shop/books",
                "spec.claimRef Gadget bank/g",
                "spec.issuerRef Issuer shop/ca",
                "spec.tls.secretName Secret shop/web-tls",
            ]
        );
    }
}
