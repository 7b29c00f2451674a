use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::field_error::{Errors, Path};
use super::metadata;

pub(super) fn autoscaler(autoscaler: &HorizontalPodAutoscaler, errors: &mut Errors) {
    let path = Path::of(&["spec"]);
    let spec = &autoscaler.spec;
    errors.at_least(&path.field("minReplicas"), spec.min_replicas, 0);
    errors.at_least(&path.field("maxReplicas"), Some(spec.max_replicas), 1);
    if spec
        .min_replicas
        .is_some_and(|least| least > spec.max_replicas && spec.max_replicas > 0)
    {
        let why = "must be greater than or equal to `minReplicas`";
        errors.invalid(&path.field("maxReplicas"), spec.max_replicas, why);
    }
    let target = path.field("scaleTargetRef");
    for (field, value) in [
        ("kind", &spec.scale_target_ref.kind),
        ("name", &spec.scale_target_ref.name),
    ] {
        if value.is_empty() {
            errors.required(&target.field(field), "");
        }
    }
    for (index, metric) in spec.metrics.iter().flatten().enumerate() {
        let path = path.field("metrics").at(index);
        let sources = [
            ("ContainerResource", metric.container_resource.is_some()),
            ("External", metric.external.is_some()),
            ("Object", metric.object.is_some()),
            ("Pods", metric.pods.is_some()),
            ("Resource", metric.resource.is_some()),
        ];
        let known: Vec<&str> = sources.iter().map(|(name, _)| *name).collect();
        errors.supported(&path.field("type"), Some(&metric.type_), &known);
        if sources
            .iter()
            .any(|(name, is_set)| *name == metric.type_ && !is_set)
        {
            let field = metric
                .type_
                .chars()
                .next()
                .map(|first| first.to_lowercase().to_string());
            let field = field.unwrap_or_default() + metric.type_.get(1..).unwrap_or_default();
            errors.required(
                &path.field(&field),
                "must populate information for the given metric source",
            );
        }
    }
}

pub(super) fn budget(budget: &PodDisruptionBudget, errors: &mut Errors) {
    let path = Path::of(&["spec"]);
    let spec = budget.spec.clone().unwrap_or_default();
    if spec.min_available.is_some() && spec.max_unavailable.is_some() {
        errors.invalid(
            &path,
            "",
            "minAvailable and maxUnavailable cannot be both set",
        );
    }
    for (field, value) in [
        ("minAvailable", &spec.min_available),
        ("maxUnavailable", &spec.max_unavailable),
    ] {
        match value {
            Some(IntOrString::Int(number)) => errors.at_least(&path.field(field), Some(*number), 0),
            Some(IntOrString::String(text)) => {
                let share = text
                    .strip_suffix('%')
                    .and_then(|share| share.parse::<u32>().ok());
                if share.is_none_or(|share| share > 100) {
                    errors.invalid(
                        &path.field(field),
                        text,
                        "must be a percentage from 0% to 100%",
                    );
                }
            }
            None => {}
        }
    }
    if let Some(selector) = &spec.selector {
        metadata::selector(selector, &path.field("selector"), errors);
    }
}
