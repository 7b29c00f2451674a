//! Whom a failing container could not reach, as an object of the cluster where it is one.

use super::broken_server::waited_for;
use super::environment_hosts::hosts_in_environment;
use super::log_signature::LogMatch;

use crate::analysis::{Shared, Sighting};
use crate::analyzers::log_host::{Host, Target, addresses_in, missing_service, resolve, suspects};
use crate::kubernetes::{Object, Pod, Service};
use crate::model::{ObjectRef, some_of};
use crate::snapshot::Cluster;

/// The hosts of a match and what they are.
#[derive(Debug)]
pub(super) struct Peers<'a> {
    /// The hosts as the log names them, the first one first; from the environment where it names none.
    pub(super) hosts: Vec<Host<'a>>,
    /// The Services and pods that they are.
    objects: Vec<Option<ObjectRef>>,
    /// The Service that the first one must be and that does not exist.
    missing: Option<ObjectRef>,
    /// What to look at besides.
    suspects: Vec<(ObjectRef, &'static str)>,
    /// What is known of them.
    notes: Vec<String>,
}

impl<'a> Peers<'a> {
    /// Those that a match talks about.
    pub(super) fn of(found: &LogMatch<'a>, cluster: &Cluster<'a>) -> Self {
        let namespace = found.pod().metadata.namespace.as_str();
        let mut hosts = found.hosts();
        // An address that nobody has now was a Service's or a pod's before.
        let are_nobodys = hosts.iter().all(|host| {
            is_private_address(host.name)
                && matches!(resolve(cluster, namespace, host.name), Target::Elsewhere)
        });
        if are_nobodys {
            let port = hosts.first().and_then(|host| host.port);
            let named =
                hosts_in_environment(cluster, found.pod(), found.unwell.container.spec, port);
            if !named.is_empty() {
                hosts = named;
            }
        }
        let mut all: Vec<(ObjectRef, &'static str)> = hosts
            .iter()
            .filter(|_| are_nobodys)
            .flat_map(|host| former_owners(cluster, found.pod(), host))
            .collect();
        let mut notes = Vec::new();
        for host in &hosts {
            for suspect in suspects(cluster, namespace, host.name) {
                if !all.contains(&suspect) {
                    all.push(suspect);
                }
            }
            notes.extend(note(cluster, namespace, host));
        }
        if hosts.is_empty() {
            all = waited_for(cluster, found.pod());
        }
        let mut objects: Vec<Option<ObjectRef>> = hosts
            .iter()
            .map(|host| match resolve(cluster, namespace, host.name) {
                Target::Service(service) => Some(service.reference()),
                Target::Pod(pod) => Some(cluster.top_of(pod)),
                _ => None,
            })
            .collect();
        let mut missing = hosts
            .first()
            .and_then(|host| missing_service(cluster, namespace, host.name));
        let means_nothing = hosts.first().is_some_and(|host| {
            matches!(resolve(cluster, namespace, host.name), Target::Elsewhere)
        });
        if let Some(first) = objects.first_mut().filter(|_| means_nothing)
            && let Some((pod, address)) = pod_that_was_tried(found, cluster)
        {
            let top = cluster.top_of(pod);
            if !all.iter().any(|(known, _)| known.is_same(&top)) {
                all.push((top.clone(), "calls"));
            }
            // A name that led to the address of a pod has a Service, whatever the picture holds.
            missing = None;
            notes = vec![format!("{address} is {} of {top}.", pod.reference())];
            *first = Some(top);
        }
        Self {
            objects,
            missing: missing.map(|missing| missing.reference()),
            hosts,
            suspects: all,
            notes,
        }
    }

    /// `db:5432`, `10.96.0.7:5432 (Service shop/db)`; `another service` where nobody is named.
    pub(super) fn names(&self) -> String {
        let named = self.hosts.iter().enumerate().map(|(at, host)| {
            let object = self.objects.get(at).and_then(Option::as_ref);
            object.map_or_else(|| host.to_string(), |object| format!("{host} ({object})"))
        });
        if self.hosts.is_empty() {
            "another service".to_owned()
        } else {
            some_of(named, 3)
        }
    }

    /// Whether the first host is a name of more than two parts, and nothing of the cluster.
    pub(super) fn is_outside(&self) -> bool {
        let is_known = self.objects.first().is_some_and(Option::is_some);
        self.hosts.first().is_some_and(|host| {
            !is_known
                && self.missing.is_none()
                && host.name.contains('.')
                && !host.name.contains(".svc")
        })
    }

    /// The first host's Service or pod, where it exists.
    pub(super) fn found(&self) -> Option<&ObjectRef> {
        self.objects.first()?.as_ref()
    }

    /// The same where it is a Service.
    pub(super) fn service(&self, cluster: &Cluster<'a>) -> Option<&'a Service> {
        let named = self.found().filter(|object| object.kind == "Service")?;
        cluster.get::<Service>(named.namespace.as_deref().unwrap_or_default(), &named.name)
    }

    /// The other side as a thing that several may call in vain: what the cluster knows it as, or a host outside. None for
    /// what is another thing to each of them, and for the API server.
    pub(super) fn shared(
        &self,
        before: impl FnOnce(&str) -> String,
        behind: impl Into<String>,
        explanation: &str,
    ) -> Option<Shared> {
        let host = self.hosts.first()?;
        let port = host.port.map(|port| port.to_string());
        let (object, name, port) = match self.objects.first().and_then(Option::as_ref) {
            Some(object) if is_api_server(object) => return None,
            Some(object) => (object.clone(), object.to_string(), port),
            None if self.is_outside() && !is_own(host.name) => {
                let name = host.to_string();
                (ObjectRef::pseudo("Host", &name), name, None)
            }
            None => return None,
        };
        let explanation = format!("{explanation}{}", self.notes());
        let shared = Shared::of(object, before(&name), behind, explanation);
        Some(shared.told_apart_by(port.unwrap_or_default()))
    }

    /// The first host's Service, where it is proven not to exist.
    pub(super) fn missing(&self) -> Option<&ObjectRef> {
        self.missing.as_ref()
    }

    /// What is known of them, as sentences with a blank before them.
    fn notes(&self) -> String {
        self.notes.iter().map(|note| format!(" {note}")).collect()
    }

    /// A sighting of the match that names them, tells what is known of them and blames what may be
    /// the reason.
    pub(super) fn sighting(
        &self,
        found: &LogMatch<'a>,
        cluster: &Cluster<'a>,
        confidence: f64,
        title: String,
        explanation: &str,
    ) -> Sighting {
        let explanation = format!("{explanation}{}", self.notes());
        let sighting = found.sighting(cluster, confidence, title, explanation);
        self.identify(self.blamed_by(sighting))
    }

    /// The sighting with the name of whom it is about as part of its identity. Addresses come and go.
    fn identify(&self, sighting: Sighting) -> Sighting {
        let name = self.hosts.first().map_or("", |host| host.name);
        if is_own(name) {
            // However it is written: `::1`, `127.0.0.1`.
            sighting.identified_by("host", "localhost")
        } else if name.contains(|c: char| c.is_ascii_alphabetic()) {
            sighting.identified_by("host", name)
        } else {
            sighting
        }
    }

    /// The sighting with everything that may be the reason behind it.
    pub(super) fn blamed_by(&self, sighting: Sighting) -> Sighting {
        self.suspects
            .iter()
            .cloned()
            .fold(sighting, |sighting, (object, relation)| {
                sighting.blames(object, relation)
            })
    }
}

/// Whose pod may have had an address that no pod has now: one of the caller's namespace that is not ready, listens on the
/// port, and has its address from the same range of a node.
fn former_owners(
    cluster: &Cluster<'_>,
    caller: &Pod,
    host: &Host<'_>,
) -> Vec<(ObjectRef, &'static str)> {
    let range = |address: &str| address.rsplit_once('.').map(|(range, _)| range.to_owned());
    let (Some(port), Some(wanted)) = (host.port, range(host.name)) else {
        return Vec::new();
    };
    let pods = cluster.in_namespace::<Pod>(&caller.metadata.namespace);
    pods.filter(|pod| {
        pod.unready_since().is_some()
            && pod.metadata.uid != caller.metadata.uid
            && range(&pod.status.pod_ip).as_deref() == Some(&wanted)
            && pod
                .spec
                .containers
                .iter()
                .flat_map(|container| container.ports.iter())
                .any(|known| known.container_port == i64::from(port))
    })
    .map(|pod| (cluster.top_of(pod), "calls"))
    .collect()
}

/// The pod whose address stands beside a name that means nothing in the cluster: `ca.mesh.svc:8080: endpoint 10.0.0.7:8080`.
fn pod_that_was_tried<'a>(
    found: &LogMatch<'a>,
    cluster: &Cluster<'a>,
) -> Option<(&'a Pod, &'a str)> {
    let own = found.pod();
    let mut addresses = found.same_lines().flat_map(addresses_in);
    addresses.find_map(|address| {
        let Target::Pod(pod) = resolve(cluster, &own.metadata.namespace, address) else {
            return None;
        };
        (pod.metadata.uid != own.metadata.uid).then_some((pod, address))
    })
}

/// What a host is in the cluster, and how it stands there.
fn note(cluster: &Cluster<'_>, namespace: &str, host: &Host<'_>) -> Option<String> {
    match resolve(cluster, namespace, host.name) {
        Target::Service(service) => Some(service_note(cluster, service, host)),
        Target::Pod(pod) => Some(format!(
            "{} is {} of {}.",
            host.name,
            pod.reference(),
            cluster.top_of(pod)
        )),
        Target::Ingress(ingress) => Some(format!(
            "{} is served by {}.",
            host.name,
            ingress.reference()
        )),
        Target::Local => Some(format!("{} is the pod itself.", host.name)),
        Target::Elsewhere => missing_service(cluster, namespace, host.name)
            .map(|missing| format!("{} does not exist.", missing.reference())),
    }
}

fn service_note<'a>(cluster: &Cluster<'a>, service: &'a Service, host: &Host<'_>) -> String {
    let reference = service.reference();
    let is_known = |port: u16| {
        service
            .spec
            .ports
            .iter()
            .any(|known| known.port == i64::from(port))
    };
    if let Some(port) = host
        .port
        .filter(|port| !service.spec.ports.is_empty() && !is_known(*port))
    {
        let ports = service.spec.ports.iter().map(|port| port.port.to_string());
        return format!(
            "{} is {reference}, which has no port {port} (it has {}).",
            host.name,
            some_of(ports, 4)
        );
    }
    if service.metadata.name == "kubernetes" && service.metadata.namespace == "default" {
        return format!("{} is the API server of the cluster.", host.name);
    }
    let pods: Vec<_> = cluster
        .pods_behind(service)
        .into_iter()
        .filter(|pod| pod.is_live())
        .collect();
    let ready = pods.iter().filter(|pod| pod.is_ready()).count();
    format!(
        "{} is {reference}: {ready} of its {} pods are ready.",
        host.name,
        pods.len()
    )
}

/// Whether a host is whoever asks for it.
fn is_own(host: &str) -> bool {
    host.parse::<std::net::IpAddr>()
        .is_ok_and(|address| address.is_loopback() || address.is_unspecified())
}

/// Whether it is the Service that stands for the API server.
fn is_api_server(object: &ObjectRef) -> bool {
    object.kind == "Service" && object.path() == "default/kubernetes"
}

/// Whether it is an address that clusters give out themselves.
fn is_private_address(name: &str) -> bool {
    name.parse::<std::net::Ipv4Addr>()
        .is_ok_and(|address| address.is_private())
}
