use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Container, EnvVar, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

use super::field_error::{Errors, Path};
use super::{names, probes};
use crate::model::{Quantity, did_you_mean};

/// What a pod has beside its containers, and they name.
pub(super) struct Around<'a> {
    pub(super) volumes: BTreeSet<&'a str>,
    pub(super) is_host_network: bool,
}

/// All containers of one list.
pub(super) fn check<'a>(
    containers: &'a [Container],
    path: &Path,
    is_init: bool,
    around: &Around<'_>,
    seen: &mut BTreeSet<&'a str>,
    errors: &mut Errors,
) {
    for (index, container) in containers.iter().enumerate() {
        let path = path.at(index);
        names::label(&path.field("name"), &container.name, errors);
        if !container.name.is_empty() && !seen.insert(&container.name) {
            errors.duplicate(&path.field("name"), &container.name);
        }
        one(container, &path, is_init, around, errors);
    }
}

fn one(
    container: &Container,
    path: &Path,
    is_init: bool,
    around: &Around<'_>,
    errors: &mut Errors,
) {
    let image = container.image.as_deref().unwrap_or_default();
    if image.is_empty() {
        errors.required(&path.field("image"), "");
    } else if image.trim() != image {
        errors.invalid(
            &path.field("image"),
            image,
            "must not have leading or trailing whitespace",
        );
    }
    errors.supported(
        &path.field("imagePullPolicy"),
        container.image_pull_policy.as_ref(),
        &["Always", "IfNotPresent", "Never"],
    );
    errors.supported(
        &path.field("terminationMessagePolicy"),
        container.termination_message_policy.as_ref(),
        &["File", "FallbackToLogsOnError"],
    );
    let is_sidecar = container.restart_policy.as_deref() == Some("Always");
    probes::check(container, path, is_init && !is_sidecar, errors);
    ports(container, path, around, errors);
    env(
        container.env.as_deref().unwrap_or_default(),
        &path.field("env"),
        errors,
    );
    for (index, from) in container.env_from.iter().flatten().enumerate() {
        let path = path.field("envFrom").at(index);
        match (&from.config_map_ref, &from.secret_ref) {
            (None, None) => errors.invalid(
                &path,
                "",
                "must specify one of: `configMapRef` or `secretRef`",
            ),
            (Some(_), Some(_)) => errors.invalid(
                &path,
                "",
                "may not have more than one field specified at a time",
            ),
            _ => {}
        }
    }
    mounts(container, path, around, errors);
    if let Some(resources) = &container.resources {
        self::resources(resources, &path.field("resources"), errors);
    }
    if let Some(context) = &container.security_context
        && context.allow_privilege_escalation == Some(false)
    {
        let path = path.field("securityContext");
        if context.privileged == Some(true) {
            errors.invalid(
                &path,
                "",
                "cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
            );
        }
        let added = context
            .capabilities
            .as_ref()
            .and_then(|all| all.add.as_ref());
        if added
            .into_iter()
            .flatten()
            .any(|one| one == "CAP_SYS_ADMIN")
        {
            let why = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN";
            errors.invalid(&path, "", why);
        }
    }
}

fn ports(container: &Container, path: &Path, around: &Around<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (index, port) in container.ports.iter().flatten().enumerate() {
        let path = path.field("ports").at(index);
        errors.port(&path.field("containerPort"), port.container_port);
        errors.supported(
            &path.field("protocol"),
            port.protocol.as_ref(),
            &["TCP", "UDP", "SCTP"],
        );
        if let Some(host) = port.host_port.filter(|port| *port != 0) {
            errors.port(&path.field("hostPort"), host);
            if around.is_host_network && host != port.container_port {
                errors.invalid(
                    &path.field("hostPort"),
                    host,
                    "must match `containerPort` when `hostNetwork` is true",
                );
            }
        }
        if let Some(name) = &port.name {
            names::port_name(&path.field("name"), name, errors);
            if !seen.insert(name) {
                errors.duplicate(&path.field("name"), name);
            }
        }
    }
}

fn env(variables: &[EnvVar], path: &Path, errors: &mut Errors) {
    for (index, variable) in variables.iter().enumerate() {
        let path = path.at(index);
        let name = &variable.name;
        if name.is_empty() {
            errors.required(&path.field("name"), "");
        } else if name.contains('=') || !name.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            let why = "must consist only of printable ASCII characters other than '='";
            errors.invalid(&path.field("name"), name, why);
        }
        let Some(from) = &variable.value_from else {
            continue;
        };
        let sources = [
            from.config_map_key_ref.is_some(),
            from.secret_key_ref.is_some(),
            from.field_ref.is_some(),
            from.resource_field_ref.is_some(),
            from.file_key_ref.is_some(),
        ];
        let path = path.field("valueFrom");
        match sources.iter().filter(|is_set| **is_set).count() {
            0 => errors.invalid(&path, "", "must specify one of its sources"),
            1 if variable
                .value
                .as_ref()
                .is_some_and(|value| !value.is_empty()) =>
            {
                errors.invalid(&path, "", "may not be specified when `value` is not empty");
            }
            1 => {}
            _ => errors.invalid(
                &path,
                "",
                "may not have more than one field specified at a time",
            ),
        }
    }
}

fn mounts(container: &Container, path: &Path, around: &Around<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for (index, mount) in container.volume_mounts.iter().flatten().enumerate() {
        let path = path.field("volumeMounts").at(index);
        let known = &around.volumes;
        if mount.name.is_empty() {
            errors.required(&path.field("name"), "");
        } else if !known.contains(mount.name.as_str()) {
            let hint = did_you_mean(&mount.name, known.iter().copied());
            errors.not_found(&path.field("name"), &mount.name, hint.as_deref());
        }
        if mount.mount_path.is_empty() {
            errors.required(&path.field("mountPath"), "");
        } else if !seen.insert(&mount.mount_path) {
            errors.invalid(
                &path.field("mountPath"),
                &mount.mount_path,
                "must be unique",
            );
        }
        if let Some(inside) = &mount.sub_path
            && (inside.starts_with('/') || inside.split('/').any(|part| part == ".."))
        {
            errors.invalid(
                &path.field("subPath"),
                inside,
                "must be a relative path without '..'",
            );
        }
    }
}

/// A request must not be above its limit.
pub(super) fn resources(resources: &ResourceRequirements, path: &Path, errors: &mut Errors) {
    let limits = amounts(resources.limits.as_ref(), &path.field("limits"), errors);
    for (name, (request, written)) in
        amounts(resources.requests.as_ref(), &path.field("requests"), errors)
    {
        if let Some((limit, most)) = limits.get(name)
            && request > *limit
        {
            let why = format!("must be less than or equal to {name} limit of {most}");
            errors.invalid(&path.field("requests").key(name), written, &why);
        }
    }
}

/// Amounts by the name of their resource, beside what is written.
fn amounts<'a>(
    written: Option<&'a BTreeMap<String, Written>>,
    path: &Path,
    errors: &mut Errors,
) -> BTreeMap<&'a str, (Quantity, &'a str)> {
    let mut amounts = BTreeMap::new();
    for (name, Written(amount)) in written.into_iter().flatten() {
        let path = path.key(name);
        match amount.parse::<Quantity>() {
            Ok(read) if read < Quantity::ZERO => {
                errors.invalid(&path, amount, "must be greater than or equal to 0");
            }
            Ok(read) => {
                amounts.insert(name.as_str(), (read, amount.as_str()));
            }
            Err(_) => errors.invalid(&path, amount, "is not a quantity (250m, 1.5Gi)"),
        }
    }
    amounts
}
