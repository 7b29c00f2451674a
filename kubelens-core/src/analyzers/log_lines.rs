//! Which log lines are worth reading: those of containers that are not well, of the run that failed.

use jiff::Timestamp;

use super::finished_owner;
use super::log_level::LogLevel;
use super::workloads::failing_run::{JobOutcome, is_spent_try, job_outcome};
use crate::kubernetes::{ContainerRole, ContainerStatus, ContainerView, Pod};
use crate::snapshot::Cluster;

/// A container that is not well, with the runs that may say why, the most telling first.
#[derive(Debug)]
pub(crate) struct UnwellContainer<'a> {
    /// Its pod.
    pub(crate) pod: &'a Pod,
    /// The container.
    pub(crate) container: ContainerView<'a>,
    /// Its runs that left words.
    pub(crate) runs: Vec<Run<'a>>,
    /// Whether it does not serve now: it waits, ended badly or is not ready.
    pub(crate) is_down: bool,
    /// Whether it serves again, for a while and longer than the run that failed lasted: then it does not fail in turns.
    pub(crate) is_over: bool,
    /// Whether it is a try of a Job that goes on and allows for it.
    pub(crate) is_spent: bool,
}

/// One run of a container and what it wrote.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    /// Its lines, oldest first, none empty.
    pub(crate) lines: Vec<&'a str>,
    /// When it ended; none while it runs.
    pub(crate) ended: Option<Timestamp>,
    /// Its exit code; none while it runs.
    pub(crate) exit_code: Option<i64>,
    /// Whether the kernel killed it for its memory.
    pub(crate) was_out_of_memory: bool,
}

impl Run<'_> {
    /// Whether it ended by a failure.
    pub(crate) fn has_crashed(&self) -> bool {
        self.exit_code.is_some_and(|code| code != 0)
    }
}

/// Seconds in which a run after a failed one has not proven yet that it is better.
const YOUNG_RUN: i64 = 600;

/// The containers of a pod that are not well and left words. A healthy pod costs a glance.
pub(crate) fn unwell_containers<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
) -> Vec<UnwellContainer<'a>> {
    if pod.metadata.is_terminating() || pod.has_succeeded() || was_put_down(pod) {
        return Vec::new();
    }
    let statuses = &pod.status;
    let may_be_unwell = !pod.is_ready()
        || statuses
            .container_statuses
            .iter()
            .chain(statuses.init_container_statuses.iter())
            .any(|status| status.restart_count > 0);
    if !may_be_unwell
        || job_outcome(cluster, pod) == JobOutcome::Done
        || finished_owner::is_forgiven(cluster, pod)
    {
        return Vec::new();
    }
    pod.containers()
        .filter_map(|container| unwell(cluster, pod, container))
        .collect()
}

/// How many of the last lines of a container that counts as ready are looked at, and how many of them must be errors.
const TAIL: usize = 10;
const MANY_ERRORS: usize = 5;

/// Of how many last lines one must be an error: else it has recovered.
const NEWEST: usize = 3;

/// The containers of a ready pod that write hardly anything but errors: they count as ready and do not do their work.
pub(crate) fn complaining_containers<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
) -> Vec<UnwellContainer<'a>> {
    if !pod.is_ready() || !pod.is_live() {
        return Vec::new();
    }
    let complains = |lines: &[String]| {
        let tail = lines.iter().rev().take(TAIL);
        let is_error = |line: &&String| LogLevel::told(line) >= Some(LogLevel::Error);
        let mut newest = lines.iter().rev().take(NEWEST);
        newest.any(|line| is_error(&line)) && tail.filter(is_error).count() >= MANY_ERRORS
    };
    pod.containers()
        .filter(|container| container.is_ready())
        .filter(|container| {
            let log = cluster.log(pod, container.name(), false);
            log.is_some_and(|log| complains(&log.lines))
        })
        .filter_map(|container| {
            let run = run(cluster, pod, &container, false)?;
            Some(UnwellContainer {
                pod,
                container,
                runs: vec![run],
                is_down: false,
                is_over: false,
                is_spent: false,
            })
        })
        .collect()
}

