//! Calls within the cluster that failed, as unhealthy containers say in their logs: who called whom,
//! on which port, and how it failed.

use std::collections::BTreeMap;

use super::service_port::{PodPort, port_in};
use crate::kubernetes::Object;
use crate::kubernetes::{ContainerView, Pod, Service};
use crate::model::Evidence;
use crate::snapshot::{Cluster, LogKey};

/// How a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::analyzers) enum Failure {
    /// Nobody listens there.
    Refused,
    /// Nothing came back.
    TimedOut,
    /// The name is not known.
    NameUnknown,
    /// Name resolution itself brought no answer.
    NoNameServer,
}

/// A call that a log line tells of.
#[derive(Debug, Clone)]
pub(in crate::analyzers) struct FailedCall<'a> {
    /// The pod that called.
    pub(in crate::analyzers) pod: &'a Pod,
    /// Its container.
    pub(in crate::analyzers) container: &'a str,
    /// The line.
    pub(in crate::analyzers) line: &'a str,
    /// How it failed.
    pub(in crate::analyzers) failure: Failure,
    /// The host as the line has it; empty where it names none.
    pub(in crate::analyzers) host: &'a str,
    /// The port, where the line names one.
    pub(in crate::analyzers) port: Option<i64>,
    /// The Service that the host stands for.
    pub(in crate::analyzers) service: Option<&'a Service>,
}

impl FailedCall<'_> {
    /// The line as proof.
    pub(in crate::analyzers) fn evidence(&self) -> Evidence {
        Evidence::log(self.pod.reference(), self.container, self.line, None)
    }
}

/// Most lines of one log, from its end, that are read for calls.
const LINES: usize = 60;

/// Lines from the end of a well container's log that count, and how many of them must tell of the
/// same call: one blip is nothing.
const LINES_OF_THE_WELL: usize = 20;
const REPEATED: usize = 3;

/// The failed calls of containers, one a container, host, port and failure: all that one tells which
/// is not well now; only what is repeated of one that is, such as an ingress controller.
pub(in crate::analyzers) fn failed_calls<'a>(cluster: &Cluster<'a>) -> Vec<FailedCall<'a>> {
    let mut calls = BTreeMap::new();
    for (key, log) in cluster.logs() {
        let Some(pod) = cluster.get::<Pod>(&key.namespace, &key.pod) else {
            continue;
        };
        if pod.metadata.is_terminating() || pod.has_succeeded() {
            continue;
        }
        let (lines, enough) = if is_unwell(pod, key) {
            (LINES, 1)
        } else {
            (LINES_OF_THE_WELL, REPEATED)
        };
        for line in log.lines.iter().rev().take(lines) {
            let Some(failure) = failure_in(line) else {
                continue;
            };
            let (host, port, service) = target_in(cluster, pod, line, failure);
            let call = FailedCall {
                pod,
                container: &key.container,
                line,
                failure,
                host,
                port,
                service,
            };
            let place = (&key.namespace, &key.pod, &key.container);
            let entry = calls.entry((place, host, port, failure as u8));
            entry.or_insert((call, 0, enough)).1 += 1;
        }
    }
    calls
        .into_values()
        .filter(|(_, times, enough)| times >= enough)
        .map(|(call, _, _)| call)
        .collect()
}

/// Whether the container that wrote the log is not well: not ready, or restarted of late.
fn is_unwell(pod: &Pod, key: &LogKey) -> bool {
    pod.containers()
        .find(|container| container.name() == key.container)
        .is_some_and(|container| {
            !container.is_ready() && !has_ended_well(&container)
                || (key.previous && container.restarts() > 0 && !pod.is_ready())
        })
}

fn has_ended_well(container: &ContainerView<'_>) -> bool {
    container
        .status
        .and_then(|status| status.state.terminated.as_deref())
        .is_some_and(|end| end.exit_code == 0)
}

/// What the line says of a failed call, if it does.
fn failure_in(line: &str) -> Option<Failure> {
    let lower = line.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let is_lookup = has(&["lookup ", "resolv", "getaddrinfo", "dns"]);
    if has(&[
        "temporary failure in name resolution",
        "eai_again",
        "no servers could be reached",
    ]) || (is_lookup && has(&["i/o timeout", "timed out", "read udp", "server misbehaving"]))
    {
        return Some(Failure::NoNameServer);
    }
    if has(&[
        "no such host",
        "enotfound",
        "could not resolve host",
        "couldn't resolve host",
        "name or service not known",
        "could not translate host name",
        "unknownhostexception",
        "unknown host",
        "nodename nor servname",
        "name does not resolve",
        "can't resolve '",
        "bad address '",
        "nxdomain",
        "host not found in upstream",
        "name resolution failed",
    ]) {
        return Some(Failure::NameUnknown);
    }
    if has(&["connection refused", "econnrefused", "actively refused"]) {
        return Some(Failure::Refused);
    }
    has(&[
        "i/o timeout",
        "etimedout",
        "timed out",
        "timeout",
        "deadline exceeded",
        "no route to host",
        "ehostunreach",
        "network is unreachable",
        "host is unreachable",
    ])
    .then_some(Failure::TimedOut)
}

