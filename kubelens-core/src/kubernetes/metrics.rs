use jiff::{SignedDuration, Timestamp};

use super::{List, ObjectMeta, Resources, Text};
use crate::model::Quantity;

slim! {
    /// metrics/v1beta1 NodeMetrics: what a node used in a window of time.
    pub struct NodeMetrics {
        pub metadata: ObjectMeta,
        /// The end of the window.
        pub timestamp: Option<Timestamp>,
        /// Its length, as Go writes durations: `10.062s`.
        pub window: Text,
        pub usage: Resources,
    }

    /// metrics/v1beta1 PodMetrics: what the containers of a pod used in a window of time.
    pub struct PodMetrics {
        pub metadata: ObjectMeta,
        /// The end of the window.
        pub timestamp: Option<Timestamp>,
        /// Its length, as Go writes durations: `10.062s`.
        pub window: Text,
        pub containers: List<ContainerMetrics>,
    }

    /// What one container used: cores as an average over the window, memory as the working set at its end.
    pub struct ContainerMetrics {
        pub name: Text,
        pub usage: Resources,
    }
}

impl NodeMetrics {
    /// When the sample ends and how long it is, in words: `average over 20s until 2026-01-01T11:59:50Z`.
    pub fn sample(&self) -> String {
        sample(&self.window, self.timestamp)
    }
}

impl PodMetrics {
    /// When the sample ends and how long it is, in words: `average over 20s until 2026-01-01T11:59:50Z`.
    pub fn sample(&self) -> String {
        sample(&self.window, self.timestamp)
    }

    /// When the sample begins; its end where the window is not told.
    pub fn begin(&self) -> Option<Timestamp> {
        let window = self.window.parse().unwrap_or(SignedDuration::ZERO);
        self.timestamp?.checked_sub(window).ok()
    }

    /// What a container used of a resource.
    pub fn used(&self, container: &str, resource: &str) -> Option<Quantity> {
        let found = self.containers.iter().find(|one| one.name == *container);
        found?.usage.get(resource).copied()
    }

    /// What all containers together used of a resource.
    pub fn used_in_all(&self, resource: &str) -> Quantity {
        let each = self.containers.iter();
        each.filter_map(|one| one.usage.get(resource))
            .fold(Quantity::ZERO, |sum, used| sum.plus(*used))
    }
}

fn sample(window: &str, end: Option<Timestamp>) -> String {
    let over = match window {
        "" => "one sample".to_owned(),
        window => format!("one sample, average over {}", short(window)),
    };
    match end {
        Some(end) => format!("{over}, until {end}"),
        None => over,
    }
}

/// The window in whole seconds, where it is a duration.
fn short(window: &str) -> String {
    window.parse::<SignedDuration>().map_or_else(
        |_| crate::model::safe_text(window),
        |window| format!("{}s", window.as_secs()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_tells_its_window() {
        let metrics: PodMetrics = serde_json::from_str(
            r#"{"timestamp":"2026-01-01T12:00:00Z","window":"20.055s","containers":[
                {"name":"web","usage":{"cpu":"12345678n","memory":"100Ki"}},
                {"name":"proxy","usage":{"cpu":"1m"}}]}"#,
        )
        .unwrap_or_default();
        let text = "one sample, average over 20s, until 2026-01-01T12:00:00Z";
        assert_eq!(metrics.sample(), text);
        let begin = metrics.begin().map(|begin| begin.to_string());
        assert_eq!(begin.as_deref(), Some("2026-01-01T11:59:39.945Z"));
        assert_eq!(
            metrics.used("web", "memory"),
            Some(Quantity::from_units(102_400))
        );
        assert_eq!(metrics.used_in_all("cpu"), Quantity::from_thousandths(14));
    }
}
