use super::target::{Target, target, target_ref};
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::analyzers::kubelet_certificate::undecided_request_of;
use crate::analyzers::log_host::{Target as HostTarget, hosts_in, resolve, suspects};
use crate::kubernetes::{
    APIService, Condition, Event, HorizontalPodAutoscaler, Object, ObjectReference, Service,
    condition,
};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion, safe_text, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An autoscaler does not get the metric that it works with, so it does nothing. Where the API
    /// that serves the metric is down or absent, or no pod of the target is ready, that is the cause;
    /// else the metric's name or selector is.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec:
    ///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    ///   metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
    /// status:
    ///   conditions: [{type: ScalingActive, status: "False", reason: FailedGetResourceMetric, message: 'the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)', lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    /// One of several metrics:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec:
    ///   scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
    ///   metrics: [{type: Resource}, {type: External}]
    /// status:
    ///   conditions: [{type: ScalingActive, status: "True", reason: ValidMetricFound}]
    /// ---
    /// apiVersion: v1
    /// kind: Event
    /// metadata: {name: e1, namespace: shop}
    /// involvedObject: {kind: HorizontalPodAutoscaler, namespace: shop, name: web, uid: h1}
    /// reason: FailedGetExternalMetric
    /// message: 'unable to get external metric shop/queue_depth/nil: no metrics returned from external metrics API'
    /// count: 200
    /// firstTimestamp: "2026-01-01T11:00:00Z"
    /// lastTimestamp: "2026-01-01T11:59:50Z"
    /// ```
    ///
    /// # Stays silent on
    /// A target that rests at zero:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status:
    ///   conditions: [{type: ScalingActive, status: "False", reason: ScalingDisabled, message: scaling is disabled since the replica count of the target is zero, lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    /// A request that is missing has a rule of its own:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop, uid: h1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status:
    ///   conditions: [{type: ScalingActive, status: "False", reason: FailedGetResourceMetric, message: 'the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in container web of Pod web-5d-a', lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    ///
    /// # How to fix
    /// Bring up what serves the metric (metrics-server for cpu and memory, an adapter for others), or
    /// correct the metric's name and selector.
    ///
    /// # What it cannot know
    /// Which metrics an adapter would serve.
    ///
    /// # Source
    /// Condition `ScalingActive` and events `FailedGet…Metric` of HorizontalPodAutoscaler.
    SCA004 "scaling-metric-unavailable" {
        role: Both,
        severity: Critical,
        confidence: 0.92,
        reads: [
            Event, Deployment, StatefulSet, ReplicaSet, ReplicationController, CustomResourceDefinition, Pod,
            APIService, Service, Ingress, Namespace, DaemonSet, Job, CronJob, CertificateSigningRequest,
        ],
        maps_to: ["k8sgpt:HorizontalPodAutoscaler"],
        check: HorizontalPodAutoscaler(check),
    }
}

/// Seconds for which a metric may be missing before it counts: pods that start have none yet.
const TRANSIENT: i64 = 180;

/// Why the controller says that it got no metric.
const FAILURES: [&str; 7] = [
    "FailedGetResourceMetric",
    "FailedGetContainerResourceMetric",
    "FailedGetPodsMetric",
    "FailedGetObjectMetric",
    "FailedGetExternalMetric",
    "InvalidMetricSourceType",
    "FailedComputeMetricsReplicas",
];

/// Events in a row that make a failure of one of several metrics more than a blip.
const MANY_TIMES: u32 = 10;

fn check<'a>(autoscaler: &'a HorizontalPodAutoscaler, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = &autoscaler.metadata;
    if meta.is_terminating() || cluster.is_within(meta.creation_timestamp, TRANSIENT) {
        return;
    }
    let Some(active) = condition(&autoscaler.status.conditions, "ScalingActive") else {
        return;
    };
    let fails = active.is_false() && FAILURES.contains(&active.reason.as_str());
    if fails && !cluster.is_within(active.last_transition_time, TRANSIENT) {
        if !names_a_request(&active.message) {
            sink.report(inactive(cluster, autoscaler, active));
        }
    } else if active.is_true()
        && autoscaler.spec.metrics.len() > 1
        && let Some(event) = lasting_failure(cluster, autoscaler)
    {
        sink.report(one_of_several(cluster, autoscaler, event));
    }
}

fn names_a_request(message: &str) -> bool {
    message.contains("missing request for")
}

fn lasting_failure<'a>(
    cluster: &Cluster<'a>,
    autoscaler: &'a HorizontalPodAutoscaler,
) -> Option<&'a Event> {
    cluster.newest_event(autoscaler, &FAILURES).filter(|event| {
        event.times() >= MANY_TIMES
            && cluster.is_within(event.last_seen(), TRANSIENT)
            && !cluster.is_within(event.first_seen(), TRANSIENT)
            && !names_a_request(&event.message)
    })
}

