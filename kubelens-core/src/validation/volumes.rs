use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{PersistentVolumeClaimSpec, Volume};
use serde_json::Value;

use super::field_error::{Errors, Path};
use super::names;

pub(super) fn check(volumes: &[Volume], path: &Path, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (index, volume) in volumes.iter().enumerate() {
        let path = path.at(index);
        names::label(&path.field("name"), &volume.name, errors);
        if !volume.name.is_empty() && !seen.insert(&volume.name) {
            errors.duplicate(&path.field("name"), &volume.name);
        }
        sources(volume, &path, errors);
    }
}

/// A volume is of one kind. Which kinds there are is what the API's type says.
fn sources(volume: &Volume, path: &Path, errors: &mut Errors) {
    let Ok(Value::Object(fields)) = serde_json::to_value(volume) else {
        return;
    };
    let count = fields.keys().filter(|key| *key != "name").count();
    match count {
        // The API takes one without a source as an emptyDir.
        0 | 1 => {}
        _ => errors.forbidden(path, "may not specify more than 1 volume type"),
    }
    if let Some(secret) = &volume.secret
        && secret.secret_name.as_deref().unwrap_or_default().is_empty()
    {
        errors.required(&path.field("secret").field("secretName"), "");
    }
    if let Some(claim) = &volume.persistent_volume_claim
        && claim.claim_name.is_empty()
    {
        errors.required(&path.field("persistentVolumeClaim").field("claimName"), "");
    }
    if let Some(map) = &volume.config_map
        && map.name.is_empty()
    {
        errors.required(&path.field("configMap").field("name"), "");
    }
    if let Some(host) = &volume.host_path
        && host.path.is_empty()
    {
        errors.required(&path.field("hostPath").field("path"), "");
    }
}

pub(super) fn claim(spec: &PersistentVolumeClaimSpec, path: &Path, errors: &mut Errors) {
    let modes = spec.access_modes.as_deref().unwrap_or_default();
    if modes.is_empty() {
        errors.required(
            &path.field("accessModes"),
            "at least 1 access mode is required",
        );
    }
    for mode in modes {
        errors.supported(
            &path.field("accessModes"),
            Some(mode),
            &[
                "ReadWriteOnce",
                "ReadOnlyMany",
                "ReadWriteMany",
                "ReadWriteOncePod",
            ],
        );
    }
    let requests = spec
        .resources
        .as_ref()
        .and_then(|resources| resources.requests.as_ref());
    if requests.is_none_or(|requests| !requests.contains_key("storage")) {
        errors.required(&path.field("resources").key("storage"), "");
    }
    errors.supported(
        &path.field("volumeMode"),
        spec.volume_mode.as_ref(),
        &["Filesystem", "Block"],
    );
}
