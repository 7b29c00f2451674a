//! The Job that a waiting program waits for: named by its command or its log, or the one that should have prepared a
//! schema and did not.

use crate::analyzers::jobs::outcome::has_succeeded;
use crate::analyzers::later_run::has_later_success;
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Job, Object, Pod, condition};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// `job/migrate`, `jobs.batch migrate`, `job "migrate"`.
static NAMED: Pattern =
    Pattern::new(r#"(?i)\bjobs?(?:\.batch)?(?:/|:? ["'`]?)([a-z0-9][a-z0-9.-]*[a-z0-9])"#);

/// The namespace that a command of kubectl asks for.
static NAMESPACE: Pattern =
    Pattern::new(r"(?:^|\s)(?:-n|--namespace)(?:\s+|=)([a-z0-9][a-z0-9-]*)");

/// Words of who waits.
static WAITS: Pattern = Pattern::new(r"(?i)\bwait|\buntil\b|\bpending\b|not (?:yet )?applied");

/// Words of what is waited for, where a Job makes it, and of a Job that makes it.
static SCHEMA: Pattern = Pattern::new(r"(?i)migrat|schema|alembic|flyway|liquibase");

/// The Job that a container waits for. Reads Job and CronJob.
pub(super) fn awaited_job(
    cluster: &Cluster<'_>,
    pod: &Pod,
    container: &str,
    command: &str,
    line: Option<&str>,
) -> Option<ObjectRef> {
    let line = line.unwrap_or_default();
    named(cluster, pod, command)
        .or_else(|| named(cluster, pod, line))
        .or_else(|| {
            let words = format!("{container} {command} {line}");
            let waits = WAITS.is_in(&words) && SCHEMA.is_in(&words);
            waits.then(|| undone(cluster, pod))?
        })
}

/// The Job that a text names, where it is there and has not done its work.
fn named(cluster: &Cluster<'_>, pod: &Pod, text: &str) -> Option<ObjectRef> {
    let own = pod.metadata.namespace.as_str();
    let namespace = NAMESPACE.first(text).unwrap_or(own);
    let mut names = NAMED.all_captures(text).filter_map(|found| found.get(1));
    names.find_map(|name| {
        let job = cluster.get::<Job>(namespace, name.as_str())?;
        (!has_succeeded(job)).then(|| job.reference())
    })
}

/// The only Job of the namespace that should have prepared a schema, and failed for good or is suspended.
fn undone(cluster: &Cluster<'_>, pod: &Pod) -> Option<ObjectRef> {
    let jobs = cluster.in_namespace::<Job>(&pod.metadata.namespace);
    let mut undone = jobs.filter(|job| {
        !job.metadata.is_terminating() && is_stopped(cluster, job) && prepares_a_schema(job)
    });
    let first = undone.next()?;
    undone.next().is_none().then(|| first.reference())
}

/// Whether it does nothing more, and nothing after it did its work.
fn is_stopped(cluster: &Cluster<'_>, job: &Job) -> bool {
    let failed = condition(&job.status.conditions, "Failed").filter(|failed| failed.is_true());
    match failed {
        Some(failed) => !has_later_success(cluster, job, failed.last_transition_time),
        None => job.spec.suspend == Some(true) && !has_succeeded(job),
    }
}

/// Whether its name, or what it runs, speaks of a schema.
fn prepares_a_schema(job: &Job) -> bool {
    let containers = job.spec.template.spec.containers.iter();
    let mut words = containers.flat_map(|container| {
        let own = [container.name.as_str(), container.image.as_str()];
        let run = container.command.iter().chain(&container.args);
        own.into_iter().chain(run.map(|word| word.as_str()))
    });
    SCHEMA.is_in(&job.metadata.name) || words.any(|word| SCHEMA.is_in(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_named_in_the_ways_of_commands_and_logs() {
        for text in [
            "kubectl -n shop wait --for=condition=complete job/migrate-7 --timeout=24h",
            "k8s-wait-for.sh job migrate-7",
            "Waiting for job \"migrate-7\" to complete",
            "error: timed out waiting for the condition on jobs/migrate-7",
        ] {
            assert_eq!(NAMED.first(text), Some("migrate-7"), "{text}");
        }
        assert_eq!(NAMESPACE.first("kubectl -n shop wait job/x"), Some("shop"));
    }
}