/// The host, port and Service that a line names: the last token that stands for a Service which does
/// not lead back to the pod itself, else what looks most like a host.
fn target_in<'a, 'l>(
    cluster: &Cluster<'a>,
    pod: &Pod,
    line: &'l str,
    failure: Failure,
) -> (&'l str, Option<i64>, Option<&'a Service>) {
    if matches!(failure, Failure::NameUnknown | Failure::NoNameServer)
        && let Some((host, port)) = looked_up(line)
    {
        let service = service_named(cluster, &pod.metadata.namespace, host);
        return (host, port, service);
    }
    let mut best = ("", None, None);
    for token in tokens(line) {
        let (host, port) = host_and_port(token);
        let (service, port) = match service_named(cluster, &pod.metadata.namespace, host) {
            Some(service) => (Some(service), port),
            None => match behind_address(cluster, host, port) {
                Some((service, port)) => (Some(service), Some(port)),
                None => (None, port),
            },
        };
        let service = service.filter(|service| !service.is_in_front_of(pod));
        match service {
            Some(service) => {
                let port = port.or(best.1);
                best = (host, port, Some(service));
                if port.is_some() {
                    break;
                }
            }
            None if best.2.is_none() && looks_like_host(host, port) && best.0.is_empty() => {
                best = (host, port, None);
            }
            None => {}
        }
    }
    best
}

/// The Service, and its port, behind which a pod has this address and port: proxies name the pods that
/// they call.
fn behind_address<'a>(
    cluster: &Cluster<'a>,
    host: &str,
    port: Option<i64>,
) -> Option<(&'a Service, i64)> {
    let number = port?;
    host.parse::<std::net::IpAddr>().ok()?;
    let called = cluster
        .all::<Pod>()
        .find(|pod| pod.status.pod_ip == host && !pod.spec.host_network && pod.is_live())?;
    cluster
        .in_namespace::<Service>(&called.metadata.namespace)
        .filter(|service| service.is_in_front_of(called))
        .find_map(|service| {
            let port = service.spec.ports.iter().find(|port| {
                matches!(
                    port_in(called, port),
                    PodPort::Number(own) | PodPort::Named(own) if own == number
                )
            })?;
            Some((service, port.port))
        })
}

/// The name that a line says is not known.
fn looked_up(line: &str) -> Option<(&str, Option<i64>)> {
    const BEFORE: [&str; 14] = [
        "lookup ",
        "ENOTFOUND ",
        "EAI_AGAIN ",
        "resolve host: ",
        "resolve host ",
        "resolve host '",
        "translate host name \"",
        "UnknownHostException: ",
        "can't resolve '",
        "bad address '",
        "in upstream \"",
        "unknown host ",
        "unknown host: ",
        "host=",
    ];
    // `lookup for host "db": lookup db on 10.96.0.10:53`: words of the sentence are no names.
    const WORDS: [&str; 8] = [
        "for", "of", "host", "hostname", "the", "failed", "error", "address",
    ];
    BEFORE.iter().find_map(|before| {
        line.match_indices(before).find_map(|(at, _)| {
            let token = tokens(line.get(at + before.len()..)?).next()?;
            Some(host_and_port(token)).filter(|(host, _)| !host.is_empty() && !WORDS.contains(host))
        })
    })
}

/// Pieces of a line that may be hosts.
pub(in crate::analyzers) fn tokens(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':')))
        .map(|token| token.trim_matches([':', '.', '-']))
        .filter(|token| !token.is_empty())
}

pub(in crate::analyzers) fn host_and_port(token: &str) -> (&str, Option<i64>) {
    match token.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => match port.parse() {
            Ok(number) => (host, Some(number)),
            Err(_) => (token, None),
        },
        _ => (token, None),
    }
}

fn looks_like_host(host: &str, port: Option<i64>) -> bool {
    let has_letter = host.contains(|c: char| c.is_ascii_alphabetic());
    (host.contains('.') || host.contains('-') || port.is_some())
        && (has_letter || host.parse::<std::net::IpAddr>().is_ok())
        && !host.contains(':')
}

