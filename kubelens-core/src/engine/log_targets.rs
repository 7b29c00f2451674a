use crate::kubernetes::{ContainerRole, ContainerView, Pod};
use crate::snapshot::{LogKey, Snapshot};

/// Seconds within which a restart makes a container worth a look at its log.
const RECENT_RESTART: i64 = 3600;

/// The container runs whose logs are worth reading, the most telling first: those that crash, fail
/// their probes or do not get ready. At most `limit` containers, spread over their owners: the
/// previous run of each, where there was one, and the current one.
pub fn wanted_logs(snapshot: &Snapshot, limit: usize) -> Vec<LogKey> {
    let mut wanted: Vec<(usize, i64, LogKey)> = Vec::new();
    let mut per_owner: std::collections::BTreeMap<(String, String), usize> =
        std::collections::BTreeMap::new();
    for pod in snapshot.table::<Pod>().iter() {
        if pod.metadata.is_terminating() || pod.has_succeeded() {
            continue;
        }
        for container in pod.containers() {
            let Some(urgency) = urgency(snapshot, pod, &container) else {
                continue;
            };
            let owner = pod.metadata.controller().map_or_else(
                || pod.metadata.name.to_string(),
                |owner| owner.uid.to_string(),
            );
            let siblings = per_owner
                .entry((owner, container.name().to_owned()))
                .or_default();
            *siblings += 1;
            let key = LogKey {
                namespace: pod.metadata.namespace.to_string(),
                pod: pod.metadata.name.to_string(),
                container: container.name().to_owned(),
                previous: container
                    .status
                    .is_some_and(|status| status.last_state.terminated.is_some()),
            };
            // One pod of every owner before the second pod of any.
            wanted.push((*siblings, -urgency, key));
        }
    }
    wanted.sort();
    wanted
        .into_iter()
        .take(limit)
        .flat_map(|(_, _, key)| {
            let current = LogKey {
                previous: false,
                ..key.clone()
            };
            let previous = key.previous.then_some(key);
            previous.into_iter().chain([current])
        })
        .collect()
}

/// How much a container's log is worth; none if the container is fine or never ran.
fn urgency(snapshot: &Snapshot, pod: &Pod, container: &ContainerView<'_>) -> Option<i64> {
    let status = container.status?;
    let failed =
        |end: Option<&crate::kubernetes::Terminated>| end.is_some_and(|end| end.exit_code != 0);
    let ended_badly = failed(status.state.terminated.as_deref());
    let ended_badly_before = failed(status.last_state.terminated.as_deref());
    if ended_badly || (status.state.waiting.is_some() && status.last_state.terminated.is_some()) {
        return Some(3);
    }
    let runs = container.is_running();
    if runs && container.role == ContainerRole::Init {
        return Some(2);
    }
    if runs && !status.ready && !pod.is_ready() {
        return Some(2);
    }
    let restarted_lately = ended_badly_before
        && status.last_state.terminated.as_deref().is_some_and(|end| {
            match (snapshot.taken_at(), end.finished_at) {
                (Some(now), Some(finished)) => {
                    now.duration_since(finished).as_secs() <= RECENT_RESTART
                }
                _ => false,
            }
        });
    restarted_lately.then_some(1)
}
