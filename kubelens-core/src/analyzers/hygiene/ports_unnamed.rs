use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::standing_workload::{
    container_path, is_clusters_own, selects, stands_for_users,
};
use crate::kubernetes::{
    Container, ContainerRole, Ingress, IntOrString, Kind, Object, Probe, Service,
};
use crate::model::{Evidence, Suggestion, some_of};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A port is meant by its number where it has, or could have, a name: whoever moves the port has to find
    /// every place that repeats the number.
    ///
    /// # Fires on
    /// A port without a name, and a probe by number beside a name:
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, ports: [{containerPort: 8080}]}]}}}
    /// ```
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {containers: [{name: web, ports: [{name: http, containerPort: 8080}], readinessProbe: {httpGet: {port: 8080}}}]}}}
    /// ```
    /// A Service and an Ingress by number:
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, ports: [{name: http, containerPort: 8080}]}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{name: web, port: 80, targetPort: 8080}]}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: shop, namespace: shop}
    /// spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, ports: [{name: http, containerPort: 8080}], readinessProbe: {httpGet: {port: http}}, livenessProbe: {tcpSocket: {port: 9000}}}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{name: web, port: 80, targetPort: http}]}
    /// ---
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: shop, namespace: shop}
    /// spec: {defaultBackend: {service: {name: web, port: {name: web}}}}
    /// ```
    ///
    /// # How to fix
    /// Give the container's port a name, and use the name everywhere else.
    ///
    /// # What it cannot know
    /// Ports that a program opens and its container does not declare.
    ///
    /// # Source
    /// `ports` of core/v1 Container, `targetPort` of core/v1 ServicePort, `backend.service.port` of
    /// networking.k8s.io/v1 Ingress.
    HYG007 "ports-unnamed" {
        role: Root,
        severity: Info,
        confidence: 0.95,
        reads: [
            Service, Ingress, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob,
            Pod,
        ],
        maps_to: ["POP-105", "POP-108", "POP-1101", "POP-1102", "POP-1403"],
        profiles: [Hygiene],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for namespace in cluster.all_namespaces() {
        let workloads = cluster.workloads_in(&namespace);
        for workload in workloads
            .iter()
            .filter(|workload| stands_for_users(workload))
        {
            of_workload(workload, sink);
        }
        if !is_clusters_own(&namespace) {
            for service in cluster.in_namespace::<Service>(&namespace) {
                of_service(&workloads, service, sink);
            }
        }
    }
    for ingress in cluster.all::<Ingress>() {
        of_ingress(cluster, ingress, sink);
    }
}

fn of_workload(workload: &Workload<'_>, sink: &mut Sink) {
    let own = workload.reference();
    let mut nameless = Vec::new();
    let mut numbered = Vec::new();
    for (role, container) in workload.pod_spec().all_containers() {
        let path = container_path(workload, role, container);
        for port in container.ports.iter().filter(|port| port.name.is_empty()) {
            let path = format!("{path}.ports[{}].name", port.container_port);
            nameless.push(Evidence::field(own.clone(), &path, "not set"));
        }
        let probes = [
            ("readinessProbe", &container.readiness_probe),
            ("livenessProbe", &container.liveness_probe),
            ("startupProbe", &container.startup_probe),
        ];
        for (field, probe) in probes {
            if let Some((number, name)) = probe.as_ref().and_then(|probe| named(probe, container)) {
                let path = format!("{path}.{field}");
                let text = format!("port {number}, which is named {name}");
                numbered.push(Evidence::field(own.clone(), &path, text));
            }
        }
    }
    if !nameless.is_empty() {
        sink.report(
            Sighting::of(
                own.clone(),
                format!("{own} declares ports without a name"),
                "Services and probes have to repeat the number.",
            )
            .identified_by("fact", "nameless")
            .all_evidence(nameless.into_iter().take(4))
            .suggest(Suggestion::advice("Give each port a name"))
            .grouped("nameless", "workloads declare ports without a name"),
        );
    }
    if !numbered.is_empty() {
        sink.report(
            Sighting::of(
                own.clone(),
                format!("Probes of {own} name a port by its number though it has a name"),
                "Whoever moves the port has to remember the probe.",
            )
            .identified_by("fact", "probe")
            .all_evidence(numbered.into_iter().take(4))
            .suggest(Suggestion::advice("Use the port's name in the probe"))
            .grouped(
                "probe",
                "workloads have probes that name a port by its number",
            ),
        );
    }
}

