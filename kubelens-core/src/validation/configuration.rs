use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};

use super::field_error::{Errors, Path};
use super::names;

/// All values of one object, in bytes.
const LARGEST: usize = 1024 * 1024;

pub(super) fn config_map(map: &ConfigMap, errors: &mut Errors) {
    let mut size = 0;
    for (key, value) in map.data.iter().flatten() {
        names::config_key(&Path::of(&["data"]).key(key), key, errors);
        size += value.len();
    }
    for (key, ByteString(value)) in map.binary_data.iter().flatten() {
        let path = Path::of(&["binaryData"]).key(key);
        names::config_key(&path, key, errors);
        if map.data.as_ref().is_some_and(|data| data.contains_key(key)) {
            errors.invalid(&path, key, "duplicate of key present in data");
        }
        size += value.len();
    }
    within(size, errors);
}

pub(super) fn secret(secret: &Secret, errors: &mut Errors) {
    let mut size = 0;
    let data: &BTreeMap<String, ByteString> = &secret.data.clone().unwrap_or_default();
    let texts = &secret.string_data.clone().unwrap_or_default();
    for (key, ByteString(value)) in data {
        names::config_key(&Path::of(&["data"]).key(key), key, errors);
        size += value.len();
    }
    for (key, value) in texts {
        names::config_key(&Path::of(&["stringData"]).key(key), key, errors);
        size += value.len();
    }
    within(size, errors);
    let has = |key: &str| data.contains_key(key) || texts.contains_key(key);
    let wanted: &[&str] = match secret.type_.as_deref() {
        Some("kubernetes.io/tls") => &["tls.crt", "tls.key"],
        Some("kubernetes.io/dockerconfigjson") => &[".dockerconfigjson"],
        Some("kubernetes.io/dockercfg") => &[".dockercfg"],
        Some("kubernetes.io/ssh-auth") => &["ssh-privatekey"],
        _ => &[],
    };
    for key in wanted.iter().filter(|key| !has(key)) {
        errors.required(&Path::of(&["data"]).key(key), "");
    }
    let logins = data
        .get(".dockerconfigjson")
        .map(|value| value.0.as_slice());
    let logins = logins.or_else(|| texts.get(".dockerconfigjson").map(|text| text.as_bytes()));
    if secret.type_.as_deref() == Some("kubernetes.io/dockerconfigjson")
        && logins.is_some_and(|text| serde_json::from_slice::<serde_json::Value>(text).is_err())
    {
        // The value itself is a secret.
        errors.invalid(
            &Path::of(&["data"]).key(".dockerconfigjson"),
            "<secret contents redacted>",
            "is not JSON",
        );
    }
}

fn within(size: usize, errors: &mut Errors) {
    if size > LARGEST {
        let why = format!("must have at most {LARGEST} bytes");
        errors.invalid(&Path::of(&["data"]), format!("{size} bytes"), &why);
    }
}
