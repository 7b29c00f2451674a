//! What the API server says of itself, and how it treats requests.

use crate::analysis::{Sighting, Sink};
use crate::kubernetes::{CustomObject, OBSERVED, SERVER_HEALTH};
use crate::model::{Evidence, Severity, Suggestion, counted, safe_text};
use crate::snapshot::Cluster;

/// How many requests turned away are more than a short queue.
const OFTEN: u64 = 5;

/// Looks at what a live source observed.
pub(super) fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for observed in cluster.customs(OBSERVED, SERVER_HEALTH) {
        for line in observed.status_list("/failingChecks") {
            if let Some(line) = line.as_str() {
                sink.report(failing(cluster, observed, line));
            }
        }
        let turned_away = observed.status.get("turnedAway");
        let levels = turned_away.and_then(serde_json::Value::as_object);
        for (level, times) in levels.into_iter().flatten() {
            if let Some(times) = times.as_u64().filter(|times| *times > 0) {
                sink.report(busy(cluster, observed, level, times));
            }
        }
    }
}

/// A line of `/readyz?verbose`: `[-]etcd failed: reason withheld`.
fn failing(cluster: &Cluster<'_>, observed: &CustomObject, line: &str) -> Sighting {
    let name = line.trim_start_matches("[-]");
    let name = safe_text(name.split([' ', ':']).next().unwrap_or(name));
    let is_store = name.starts_with("etcd");
    let (severity, effect) = if is_store {
        (
            Severity::Critical,
            "It does not reach etcd: reads and writes fail or hang.",
        )
    } else {
        (
            Severity::Warning,
            "It says itself that it is not ready; a load balancer sends it no requests.",
        )
    };
    Sighting::of(
        cluster.reference(),
        format!("The API server is not ready: its check `{name}` fails"),
        effect,
    )
    .identified_by("check", name)
    .severity(severity)
    .evidence(Evidence::message(
        observed.reference(),
        "status.failingChecks",
        line,
    ))
    .suggest(Suggestion::look(
        "See all checks",
        "kubectl get --raw '/readyz?verbose'",
    ))
}

fn busy(cluster: &Cluster<'_>, observed: &CustomObject, level: &str, times: u64) -> Sighting {
    let known = cluster
        .customs("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration")
        .find(|one| *one.metadata.uid == *level);
    let named = match known {
        Some(level) => format!(" of priority level {}", level.metadata.name),
        None => String::new(),
    };
    let severity = if times >= OFTEN {
        Severity::Warning
    } else {
        Severity::Info
    };
    let count = usize::try_from(times).unwrap_or(usize::MAX);
    Sighting::of(
        cluster.reference(),
        format!(
            "The API server turned away {}{named} while this picture was taken",
            counted(count, "request")
        ),
        "It answered 429: the queues for such requests are full, for everybody who shares them.",
    )
    .identified_by(
        "turned away",
        known.map_or(level, |one| one.metadata.name.as_str()),
    )
    .severity(severity)
    .evidence(Evidence::field(
        observed.reference(),
        &format!("status.turnedAway[{level}]"),
        times,
    ))
    .suggest(Suggestion::look(
        "See who fills the queues",
        "kubectl get --raw /debug/api_priority_and_fairness/dump_priority_levels",
    ))
}
