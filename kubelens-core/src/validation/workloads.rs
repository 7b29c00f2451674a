use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job, JobSpec};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::field_error::{Errors, Path};
use super::{metadata, pods, volumes};

const ALWAYS: &[&str] = &["Always"];
/// A CronJob's Jobs carry its name and eleven characters more.
const LONGEST_CRON_JOB: usize = 52;

pub(super) fn pod(pod: &Pod, errors: &mut Errors) {
    match &pod.spec {
        Some(spec) => pods::spec(spec, &Path::of(&["spec"]), &[], errors),
        None => errors.required(&Path::of(&["spec", "containers"]), ""),
    }
}

pub(super) fn deployment(deployment: &Deployment, errors: &mut Errors) {
    let path = Path::of(&["spec"]);
    let spec = &deployment.spec;
    errors.at_least(&path.field("replicas"), spec.replicas, 0);
    selected(&spec.selector, &spec.template, ALWAYS, &[], errors);
    let Some(strategy) = &spec.strategy else {
        return;
    };
    let path = path.field("strategy");
    errors.supported(
        &path.field("type"),
        strategy.type_.as_ref(),
        &["Recreate", "RollingUpdate"],
    );
    let Some(rolling) = &strategy.rolling_update else {
        return;
    };
    let path = path.field("rollingUpdate");
    if strategy.type_.as_deref() == Some("Recreate") {
        errors.forbidden(
            &path,
            "may not be specified when strategy `type` is 'Recreate'",
        );
    }
    if is_nothing(rolling.max_unavailable.as_ref()) && is_nothing(rolling.max_surge.as_ref()) {
        errors.invalid(
            &path.field("maxUnavailable"),
            0,
            "may not be 0 when `maxSurge` is 0",
        );
    }
}

pub(super) fn replica_set(set: &ReplicaSet, errors: &mut Errors) {
    let spec = &set.spec;
    errors.at_least(&Path::of(&["spec", "replicas"]), spec.replicas, 0);
    let template = spec.template.clone().unwrap_or_default();
    selected(&spec.selector, &template, ALWAYS, &[], errors);
}

pub(super) fn stateful_set(set: &StatefulSet, errors: &mut Errors) {
    let path = Path::of(&["spec"]);
    let spec = &set.spec;
    errors.at_least(&path.field("replicas"), spec.replicas, 0);
    let templates = spec.volume_claim_templates.as_deref().unwrap_or_default();
    let claims: Vec<&str> = templates
        .iter()
        .filter_map(|claim| claim.metadata.name.as_deref())
        .collect();
    selected(&spec.selector, &spec.template, ALWAYS, &claims, errors);
    for (index, claim) in templates.iter().enumerate() {
        let path = path.field("volumeClaimTemplates").at(index).field("spec");
        volumes::claim(&claim.spec.clone().unwrap_or_default(), &path, errors);
    }
    errors.supported(
        &path.field("podManagementPolicy"),
        spec.pod_management_policy.as_ref(),
        &["OrderedReady", "Parallel"],
    );
    let strategy = spec.update_strategy.as_ref();
    update_strategy(strategy.and_then(|one| one.type_.as_ref()), errors);
}

pub(super) fn daemon_set(set: &DaemonSet, errors: &mut Errors) {
    let spec = &set.spec;
    selected(&spec.selector, &spec.template, ALWAYS, &[], errors);
    let strategy = spec.update_strategy.as_ref();
    update_strategy(strategy.and_then(|one| one.type_.as_ref()), errors);
}

fn update_strategy(kind: Option<&String>, errors: &mut Errors) {
    let path = Path::of(&["spec", "updateStrategy", "type"]);
    errors.supported(&path, kind, &["RollingUpdate", "OnDelete"]);
}

pub(super) fn job(job: &Job, errors: &mut Errors) {
    match &job.spec {
        Some(spec) => job_spec(spec, &Path::of(&["spec"]), errors),
        None => errors.required(&Path::of(&["spec", "template"]), ""),
    }
}

pub(super) fn cron_job(job: &CronJob, errors: &mut Errors) {
    let path = Path::of(&["spec"]);
    if let Some(name) = job
        .metadata
        .name
        .as_ref()
        .filter(|name| name.len() > LONGEST_CRON_JOB)
    {
        let why = format!("must be no more than {LONGEST_CRON_JOB} characters");
        errors.invalid(&Path::of(&["metadata", "name"]), name, &why);
    }
    let spec = &job.spec;
    if spec.schedule.is_empty() {
        errors.required(&path.field("schedule"), "");
    }
    errors.supported(
        &path.field("concurrencyPolicy"),
        spec.concurrency_policy.as_ref(),
        &["Allow", "Forbid", "Replace"],
    );
    match &spec.job_template.spec {
        Some(spec) => job_spec(spec, &path.field("jobTemplate").field("spec"), errors),
        None => errors.required(&path.field("jobTemplate").field("spec"), ""),
    }
}

fn job_spec(spec: &JobSpec, path: &Path, errors: &mut Errors) {
    for (field, number) in [
        ("parallelism", spec.parallelism),
        ("completions", spec.completions),
        ("backoffLimit", spec.backoff_limit),
        ("ttlSecondsAfterFinished", spec.ttl_seconds_after_finished),
    ] {
        errors.at_least(&path.field(field), number, 0);
    }
    errors.at_least(
        &path.field("activeDeadlineSeconds"),
        spec.active_deadline_seconds,
        1,
    );
    errors.supported(
        &path.field("completionMode"),
        spec.completion_mode.as_ref(),
        &["NonIndexed", "Indexed"],
    );
    if spec.completion_mode.as_deref() == Some("Indexed") && spec.completions.is_none() {
        errors.required(
            &path.field("completions"),
            "when completion mode is Indexed",
        );
    }
    let template = path.field("template");
    let policy = spec
        .template
        .spec
        .as_ref()
        .map(|spec| spec.restart_policy.as_deref());
    if policy == Some(None) {
        // The default, Always, is not for pods that end.
        errors.required(
            &template.field("spec").field("restartPolicy"),
            "valid values: \"OnFailure\", \"Never\"",
        );
    }
    pods::template(
        &spec.template,
        &template,
        &["OnFailure", "Never"],
        &[],
        errors,
    );
}

/// The selector of a workload must take the pods of its template.
fn selected(
    selector: &LabelSelector,
    template: &PodTemplateSpec,
    policies: &[&str],
    claims: &[&str],
    errors: &mut Errors,
) {
    let path = Path::of(&["spec"]);
    pods::template(template, &path.field("template"), policies, claims, errors);
    if metadata::is_empty(selector) {
        errors.required(
            &path.field("selector"),
            "an empty selector takes nothing of its own",
        );
        return;
    }
    metadata::selector(selector, &path.field("selector"), errors);
    let labels = template
        .metadata
        .as_ref()
        .and_then(|meta| meta.labels.as_ref());
    if !metadata::takes(selector, labels) {
        let shown: Vec<String> = labels
            .into_iter()
            .flatten()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        errors.invalid(
            &path.field("template").field("metadata").field("labels"),
            shown.join(","),
            "`selector` does not match template `labels`",
        );
    }
}

fn is_nothing(amount: Option<&IntOrString>) -> bool {
    match amount {
        Some(IntOrString::Int(number)) => *number == 0,
        Some(IntOrString::String(text)) => text == "0" || text == "0%",
        None => false,
    }
}
