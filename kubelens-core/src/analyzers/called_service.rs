//! Which Services a pod is told to call, by its environment and its arguments.

use super::network::failed_call::{host_and_port, service_named, tokens};
use crate::kubernetes::{Object, Pod, Service};
use crate::model::Evidence;
use crate::snapshot::Cluster;

/// A Service that a pod's spec names.
#[derive(Debug, Clone)]
pub(crate) struct Called<'a> {
    /// The Service.
    pub(crate) service: &'a Service,
    /// The port, where one stands beside the name.
    pub(crate) port: Option<i64>,
    /// Where it is written.
    pub(crate) path: String,
    /// What is written there.
    pub(crate) written: String,
}

impl Called<'_> {
    /// The field as proof.
    pub(crate) fn evidence(&self, pod: &Pod) -> Evidence {
        Evidence::message(pod.reference(), &self.path, &self.written)
    }
}

/// The Services that the containers of a pod are told to call; each once.
pub(crate) fn called_services<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Vec<Called<'a>> {
    let mut found: Vec<Called<'a>> = Vec::new();
    for (path, written) in written_in(pod) {
        for token in tokens(written) {
            let (host, port) = host_and_port(token);
            // A bare word is a host only where a port or a domain makes it one.
            if port.is_none() && !host.contains('.') && host != written {
                continue;
            }
            let Some(service) = service_named(cluster, &pod.metadata.namespace, host) else {
                continue;
            };
            let is_known = found
                .iter()
                .any(|known| std::ptr::eq(known.service, service));
            if !is_known && !service.is_in_front_of(pod) {
                found.push(Called {
                    service,
                    port,
                    path: path.clone(),
                    written: written.to_owned(),
                });
            }
        }
    }
    found
}

/// Every literal of the pod's containers that may hold a host, with its place.
pub(super) fn written_in(pod: &Pod) -> Vec<(String, &str)> {
    let spec = &pod.spec;
    let lists = [
        ("initContainers", &spec.init_containers),
        ("containers", &spec.containers),
    ];
    let mut all = Vec::new();
    for (list, containers) in lists {
        for (index, container) in containers.iter().enumerate() {
            for (at, variable) in container.env.iter().enumerate() {
                if !variable.value.is_empty() {
                    let path = format!("spec.{list}[{index}].env[{at}].value");
                    all.push((path, variable.value.as_str()));
                }
            }
            let words = [("command", &container.command), ("args", &container.args)];
            for (field, values) in words {
                for (at, value) in values.iter().enumerate() {
                    all.push((
                        format!("spec.{list}[{index}].{field}[{at}]"),
                        value.as_str(),
                    ));
                }
            }
        }
    }
    all
}
