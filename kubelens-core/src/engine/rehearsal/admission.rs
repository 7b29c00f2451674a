//! What a LimitRange would refuse.

use crate::analysis::Sighting;
use crate::kubernetes::{Container, LimitRange, LimitRangeItem, Object, Resources};
use crate::model::{Evidence, Quantity, Suggestion};
use crate::snapshot::{Cluster, Workload};

/// Containers that ask for less than the least or more than the most that a LimitRange of the namespace allows.
pub(super) fn check<'a>(
    workload: &Workload<'a>,
    cluster: &Cluster<'a>,
    seen: &mut Vec<(&'static str, Sighting)>,
) {
    let namespace = workload.metadata().namespace.as_str();
    for range in cluster.in_namespace::<LimitRange>(namespace) {
        let limits = range.spec.limits.iter();
        for item in limits.filter(|item| item.type_ == "Container") {
            for (_, container) in workload.pod_spec().all_containers() {
                if let Some(flaw) = flaw(container, item) {
                    seen.push(("SCA023", sighting(workload, range, container, &flaw)));
                }
            }
        }
    }
}

struct Flaw {
    resource: String,
    /// `requests` or `limits`.
    field: &'static str,
    asked: Quantity,
    bound: Quantity,
    /// `min` or `max`.
    side: &'static str,
}

/// The first bound that the container breaks. Source: `plugin/pkg/admission/limitranger`.
fn flaw(container: &Container, item: &LimitRangeItem) -> Option<Flaw> {
    let requests = container.resources.effective_requests();
    let limits = &container.resources.limits;
    let broken = |field, amounts: &Resources, side, bounds: &Resources| {
        bounds.iter().find_map(|(resource, bound)| {
            let asked = *amounts.get(resource)?;
            let breaks = match side {
                "min" => asked.thousandths() < bound.thousandths(),
                _ => asked.thousandths() > bound.thousandths(),
            };
            breaks.then(|| Flaw {
                resource: resource.to_string(),
                field,
                asked,
                bound: *bound,
                side,
            })
        })
    };
    broken("requests", &requests, "min", &item.min)
        .or_else(|| broken("limits", limits, "max", &item.max))
        .or_else(|| broken("requests", &requests, "max", &item.max))
}

fn sighting(
    workload: &Workload<'_>,
    range: &LimitRange,
    container: &Container,
    flaw: &Flaw,
) -> Sighting {
    let own = workload.reference();
    let resource = flaw.resource.as_str();
    let (asked, bound) = (flaw.asked.human(resource), flaw.bound.human(resource));
    let word = if flaw.side == "min" { "least" } else { "most" };
    Sighting::of(
        own.clone(),
        format!(
            "{own} asks for {asked} {resource} per container; {} allows {bound} at {word}",
            range.reference()
        ),
        format!(
            "The API server will refuse its pods: container `{}` has {}.{resource} {asked}.",
            container.name, flaw.field
        ),
    )
    .in_container(&container.name)
    .identified_by("resource", resource)
    .evidence(Evidence::field(
        own.clone(),
        &format!(
            "{}.containers[{}].resources.{}.{resource}",
            workload.pod_spec_path(),
            container.name,
            flaw.field
        ),
        asked,
    ))
    .evidence(Evidence::field(
        range.reference(),
        &format!("spec.limits[Container].{}.{resource}", flaw.side),
        &bound,
    ))
    .suggest(Suggestion::advice(format!(
        "Set {}.{resource} of container {} to {bound}, or change {}",
        flaw.field,
        container.name,
        range.reference()
    )))
}