/// The Service that a host stands for, seen from a namespace: its short name, `name.namespace`, its
/// full name, or its address.
pub(in crate::analyzers) fn service_named<'a>(
    cluster: &Cluster<'a>,
    namespace: &str,
    host: &str,
) -> Option<&'a Service> {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return cluster
            .all::<Service>()
            .find(|service| service.spec.cluster_ip == host);
    }
    let mut labels = host.split('.');
    let name = labels.next()?;
    match (labels.next(), labels.next()) {
        (None, _) => cluster.get(namespace, name),
        (Some(other), None | Some("svc")) => cluster.get(other, name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::example::picture;

    const PICTURE: &str = r#"
# now: 2026-01-01T12:00:00Z
apiVersion: v1
kind: Service
metadata: {name: berth-api, namespace: ops}
spec: {clusterIP: 10.1.2.3, selector: {app: berth-api}}
---
apiVersion: v1
kind: Pod
metadata: {name: ui, namespace: ops, labels: {app: ui}}
spec: {containers: [{name: ui}]}
status:
  phase: Running
  containerStatuses: [{name: ui, ready: false, state: {running: {startedAt: "2026-01-01T11:00:00Z"}}}]
"#;

    fn calls(line: &str) -> Vec<(String, Option<i64>, Failure, bool)> {
        let picture = picture(&format!("# log: ops/ui/ui | {line}\n{PICTURE}"));
        let cluster = Cluster::new(&picture);
        failed_calls(&cluster)
            .iter()
            .map(|call| {
                let host = call.host.to_owned();
                (host, call.port, call.failure, call.service.is_some())
            })
            .collect()
    }

    #[test]
    fn a_pod_that_a_proxy_names_by_address_stands_for_its_service() {
        let picture = picture(
            r#"
# now: 2026-01-01T12:00:00Z
# log: edge/proxy/proxy | 2026/01/01 11:59:00 [error] 33#33: *7 upstream timed out (110: Operation timed out) while connecting to upstream, client: 203.0.113.4, server: shop.example.com, upstream: "http://10.244.2.4:8080/"
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.9, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web}]}
status: {phase: Running, podIP: 10.244.2.4}
---
apiVersion: v1
kind: Pod
metadata: {name: proxy, namespace: edge}
spec: {containers: [{name: proxy}]}
status:
  phase: Running
  containerStatuses: [{name: proxy, ready: false, state: {running: {startedAt: "2026-01-01T11:00:00Z"}}}]
"#,
        );
        let cluster = Cluster::new(&picture);
        let calls = failed_calls(&cluster);
        let called: Vec<_> = calls
            .iter()
            .map(|call| {
                let name = call.service.map(|service| service.metadata.name.as_str());
                (call.host, call.port, name, call.failure)
            })
            .collect();
        assert_eq!(
            called,
            [("10.244.2.4", Some(80), Some("web"), Failure::TimedOut)]
        );
    }

    #[test]
    fn lines_tell_whom_a_container_called_and_how_it_failed() {
        let cases: [(&str, &str, Option<i64>, Failure, bool); 10] = [
            (
                "proxy error: dial tcp 10.112.3.9:80: connect: connection refused (berth-api)",
                "berth-api",
                Some(80),
                Failure::Refused,
                true,
            ),
            (
                "dial tcp 10.1.2.3:8080: i/o timeout",
                "10.1.2.3",
                Some(8080),
                Failure::TimedOut,
                true,
            ),
            (
                "Get \"http://berth-api.ops.svc.cluster.local:80/x\": context deadline exceeded",
                "berth-api.ops.svc.cluster.local",
                Some(80),
                Failure::TimedOut,
                true,
            ),
            (
                "dial tcp: lookup berth-apy on 10.96.0.10:53: no such host",
                "berth-apy",
                None,
                Failure::NameUnknown,
                false,
            ),
            (
                "lookup for host \"berth-2.berth\": lookup berth-2.berth on 10.96.0.10:53: no such host",
                "berth-2.berth",
                None,
                Failure::NameUnknown,
                false,
            ),
            (
                "Error: getaddrinfo ENOTFOUND ledger-db.bank",
                "ledger-db.bank",
                None,
                Failure::NameUnknown,
                false,
            ),
            (
                "could not translate host name \"pg\" to address: Name or service not known",
                "pg",
                None,
                Failure::NameUnknown,
                false,
            ),
            (
                "lookup berth-api on 10.96.0.10:53: read udp 10.0.0.1:4->10.96.0.10:53: i/o timeout",
                "berth-api",
                None,
                Failure::NoNameServer,
                true,
            ),
            (
                "Error: connect ECONNREFUSED 10.9.9.9:5432",
                "10.9.9.9",
                Some(5432),
                Failure::Refused,
                false,
            ),
            (
                "nc: bad address 'redis'",
                "redis",
                None,
                Failure::NameUnknown,
                false,
            ),
        ];
        for (line, host, port, failure, is_known) in cases {
            let expected = vec![(host.to_owned(), port, failure, is_known)];
            assert_eq!(calls(line), expected, "{line}");
        }
    }

    #[test]
    fn other_lines_and_well_containers_tell_nothing() {
        assert_eq!(calls("listening on 0.0.0.0:8080"), vec![]);
        let well = PICTURE.replace("ready: false", "ready: true");
        let picture = picture(&format!(
            "# log: ops/ui/ui | connection refused (berth-api)\n{well}"
        ));
        assert!(failed_calls(&Cluster::new(&picture)).is_empty());
    }
}