/// The number by which a probe means a port, and the name that this port has.
fn named<'a>(probe: &Probe, container: &'a Container) -> Option<(i64, &'a str)> {
    // gRPC probes take no names.
    let number = match probe.port() {
        Some(IntOrString::Int(number)) if probe.grpc.is_none() => number,
        _ => return None,
    };
    let mut ports = container.ports.iter();
    let port = ports.find(|port| port.container_port == number)?;
    Some((number, port.name.non_empty()?))
}

fn of_service(workloads: &[Workload<'_>], service: &Service, sink: &mut Sink) {
    let behind: Vec<_> = workloads
        .iter()
        .filter(|workload| selects(service, workload.pod_labels()))
        .collect();
    let ports = || {
        let specs = behind.iter().map(|workload| workload.pod_spec());
        let containers = specs.flat_map(|spec| spec.all_containers());
        containers
            .filter(|(role, _)| *role != ContainerRole::Init)
            .flat_map(|(_, container)| container.ports.iter())
    };
    let own = service.reference();
    if let Some(workload) = behind.first().filter(|_| ports().next().is_none()) {
        let top = workload.reference();
        let path = format!("{}.containers[*].ports", workload.pod_spec_path());
        sink.report(
            Sighting::of(
                top.clone(),
                format!("{top} declares no port, and {own} sends traffic to it"),
                "Nothing says which ports it serves, and no check can compare them.",
            )
            .seen_on(own.clone(), "selects")
            .identified_by("fact", "undeclared")
            .evidence(Evidence::field(top, &path, "none"))
            .suggest(Suggestion::advice(
                "Declare the ports that it listens on, with names",
            ))
            .grouped("undeclared", "workloads behind a Service declare no port"),
        );
    }
    let mut found = Vec::new();
    for port in &service.spec.ports {
        let number = match &port.target_port {
            Some(IntOrString::Int(number)) => *number,
            Some(IntOrString::String(_)) => continue,
            None => port.port,
        };
        let name = ports()
            .filter(|known| known.container_port == number)
            .find_map(|known| known.name.non_empty());
        if let Some(name) = name {
            found.push(Evidence::field(
                own.clone(),
                &format!("spec.ports[{}].targetPort", port.port),
                format!("{number}, which the pods name {name}"),
            ));
        }
    }
    report_numbers(own, "targetPort", found, sink);
}

fn of_ingress(cluster: &Cluster<'_>, ingress: &Ingress, sink: &mut Sink) {
    let namespace = ingress.metadata.namespace.as_str();
    let own = ingress.reference();
    if cluster.gap(Kind::Service, namespace).is_some() {
        return;
    }
    let mut found = Vec::new();
    for backend in ingress.spec.backends().filter(|one| one.port.number != 0) {
        let Some(service) = cluster.get::<Service>(namespace, &backend.name) else {
            continue;
        };
        let mut ports = service.spec.ports.iter();
        let known = ports.find(|port| port.port == backend.port.number);
        if let Some(name) = known.and_then(|port| port.name.non_empty()) {
            let path = format!("backend.service[{}].port.number", backend.name);
            let text = format!("{}, which the Service names {name}", backend.port.number);
            found.push(Evidence::field(own.clone(), &path, text));
        }
    }
    found.dedup();
    report_numbers(own, "backend", found, sink);
}

fn report_numbers(
    own: crate::model::ObjectRef,
    fact: &'static str,
    found: Vec<Evidence>,
    sink: &mut Sink,
) {
    if found.is_empty() {
        return;
    }
    let numbers = found.iter().filter_map(|one| one.value.as_deref());
    let numbers = numbers.filter_map(|text| text.split(',').next());
    let title = format!(
        "{own} means port {} by number though it has a name",
        some_of(numbers, 3)
    );
    let kind = own.kind.clone();
    sink.report(
        Sighting::of(
            own,
            title,
            "Whoever moves the port has to change it in two places.",
        )
        .identified_by("fact", fact)
        .all_evidence(found.into_iter().take(4))
        .suggest(Suggestion::advice("Use the port's name"))
        .grouped(
            fact,
            format!("objects of kind {kind} mean ports by number that have a name"),
        ),
    );
}
