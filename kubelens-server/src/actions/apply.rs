//! Putting a manifest in the place of what is there: tried on the server first, never over somebody's change.

use kubelens_core::kubernetes::read_documents;
use serde_json::{Value, json};
use similar::TextDiff;

use super::scale::version;
use crate::api::error::{ApiError, Code};
use crate::api::models::ActionResult;
use crate::door::masked::{is_masked, mask};
use crate::door::{Door, Patch, Place};

/// A manifest that was read and belongs to its place.
#[derive(Debug, Clone)]
pub struct Applied {
    object: Value,
    /// The version that it was written for.
    version: Option<String>,
}

fn text<'v>(object: &'v Value, pointer: &str) -> &'v str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

impl Applied {
    /// Reads a manifest for a place; `version` is what it was written for, if that was said elsewhere.
    pub fn read(yaml: &str, place: &Place, version: Option<String>) -> Result<Self, ApiError> {
        let documents = read_documents(yaml)
            .map_err(|error| ApiError::bad_request(format!("the YAML cannot be read: {error}")))?;
        let [object] = <[Value; 1]>::try_from(documents)
            .map_err(|_| ApiError::bad_request("the YAML is not one object"))?;
        let mut object = object;
        if !object.is_object() {
            return Err(ApiError::bad_request("the YAML is no object"));
        }
        let kind = text(&object, "/kind");
        if kind != place.resource.kind {
            return Err(ApiError::bad_request(format!(
                "the YAML is a {kind:?}, the path says {}",
                place.resource.kind
            )));
        }
        let group = |version: &str| {
            version
                .split_once('/')
                .map_or(String::new(), |(group, _)| group.to_owned())
        };
        let api_version = text(&object, "/apiVersion");
        if group(api_version) != place.resource.group() {
            return Err(ApiError::bad_request(format!(
                "the YAML is of {api_version:?}, the path says {}",
                place.resource.api_version
            )));
        }
        let (name, namespace) = (
            text(&object, "/metadata/name"),
            text(&object, "/metadata/namespace"),
        );
        if name != place.name || !(namespace.is_empty() || namespace == place.namespace) {
            return Err(ApiError::bad_request(format!(
                "the YAML is {namespace}/{name}, the path says {place}"
            )));
        }
        if is_masked(&object) {
            return Err(ApiError::bad_request(
                "the YAML holds a masked value (***): it would take the place of the real one",
            ));
        }
        let own = text(&object, "/metadata/resourceVersion").to_owned();
        if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            meta.remove("managedFields");
            meta.remove("resourceVersion");
            if !place.namespace.is_empty() {
                meta.insert("namespace".to_owned(), json!(place.namespace));
            }
        }
        Ok(Self {
            object,
            version: version.or(Some(own)).filter(|version| !version.is_empty()),
        })
    }

    /// The manifest.
    pub const fn object(&self) -> &Value {
        &self.object
    }
}

/// Puts a manifest in place, or only tries to; says what it changes.
pub async fn apply(
    door: &Door,
    place: &Place,
    manifest: &Applied,
    is_rehearsal: bool,
) -> Result<ActionResult, ApiError> {
    let known = match door.get(place).await {
        Ok(object) => Some(object),
        Err(error) if error.code == Code::NotFound => None,
        Err(error) => return Err(error),
    };
    let written = if let (Some(wanted), Some(known)) = (&manifest.version, &known) {
        let current = version(known).unwrap_or_default();
        if *wanted != current {
            return Err(ApiError::new(
                Code::Conflict,
                format!("{place} was changed since version {wanted}"),
            )
            .details(json!({
                "currentResourceVersion": current,
                "diff": difference(Some(known), &manifest.object),
            })));
        }
        let mut object = manifest.object.clone();
        if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            meta.insert("resourceVersion".to_owned(), json!(wanted));
        }
        door.replace(place, &object, is_rehearsal).await?
    } else {
        let done = door
            .patch(
                place,
                Patch::Apply { force: false },
                &manifest.object,
                is_rehearsal,
            )
            .await;
        done.map_err(|error| {
                if error.code == Code::Conflict {
                    let conflicts: Vec<&str> = error.message.lines().skip(1).map(str::trim).collect();
                    let details = json!({"conflicts": if conflicts.is_empty() { vec![error.message.as_str()] } else { conflicts }});
                    error.clone().details(details)
                } else {
                    error
                }
            })?
    };
    let diff = difference(known.as_ref(), &written);
    let mut result = ActionResult::done(match (is_rehearsal, diff.is_empty()) {
        (_, true) => format!("{place} is like that already"),
        (true, false) => format!("{place} would be changed"),
        (false, false) => format!("Applied {place}"),
    });
    result.dry_run = is_rehearsal.then_some(true);
    result.resource_version = version(&written);
    result.diff = Some(diff);
    Ok(result)
}

