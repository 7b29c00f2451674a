//! Whole objects without what must not leave the cluster.

pub use kubelens_core::model::is_secret_name;
use serde_json::{Value, json};

/// What stands for a secret value.
pub const MASK: &str = "***";

/// The annotation in which `kubectl apply` keeps the whole object once more.
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Takes out what managers wrote about fields.
pub fn trim(object: &mut Value) {
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove("managedFields");
    }
}

/// The same; of a Secret, and of variables that are called like one, the values too.
pub fn mask(object: &mut Value) {
    let is_secret = object.get("kind").and_then(Value::as_str) == Some("Secret");
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove("managedFields");
        if let Some(annotations) = meta.get_mut("annotations").and_then(Value::as_object_mut) {
            if is_secret {
                annotations.remove(APPLIED);
            } else if let Some(applied) = annotations.get_mut(APPLIED) {
                let parsed = applied
                    .as_str()
                    .and_then(|text| serde_json::from_str::<Value>(text).ok());
                if let Some(mut inner) = parsed {
                    variables(&mut inner);
                    *applied = json!(inner.to_string());
                }
            }
        }
    }
    if is_secret {
        for field in ["data", "stringData"] {
            if let Some(values) = object.get_mut(field).and_then(Value::as_object_mut) {
                values.values_mut().for_each(|value| *value = json!(MASK));
            }
        }
    }
    variables(object);
}

/// Whether an object carries a masked value: written back, it would destroy what is there.
pub fn is_masked(value: &Value) -> bool {
    match value {
        Value::String(text) => text == MASK,
        Value::Array(items) => items.iter().any(is_masked),
        Value::Object(fields) => fields.values().any(is_masked),
        _ => false,
    }
}

/// Masks `{name, value}` pairs in lists called `env`.
fn variables(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(variables),
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                if name == "env"
                    && let Value::Array(list) = field
                {
                    for variable in list {
                        let is_secret = variable
                            .get("name")
                            .and_then(Value::as_str)
                            .is_some_and(is_secret_name);
                        if let (true, Some(value)) = (is_secret, variable.get_mut("value")) {
                            *value = json!(MASK);
                        }
                    }
                } else {
                    variables(field);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_values_do_not_get_through() {
        let mut secret = json!({"kind": "Secret", "data": {"a": "c2VjcmV0"}, "metadata": {"managedFields": [],
            "annotations": {APPLIED: "{\"data\":{\"a\":\"c2VjcmV0\"}}"}}});
        mask(&mut secret);
        assert!(!secret.to_string().contains("c2VjcmV0"), "{secret}");
        assert!(is_masked(&secret));
        let mut pod = json!({"kind": "Pod", "spec": {"containers": [
            {"env": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "MODE", "value": "fast"}]}]}});
        mask(&mut pod);
        assert!(!pod.to_string().contains("hunter2"), "{pod}");
        assert!(pod.to_string().contains("fast"));
    }
}
