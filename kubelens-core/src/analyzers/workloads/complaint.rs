//! What a server that counts as ready complains of, again and again, up to the end of its log.

use super::server_statement::{is_said_now, states_it};
use crate::analyzers::log_level::LogLevel;
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{ContainerView, Pod};
use crate::snapshot::Cluster;

/// Lines at the end of a log that are looked at.
const LAST: usize = 80;

/// How often a complaint stands there at least: one may be about one request alone.
const OFTEN: usize = 3;

/// How near to the end the newest one stands, where lines have no time.
const NEAR_THE_END: usize = 8;

/// Words of a failure in a line that names no level.
static FAILURE: Pattern = Pattern::new(
    r"\bORA-\d{5}\b|(?i)\b(?:error|exception|fatal|panic(?:ked)?|cannot|can't|unable|failed|failure|not enough|exhausted|too many|exceeded|is full|no space|read[- ]only|refus(?:ed|ing)|denied)|OutOfMemory",
);

/// A client ended the connection because it does not accept the server's certificate: its verdict, told by the server.
static REJECTED: Pattern = Pattern::new(
    r"(?i)handshake.{0,120}(?:remote error: tls|alert):? ?(?:bad certificate|unknown certificate|certificate unknown|unknown ca|certificate expired|expired certificate)",
);

/// What a container complains of.
#[derive(Debug)]
pub(super) struct Complaint<'a> {
    pub(super) pod: &'a Pod,
    pub(super) container: ContainerView<'a>,
    /// The newest line.
    pub(super) line: &'a str,
    /// How many lines say the same.
    pub(super) count: usize,
    /// Whether they are marked as errors, or graver.
    pub(super) is_error: bool,
    /// The oldest of them.
    pub(super) first: &'a str,
}

/// The gravest complaint of a pod's containers that are ready.
pub(super) fn complaint<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Option<Complaint<'a>> {
    if !pod.is_ready() || !pod.is_live() {
        return None;
    }
    let all = pod.containers().filter(ContainerView::is_ready);
    all.filter_map(|container| of_container(cluster, pod, container))
        .max_by_key(|complaint| (complaint.is_error, complaint.count))
}

/// The gravest complaint of a server that does not say in known words what is wrong with it.
pub(super) fn complaint_of<'a>(cluster: &Cluster<'a>, pods: &[&'a Pod]) -> Option<Complaint<'a>> {
    if pods.iter().any(|pod| states_it(cluster, pod)) {
        return None;
    }
    let all = pods.iter().filter_map(|pod| complaint(cluster, pod));
    all.max_by_key(|said| (said.is_error, said.count))
}

fn of_container<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    container: ContainerView<'a>,
) -> Option<Complaint<'a>> {
    let log = cluster.log(pod, container.name(), false)?;
    let from = log.lines.len().saturating_sub(LAST);
    let lines: Vec<&'a str> = log.lines.iter().skip(from).map(String::as_str).collect();
    let mut shapes: Vec<(String, bool, Vec<usize>)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(is_error) = gravity(line).filter(|_| !REJECTED.is_in(line)) else {
            continue;
        };
        let shape = shape(line);
        match shapes.iter_mut().find(|(known, ..)| *known == shape) {
            Some((_, _, places)) => places.push(at),
            None => shapes.push((shape, is_error, vec![at])),
        }
    }
    let is_now = |places: &[usize]| {
        let last = places.last().and_then(|at| Some((*at, *lines.get(*at)?)));
        last.is_some_and(|(at, line)| is_said_now(cluster, line, at + NEAR_THE_END >= lines.len()))
    };
    let (_, is_error, places) = shapes
        .into_iter()
        .filter(|(_, _, places)| places.len() >= OFTEN && is_now(places))
        .max_by_key(|(_, is_error, places)| (*is_error, places.len()))?;
    Some(Complaint {
        pod,
        container,
        line: lines.get(*places.last()?)?,
        count: places.len(),
        is_error,
        first: lines.get(*places.first()?)?,
    })
}

/// Whether a line is an error, or else a warning; none where it is neither.
fn gravity(line: &str) -> Option<bool> {
    match LogLevel::told(line) {
        Some(LogLevel::Error | LogLevel::Fatal) => Some(true),
        Some(LogLevel::Warning) => Some(false),
        Some(_) => None,
        // The frames of a stack say nothing of their own.
        None if line.starts_with([' ', '\t']) => None,
        None => FAILURE.is_in(line).then_some(true),
    }
}

/// Words at the end of a complaint by which it is known again where a client passes it on.
const END: usize = 5;

/// Whether a line of a client passes on what a server complains of.
pub(super) fn passes_on(line: &str, said: &str) -> bool {
    let said = shape(said);
    let words: Vec<&str> = said.split(' ').collect();
    let end = words.get(words.len().saturating_sub(END)..);
    end.is_some_and(|end| end.len() > 2 && shape(line).contains(&end.join(" ")))
}

/// A line without what differs from one time to the next.
fn shape(line: &str) -> String {
    let words = line.split(|c: char| !c.is_alphabetic());
    words
        .filter(|word| word.len() > 2)
        .take(24)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_server_are_known_again_in_those_of_its_client() {
        let said = "2026-01-01 11:58:02.123 UTC [72] FATAL:  sorry, too many clients already";
        assert!(passes_on(
            "ERROR connect to pg.shop.svc:5432 failed: FATAL: sorry, too many clients already (SQLSTATE 53300)",
            said
        ));
        assert!(!passes_on(
            "ERROR could not store the order, giving up",
            said
        ));
    }
}