/// What is different between two states of an object, as a unified diff of what a person edits; secret values masked.
pub fn difference(before: Option<&Value>, after: &Value) -> String {
    let yaml = |object: &Value| {
        let mut object = object.clone();
        let is_secret = text(&object, "/kind") == "Secret";
        if is_secret {
            // That a value changed is told, the value is not.
            fingerprint(&mut object);
        }
        mask_all_but_marks(&mut object, is_secret);
        if let Some(fields) = object.as_object_mut() {
            fields.remove("status");
        }
        if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            for field in ["resourceVersion", "generation", "uid", "creationTimestamp"] {
                meta.remove(field);
            }
        }
        serde_saphyr::to_string(&object).unwrap_or_default()
    };
    let (old, new) = (before.map(yaml).unwrap_or_default(), yaml(after));
    if old == new {
        return String::new();
    }
    TextDiff::from_lines(&old, &new)
        .unified_diff()
        .context_radius(3)
        .header("now", "then")
        .to_string()
}

fn mask_all_but_marks(object: &mut Value, is_secret: bool) {
    if is_secret {
        if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            meta.remove("managedFields");
            meta.remove("annotations");
        }
    } else {
        mask(object);
    }
}

/// Puts a mark in the place of each value: equal values have equal marks, within this process.
fn fingerprint(object: &mut Value) {
    use std::hash::{BuildHasher as _, RandomState};
    use std::sync::OnceLock;
    static KEY: OnceLock<RandomState> = OnceLock::new();
    let key = KEY.get_or_init(RandomState::new);
    for field in ["data", "stringData"] {
        if let Some(values) = object.get_mut(field).and_then(Value::as_object_mut) {
            for value in values.values_mut() {
                *value = json!(format!(
                    "*** ({:04x})",
                    key.hash_one(value.to_string()) & 0xffff
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use kubelens_core::kubernetes::Kind;

    use super::*;

    #[test]
    fn a_manifest_has_to_belong_to_its_path() {
        let place = Place::new(Kind::ConfigMap, "shop", "web").unwrap();
        let read = |yaml: &str| Applied::read(yaml, &place, None).map_err(|error| error.message);
        assert!(read("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}").is_ok());
        assert!(
            read("apiVersion: v1\nkind: Secret\nmetadata: {name: web}")
                .unwrap_err()
                .contains("path says ConfigMap")
        );
        assert!(read("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: api}").is_err());
        assert!(
            read("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: '***'}")
                .is_err()
        );
        assert!(read("a: [").is_err());
        let twice = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";
        assert!(read(&format!("{twice}---\n{twice}")).is_err());
    }

    #[test]
    fn a_file_mode_is_octal_as_for_kubectl() {
        let place = Place::new(Kind::Pod, "shop", "web").unwrap();
        let yaml = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {volumes: [{name: a, secret: {defaultMode: 0440}}]}";
        let applied = Applied::read(yaml, &place, None).unwrap();
        assert_eq!(
            applied.object["spec"]["volumes"][0]["secret"]["defaultMode"],
            288
        );
    }

    #[test]
    fn a_difference_tells_that_a_secret_changed_and_not_to_what() {
        let secret = |value: &str| json!({"kind": "Secret", "metadata": {"name": "x"}, "data": {"a": value}});
        let diff = difference(Some(&secret("b2xk")), &secret("bmV3"));
        assert!(
            diff.contains("***") && !diff.contains("bmV3") && !diff.contains("b2xk"),
            "{diff}"
        );
        assert_eq!(difference(Some(&secret("b2xk")), &secret("b2xk")), "");
    }
}
