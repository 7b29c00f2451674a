use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::kubernetes::{Condition, ContainerState, CustomObject, Kind, Tables};

/// The newest time in a picture: the instant that an offline source describes.
///
/// Times that an object only plans for (deletion, expiry) do not count.
pub(crate) fn newest_time(
    tables: &Tables,
    custom: &BTreeMap<String, Vec<Arc<CustomObject>>>,
) -> Option<Timestamp> {
    let creations = Kind::ALL
        .iter()
        .flat_map(|kind| tables.all_metadata(*kind))
        .filter_map(|meta| meta.creation_timestamp.max(meta.last_write));
    let events = tables.events.iter().filter_map(|event| event.last_seen());
    let leases = tables
        .leases
        .iter()
        .filter_map(|lease| lease.spec.renew_time);
    let nodes = tables
        .nodes
        .iter()
        .filter_map(|node| of_conditions(&node.status.conditions));
    let pods = tables.pods.iter().filter_map(|pod| {
        let statuses = pod
            .status
            .container_statuses
            .iter()
            .chain(&pod.status.init_container_statuses)
            .flat_map(|status| [of_state(&status.state), of_state(&status.last_state)])
            .max()
            .flatten();
        statuses
            .max(pod.status.start_time)
            .max(of_conditions(&pod.status.conditions))
    });
    let rollouts = tables
        .deployments
        .iter()
        .filter_map(|deployment| of_conditions(&deployment.status.conditions));
    let jobs = tables.jobs.iter().filter_map(|job| {
        job.status
            .completion_time
            .max(job.status.start_time)
            .max(of_conditions(&job.status.conditions))
    });
    let schedules = tables.cron_jobs.iter().filter_map(|schedule| {
        schedule
            .status
            .last_schedule_time
            .max(schedule.status.last_successful_time)
    });
    let scalers = tables
        .horizontal_pod_autoscalers
        .iter()
        .filter_map(|scaler| of_conditions(&scaler.status.conditions));
    let namespaces = tables
        .namespaces
        .iter()
        .filter_map(|namespace| of_conditions(&namespace.status.conditions));
    let samples = tables.pod_metrics.iter().filter_map(|one| one.timestamp);
    let customs = custom.values().flatten().filter_map(|object| {
        let meta = &object.metadata;
        meta.creation_timestamp
            .max(meta.last_write)
            .max(of_conditions(&object.conditions()))
    });
    creations
        .chain(samples)
        .chain(tables.node_metrics.iter().filter_map(|one| one.timestamp))
        .chain(customs)
        .chain(events)
        .chain(leases)
        .chain(nodes)
        .chain(pods)
        .chain(rollouts)
        .chain(jobs)
        .chain(schedules)
        .chain(scalers)
        .chain(namespaces)
        .max()
}

fn of_conditions(conditions: &[Condition]) -> Option<Timestamp> {
    conditions
        .iter()
        .filter_map(|condition| {
            condition
                .last_transition_time
                .max(condition.last_update_time)
                .max(condition.last_heartbeat_time)
        })
        .max()
}

fn of_state(state: &ContainerState) -> Option<Timestamp> {
    let running = state
        .running
        .as_ref()
        .and_then(|running| running.started_at);
    let ended = state.terminated.as_ref().and_then(|end| end.finished_at);
    running.max(ended)
}
