//! What a container wrote before its last run ended.

use crate::kubernetes::{ContainerView, Object, Pod};
use crate::model::Evidence;
use crate::snapshot::{Cluster, ContainerLog};

/// Words at which a line says why a program gives up, whatever else it wrote.
const FATAL: [&str; 9] = [
    "panic:",
    "panicked at",
    "fatal",
    "[emerg]",
    "exception in thread",
    "unhandled",
    "uncaught",
    "caused by:",
    "critical",
];

/// Words at which a line speaks of a failure.
const FAILURE: [&str; 18] = [
    "error",
    "exception",
    "failed",
    "failure",
    "cannot",
    "can't",
    "unable",
    "could not",
    "couldn't",
    "not found",
    "denied",
    "refused",
    "invalid",
    "no such",
    "unknown",
    "missing",
    "required",
    "not defined",
];

/// Most lines that are quoted as proof.
const MOST_QUOTED: usize = 3;

/// The log of the run that ended last. While a container waits or has ended, its current log is of
/// that run; while it runs, the previous one is.
pub(super) fn log_of_the_ended_run<'a>(
    cluster: &Cluster<'a>,
    pod: &Pod,
    container: &ContainerView<'_>,
) -> Option<&'a ContainerLog> {
    let is_told = |log: &&ContainerLog| !log.lines.is_empty();
    let previous = cluster.log(pod, container.name(), true).filter(is_told);
    if container.is_running() {
        return previous;
    }
    cluster
        .log(pod, container.name(), false)
        .filter(is_told)
        .or(previous)
}

/// The line that says best why the last run ended: the first one that gives up, else the last one
/// that speaks of a failure or warns, else the last one; else the termination message.
pub(in crate::analyzers) fn telling_line<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: &ContainerView<'a>,
) -> Option<&'a str> {
    log_of_the_ended_run(cluster, pod, container)
        .and_then(most_telling)
        .or_else(|| {
            container
                .last_end()?
                .message
                .lines()
                .rev()
                .map(str::trim)
                .find(|line| !line.is_empty())
        })
}

fn has(line: &str, words: &[&str]) -> bool {
    let line = line.to_lowercase();
    words.iter().any(|word| line.contains(word))
}

/// Whether a line speaks of a failure.
pub(super) fn is_failure(line: &str) -> bool {
    has(line, &FATAL) || has(line, &FAILURE)
}

/// The most telling line of a log.
pub(super) fn most_telling(log: &ContainerLog) -> Option<&str> {
    let lines = || log.lines.iter().map(|line| line.trim());
    lines()
        .find(|line| has(line, &FATAL))
        .or_else(|| lines().rev().find(|line| has(line, &FAILURE)))
        .or_else(|| lines().rev().find(|line| has(line, &["warning"])))
        .or_else(|| lines().next_back())
}

/// The telling line and the last lines of the ended run, as proof.
pub(in crate::analyzers) fn as_evidence<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: &ContainerView<'a>,
) -> Vec<Evidence> {
    let Some(log) = log_of_the_ended_run(cluster, pod, container) else {
        return Vec::new();
    };
    let at = container.last_end().and_then(|end| end.finished_at);
    let mut lines: Vec<&str> = most_telling(log).into_iter().collect();
    for line in log.lines.iter().rev().map(|line| line.trim()) {
        if lines.len() < MOST_QUOTED && !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
        .into_iter()
        .map(|line| Evidence::log(pod.reference(), container.name(), line, at))
        .collect()
}

/// A line from the cluster as a sentence quotes it: cleaned, redacted and cut.
pub(in crate::analyzers) fn quoted(line: &str) -> String {
    const LONGEST: usize = 300;
    let clean = crate::model::safe_text(line);
    let mut text: String = clean.chars().take(LONGEST).collect();
    if text.len() < clean.len() {
        text.push('…');
    }
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(lines: &[&str]) -> ContainerLog {
        ContainerLog {
            lines: lines.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn the_line_that_gives_up_outranks_what_follows_it() {
        let go = log(&[
            "starting",
            "panic: no database",
            "goroutine 1 [running]:",
            "main.go:12",
            "exit status 2",
        ]);
        assert_eq!(most_telling(&go), Some("panic: no database"));
    }

    #[test]
    fn of_several_failures_the_last_one_tells() {
        let python = log(&[
            "Traceback (most recent call last):",
            "  File \"a.py\"",
            "KeyError: 'DSN'",
            "bye",
        ]);
        assert_eq!(most_telling(&python), Some("KeyError: 'DSN'"));
    }

    #[test]
    fn a_log_without_a_failure_ends_with_its_last_line() {
        assert_eq!(most_telling(&log(&["hello", "done"])), Some("done"));
        assert_eq!(most_telling(&log(&[])), None);
    }
}
