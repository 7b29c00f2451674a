use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::field_error::{Errors, Path};
use super::names::{self, NameRule};

/// All annotations of an object together, in bytes.
const LONGEST_ANNOTATIONS: usize = 256 * 1024;

pub(super) fn check(meta: &ObjectMeta, rule: NameRule, errors: &mut Errors) {
    let path = Path::of(&["metadata"]);
    match (&meta.name, &meta.generate_name) {
        (Some(name), _) => rule.check(&path.field("name"), name, errors),
        (None, Some(_)) => {}
        (None, None) => errors.required(&path.field("name"), "name or generateName is required"),
    }
    if let Some(namespace) = &meta.namespace {
        names::label(&path.field("namespace"), namespace, errors);
    }
    labelled(meta, &path, errors);
}

/// Labels and annotations: those of an object, and those of a template.
pub(super) fn labelled(meta: &ObjectMeta, path: &Path, errors: &mut Errors) {
    labels(meta.labels.as_ref(), &path.field("labels"), errors);
    let mut length = 0;
    for (key, value) in meta.annotations.iter().flatten() {
        names::qualified(&path.field("annotations"), key, errors);
        length += key.len() + value.len();
    }
    if length > LONGEST_ANNOTATIONS {
        let why = format!("must have at most {LONGEST_ANNOTATIONS} bytes");
        errors.invalid(&path.field("annotations"), format!("{length} bytes"), &why);
    }
}

pub(super) fn labels(labels: Option<&BTreeMap<String, String>>, path: &Path, errors: &mut Errors) {
    for (key, value) in labels.into_iter().flatten() {
        names::qualified(path, key, errors);
        names::label_value(&path.key(key), value, errors);
    }
}

pub(super) fn selector(selector: &LabelSelector, path: &Path, errors: &mut Errors) {
    labels(
        selector.match_labels.as_ref(),
        &path.field("matchLabels"),
        errors,
    );
    for (index, one) in selector.match_expressions.iter().flatten().enumerate() {
        let path = path.field("matchExpressions").at(index);
        names::qualified(&path.field("key"), &one.key, errors);
        let has_values = one.values.as_ref().is_some_and(|values| !values.is_empty());
        match one.operator.as_str() {
            "In" | "NotIn" if !has_values => errors.required(
                &path.field("values"),
                "must be specified when `operator` is 'In' or 'NotIn'",
            ),
            "Exists" | "DoesNotExist" if has_values => errors.forbidden(
                &path.field("values"),
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            ),
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => errors.invalid(
                &path.field("operator"),
                other,
                "not a valid selector operator",
            ),
        }
    }
}

pub(super) fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.iter().flatten().next().is_none()
        && selector.match_expressions.iter().flatten().next().is_none()
}

/// Whether the selector takes an object with these labels.
pub(super) fn takes(selector: &LabelSelector, labels: Option<&BTreeMap<String, String>>) -> bool {
    let value = |key: &String| labels.and_then(|labels| labels.get(key));
    let labels_hold = selector
        .match_labels
        .iter()
        .flatten()
        .all(|(key, wanted)| value(key) == Some(wanted));
    let expressions_hold = selector.match_expressions.iter().flatten().all(|one| {
        let value = value(&one.key);
        let is_listed =
            value.is_some_and(|value| one.values.iter().flatten().any(|known| known == value));
        match one.operator.as_str() {
            "In" => is_listed,
            "NotIn" => !is_listed,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => true,
        }
    });
    labels_hold && expressions_hold
}