fn inactive<'a>(
    cluster: &Cluster<'a>,
    autoscaler: &'a HorizontalPodAutoscaler,
    active: &Condition,
) -> Sighting {
    let own = autoscaler.reference();
    let explanation = format!(
        "{}. Until then the number of replicas stays as it is, whatever the load.",
        why(&active.message)
    );
    let text = format!("{}: {}", active.reason, active.message);
    sighting(
        cluster,
        autoscaler,
        &active.reason,
        &active.message,
        explanation,
    )
    .evidence(
        Evidence::message(own, "status.conditions[ScalingActive]", &text)
            .at(active.last_transition_time),
    )
    .since(active.last_transition_time)
}

/// The metric that the API for metrics is there for and does not know.
fn unknown_metric(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("could not find the metric ")?;
    let name = rest.split_whitespace().next()?;
    Some(safe_text(name))
}

fn one_of_several<'a>(
    cluster: &Cluster<'a>,
    autoscaler: &'a HorizontalPodAutoscaler,
    event: &'a Event,
) -> Sighting {
    let explanation = format!(
        "{}. It goes on with its other metrics, and does not scale down.",
        why(&event.message)
    );
    sighting(
        cluster,
        autoscaler,
        &event.reason,
        &event.message,
        explanation,
    )
    .severity(Severity::Warning)
    .evidence(event_evidence(event))
    .since(event.first_seen())
}

fn sighting<'a>(
    cluster: &Cluster<'a>,
    autoscaler: &'a HorizontalPodAutoscaler,
    reason: &str,
    message: &str,
    explanation: String,
) -> Sighting {
    let own = autoscaler.reference();
    let namespace = autoscaler.metadata.namespace.as_str();
    let reference = &autoscaler.spec.scale_target_ref;
    let scaled = target_ref(namespace, reference);
    let what = match reason {
        "FailedGetResourceMetric" | "FailedGetContainerResourceMetric" => "resource metrics",
        "FailedGetPodsMetric" | "FailedGetObjectMetric" => "custom metrics",
        "FailedGetExternalMetric" => "external metrics",
        _ => "its metrics",
    };
    let named = unknown_metric(message).map_or_else(String::new, |metric| format!(" (`{metric}`)"));
    let title = format!("{own} does not get {what}{named} for {scaled}");
    if let Some(missing) = MissingContainer::of(cluster, autoscaler) {
        return missing
            .sighting(autoscaler, &scaled)
            .identified_by("reason", reason);
    }
    let mut sighting =
        Sighting::of(own.clone(), title, explanation).identified_by("reason", reason);
    if let Some(owner) = autoscaler.metadata.controller() {
        let maker = ObjectRef::namespaced(&owner.api_version, &owner.kind, namespace, &owner.name);
        sighting = sighting.blames(maker, "made by");
    }
    for service in services_behind(reason) {
        sighting = sighting.blames(service, "serves metrics to");
    }
    if let Some(request) = awaited_certificate(cluster, reason, namespace, reference) {
        sighting = sighting.blames(request, "lets be measured");
    }
    for source in sources_of_the_adapter(cluster, reason) {
        sighting = sighting.blames(source, "serves metrics to");
    }
    let no_pod_is_ready = match target(cluster, namespace, reference) {
        Target::Found(workload) => !cluster
            .pods_of(&workload)
            .into_iter()
            .any(crate::kubernetes::Pod::is_ready),
        _ => false,
    };
    if no_pod_is_ready || message.contains("pods might be unready") {
        sighting = sighting.blames(scaled, "scaled by");
    }
    if let Some(metric) = unknown_metric(message) {
        sighting = sighting.suggest(Suggestion::advice(format!(
            "Correct the name or the selector of metric `{metric}` in {own}, or have the metrics adapter serve it"
        )));
    }
    let group = group_of(reason);
    sighting.suggest(Suggestion::look(
        "See whether something serves these metrics",
        format!("kubectl get apiservices v1beta1.{group}"),
    ))
}

/// A container that an autoscaler measures and that the pods of its target do not have.
struct MissingContainer<'a> {
    index: usize,
    name: &'a str,
    /// Those that the pods have.
    there: Vec<&'a str>,
}

impl<'a> MissingContainer<'a> {
    fn of(cluster: &Cluster<'a>, autoscaler: &'a HorizontalPodAutoscaler) -> Option<Self> {
        let reference = &autoscaler.spec.scale_target_ref;
        let Target::Found(workload) = target(cluster, &autoscaler.metadata.namespace, reference)
        else {
            return None;
        };
        // Sidecars are put into pods behind the template's back.
        let pods = cluster.pods_of(&workload);
        if pods.is_empty() {
            return None;
        }
        let pods = pods.iter().map(|pod| &*pod.spec);
        let there: Vec<&str> = std::iter::once(workload.pod_spec())
            .chain(pods)
            .flat_map(|spec| spec.all_containers())
            .map(|(_, container)| container.name.as_str())
            .collect();
        let mut metrics = autoscaler.spec.metrics.iter().enumerate();
        let (index, name) = metrics.find_map(|(index, metric)| {
            let name = metric.container_resource.as_ref()?.container.as_str();
            (!there.contains(&name)).then_some((index, name))
        })?;
        let mut there = there;
        there.sort_unstable();
        there.dedup();
        Some(Self { index, name, there })
    }

