use super::failing::describe;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{
    CustomObject, Kind, LabelSelector, Labels, Namespace, Pod, Service, text_at,
};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A ServiceMonitor or PodMonitor finds nothing to watch: its selector matches no Service or pod, or
    /// it names a port that none of them has.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Service
    /// apiVersion: monitoring.coreos.com/v1
    /// kind: ServiceMonitor
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {selector: {matchLabels: {app: webb}}, endpoints: [{port: metrics}]}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop, labels: {app: web}}
    /// spec: {ports: [{name: metrics, port: 9090}]}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Service
    /// apiVersion: monitoring.coreos.com/v1
    /// kind: ServiceMonitor
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {selector: {matchLabels: {app: web}}, endpoints: [{port: http-metrics}]}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop, labels: {app: web}}
    /// spec: {ports: [{name: metrics, port: 9090}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Service
    /// apiVersion: monitoring.coreos.com/v1
    /// kind: ServiceMonitor
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {selector: {matchLabels: {app: web}}, endpoints: [{port: metrics}]}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop, labels: {app: web}}
    /// spec: {ports: [{name: metrics, port: 9090}]}
    /// ```
    ///
    /// # How to fix
    /// Correct the selector or the port's name in the monitor, or the labels of the Service.
    ///
    /// # What it cannot know
    /// Whether what it watches is only rolled out at times.
    ///
    /// # Source
    /// `selector`, `namespaceSelector` and endpoints of monitoring.coreos.com; labels and port names of
    /// Services and pods.
    OPS062 "monitor-selects-nothing" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [
            Service, Pod, Namespace, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job,
            CronJob,
        ],
        maps_to: [],
        check: Cluster(check),
    }
}

const GROUP: &str = "monitoring.coreos.com";

/// Seconds that whoever made the monitor has to make what it watches.
const YOUNG_GRACE: i64 = 300;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for monitor in cluster.customs(GROUP, "ServiceMonitor") {
        if cluster.age(&monitor.metadata) > YOUNG_GRACE
            && let Some(spaces) = spaces(cluster, monitor, Kind::Service)
        {
            check_services(cluster, monitor, &spaces, sink);
        }
    }
    for monitor in cluster.customs(GROUP, "PodMonitor") {
        if cluster.age(&monitor.metadata) > YOUNG_GRACE
            && let Some(spaces) = spaces(cluster, monitor, Kind::Pod)
        {
            check_pods(cluster, monitor, &spaces, sink);
        }
    }
}

/// The namespaces that a monitor looks into; none where one of them was not read in full.
fn spaces(cluster: &Cluster<'_>, monitor: &CustomObject, kind: Kind) -> Option<Vec<String>> {
    let is_any = monitor
        .spec
        .pointer("/namespaceSelector/any")
        .and_then(serde_json::Value::as_bool)
        == Some(true);
    let named = monitor.spec_list("/namespaceSelector/matchNames");
    let spaces: Vec<String> = if is_any {
        let is_scoped = !cluster.snapshot().scope().namespaces.is_empty();
        if is_scoped || !cluster.snapshot().gaps().has_none(kind) {
            return None;
        }
        cluster
            .all::<Namespace>()
            .map(|namespace| namespace.metadata.name.to_string())
            .chain(cluster.all_namespaces())
            .collect()
    } else if named.is_empty() {
        vec![monitor.metadata.namespace.to_string()]
    } else {
        named
            .iter()
            .map(|name| text_at(name, "").to_owned())
            .collect()
    };
    spaces
        .iter()
        .all(|space| cluster.is_complete(kind, space))
        .then_some(spaces)
}

fn selector(monitor: &CustomObject) -> Option<LabelSelector> {
    let selector = monitor.spec.get("selector")?;
    serde_json::from_value(selector.clone()).ok()
}

fn check_services(
    cluster: &Cluster<'_>,
    monitor: &CustomObject,
    spaces: &[String],
    sink: &mut Sink,
) {
    let Some(selector) = selector(monitor) else {
        return;
    };
    let chosen: Vec<&Service> = spaces
        .iter()
        .flat_map(|space| cluster.in_namespace::<Service>(space))
        .filter(|service| selector.matches(&service.metadata.labels))
        .collect();
    if chosen.is_empty() {
        let all = spaces
            .iter()
            .flat_map(|space| cluster.in_namespace::<Service>(space))
            .map(|service| (&service.metadata.name, &service.metadata.labels));
        let near = nearest(&selector, all.map(|(name, labels)| (name.as_str(), labels)));
        return sink.report(nothing(monitor, spaces, "Service", near));
    }
    for (at, port) in ports(monitor, "/endpoints", "/port") {
        let is_there = chosen
            .iter()
            .any(|service| service.spec.ports.iter().any(|known| known.name == *port));
        if !is_there {
            let names = chosen
                .iter()
                .flat_map(|service| service.spec.ports.iter())
                .map(|known| known.name.to_string());
            let path = format!("spec.endpoints[{at}].port");
            sink.report(no_port(monitor, &path, &port, names.collect()));
        }
    }
}

