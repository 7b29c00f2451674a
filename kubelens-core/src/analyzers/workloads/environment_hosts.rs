//! Whom a container depends on by its environment and arguments, where its log names nobody.

use jiff::SignedDuration;

use super::broken_server::waited_for;
use super::log_signature::Signature;
use super::sole_keeper::fallen_keepers;
use super::{log_connection_refused, log_connection_timeout, log_name_not_resolved};
use crate::analyzers::log_host::{Host, Target, hosts_in, resolve, suspects};
use crate::analyzers::log_lines::unwell_containers;
use crate::kubernetes::{Container, Kind, Object, Pod, Service};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// The one Service or Ingress host that the container's environment names, where it names just one; of
/// several, the only one with a pod that is not ready. With a port, only what has that port.
pub(super) fn hosts_in_environment<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    spec: &'a Container,
    port: Option<u16>,
) -> Vec<Host<'a>> {
    let namespace = pod.metadata.namespace.as_str();
    let words = words_given_to(spec);
    let mut all: Vec<Host<'a>> = Vec::new();
    for word in words.filter(|word| !word.is_empty()) {
        let mut named = hosts_in(word);
        if named.is_empty() && is_a_name(word) {
            named.push(Host {
                name: word,
                port: None,
            });
        }
        for host in named {
            let is_known = match resolve(cluster, namespace, host.name) {
                Target::Service(service) => {
                    !service.is_in_front_of(pod) && port.is_none_or(|port| has_port(service, port))
                }
                Target::Ingress(_) => port.is_none_or(|port| matches!(port, 80 | 443)),
                _ => false,
            };
            if is_known && !all.iter().any(|known| known.name == host.name) {
                all.push(host);
            }
        }
    }
    if all.len() > 1 {
        // More than the Service or the Ingress itself: workloads that are not ready.
        all.retain(|host| suspects(cluster, namespace, host.name).len() > 1);
    }
    if all.len() == 1 { all } else { Vec::new() }
}

/// What a container is given as plain text: the values of its environment, its arguments and its command.
pub(super) fn words_given_to(spec: &Container) -> impl Iterator<Item = &str> {
    let values = spec.env.iter().map(|variable| variable.value.as_str());
    let words = spec.args.iter().chain(&spec.command);
    values.chain(words.map(|word| word.as_str()))
}

fn has_port(service: &Service, port: u16) -> bool {
    let ports = &service.spec.ports;
    ports.is_empty() || ports.iter().any(|known| known.port == i64::from(port))
}

/// Seconds by which what depends on another may seem to fail before it.
const SLACK: i64 = 60;

/// What may be the reason that a pod does not get ready: the only Service or Ingress host of its
/// environment, else the servers of its namespace that keep data where all of them fell, and the workloads behind it with pods that are not
/// ready and were so first; else what its log waits for. Who calls it reads Service, Ingress, Namespace, Pod and Event.
pub(super) fn broken_dependency<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    spec: &'a Container,
) -> Vec<(ObjectRef, &'static str)> {
    let namespace = pod.metadata.namespace.as_str();
    let mut hosts = hosts_in_environment(cluster, pod, spec, None);
    if hosts.is_empty() {
        hosts = hosts_of_kin(cluster, pod, spec);
    }
    if hosts.is_empty() {
        hosts.extend(
            fallen_keepers(cluster, pod)
                .into_iter()
                .map(|service| Host {
                    name: service.metadata.name.as_str(),
                    port: None,
                }),
        );
    }
    let Some(since) = pod.unready_since() else {
        return Vec::new();
    };
    let Ok(until) = since.checked_add(SignedDuration::from_secs(SLACK)) else {
        return Vec::new();
    };
    let named: Vec<_> = hosts
        .into_iter()
        .filter(|host| {
            behind(cluster, namespace, host.name)
                .into_iter()
                .filter_map(Pod::unready_since)
                .any(|other| other <= until)
        })
        .flat_map(|host| suspects(cluster, namespace, host.name))
        .collect();
    if named.is_empty() {
        waited_for(cluster, pod)
    } else {
        named
    }
}

/// Conditions in whose words a program names whom it does not reach.
static UNREACHED: [&Signature; 3] = [
    &log_connection_refused::SIGNATURE,
    &log_connection_timeout::SIGNATURE,
    &log_name_not_resolved::SIGNATURE,
];

/// The one Service that others of the namespace do not reach who take the same Secret: what is in it is not known, and
/// who takes it calls the same.
fn hosts_of_kin<'a>(cluster: &Cluster<'a>, pod: &'a Pod, spec: &Container) -> Vec<Host<'a>> {
    let namespace = pod.metadata.namespace.as_str();
    let own = secrets_of(pod, Some(&spec.name));
    if own.is_empty() {
        return Vec::new();
    }
    let top = cluster.top_of(pod);
    let mut all: Vec<(ObjectRef, Host<'a>)> = Vec::new();
    let kin = cluster.in_namespace::<Pod>(namespace).filter(|other| {
        other.unready_since().is_some()
            && secrets_of(other, None)
                .iter()
                .any(|name| own.contains(name))
            && cluster.top_of(other) != top
    });
    for other in kin {
        for unwell in unwell_containers(cluster, other) {
            let lines = unwell.runs.iter().flat_map(|run| run.lines.iter().copied());
            let says = |line: &&'a str| UNREACHED.iter().any(|one| one.words.is_in(line));
            for host in lines.filter(says).flat_map(hosts_in) {
                if let Target::Service(service) = resolve(cluster, namespace, host.name)
                    && !service.is_in_front_of(pod)
                    && !service.is_in_front_of(other)
                    && !all
                        .iter()
                        .any(|(known, _)| known.is_same(&service.reference()))
                {
                    all.push((service.reference(), host));
                }
            }
        }
    }
    match all.as_slice() {
        [(_, host)] => vec![host.clone()],
        _ => Vec::new(),
    }
}

/// The Secrets from which a container, or any, takes its environment.
fn secrets_of<'p>(pod: &'p Pod, container: Option<&str>) -> Vec<&'p str> {
    let references = pod.spec.config_references().into_iter();
    references
        .filter(|reference| {
            reference.kind == Kind::Secret
                && reference.relation.starts_with("env")
                && container.is_none_or(|name| *reference.user == *name)
        })
        .map(|reference| reference.name.as_str())
        .collect()
}

/// The pods behind a host.
fn behind<'a>(cluster: &Cluster<'a>, namespace: &str, host: &str) -> Vec<&'a Pod> {
    match resolve(cluster, namespace, host) {
        Target::Service(service) => cluster.pods_behind(service),
        Target::Ingress(ingress) => ingress
            .spec
            .backends()
            .filter_map(|backend| {
                cluster.get::<Service>(&ingress.metadata.namespace, &backend.name)
            })
            .flat_map(|service| cluster.pods_behind(service))
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether a value is nothing but a host name.
fn is_a_name(word: &str) -> bool {
    word.len() < 254
        && word.starts_with(|c: char| c.is_ascii_lowercase())
        && word
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'))
}