/// The containers of a pod that is not ready which are ready themselves and said so lately, again and again: what one of
/// them says may be what the probe of another one is answered with.
pub(crate) fn containers_beside<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    says: impl Fn(&str) -> bool,
) -> Vec<UnwellContainer<'a>> {
    if pod.unready_since().is_none() || !pod.is_live() {
        return Vec::new();
    }
    let ready = pod.containers().filter(ContainerView::is_ready);
    ready
        .filter_map(|container| {
            let run = run(cluster, pod, &container, false)?;
            let tail = run.lines.iter().rev().take(TAIL);
            let is_said = tail.filter(|line| says(line)).count() >= SAID_AGAIN;
            is_said.then(|| UnwellContainer {
                pod,
                container,
                runs: vec![run],
                is_down: true,
                is_over: false,
                is_spent: false,
            })
        })
        .collect()
}

/// How often a container that is ready must have said it among its last lines.
const SAID_AGAIN: usize = 3;

/// Whether something else than its program ended it: then its log tells nothing.
fn was_put_down(pod: &Pod) -> bool {
    pod.status.phase == "Failed" && !matches!(pod.status.reason.as_str(), "" | "DeadlineExceeded")
}

fn unwell<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: ContainerView<'a>,
) -> Option<UnwellContainer<'a>> {
    let status = container.status?;
    let failed_before = status
        .last_state
        .terminated
        .as_deref()
        .filter(|end| end.exit_code != 0);
    let mut runs = Vec::new();
    let is_down = if let Some(waiting) = &status.state.waiting {
        // Any other reason to wait lies before the program's start.
        if waiting.reason != "CrashLoopBackOff" {
            return None;
        }
        runs.push(run(cluster, pod, &container, true));
        // A kubelet serves the log of the last run for both questions.
        runs.push(run(cluster, pod, &container, false).map(|run| {
            Run {
                was_out_of_memory: is_out_of_memory(status.last_state.terminated.as_deref()),
                ended: ended(status.last_state.terminated.as_deref()),
                exit_code: status
                    .last_state
                    .terminated
                    .as_deref()
                    .map(|end| end.exit_code),
                ..run
            }
        }));
        true
    } else if let Some(end) = status.state.terminated.as_deref() {
        if end.exit_code == 0 {
            return None;
        }
        runs.push(run(cluster, pod, &container, false));
        runs.push(run(cluster, pod, &container, true));
        !finished_owner::is_step(pod)
    } else {
        let running = status.state.running.as_ref()?;
        let crashed_lately = failed_before.is_some_and(|end| {
            cluster.is_within(
                end.finished_at,
                cluster.thresholds(&pod.metadata).restart_window,
            )
        });
        let is_waited_for = container.role == ContainerRole::Init || !status.ready;
        let is_down = is_waited_for
            && cluster.seconds_since(running.started_at)
                >= cluster.thresholds(&pod.metadata).young_grace;
        let mut earlier = None;
        if crashed_lately {
            earlier = run(cluster, pod, &container, true);
        }
        // Where the log of the run that failed is not there, a young run tells the same.
        let repeats =
            crashed_lately && earlier.is_none() && cluster.is_within(running.started_at, YOUNG_RUN);
        runs.push(earlier);
        if is_down || repeats {
            runs.push(run(cluster, pod, &container, false));
        }
        is_waited_for
    };
    let runs: Vec<Run<'a>> = runs.into_iter().flatten().collect();
    (!runs.is_empty()).then_some(UnwellContainer {
        pod,
        container,
        runs,
        is_down,
        is_over: !is_down && serves_again(cluster, status),
        is_spent: is_spent_try(cluster, pod),
    })
}

/// Seconds for which a container must serve again until the failure of its earlier run is only a note.
pub(crate) const SERVES_AGAIN: i64 = 600;

