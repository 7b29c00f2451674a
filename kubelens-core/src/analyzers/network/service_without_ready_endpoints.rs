use jiff::Timestamp;

use super::endpoints::{is_rolling, live_pods, workloads_behind};
use super::local_endpoints::none_where_called;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Kind, Object, Pod, Service};
use crate::model::{Evidence, Severity, Suggestion, counted};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A Service selects pods, but none of them is ready: who calls it gets no answer. It is explained
    /// by what keeps the pods from being ready, or from being made.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {containers: [{name: web}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:30:00Z"}]
    /// ```
    /// A workload whose pods were never made:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 2, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web}]}}}
    /// ```
    /// Endpoints that the caller's node does not lead to:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: agent, namespace: telemetry, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {app: agent}, internalTrafficPolicy: Local, ports: [{port: 4317}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: agent-1, namespace: telemetry, labels: {app: agent}, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {nodeName: n1, containers: [{name: agent}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T10:01:00Z"}]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {nodeName: n2, containers: [{name: web, env: [{name: OTLP, value: "http://agent.telemetry:4317"}]}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:30:00Z"}]
    ///   containerStatuses: [{name: web, state: {running: {startedAt: "2026-01-01T10:00:30Z"}}}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {containers: [{name: web}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T11:30:00Z"}]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: peers, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {clusterIP: None, publishNotReadyAddresses: true, selector: {app: db}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, labels: {app: db}, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {containers: [{name: db}]}
    /// status: {phase: Pending}
    /// ```
    /// A workload at 0 replicas:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 0, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web}]}}}
    /// ```
    ///
    /// # How to fix
    /// Find out why the pods behind it are not ready.
    ///
    /// # What it cannot know
    /// Who calls the Service.
    ///
    /// # Source
    /// `spec.selector` of core/v1 Service; the `Ready` condition of the pods it selects.
    NET001 "service-without-ready-endpoints" {
        role: Both,
        severity: Critical,
        confidence: 0.90,
        reads: [
            Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob, Node, Ingress,
            Namespace,
        ],
        maps_to: ["k8sgpt:Service", "POP-1105", "POP-1107", "POP-1108", "POP-1110"],
        check: Service(check),
    }
}

fn check<'a>(service: &'a Service, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = &service.metadata;
    let spec = &service.spec;
    let grace = cluster.thresholds(meta).endpoint_grace;
    if spec.selector.is_empty()
        || spec.type_ == "ExternalName"
        || spec.publish_not_ready_addresses
        || meta.is_terminating()
        || !cluster.has_lasted(meta.creation_timestamp, grace)
        || !cluster.is_complete(Kind::Pod, &meta.namespace)
    {
        return;
    }
    let pods = live_pods(cluster, service);
    if let Some(sighting) = none_where_called(cluster, service, &pods) {
        sink.report(sighting);
    }
    let ready = pods.iter().filter(|pod| pod.is_ready()).count();
    if ready * 2 >= pods.len() && ready > 0 {
        return;
    }
    // Pods of Jobs come and go; nobody expects them to serve all the time.
    let workloads: Vec<Workload<'a>> = workloads_behind(cluster, service)
        .into_iter()
        .filter(|workload| !workload.is_batch() && !workload.is_resting())
        .collect();
    if workloads
        .iter()
        .any(|workload| is_rolling(cluster, workload))
    {
        return;
    }
    if pods.is_empty() {
        let waits = workloads.iter().find(|workload| {
            let made = workload.metadata().creation_timestamp;
            wants_pods(workload) && cluster.has_lasted(made, grace + 1)
        });
        if let Some(workload) = waits {
            sink.report(no_pods(service, workload));
        }
    } else if has_waited(cluster, &pods, grace) {
        sink.report(not_ready(service, &pods, ready));
    }
}

fn wants_pods(workload: &Workload<'_>) -> bool {
    match workload {
        Workload::DaemonSet(set) => set.status.desired_number_scheduled > 0,
        other => other.wanted_replicas().is_some_and(|wanted| wanted > 0),
    }
}

/// Seconds that a new pod may take until it serves (`notReadyGrace`).
const COMING_UP: i64 = 120;

/// Whether a pod has been unready for longer than a start takes.
fn has_waited(cluster: &Cluster<'_>, pods: &[&Pod], grace: i64) -> bool {
    pods.iter().filter(|pod| !pod.is_ready()).any(|pod| {
        let since = unready_since(pod);
        since.is_some()
            && cluster.has_lasted(since, grace + 1)
            && cluster.has_lasted(pod.metadata.creation_timestamp, COMING_UP + 1)
    })
}

fn unready_since(pod: &Pod) -> Option<Timestamp> {
    pod.condition("Ready")
        .and_then(|ready| ready.last_transition_time)
        .or(pod.metadata.creation_timestamp)
}

fn no_pods(service: &Service, workload: &Workload<'_>) -> Sighting {
    let own = service.reference();
    let title = format!(
        "{own} has no ready endpoints: {} has no pods",
        workload.reference()
    );
    base(service, title)
        .evidence(Evidence::absence(
            own,
            &format!("no pod matches {}", service.spec.selector),
        ))
        .blames(workload.reference(), "selects")
}

fn not_ready(service: &Service, pods: &[&Pod], ready: usize) -> Sighting {
    let own = service.reference();
    let title = if ready == 0 {
        format!(
            "{own} has no ready endpoints: 0 of {} ready",
            counted(pods.len(), "pod")
        )
    } else {
        format!(
            "{own} has few ready endpoints: {ready} of {} ready",
            counted(pods.len(), "pod")
        )
    };
    let mut sighting = base(service, title);
    if ready > 0 {
        sighting = sighting.severity(Severity::Warning);
    }
    let unready: Vec<&&Pod> = pods.iter().filter(|pod| !pod.is_ready()).collect();
    for pod in unready.iter().take(3) {
        let condition = pod.condition("Ready");
        let said = condition.map_or("no condition yet", |ready| {
            ready.message.non_empty().unwrap_or("False")
        });
        sighting = sighting.evidence(
            Evidence::message(pod.reference(), "status.conditions[Ready]", said)
                .at(unready_since(pod)),
        );
    }
    sighting.since(unready.iter().filter_map(|pod| unready_since(pod)).max())
}

fn base(service: &Service, title: String) -> Sighting {
    let own = service.reference();
    let meta = &service.metadata;
    let selector = &service.spec.selector;
    Sighting::of(
        own.clone(),
        title,
        "Connections to it fail or reach too few pods.",
    )
    .evidence(Evidence::field(own, "spec.selector", selector))
    .suggest(Suggestion::look(
        "See the pods behind it",
        format!("kubectl -n {} get pods -l {selector}", meta.namespace),
    ))
}
