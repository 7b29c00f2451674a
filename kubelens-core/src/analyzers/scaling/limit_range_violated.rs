use std::sync::LazyLock;

use regex::Regex;

use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::failed_create::{FailedCreate, failed_creates};
use crate::analyzers::refusal::Refusal;
use crate::analyzers::rollouts::refusers::severity_of;
use crate::kubernetes::{Kind, LimitRange, LimitRangeItem, Object};
use crate::model::{Evidence, Quantity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container asks for more or less than a LimitRange of its namespace lets it, so the API
    /// server refuses the pod.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: LimitRange
    /// metadata: {name: small, namespace: shop, uid: l1}
    /// spec: {limits: [{type: Container, max: {memory: 256Mi}}]}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 2, template: {spec: {containers: [{name: web, resources: {limits: {memory: 512Mi}}}]}}}
    /// status:
    ///   replicas: 0
    ///   conditions:
    ///   - {type: ReplicaFailure, status: "True", reason: FailedCreate, message: 'pods "web-5d-" is forbidden: maximum memory usage per Container is 256Mi, but limit is 512Mi'}
    /// ```
    ///
    /// # Stays silent on
    /// A range that was changed since:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: LimitRange
    /// metadata: {name: small, namespace: shop, uid: l1}
    /// spec: {limits: [{type: Container, max: {memory: 1Gi}}]}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 2}
    /// status:
    ///   replicas: 0
    ///   conditions:
    ///   - {type: ReplicaFailure, status: "True", reason: FailedCreate, message: 'pods "web-5d-" is forbidden: maximum memory usage per Container is 256Mi, but limit is 512Mi'}
    /// ```
    ///
    /// # How to fix
    /// Bring the container's request and limit into the range, or change the range.
    ///
    /// # What it cannot know
    /// What the program needs.
    ///
    /// # Source
    /// The LimitRanger admission plugin's `maximum … usage per …`, `minimum …`, `max limit to request
    /// ratio per …`.
    SCA023 "limit-range-violated" {
        role: Root,
        severity: Critical,
        confidence: 0.98,
        reads: [
            LimitRange, ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job, CronJob, Deployment, Event,
        ],
        maps_to: ["k8sgpt:ReplicaSet"],
        check: Cluster(check),
    }
}

/// `maximum memory usage per Container is 256Mi`, `cpu max limit to request ratio per Pod is 2`.
static BOUND: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?:(?P<side>maximum|minimum) (?P<usage>\S+) usage|(?P<ratio>\S+) max limit to request ratio) per (?P<type>\w+) is (?P<bound>[^\s,]+)",
    )
    .ok()
});

/// A bound that was broken.
struct Bound<'t> {
    side: &'t str,
    resource: &'t str,
    type_: &'t str,
    value: &'t str,
}

fn bounds(violation: &str) -> Vec<Bound<'_>> {
    BOUND
        .iter()
        .flat_map(|pattern| pattern.captures_iter(violation))
        .filter_map(|found| {
            let part = |name| found.name(name).map(|part| part.as_str());
            Some(Bound {
                side: part("side").unwrap_or("ratio"),
                resource: part("usage").or_else(|| part("ratio"))?,
                type_: part("type")?,
                value: part("bound")?.trim_end_matches('.'),
            })
        })
        .collect()
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for failed in failed_creates(cluster) {
        let Refusal::LimitRange { violation } = failed.refusal else {
            continue;
        };
        let bounds = bounds(violation);
        let range = range_with(cluster, failed.namespace(), &bounds);
        let is_over = range.is_none()
            && !bounds.is_empty()
            && cluster.is_complete(Kind::LimitRange, failed.namespace());
        if !is_over {
            sink.report(sighting(cluster, &failed, violation, &bounds, range));
        }
    }
}

/// The range that has one of the bounds.
fn range_with<'a>(
    cluster: &Cluster<'a>,
    namespace: &str,
    bounds: &[Bound<'_>],
) -> Option<&'a LimitRange> {
    cluster.in_namespace::<LimitRange>(namespace).find(|range| {
        range
            .spec
            .limits
            .iter()
            .any(|item| bounds.iter().any(|bound| has(item, bound)))
    })
}

fn has(item: &LimitRangeItem, bound: &Bound<'_>) -> bool {
    let amounts = match bound.side {
        "maximum" => &item.max,
        "minimum" => &item.min,
        _ => &item.max_limit_request_ratio,
    };
    let stated = bound.value.parse::<Quantity>().ok();
    item.type_ == *bound.type_ && amounts.get(bound.resource).copied() == stated
}

fn sighting(
    cluster: &Cluster<'_>,
    failed: &FailedCreate<'_>,
    violation: &str,
    bounds: &[Bound<'_>],
    range: Option<&LimitRange>,
) -> Sighting {
    let whose = range.map_or_else(
        || "a LimitRange of its namespace".to_owned(),
        |range| range.reference().to_string(),
    );
    let title = match bounds.first() {
        Some(bound) => format!(
            "{} is outside {whose}: {} {} per {} is {}",
            failed.top, bound.side, bound.resource, bound.type_, bound.value
        ),
        None => format!("{} is outside {whose}", failed.top),
    };
    let explanation = format!(
        "{}. The API server refuses the others: {violation}.",
        failed.counts()
    );
    let mut sighting = Sighting::of(failed.top.clone(), title, explanation)
        .severity(severity_of(cluster, failed))
        .evidence(failed.evidence())
        .since(failed.since);
    for bound in bounds {
        sighting = sighting.identified_by("bound", format!("{} {}", bound.side, bound.resource));
        if let Some(range) = range {
            let list = match bound.side {
                "maximum" => "max",
                "minimum" => "min",
                _ => "maxLimitRequestRatio",
            };
            let path = format!("spec.limits[{}].{list}.{}", bound.type_, bound.resource);
            sighting = sighting.evidence(Evidence::field(range.reference(), &path, bound.value));
        }
        for (_, container) in failed.spec.all_containers() {
            let lists = [
                ("requests", &container.resources.requests),
                ("limits", &container.resources.limits),
            ];
            for (list, amounts) in lists {
                if let Some(amount) = amounts.get(bound.resource) {
                    let path = format!(
                        "spec.template.spec.containers[{}].resources.{list}.{}",
                        container.name, bound.resource
                    );
                    let value = amount.human(bound.resource);
                    sighting = sighting.evidence(Evidence::field(failed.top.clone(), &path, value));
                }
            }
        }
    }
    sighting
        .suggest(Suggestion::advice(format!(
            "Bring the requests and limits of {} into the range of {whose}",
            failed.top
        )))
        .suggest(Suggestion::look(
            "See the range",
            format!("kubectl -n {} describe limitrange", failed.namespace()),
        ))
}

#[cfg(test)]
mod tests {
    use super::{BOUND, bounds};

    #[test]
    fn every_broken_bound_is_read() {
        assert!(BOUND.is_some());
        let text = "maximum memory usage per Container is 1Gi, but limit is 2Gi, minimum cpu usage per Pod is 100m. No request is specified, cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000";
        let all: Vec<_> = bounds(text)
            .iter()
            .map(|bound| {
                format!(
                    "{} {} {} {}",
                    bound.side, bound.resource, bound.type_, bound.value
                )
            })
            .collect();
        assert_eq!(
            all,
            [
                "maximum memory Container 1Gi",
                "minimum cpu Pod 100m",
                "ratio cpu Container 2",
            ]
        );
    }
}
