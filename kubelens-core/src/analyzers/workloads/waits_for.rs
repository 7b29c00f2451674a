//! A pod that waits for another: it answers its probe with HTTP 5xx, or what it says is about somebody who does not do
//! his part. And the servers that it may wait for.

use super::complaint::passes_on;
use super::environment_hosts::words_given_to;
use super::probe_answer::{self, ProbeAnswer};
use super::probe_failure::{ProbeKind, failing_probes};
use crate::analyzers::log_host::{Target, hosts_in, resolve, service_called};
use crate::analyzers::log_level::LogLevel;
use crate::analyzers::log_lines::{UnwellContainer, unwell_containers};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Object, Pod, Service};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// Words of a line about somebody else: who does not answer, turns away, or does not take what is handed to him.
static ABOUT_ANOTHER: Pattern = Pattern::new(
    r"(?i)time(?:d|s)?[ -]?out|deadline exceeded|refused|reset by peer|connection error|ECONN|hang up|socket closed|connection (?:closed|lost|reset|aborted)|broken pipe|(?:service|server|host|node|replica|region|database|broker|queue|cluster|currently|is) unavailable|unavailable(?:exception| desc)|unreachable|not (?:available|writable|reachable|reached)|not enough (?:replicas|non-faulty)|no (?:response|answer|reply)|giv(?:ing|en?) up|gave up|waiting for|could ?n.t (?:connect|reach|fetch|store|publish|send|write|get|place|load|read|save)|could not (?:be reached|connect|reach|fetch|store|publish|send|write|get|place|load|read|save|establish|open a connection)|failed to (?:connect|reach|fetch|publish|send|flush|push|write|query|store)|cannot (?:connect|reach|publish|send|write|achieve)|returned nothing|rejected the|\b50[0-4]\b|\b429\b|network-related",
);

/// Lines at the end of a log that are looked at.
const LAST: usize = 12;

/// A pod that waits, and what it says of it.
#[derive(Debug)]
pub(super) struct Waiting<'a> {
    pub(super) pod: &'a Pod,
    /// What its containers wrote last, the newest last, with their names; nothing where no log is there.
    lines: Vec<(&'a str, &'a str)>,
}

/// A server that a pod waits for.
#[derive(Debug)]
pub(super) struct Server<'a> {
    /// The workload.
    pub(super) top: ObjectRef,
    pub(super) pods: Vec<&'a Pod>,
    pub(super) known_by: KnownBy<'a>,
}

/// How it is known that a pod waits for a server.
#[derive(Debug, Clone, Copy)]
pub(super) enum KnownBy<'a> {
    /// A line of the log of one of its containers names it.
    Log(&'a str, &'a str),
    /// Its environment, arguments or command name it.
    Environment(&'a Service),
    /// Nobody is named, and no other server of the namespace has anything to complain of.
    Namespace,
}

/// Whether a pod waits for another. Who calls it reads Event.
pub(super) fn waiting<'a>(cluster: &Cluster<'a>, pod: &'a Pod) -> Option<Waiting<'a>> {
    pod.unready_since()?;
    if pod.metadata.is_terminating() {
        return None;
    }
    let unwell = unwell_containers(cluster, pod);
    let lines: Vec<_> = unwell.iter().flat_map(last_lines).collect();
    let says_so = lines.iter().any(|(_, line)| is_about_another(line));
    let answers_so = || {
        failing_probes(cluster, pod).iter().any(|failure| {
            failure.kind == ProbeKind::Readiness
                && matches!(
                    probe_answer::classify(failure.answer, failure.probe),
                    ProbeAnswer::Unwell(_)
                )
        })
    };
    (says_so || answers_so()).then_some(Waiting { pod, lines })
}

fn last_lines<'a>(unwell: &UnwellContainer<'a>) -> Vec<(&'a str, &'a str)> {
    let Some(run) = unwell.runs.last() else {
        return Vec::new();
    };
    let from = run.lines.len().saturating_sub(LAST);
    let name = unwell.container.spec.name.as_str();
    run.lines
        .iter()
        .skip(from)
        .map(|line| (name, *line))
        .collect()
}

/// Whether a line speaks of somebody else who does not do his part.
pub(super) fn is_about_another(line: &str) -> bool {
    LogLevel::of(line) >= LogLevel::Warning && ABOUT_ANOTHER.is_in(line)
}

