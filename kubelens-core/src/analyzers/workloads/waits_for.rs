//! A pod that waits for another: it answers its probe with HTTP 5xx, or what it says is about somebody who does not do
//! his part. And the servers that it may wait for.

use jiff::{SignedDuration, Timestamp};

use super::complaint::{complaint, passes_on};
use super::probe_answer::{self, ProbeAnswer};
use super::probe_failure::{ProbeKind, failing_probes};
use crate::analyzers::log_host::{Target, hosts_in, resolve};
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

/// Seconds by which who waits may seem to fail before the one he waits for.
const SLACK: i64 = 120;

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

/// What is the reason that a pod waits, where it is down itself: the servers that its log names and that are not ready,
/// else the only one of its namespace. Who calls it reads Event, Service, Ingress, Namespace and the kinds of workloads.
pub(super) fn waited_for<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
) -> Vec<(ObjectRef, &'static str)> {
    let Some(waiting) = waiting(cluster, pod) else {
        return Vec::new();
    };
    let named = waiting.named(cluster);
    if named.is_empty() {
        let neighbour = pod
            .unready_since()
            .and_then(|since| broken_neighbour(cluster, pod, since));
        return neighbour
            .map(|top| (top, "waits for"))
            .into_iter()
            .collect();
    }
    let is_down = |pods: &[&Pod]| pods.iter().any(|pod| pod.unready_since().is_some());
    let mut all = Vec::new();
    for server in named {
        if is_down(&server.pods) {
            all.push((server.top, "calls"));
            continue;
        }
        // One that is ready may complain of the next one.
        let said = server.pods.iter().find_map(|pod| complaint(cluster, pod));
        if let Some(said) = said.filter(|said| is_about_another(said.line)) {
            for service in services_in(cluster, said.pod, said.line) {
                let pods = cluster.pods_behind(service);
                if let Some(first) = pods.first().filter(|_| is_down(&pods)) {
                    all.push((cluster.top_of(first), "calls"));
                }
            }
        }
    }
    all
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
                add(&mut all, cluster, service, KnownBy::Log(container, line));
            }
        }
        if all.is_empty() {
            for container in &self.pod.spec.containers {
                let words = container
                    .env
                    .iter()
                    .map(|variable| variable.value.as_str())
                    .chain(container.args.iter().map(|word| word.as_str()))
                    .chain(container.command.iter().map(|word| word.as_str()));
                for service in words.flat_map(|word| services_in(cluster, self.pod, word)) {
                    add(&mut all, cluster, service, KnownBy::Environment(service));
                }
            }
        }
        let own = cluster.top_of(self.pod);
        all.retain(|server| !server.top.is_same(&own));
        all
    }

    /// Servers of its namespace, where nobody is named. Who calls it reads Service and the kinds of workloads.
    pub(super) fn neighbours(&self, cluster: &Cluster<'a>) -> Vec<Server<'a>> {
        neighbours(cluster, self.pod)
    }

    /// Whether its own lines hold what a server complains of: then what they say is told of by itself.
    pub(super) fn passes_on(&self, said: &str) -> bool {
        self.lines.iter().any(|(_, line)| passes_on(line, said))
    }

    fn speaks_of_another(&self) -> bool {
        self.lines.iter().any(|(_, line)| is_about_another(line))
    }
}

fn neighbours<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Vec<Server<'a>> {
    let own = cluster.top_of(pod);
    let mut all: Vec<Server<'a>> = Vec::new();
    for service in cluster.in_namespace::<Service>(&pod.metadata.namespace) {
        add(&mut all, cluster, service, KnownBy::Namespace);
    }
    all.retain(|server| !server.top.is_same(&own));
    all
}

/// The one server beside a pod that is down by itself, and was so by that time: whose containers do not run. Who calls it
/// reads what `neighbours` and `waiting` read.
pub(super) fn broken_neighbour<'a>(
    cluster: &Cluster<'a>,
    pod: &Pod,
    since: Timestamp,
) -> Option<ObjectRef> {
    let until = since.checked_add(SignedDuration::from_secs(SLACK)).ok()?;
    let is_down = |pod: &&Pod| {
        pod.unready_since().is_some_and(|other| other <= until)
            && !pod.metadata.is_terminating()
            && pod
                .containers()
                .any(|container| container.status.is_some() && !container.is_running())
    };
    let waits = |server: &Server<'a>| {
        let mut pods = server.pods.iter();
        pods.any(|pod| waiting(cluster, pod).is_some_and(|it| it.speaks_of_another()))
    };
    let mut down = neighbours(cluster, pod)
        .into_iter()
        .filter(|server| server.pods.iter().any(is_down) && !waits(server));
    let first = down.next()?;
    down.next().is_none().then_some(first.top)
}

fn add<'a>(
    all: &mut Vec<Server<'a>>,
    cluster: &Cluster<'a>,
    service: &'a Service,
    known_by: KnownBy<'a>,
) {
    let pods = cluster.pods_behind(service);
    let Some(first) = pods.first() else {
        return;
    };
    let top = cluster.top_of(first);
    if !all.iter().any(|known| known.top.is_same(&top)) {
        all.push(Server {
            top,
            pods,
            known_by,
        });
    }
}

/// The Services that a text names: as hosts, or as a word in the form `service.namespace`.
pub(super) fn services_in<'a>(cluster: &Cluster<'a>, pod: &'a Pod, text: &str) -> Vec<&'a Service> {
    let namespace = pod.metadata.namespace.as_str();
    let hosts = hosts_in(text).into_iter().map(|host| host.name);
    let dotted = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.')))
        .map(|word| word.trim_matches(['.', '-']))
        .filter(|word| word.contains('.') && word.starts_with(|c: char| c.is_ascii_lowercase()));
    let mut all: Vec<&'a Service> = Vec::new();
    for name in hosts.chain(dotted) {
        if let Target::Service(service) = resolve(cluster, namespace, name)
            && !service.is_in_front_of(pod)
            && service.reference().path() != "default/kubernetes"
            && !all
                .iter()
                .any(|known| known.reference().is_same(&service.reference()))
        {
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
