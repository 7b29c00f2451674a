//! What is near its limit: a container by what it uses of memory or CPU, said alike of both.

use crate::analysis::Sighting;
use crate::analyzers::measured::{Measured, containers, percent};
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, Quantity, Suggestion, capitalized};
use crate::snapshot::Cluster;

/// A container that uses much of what it may have of a resource.
#[derive(Debug)]
pub(super) struct Near<'a> {
    pub(super) measured: Measured<'a>,
    resource: &'static str,
    pub(super) used: Quantity,
    pub(super) limit: Quantity,
}

/// The containers of a pod that use this share of their own limit or more. Who calls it reads PodMetrics.
pub(super) fn near<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    resource: &'static str,
    share: f64,
) -> Vec<Near<'a>> {
    let all = containers(cluster, pod).into_iter();
    all.filter_map(|measured| {
        let (used, limit) = (measured.used(resource)?, measured.limit(resource)?);
        (used.as_f64() >= limit.as_f64() * share).then_some(Near {
            measured,
            resource,
            used,
            limit,
        })
    })
    .collect()
}

impl Near<'_> {
    /// The container with its use and its limit as proof. `outcome` ends the title, `remedy` tells what to do where
    /// an amount with room stands for `{}`.
    pub(super) fn sighting(
        &self,
        cluster: &Cluster<'_>,
        outcome: &str,
        explanation: String,
        remedy: (&str, &str),
    ) -> Sighting {
        let (pod, container) = (self.measured.pod, &self.measured.container);
        let top = cluster.top_of(pod);
        let name = if self.resource == "cpu" {
            "CPU"
        } else {
            self.resource
        };
        let title = format!(
            "{} of {top} uses {} of its {name} limit{outcome}",
            capitalized(&container.title()),
            percent(self.used, self.limit)
        );
        let own = pod.reference();
        let path = self.measured.path("limits", self.resource);
        let room = super::right_size::with_room(self.used, self.resource, 1.5);
        Sighting::of(top, title, explanation)
            .seen_on(own.clone(), "template of")
            .in_container(container.name())
            .evidence(self.measured.evidence(self.resource, "limit", self.limit))
            .evidence(Evidence::field(own, &path, self.limit.human(self.resource)))
            .suggest(Suggestion::advice(format!(
                "{} (here to {room}{}",
                remedy.0, remedy.1
            )))
            .suggest(super::right_size::look(pod))
    }
}