fn check_pods(cluster: &Cluster<'_>, monitor: &CustomObject, spaces: &[String], sink: &mut Sink) {
    let Some(selector) = selector(monitor) else {
        return;
    };
    let chosen: Vec<&Pod> = spaces
        .iter()
        .flat_map(|space| cluster.in_namespace::<Pod>(space))
        .filter(|pod| selector.matches(&pod.metadata.labels))
        .collect();
    let templates = || {
        spaces.iter().any(|space| {
            cluster
                .workloads_in(space)
                .iter()
                .any(|workload| selector.matches(workload.pod_labels()))
        })
    };
    if chosen.is_empty() {
        // What rests, or runs at times, is meant too.
        if !templates() {
            sink.report(nothing(monitor, spaces, "pod", None));
        }
        return;
    }
    for (at, port) in ports(monitor, "/podMetricsEndpoints", "/port") {
        let names: Vec<String> = chosen
            .iter()
            .flat_map(|pod| pod.containers().collect::<Vec<_>>())
            .flat_map(|container| container.spec.ports.iter())
            .map(|known| known.name.to_string())
            .collect();
        if !names.contains(&port) {
            let path = format!("spec.podMetricsEndpoints[{at}].port");
            sink.report(no_port(monitor, &path, &port, names));
        }
    }
}

/// The names of ports that a monitor asks for, with their place.
fn ports(monitor: &CustomObject, list: &str, field: &str) -> Vec<(usize, String)> {
    monitor
        .spec_list(list)
        .iter()
        .enumerate()
        .map(|(at, endpoint)| (at, text_at(endpoint, field).to_owned()))
        .filter(|(_, port)| !port.is_empty())
        .collect()
}

/// The object whose labels differ in one pair only.
fn nearest<'l>(
    selector: &LabelSelector,
    all: impl Iterator<Item = (&'l str, &'l Labels)>,
) -> Option<String> {
    let mut best: Option<(f64, String)> = None;
    for (name, labels) in all {
        for (key, value) in selector.match_labels.iter() {
            let Some(carried) = labels.value(key) else {
                continue;
            };
            let likeness = strsim::jaro_winkler(carried, value);
            if likeness > 0.8 && best.as_ref().is_none_or(|(known, _)| likeness > *known) {
                best = Some((likeness, format!("{name} carries {key}={carried}")));
            }
        }
    }
    best.map(|(_, words)| words)
}

fn nothing(
    monitor: &CustomObject,
    spaces: &[String],
    what: &str,
    near: Option<String>,
) -> Sighting {
    let own = monitor.reference();
    let selector = monitor
        .spec
        .get("selector")
        .map_or_else(String::new, ToString::to_string);
    let place = if spaces.len() == 1 {
        "its namespace"
    } else {
        "its namespaces"
    };
    let mut sighting = Sighting::of(
        own.clone(),
        format!("{own} selects no {what}"),
        "Nothing is watched by it: what its alerts and graphs are about is not seen.",
    )
    .evidence(Evidence::field(own, "spec.selector", &selector))
    .suggest(Suggestion::advice(match &near {
        Some(near) => format!("Correct the selector: {near}"),
        None => format!("Correct the selector, or the labels of the {what}s of {place}"),
    }))
    .suggest(describe(monitor))
    .since(monitor.metadata.creation_timestamp);
    if let Some(near) = near {
        sighting.explanation = format!("{} {near}.", sighting.explanation);
    }
    sighting
}

fn no_port(monitor: &CustomObject, path: &str, port: &str, mut names: Vec<String>) -> Sighting {
    let own = monitor.reference();
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    let known = if names.is_empty() {
        "no port with a name".to_owned()
    } else {
        names.join(", ")
    };
    Sighting::of(
        own.clone(),
        format!("{own} asks for port `{port}`, which nothing that it selects has"),
        format!("Nothing is watched through that endpoint. Named ports there: {known}."),
    )
    .identified_by("port", port)
    .severity(Severity::Warning)
    .evidence(Evidence::field(own, path, port))
    .suggest(Suggestion::advice(format!("Name one of: {known}")))
    .suggest(describe(monitor))
}