    /// Replicas stay as they are: the load may become too much, and nothing is down for it.
    fn sighting(&self, autoscaler: &HorizontalPodAutoscaler, scaled: &ObjectRef) -> Sighting {
        let own = autoscaler.reference();
        let there = some_of(&self.there, 4);
        Sighting::of(
            own.clone(),
            format!(
                "{own} measures container `{}`, which the pods of {scaled} do not have",
                self.name
            ),
            format!("They have {there}. Until then the number of replicas stays as it is, whatever the load."),
        )
        .severity(Severity::Warning)
        .evidence(Evidence::field(
            own.clone(),
            &format!("spec.metrics[{}].containerResource.container", self.index),
            self.name,
        ))
        .evidence(Evidence::field(
            scaled.clone(),
            "spec.template.spec.containers[*].name",
            &there,
        ))
        .suggest(Suggestion::advice(format!(
            "Name a container that is there ({there}) in spec.metrics[{}].containerResource.container of {own}",
            self.index
        )))
    }
}

fn group_of(reason: &str) -> &'static str {
    match reason {
        "FailedGetPodsMetric" | "FailedGetObjectMetric" => "custom.metrics.k8s.io",
        "FailedGetExternalMetric" => "external.metrics.k8s.io",
        _ => "metrics.k8s.io",
    }
}

/// The APIs that serve such metrics, in the versions that the controller asks for.
fn services_behind(reason: &str) -> Vec<ObjectRef> {
    let group = group_of(reason);
    let versions: &[&str] = if group == "custom.metrics.k8s.io" {
        &["v1beta2", "v1beta1"]
    } else {
        &["v1beta1"]
    };
    versions
        .iter()
        .map(|version| {
            let name = format!("{version}.{group}");
            ObjectRef::cluster_scoped("apiregistration.k8s.io/v1", "APIService", &name)
        })
        .collect()
}

/// The request of a kubelet for the certificate without which metrics-server cannot speak with it, where pods of the
/// target run on its node.
fn awaited_certificate(
    cluster: &Cluster<'_>,
    reason: &str,
    namespace: &str,
    reference: &ObjectReference,
) -> Option<ObjectRef> {
    let Target::Found(workload) = target(cluster, namespace, reference) else {
        return None;
    };
    if !reason.contains("ResourceMetric") {
        return None;
    }
    let pods = cluster.pods_of(&workload);
    let nodes: Vec<&str> = pods.iter().map(|pod| pod.node_name.as_str()).collect();
    undecided_request_of(cluster, &nodes)
}

/// What the adapter behind the API takes its numbers from: the Services that its arguments name, and
/// the workloads of their pods that are not ready.
fn sources_of_the_adapter(cluster: &Cluster<'_>, reason: &str) -> Vec<ObjectRef> {
    let group = group_of(reason);
    let mut all: Vec<ObjectRef> = Vec::new();
    let services = cluster
        .all::<APIService>()
        .filter(|api| api.spec.group == *group)
        .filter_map(|api| api.spec.service.as_ref());
    for service in services {
        let Some(service) = cluster.get::<Service>(&service.namespace, &service.name) else {
            continue;
        };
        for pod in cluster.pods_behind(service) {
            let words = pod.spec.containers.iter().flat_map(|container| {
                let words = container.args.iter().chain(&container.command);
                words.map(|word| word.as_str())
            });
            for host in words.flat_map(hosts_in) {
                let namespace = &pod.metadata.namespace;
                let behind = match resolve(cluster, namespace, host.name) {
                    // One that counts as ready may keep nothing any more.
                    HostTarget::Service(service) => cluster.pods_behind(service),
                    _ => Vec::new(),
                };
                let behind = behind.into_iter().map(|pod| cluster.top_of(pod));
                let suspects = suspects(cluster, namespace, host.name).into_iter();
                for object in suspects.map(|(object, _)| object).chain(behind) {
                    if !all.iter().any(|known| known.is_same(&object)) {
                        all.push(object);
                    }
                }
            }
        }
    }
    all
}

/// What the controller's words mean.
fn why(message: &str) -> &'static str {
    if message.contains("could not find the requested resource") {
        "No such metrics API is served in this cluster"
    } else if message.contains("currently unable to handle the request") {
        "The metrics API does not answer"
    } else if message.contains("pods might be unready") {
        "No pod of its target is ready to be measured"
    } else if message.contains("no metrics returned") || message.contains("not found") {
        "The metrics API has no such metric"
    } else if message.contains("forbidden") {
        "The controller may not read the metric"
    } else {
        "The metric cannot be read"
    }
}
