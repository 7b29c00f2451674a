//! Which server of the cluster it is whose refusal a client passes on.

use super::log_peer::Peers;
use super::log_signature::LogMatch;
use super::server_statement::{Statement, own_statement};
use crate::analyzers::data_keeper::keeps_data;
use crate::analyzers::log_host::{Target, hosts_in, resolve};
use crate::kubernetes::{Container, Object, Pod, Service};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::Cluster;

/// The workload that answers, and what names it: the Service in the line, the environment of the client, that it says the
/// same of itself, that nothing else in the namespace runs such a program. Reads Pod, Service, Ingress and Namespace.
pub(super) fn server_of<'a>(
    found: &LogMatch<'a>,
    cluster: &Cluster<'a>,
    statement: &Statement,
) -> Option<(ObjectRef, Option<Evidence>)> {
    by_line(found, cluster)
        .map(|server| (server, None))
        .or_else(|| {
            let named = by_environment(found, cluster, statement)
                .or_else(|| by_its_own_words(found, cluster, statement))
                .or_else(|| by_program(found, cluster, statement))?;
            Some((named.0, Some(named.1)))
        })
}

fn by_line<'a>(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Option<ObjectRef> {
    let service = Peers::of(found, cluster).service(cluster)?;
    Some(behind(cluster, service))
}

fn by_environment<'a>(
    found: &LogMatch<'a>,
    cluster: &Cluster<'a>,
    statement: &Statement,
) -> Option<(ObjectRef, Evidence)> {
    let pod = found.pod();
    let spec: &'a Container = found.unwell.container.spec;
    only(spec.env.iter().filter_map(|variable| {
        let names_it = |text: &str| {
            let text = text.to_lowercase();
            statement.servers.iter().any(|server| text.contains(server))
        };
        if !names_it(&variable.name) && !names_it(&variable.value) {
            return None;
        }
        let hosts = hosts_in(&variable.value);
        let host = hosts
            .first()
            .map_or(variable.value.as_str(), |host| host.name);
        match resolve(cluster, &pod.metadata.namespace, host) {
            Target::Service(service) if !service.is_in_front_of(pod) => {
                let path = format!(
                    "spec.containers[{}].env[{}]",
                    found.unwell.container.name(),
                    variable.name
                );
                let proof = Evidence::field(pod.reference(), &path, host);
                Some((behind(cluster, service), proof))
            }
            _ => None,
        }
    }))
}

/// The only server of the namespace that says it of itself.
fn by_its_own_words<'a>(
    found: &LogMatch<'a>,
    cluster: &Cluster<'a>,
    statement: &Statement,
) -> Option<(ObjectRef, Evidence)> {
    let servers = others(found, cluster).filter(|pod| pod.is_ready() && keeps_data(pod));
    only(servers.flat_map(|pod| {
        pod.containers().filter_map(move |container| {
            let (own, lines) = own_statement(cluster, pod, &container)?;
            let last = lines.last().filter(|_| own.name == statement.name)?;
            let proof = Evidence::log(pod.reference(), container.name(), last, None);
            Some((cluster.top_of(pod), proof))
        })
    }))
}

/// The only workload of the namespace whose image is of such a server.
fn by_program<'a>(
    found: &LogMatch<'a>,
    cluster: &Cluster<'a>,
    statement: &Statement,
) -> Option<(ObjectRef, Evidence)> {
    only(others(found, cluster).flat_map(|pod| {
        pod.spec
            .containers
            .iter()
            .enumerate()
            .filter_map(move |(at, container)| {
                let program = container.image_name();
                let is_one = statement
                    .servers
                    .iter()
                    .any(|server| program.starts_with(server) && !program.contains("exporter"));
                let path = format!("spec.containers[{at}].image");
                is_one.then(|| {
                    let proof = Evidence::field(pod.reference(), &path, &container.image);
                    (cluster.top_of(pod), proof)
                })
            })
    }))
}

/// The other live pods of the namespace.
fn others<'a>(
    found: &LogMatch<'a>,
    cluster: &Cluster<'a>,
) -> impl Iterator<Item = &'a Pod> + use<'a> {
    let own = found.pod();
    let pods = cluster.in_namespace::<Pod>(&own.metadata.namespace);
    pods.filter(move |pod| pod.is_live() && pod.metadata.uid != own.metadata.uid)
}

/// The first, where all that are named are one.
fn only(mut all: impl Iterator<Item = (ObjectRef, Evidence)>) -> Option<(ObjectRef, Evidence)> {
    let first = all.next()?;
    all.all(|(server, _)| server.is_same(&first.0))
        .then_some(first)
}

/// The workload behind a Service; the Service where nobody is.
fn behind<'a>(cluster: &Cluster<'a>, service: &'a Service) -> ObjectRef {
    let pods = cluster.pods_behind(service);
    pods.first()
        .map_or_else(|| service.reference(), |pod| cluster.top_of(pod))
}