fn serves_again(cluster: &Cluster<'_>, status: &ContainerStatus) -> bool {
    let running = status.state.running.as_ref();
    let failed = status.last_state.terminated.as_deref();
    let Some((running, failed)) = running.zip(failed) else {
        return false;
    };
    let ran = failed.started_at.zip(failed.finished_at);
    let lasted = ran.map_or(0, |(from, until)| until.duration_since(from).as_secs());
    status.ready && cluster.seconds_since(running.started_at) > lasted.max(SERVES_AGAIN)
}

/// The words of a run: its log, else what its kubelet kept of it as the termination message.
fn run<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: &ContainerView<'a>,
    previous: bool,
) -> Option<Run<'a>> {
    let status = container.status?;
    let state = if previous {
        &status.last_state
    } else {
        &status.state
    };
    let end = state.terminated.as_deref();
    let mut lines: Vec<&'a str> = cluster
        .log(pod, container.name(), previous)
        .map(|log| log.lines.iter().map(String::as_str).collect())
        .unwrap_or_default();
    if lines.is_empty() {
        lines = end.map_or_else(Vec::new, |end| end.message.as_str().lines().collect());
    }
    lines.retain(|line| !line.trim().is_empty());
    (!lines.is_empty()).then_some(Run {
        lines,
        ended: ended(end),
        exit_code: end.map(|end| end.exit_code),
        was_out_of_memory: is_out_of_memory(end),
    })
}

fn ended(end: Option<&crate::kubernetes::Terminated>) -> Option<Timestamp> {
    end.and_then(|end| end.finished_at)
}

fn is_out_of_memory(end: Option<&crate::kubernetes::Terminated>) -> bool {
    end.is_some_and(|end| end.reason == "OOMKilled")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::example::picture;

    fn words(status: &str, logs: &str) -> Vec<String> {
        let picture = picture(&format!(
            "# now: 2026-01-01T12:00:00Z\n{logs}\napiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: n, uid: u}}\nspec: {{containers: [{{name: c}}]}}\nstatus:\n  phase: Running\n  containerStatuses:\n  - {status}\n"
        ));
        let cluster = Cluster::new(&picture);
        cluster
            .all::<Pod>()
            .flat_map(|pod| unwell_containers(&cluster, pod))
            .flat_map(|unwell| unwell.runs)
            .flat_map(|run| run.lines)
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn a_crash_is_told_by_the_run_that_ended() {
        let status = "{name: c, restartCount: 3, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1}}}";
        assert_eq!(words(status, "# log: n/p/c previous | boom"), ["boom"]);
        assert_eq!(words(status, "# log: n/p/c | boom"), ["boom"]);
    }

    #[test]
    fn a_termination_message_stands_in_for_a_log() {
        let status = "{name: c, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1, message: boom}}}";
        assert_eq!(words(status, ""), ["boom"]);
    }

    #[test]
    fn errors_in_the_log_of_a_healthy_container_are_not_read() {
        let status =
            "{name: c, ready: true, state: {running: {startedAt: \"2026-01-01T09:00:00Z\"}}}";
        assert_eq!(
            words(status, "# log: n/p/c | ERROR boom"),
            Vec::<String>::new()
        );
        let long_ago = "{name: c, ready: true, restartCount: 4, state: {running: {startedAt: \"2026-01-01T09:00:00Z\"}}, lastState: {terminated: {exitCode: 1, finishedAt: \"2026-01-01T08:59:00Z\"}}}";
        assert_eq!(
            words(long_ago, "# log: n/p/c previous | boom"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_container_that_has_just_started_gets_time() {
        let young = "{name: c, state: {running: {startedAt: \"2026-01-01T11:59:30Z\"}}}";
        assert_eq!(words(young, "# log: n/p/c | boom"), Vec::<String>::new());
        let old = "{name: c, state: {running: {startedAt: \"2026-01-01T11:55:30Z\"}}}";
        assert_eq!(words(old, "# log: n/p/c | boom"), ["boom"]);
    }
}
