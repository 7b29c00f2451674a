use super::{Map, PodSpec, Resources, Text};
use crate::model::Quantity;

impl PodSpec {
    /// What the scheduler counts for the pod: the larger of what init containers and what sidecars
    /// and containers together ask for, plus overhead; pod-level requests (KEP-2837) win where set.
    ///
    /// Source: `k8s.io/component-helpers/resource.PodRequests`.
    pub fn effective_requests(&self) -> Resources {
        let mut running = Totals::default();
        for container in &self.containers {
            running.add(&container.resources.effective_requests());
        }
        let mut sidecars = Totals::default();
        let mut init_peak = Totals::default();
        for container in &self.init_containers {
            let requests = container.resources.effective_requests();
            if container.restart_policy == "Always" {
                sidecars.add(&requests);
                running.add(&requests);
                init_peak.raise(&sidecars.0);
            } else {
                let mut at_that_time = Totals(sidecars.0.clone());
                at_that_time.add(&requests);
                init_peak.raise(&at_that_time.0);
            }
        }
        running.raise(&init_peak.0);
        if let Some(pod_level) = &self.resources {
            for (resource, amount) in pod_level.effective_requests().iter() {
                running.0.insert(resource.clone(), *amount);
            }
        }
        running.add(&self.overhead);
        running.0.into_iter().collect()
    }
}

impl super::ResourceRequirements {
    /// Requests, with limits standing in for a request that is not given (API defaulting).
    pub fn effective_requests(&self) -> Resources {
        if self.limits.is_empty() {
            return self.requests.clone();
        }
        self.requests
            .iter()
            .chain(self.limits.iter())
            .map(|(resource, amount)| (resource.clone(), *amount))
            .collect::<Map<_>>()
    }
}

/// Amounts being summed.
#[derive(Default)]
struct Totals(std::collections::BTreeMap<Text, Quantity>);

impl Totals {
    fn add(&mut self, amounts: &Resources) {
        for (resource, amount) in amounts.iter() {
            let sum = self.0.entry(resource.clone()).or_default();
            *sum = sum.plus(*amount);
        }
    }

    fn raise(&mut self, floor: &std::collections::BTreeMap<Text, Quantity>) {
        for (resource, amount) in floor {
            let value = self.0.entry(resource.clone()).or_default();
            *value = (*value).max(*amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn init_containers_count_by_their_peak_and_sidecars_run_along() {
        let spec: PodSpec = serde_json::from_str(
            r#"{"initContainers":[
                 {"name":"proxy","restartPolicy":"Always","resources":{"requests":{"cpu":"100m"}}},
                 {"name":"migrate","resources":{"requests":{"cpu":"2"}}}],
               "containers":[{"name":"a","resources":{"requests":{"cpu":"500m"}}},
                             {"name":"b","resources":{"limits":{"cpu":"250m"}}}],
               "overhead":{"cpu":"50m"}}"#,
        )
        .unwrap_or_default();
        let cpu = spec.effective_requests().get("cpu").copied();
        assert_eq!(cpu, Some(Quantity::from_thousandths(2150)));
    }
}
