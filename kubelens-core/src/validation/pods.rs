use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec, Toleration};

use super::containers::{self, Around};
use super::field_error::{Errors, Path};
use super::{metadata, names, volumes};

const RESTART_POLICIES: &[&str] = &["Always", "OnFailure", "Never"];

/// The template of a workload; `claims` are volumes that its pods get besides.
pub(super) fn template(
    template: &PodTemplateSpec,
    path: &Path,
    restart_policies: &[&str],
    claims: &[&str],
    errors: &mut Errors,
) {
    if let Some(meta) = &template.metadata {
        metadata::labelled(meta, &path.field("metadata"), errors);
    }
    let path = path.field("spec");
    let Some(spec) = &template.spec else {
        errors.required(&path, "");
        return;
    };
    if let Some(policy) = &spec.restart_policy
        && RESTART_POLICIES.contains(&policy.as_str())
    {
        errors.supported(&path.field("restartPolicy"), Some(policy), restart_policies);
    }
    if spec.active_deadline_seconds.is_some() && restart_policies == ["Always"] {
        errors.forbidden(
            &path.field("activeDeadlineSeconds"),
            "activeDeadlineSeconds in a template whose pods always restart is not supported",
        );
    }
    self::spec(spec, &path, claims, errors);
}

pub(super) fn spec(spec: &PodSpec, path: &Path, claims: &[&str], errors: &mut Errors) {
    let own = spec.volumes.as_deref().unwrap_or_default();
    volumes::check(own, &path.field("volumes"), errors);
    let around = Around {
        volumes: own
            .iter()
            .map(|volume| volume.name.as_str())
            .chain(claims.iter().copied())
            .collect(),
        is_host_network: spec.host_network == Some(true),
    };
    if spec.containers.is_empty() {
        errors.required(&path.field("containers"), "");
    }
    let mut seen = BTreeSet::new();
    let mut check = |containers, field: &str, is_init| {
        containers::check(
            containers,
            &path.field(field),
            is_init,
            &around,
            &mut seen,
            errors,
        );
    };
    check(&spec.containers, "containers", false);
    check(
        spec.init_containers.as_deref().unwrap_or_default(),
        "initContainers",
        true,
    );
    errors.supported(
        &path.field("restartPolicy"),
        spec.restart_policy.as_ref(),
        RESTART_POLICIES,
    );
    errors.supported(
        &path.field("dnsPolicy"),
        spec.dns_policy.as_ref(),
        &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
    );
    errors.at_least(
        &path.field("terminationGracePeriodSeconds"),
        spec.termination_grace_period_seconds,
        0,
    );
    errors.at_least(
        &path.field("activeDeadlineSeconds"),
        spec.active_deadline_seconds,
        1,
    );
    metadata::labels(
        spec.node_selector.as_ref(),
        &path.field("nodeSelector"),
        errors,
    );
    for (field, name) in [
        ("serviceAccountName", &spec.service_account_name),
        ("nodeName", &spec.node_name),
        ("priorityClassName", &spec.priority_class_name),
        ("runtimeClassName", &spec.runtime_class_name),
    ] {
        if let Some(name) = name.as_ref().filter(|name| !name.is_empty()) {
            names::subdomain(&path.field(field), name, errors);
        }
    }
    for (index, toleration) in spec.tolerations.iter().flatten().enumerate() {
        self::toleration(toleration, &path.field("tolerations").at(index), errors);
    }
    for (index, spread) in spec
        .topology_spread_constraints
        .iter()
        .flatten()
        .enumerate()
    {
        let path = path.field("topologySpreadConstraints").at(index);
        errors.at_least(&path.field("maxSkew"), Some(spread.max_skew), 1);
        if spread.topology_key.is_empty() {
            errors.required(&path.field("topologyKey"), "can not be empty");
        }
        errors.supported(
            &path.field("whenUnsatisfiable"),
            Some(&spread.when_unsatisfiable),
            &["DoNotSchedule", "ScheduleAnyway"],
        );
    }
}

fn toleration(toleration: &Toleration, path: &Path, errors: &mut Errors) {
    let operator = toleration.operator.as_deref().unwrap_or_default();
    let key = toleration.key.as_deref().unwrap_or_default();
    let value = toleration.value.as_deref().unwrap_or_default();
    if !key.is_empty() {
        names::qualified(&path.field("key"), key, errors);
    } else if operator != "Exists" {
        let why = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        errors.invalid(&path.field("operator"), operator, why);
    }
    if operator == "Exists" && !value.is_empty() {
        errors.invalid(
            &path.field("operator"),
            value,
            "value must be empty when `operator` is 'Exists'",
        );
    }
    errors.supported(
        &path.field("operator"),
        toleration
            .operator
            .as_ref()
            .filter(|operator| !operator.is_empty()),
        &["Equal", "Exists", "Lt", "Gt"],
    );
    errors.supported(
        &path.field("effect"),
        toleration
            .effect
            .as_ref()
            .filter(|effect| !effect.is_empty()),
        &["NoSchedule", "PreferNoSchedule", "NoExecute"],
    );
    if toleration.toleration_seconds.is_some() && toleration.effect.as_deref() != Some("NoExecute")
    {
        errors.invalid(
            &path.field("effect"),
            toleration.effect.as_deref().unwrap_or_default(),
            "effect must be 'NoExecute' when `tolerationSeconds` is set",
        );
    }
}
