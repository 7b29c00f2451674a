use super::advice::read_last_log;
use super::exit_code;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, capitalized};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A container was restarted three times or more since its pod was made, however long ago. It may be fine now.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2025-10-01T00:00:00Z"}
    /// spec: {containers: [{name: web}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - {name: web, ready: true, restartCount: 3, state: {running: {startedAt: "2025-11-01T09:00:00Z"}}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1, creationTimestamp: "2025-10-01T00:00:00Z"}
    /// spec: {containers: [{name: web}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses:
    ///   - {name: web, ready: true, restartCount: 2, state: {running: {startedAt: "2025-11-01T09:00:00Z"}}}
    /// ```
    ///
    /// # How to fix
    /// Read how the last run ended. WRK036 tells those that are restarted often and lately.
    ///
    /// # What it cannot know
    /// When the restarts were, besides the last one.
    ///
    /// # Source
    /// `restartCount` of core/v1 ContainerStatus.
    WRK045 "restarted-in-its-life" {
        role: Symptom,
        severity: Warning,
        confidence: 0.60,
        reads: [],
        maps_to: ["POP-205", "classic:crashloop"],
        profiles: [Classic],
        check: Pod(check),
    }
}

/// Restarts over the life of a pod that simple checkers warn of.
const RESTARTS: i64 = 3;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !pod.is_live() {
        return;
    }
    for container in pod.containers() {
        let count = container.restarts();
        if count < RESTARTS {
            continue;
        }
        let top = cluster.top_of(pod);
        let end = container.last_end();
        let last = end.map_or_else(String::new, |end| {
            format!(" The last run ended with {}.", exit_code::in_words(end))
        });
        let title = format!(
            "{} of {top} was restarted {count} times in the life of its pod",
            capitalized(&container.title())
        );
        let path = container.status_path("restartCount");
        sink.report(
            Sighting::of(top, title, format!("It may have been long ago.{last}"))
                .seen_on(pod.reference(), "template of")
                .in_container(container.name())
                .since(end.and_then(|end| end.finished_at))
                .evidence(Evidence::field(pod.reference(), &path, count))
                .suggest(read_last_log(pod, &container))
                .grouped(
                    "all",
                    "containers were restarted three times or more in the life of their pods",
                ),
        );
    }
}