impl<'a> Waiting<'a> {
    /// The servers that its log names, else those of its environment. Who calls it reads Service, Ingress, Namespace and
    /// the kinds of workloads.
    pub(super) fn named(&self, cluster: &Cluster<'a>) -> Vec<Server<'a>> {
        let mut all: Vec<Server<'a>> = Vec::new();
        let lines = self.lines.iter().rev();
        for (container, line) in lines.filter(|(_, line)| is_about_another(line)) {
            for service in services_in(cluster, self.pod, line) {
                let known_by = KnownBy::Log(container, line);
                add(&mut all, Server::behind(cluster, service, known_by));
            }
        }
        if all.is_empty() {
            for container in &self.pod.spec.containers {
                let words = words_given_to(container);
                for service in words.flat_map(|word| services_in(cluster, self.pod, word)) {
                    let known_by = KnownBy::Environment(service);
                    add(&mut all, Server::behind(cluster, service, known_by));
                }
            }
        }
        let own = cluster.top_of(self.pod);
        all.retain(|server| !server.top.is_same(&own));
        all
    }

    /// Whether its own lines hold what a server complains of: then what they say is told of by itself.
    pub(super) fn passes_on(&self, said: &str) -> bool {
        self.lines.iter().any(|(_, line)| passes_on(line, said))
    }

    /// Whether what it wrote last speaks of another.
    pub(super) fn speaks_of_another(&self) -> bool {
        self.lines.iter().any(|(_, line)| is_about_another(line))
    }
}

impl<'a> Server<'a> {
    /// The workload behind a Service; none where no pod is.
    pub(super) fn behind(
        cluster: &Cluster<'a>,
        service: &'a Service,
        known_by: KnownBy<'a>,
    ) -> Option<Self> {
        let pods = cluster.pods_behind(service);
        let top = cluster.top_of(pods.first()?);
        Some(Self {
            top,
            pods,
            known_by,
        })
    }

    /// Whether any of its pods is not ready.
    pub(super) fn is_down(&self) -> bool {
        self.pods.iter().any(|pod| pod.unready_since().is_some())
    }
}

/// Adds what is not there yet.
fn add<'a>(all: &mut Vec<Server<'a>>, server: Option<Server<'a>>) {
    all.extend(server.filter(|new| !all.iter().any(|known| known.top.is_same(&new.top))));
}

/// The Services that a text names: as hosts, or as a word in the form `service.namespace`.
pub(super) fn services_in<'a>(cluster: &Cluster<'a>, pod: &'a Pod, text: &str) -> Vec<&'a Service> {
    let namespace = pod.metadata.namespace.as_str();
    let hosts = hosts_in(text).into_iter().filter_map(|host| {
        match resolve(cluster, namespace, host.name) {
            Target::Service(service) => Some(service),
            _ => None,
        }
    });
    let dotted = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.')))
        .map(|word| word.trim_matches(['.', '-']))
        .filter(|word| word.contains('.') && word.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter_map(|word| service_called(cluster, namespace, &word.to_ascii_lowercase()));
    let mut all: Vec<&'a Service> = Vec::new();
    for service in hosts.chain(dotted) {
        let is_known = all.iter().any(|known| std::ptr::eq(*known, service));
        let is_api_server = service.reference().path() == "default/kubernetes";
        if !is_known && !is_api_server && !service.is_in_front_of(pod) {
            all.push(service);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_about_others_are_told_from_those_about_oneself() {
        for line in [
            "2026-01-01T12:00:00Z error: GET http://rates.pricing/v1 timed out after 3000ms",
            "ERROR publish confirm timed out after 10s, exchange=orders",
            "{\"level\":\"warn\",\"msg\":\"sink rejected the batch\"}",
            "level=fatal msg=\"job table not writable, giving up\"",
            "fatal: login to vault.vault:8200 failed: 500 internal error",
        ] {
            assert!(is_about_another(line), "{line}");
        }
        for line in [
            "2026-01-01T12:00:00Z INFO request took 502 ms",
            "Error: unknown flag: --listen",
            "panic: runtime error: index out of range [3] with length 2",
        ] {
            assert!(!is_about_another(line), "{line}");
        }
    }
}
