//! What containers use, as far as one sample can be believed.

use crate::kubernetes::{ContainerView, Object, Pod, PodMetrics};
use crate::model::{Evidence, Quantity};
use crate::snapshot::Cluster;

/// Seconds for which a sample says what is.
const FRESH: i64 = 600;

/// The use of a container that runs, in a sample that lies within its present run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) container: ContainerView<'a>,
    sample: &'a PodMetrics,
}

/// What the running containers of a pod use. Who calls it reads PodMetrics.
pub(crate) fn containers<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Vec<Measured<'a>> {
    let meta = &pod.metadata;
    let Some(sample) = cluster.get::<PodMetrics>(&meta.namespace, &meta.name) else {
        return Vec::new();
    };
    if !pod.is_live() || !cluster.is_within(sample.timestamp, FRESH) {
        return Vec::new();
    }
    pod.containers()
        .filter(|container| is_in_the_run(container, sample))
        .map(|container| Measured {
            pod,
            container,
            sample,
        })
        .collect()
}

/// Whether the container ran during the whole sample: a start is no steady state.
fn is_in_the_run(container: &ContainerView<'_>, sample: &PodMetrics) -> bool {
    let running = container
        .status
        .and_then(|status| status.state.running.as_ref());
    running.is_some_and(|running| running.started_at <= sample.begin())
}

impl Measured<'_> {
    /// What it used of `cpu` or `memory`.
    pub(crate) fn used(&self, resource: &str) -> Option<Quantity> {
        self.sample.used(self.container.name(), resource)
    }

    /// Its own limit of a resource, of what is in force (the kubelet says it) or else of what is asked for.
    pub(crate) fn limit(&self, resource: &str) -> Option<Quantity> {
        let limit = self.container.spec.resources.limits.get(resource);
        limit.copied().filter(|limit| !limit.is_zero())
    }

    /// What it asks for of a resource; a limit stands in for a request.
    pub(crate) fn request(&self, resource: &str) -> Option<Quantity> {
        let requests = self.container.spec.resources.effective_requests();
        let request = requests.get(resource).copied();
        request.filter(|request| !request.is_zero())
    }

    /// Since when the container runs.
    pub(crate) fn started_at(&self) -> Option<jiff::Timestamp> {
        let state = &self.container.status?.state;
        state.running.as_ref()?.started_at
    }

    /// The measured value as proof, beside what it is compared with: `496Mi of limit 512Mi`.
    pub(crate) fn evidence(&self, resource: &str, against: &str, bound: Quantity) -> Evidence {
        let used = self.used(resource).unwrap_or_default();
        metric(
            self.sample,
            self.container.name(),
            resource,
            used,
            Some((against, bound)),
        )
    }

    /// Where its limits or requests stand.
    pub(crate) fn path(&self, list: &str, resource: &str) -> String {
        format!(
            "spec.containers[{}].resources.{list}.{resource}",
            self.container.name()
        )
    }
}

/// What a container uses of memory, as proof beside other proof; none where no sample is there.
pub(crate) fn memory_in_use(
    cluster: &Cluster<'_>,
    pod: &Pod,
    container: &str,
    limit: Option<Quantity>,
) -> Option<Evidence> {
    let sample = cluster.sample_of(pod)?;
    let used = sample.used(container, "memory")?;
    let bound = limit.map(|limit| ("limit", limit));
    Some(metric(sample, container, "memory", used, bound))
}

fn metric(
    sample: &PodMetrics,
    container: &str,
    resource: &str,
    used: Quantity,
    bound: Option<(&str, Quantity)>,
) -> Evidence {
    let what = if resource == "memory" {
        "working set"
    } else {
        resource
    };
    let text = format!("{what} of container `{container}` ({})", sample.sample());
    let value = match bound {
        Some((against, bound)) => format!(
            "{} of {against} {}",
            used.human(resource),
            bound.human(resource)
        ),
        None => used.human(resource),
    };
    Evidence::metric(sample.reference(), &text, value).at(sample.timestamp)
}

/// A share as people write it: `97 %`.
pub(crate) fn percent(used: Quantity, of: Quantity) -> String {
    format!("{:.0} %", 100.0 * used.as_f64() / of.as_f64())
}
