//! A memory limit that no template asks for: a LimitRange of the namespace sets it by default.

use crate::analyzers::changed_before::changed_before;
use crate::analyzers::template::{CONTAINERS, Template, template_of};
use crate::kubernetes::{ContainerView, LimitRange, Object, Pod};
use crate::model::{Evidence, Quantity};
use crate::snapshot::Cluster;

/// A LimitRange whose default became the memory limit of a container.
#[derive(Debug)]
pub(super) struct DefaultLimit<'a> {
    /// The LimitRange.
    pub(super) range: &'a LimitRange,
    /// The place of the default in it.
    index: usize,
    /// The default as it is now.
    pub(super) now: Quantity,
    template: Template<'a>,
}

/// The annotation in which the API server writes what it set.
const SET_BY: &str = "kubernetes.io/limit-ranger";

/// The LimitRange that gave this container its memory limit: the template sets none, and the default is that limit, or
/// the API server wrote down that it set one and there is one default only.
pub(super) fn default_limit<'a>(
    cluster: &Cluster<'a>,
    pod: &Pod,
    container: &ContainerView<'_>,
    limit: Quantity,
) -> Option<DefaultLimit<'a>> {
    let template = template_of(cluster, pod)?;
    let own = template.template.spec.container(container.name())?;
    let of_pod = template.template.spec.resources.as_ref();
    let is_asked_for = own.resources.limits.contains_key("memory")
        || of_pod.is_some_and(|resources| resources.limits.contains_key("memory"));
    if is_asked_for {
        return None;
    }
    let mut defaults: Vec<DefaultLimit<'a>> = cluster
        .in_namespace::<LimitRange>(&pod.metadata.namespace)
        .flat_map(|range| {
            let items = range.spec.limits.iter().enumerate();
            items.filter_map(move |(index, item)| {
                let now = item.default.get("memory").copied()?;
                (item.type_ == "Container").then_some((range, index, now))
            })
        })
        .map(|(range, index, now)| DefaultLimit {
            range,
            index,
            now,
            template: template.clone(),
        })
        .collect();
    if let Some(at) = defaults.iter().position(|default| default.now == limit) {
        return Some(defaults.swap_remove(at));
    }
    let says = pod.metadata.annotations.value(SET_BY).unwrap_or_default();
    let is_told = says
        .rsplit("; ")
        .any(|part| sets_memory_limit(part, container.name()));
    if defaults.len() == 1 && is_told {
        defaults.pop()
    } else {
        None
    }
}

/// `LimitRanger plugin set: cpu, memory limit for container web`.
fn sets_memory_limit(part: &str, container: &str) -> bool {
    part.split_once(" limit for container ")
        .is_some_and(|(resources, name)| resources.contains("memory") && name == container)
}

impl DefaultLimit<'_> {
    /// Whether the LimitRange was changed in the day before the pod was made.
    pub(super) fn changed_before(&self, pod: &Pod) -> Option<Evidence> {
        changed_before(self.range, pod).map(|(_, change)| change)
    }

    /// The default, that the template sets no limit, and what the API server wrote down.
    pub(super) fn evidence(&self, pod: &Pod, container: &str) -> Vec<Evidence> {
        let said = pod.metadata.annotations.value(SET_BY).map(|said| {
            let path = format!("metadata.annotations[{SET_BY}]");
            Evidence::field(pod.reference(), &path, said)
        });
        let default = Evidence::field(
            self.range.reference(),
            &format!("spec.limits[{}].default.memory", self.index),
            self.now.human_bytes(),
        );
        let template = Evidence::field(
            self.template.owner.clone(),
            &format!("{CONTAINERS}[{container}].resources.limits.memory"),
            "not set",
        );
        [default, template].into_iter().chain(said).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::sets_memory_limit;

    #[test]
    fn the_annotation_tells_limits_from_requests() {
        let limit = "cpu, memory limit for container web";
        assert!(sets_memory_limit(limit, "web"));
        assert!(!sets_memory_limit(limit, "we"));
        assert!(!sets_memory_limit(
            "cpu, memory request for container web",
            "web"
        ));
        assert!(!sets_memory_limit("cpu limit for container web", "web"));
    }
}
