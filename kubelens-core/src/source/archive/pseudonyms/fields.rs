//! Which fields of an object hold names, and which hold texts.

use serde_json::Value;

use super::Pseudonyms;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Name,
    Image,
    Text,
    /// What identifies types, units and times; nothing of anybody.
    Plain,
}

/// Kinds whose own name is made of types and drivers.
const NAMED_BY_TYPE: [&str; 3] = ["CustomResourceDefinition", "APIService", "CSIDriver"];

/// Below these fields a `name` names a type, a port, a variable or a condition.
const NOT_NAMES_BELOW: [&str; 9] = [
    "ports",
    "env",
    "conditions",
    "drivers",
    "taints",
    "tolerations",
    "metrics",
    "httpHeaders",
    "versions",
];

/// Fields whose string is a name.
const NAMES: [&str; 18] = [
    "name",
    "namespace",
    "generateName",
    "host",
    "hostname",
    "externalName",
    "subdomain",
    "nominatedNodeName",
    "nodeName",
    "secretName",
    "claimName",
    "serviceName",
    "serviceAccountName",
    "storageClassName",
    "priorityClassName",
    "volumeName",
    "ingressClassName",
    "serviceAccount",
];

/// Fields that hold names as values of a map or items of a list.
const NAME_SETS: [&str; 11] = [
    "labels",
    "matchLabels",
    "nodeSelector",
    "selector",
    "values",
    "hosts",
    "hostnames",
    "namespaces",
    "resourceNames",
    "matchFields",
    "allowedTopologies",
];

/// Fields that are read as they are: types, reasons, numbers, times, keys.
const PLAIN: [&str; 34] = [
    "apiVersion",
    "kind",
    "uid",
    "resourceVersion",
    "reason",
    "type",
    "status",
    "phase",
    "operator",
    "effect",
    "protocol",
    "key",
    "topologyKey",
    "containerID",
    "creationTimestamp",
    "schedule",
    "timeZone",
    "path",
    "subPath",
    "group",
    "apiGroup",
    "apiGroups",
    "version",
    "provisioner",
    "driver",
    "controller",
    "clusterIP",
    "podIP",
    "hostIP",
    "ip",
    "cidr",
    "scheme",
    "schedulerName",
    "restartPolicy",
];

/// Tells what every string of the object holds. What a message says of others is not told: it names nobody first.
pub(super) fn each(object: &Value, tell: &mut impl FnMut(Holds, &str)) {
    walk(object, &Place::top(object), tell);
}

/// Replaces names, images, and known names in texts.
pub(super) fn replace(by: &Pseudonyms, object: &mut Value) {
    let place = Place::top(object);
    walk_mut(object, &place, &mut |holds, text| match holds {
        Holds::Name => *text = by.name(text),
        Holds::Image => *text = by.image(text),
        Holds::Text => *text = by.text(text),
        Holds::Plain => {}
    });
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place<'a> {
    field: &'a str,
    /// A `name` here names no object.
    is_no_name: bool,
    /// Everything here is a name.
    is_set: bool,
    /// The field is the object's own metadata, or it is the object.
    is_typed: bool,
}

impl Place<'static> {
    fn top(object: &Value) -> Self {
        let kind = object
            .get("kind")
            .and_then(Value::as_str)
            .unwrap_or_default();
        Self {
            field: "",
            is_no_name: false,
            is_set: false,
            is_typed: NAMED_BY_TYPE.contains(&kind),
        }
    }
}

impl Place<'_> {
    fn holds(&self, text: &str) -> Holds {
        let field = self.field;
        // Some operators put a whole sentence into a reason.
        let is_sentence = text.contains(' ');
        let is_of_type = self.is_typed && field == "name";
        if text.is_empty() || is_of_type || (PLAIN.contains(&field) && !is_sentence) {
            Holds::Plain
        } else if matches!(field, "image" | "imageID") {
            Holds::Image
        } else if field == "address" {
            if text.parse::<std::net::IpAddr>().is_ok() {
                Holds::Plain
            } else {
                Holds::Name
            }
        } else if self.is_set || (NAMES.contains(&field) && !self.is_no_name) {
            Holds::Name
        } else {
            Holds::Text
        }
    }
}

fn walk(value: &Value, place: &Place<'_>, tell: &mut impl FnMut(Holds, &str)) {
    match value {
        Value::String(_) if matches!(place.field, "message" | "reason") => {}
        Value::String(text) => tell(place.holds(text), text),
        Value::Array(items) => items.iter().for_each(|item| walk(item, place, tell)),
        Value::Object(fields) => {
            for (field, value) in fields {
                walk(value, &within(place, field), tell);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn walk_mut(value: &mut Value, place: &Place<'_>, change: &mut impl FnMut(Holds, &mut String)) {
    match value {
        Value::String(text) => change(place.holds(text), text),
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| walk_mut(item, place, change)),
        Value::Object(fields) => {
            for (field, value) in fields.iter_mut() {
                walk_mut(value, &within(place, field), change);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The place of a field. In a set of names the fields are keys: their strings are names, whatever they are called.
fn within<'a>(place: &Place<'_>, field: &'a str) -> Place<'a> {
    let is_key = place.is_set && !NAME_SETS.contains(&field) && !is_structure(field);
    Place {
        field: if is_key { "" } else { field },
        is_no_name: !is_key
            && !refers(field)
            && (place.is_no_name || place.is_typed || NOT_NAMES_BELOW.contains(&field)),
        is_set: is_key || NAME_SETS.contains(&field),
        is_typed: place.is_typed && field != "spec",
    }
}

/// Whether the `name` below a field is an object's wherever the field stands: `env[].valueFrom.secretKeyRef`.
fn refers(field: &str) -> bool {
    matches!(
        field,
        "secretKeyRef" | "configMapKeyRef" | "fileKeyRef" | "describedObject"
    )
}

/// What a selector is made of beside labels.
fn is_structure(field: &str) -> bool {
    matches!(
        field,
        "matchExpressions" | "nodeSelectorTerms" | "operator" | "key"
    )
}
