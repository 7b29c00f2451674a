//! From a Service's port to the port of a pod.

use crate::kubernetes::{ContainerPort, ContainerRole, IntOrString, Pod, Service, ServicePort};

/// Where a Service port leads in one pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::analyzers) enum PodPort {
    /// A number, given as such.
    Number(i64),
    /// A name that a container declares, and its number.
    Named(i64),
    /// A name that no container declares with this protocol.
    UnknownName,
}

impl PodPort {
    /// The number, where there is one.
    pub(in crate::analyzers) const fn number(self) -> Option<i64> {
        match self {
            Self::Number(number) | Self::Named(number) => Some(number),
            Self::UnknownName => None,
        }
    }
}

/// Where the Service port leads in the pod: a number as it is, a name as the pod's containers and
/// sidecars declare it with the same protocol, nothing as the Service port itself.
///
/// Source: `FindPort` of the endpoint slice controller.
pub(in crate::analyzers) fn port_in(pod: &Pod, port: &ServicePort) -> PodPort {
    match &port.target_port {
        None | Some(IntOrString::Int(0)) => PodPort::Number(port.port),
        Some(IntOrString::Int(number)) => PodPort::Number(*number),
        Some(IntOrString::String(name)) => match name.parse::<i64>() {
            Ok(number) => PodPort::Number(number),
            Err(_) => declared(pod)
                .find(|(_, known)| known.name == *name && same_protocol(known, port))
                .map_or(PodPort::UnknownName, |(_, known)| {
                    PodPort::Named(known.container_port)
                }),
        },
    }
}

/// Every port that the pod's serving containers declare, with the container's name.
pub(in crate::analyzers) fn declared(pod: &Pod) -> impl Iterator<Item = (&str, &ContainerPort)> {
    pod.spec
        .all_containers()
        .filter(|(role, _)| *role != ContainerRole::Init)
        .flat_map(|(_, container)| {
            container
                .ports
                .iter()
                .map(|port| (container.name.as_str(), port))
        })
}

/// Whether the declared port speaks the Service port's protocol; TCP where none is given.
pub(in crate::analyzers) fn same_protocol(declared: &ContainerPort, port: &ServicePort) -> bool {
    protocol(&declared.protocol) == protocol(&port.protocol)
}

/// The protocol, TCP where none is given.
pub(in crate::analyzers) fn protocol(given: &crate::kubernetes::Text) -> &str {
    given.non_empty().unwrap_or("TCP")
}

/// The ports as a person would say them: `http 8080, metrics 9102/UDP`.
pub(in crate::analyzers) fn said<'a>(ports: impl Iterator<Item = &'a ContainerPort>) -> String {
    let mut all: Vec<String> = ports
        .map(|port| {
            let number = match protocol(&port.protocol) {
                "TCP" => port.container_port.to_string(),
                other => format!("{}/{other}", port.container_port),
            };
            port.name
                .non_empty()
                .map_or(number.clone(), |name| format!("{name} {number}"))
        })
        .collect();
    all.sort();
    all.dedup();
    if all.is_empty() {
        "none".to_owned()
    } else {
        all.join(", ")
    }
}

/// How the ports of a Service are written: `80 (http), 9102 (metrics)`.
pub(in crate::analyzers) fn titles_of(service: &Service) -> String {
    if service.spec.ports.is_empty() {
        return "none".to_owned();
    }
    let all: Vec<String> = service.spec.ports.iter().map(title_of).collect();
    all.join(", ")
}

/// `80 (http)`.
pub(in crate::analyzers) fn title_of(port: &ServicePort) -> String {
    port.name.non_empty().map_or_else(
        || port.port.to_string(),
        |name| format!("{} ({name})", port.port),
    )
}

/// The target port as it is written; the Service port where nothing is.
pub(in crate::analyzers) fn target_of(port: &ServicePort) -> String {
    port.target_port
        .as_ref()
        .map_or_else(|| port.port.to_string(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_resolves_in_containers_and_sidecars_by_protocol() {
        let pod: Pod = serde_json::from_str(
            r#"{"spec":{"initContainers":[
                 {"name":"mesh","restartPolicy":"Always","ports":[{"name":"admin","containerPort":15000}]},
                 {"name":"migrate","ports":[{"name":"once","containerPort":1}]}],
               "containers":[{"name":"dns","ports":[{"name":"dns","containerPort":53,"protocol":"UDP"}]}]}}"#,
        )
        .unwrap_or_default();
        let port = |json: &str| serde_json::from_str::<ServicePort>(json).unwrap_or_default();
        let cases = [
            (r#"{"port":80,"targetPort":"admin"}"#, PodPort::Named(15000)),
            (r#"{"port":80,"targetPort":"once"}"#, PodPort::UnknownName),
            (r#"{"port":53,"targetPort":"dns"}"#, PodPort::UnknownName),
            (
                r#"{"port":53,"targetPort":"dns","protocol":"UDP"}"#,
                PodPort::Named(53),
            ),
            (r#"{"port":80}"#, PodPort::Number(80)),
            (r#"{"port":80,"targetPort":8080}"#, PodPort::Number(8080)),
        ];
        for (json, expected) in cases {
            assert_eq!(port_in(&pod, &port(json)), expected, "{json}");
        }
        assert_eq!(
            said(declared(&pod).map(|(_, port)| port)),
            "admin 15000, dns 53/UDP"
        );
    }
}
