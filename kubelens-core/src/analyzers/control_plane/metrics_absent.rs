use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{APIService, Condition, HorizontalPodAutoscaler, Object, condition};
use crate::model::{Evidence, ObjectRef, Suggestion, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// Autoscalers need the use of cpu or memory, and nothing in the cluster tells it: the metrics API
    /// is not installed.
    ///
    /// # Fires on
    /// ```yaml
    /// # listed: APIService
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop}
    /// spec: {maxReplicas: 3, metrics: [{type: Resource, resource: {name: cpu}}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: autoscaling/v2
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop}
    /// spec: {maxReplicas: 3, metrics: [{type: Resource, resource: {name: cpu}}]}
    /// ---
    /// apiVersion: apiregistration.k8s.io/v1
    /// kind: APIService
    /// metadata: {name: v1beta1.metrics.k8s.io}
    /// ```
    ///
    /// # How to fix
    /// Install metrics-server.
    ///
    /// # What it cannot know
    /// Whether the autoscalers are wanted.
    ///
    /// # Source
    /// APIService `v1beta1.metrics.k8s.io`; metrics of autoscaling/v2 HorizontalPodAutoscaler.
    CTL033 "metrics-absent" {
        role: Root,
        severity: Warning,
        confidence: 0.90,
        reads: [APIService, HorizontalPodAutoscaler],
        maps_to: ["POP-708"],
        check: Cluster(check),
    }
}

/// The API that tells the use of cpu and memory.
const METRICS: &str = "v1beta1.metrics.k8s.io";

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    if !cluster.look_up::<APIService>("", METRICS).is_absent() {
        return;
    }
    let needing: Vec<&HorizontalPodAutoscaler> =
        cluster
            .all::<HorizontalPodAutoscaler>()
            .filter(|scaler| !scaler.metadata.is_terminating())
            // Who gets its measures has somewhere to get them from: then the recording lacks the APIService.
            .filter(|scaler| {
                let active = condition(&scaler.status.conditions, "ScalingActive");
                !active.is_some_and(Condition::is_true)
            })
            .filter(|scaler| {
                scaler.spec.metrics.is_empty()
                    || scaler.spec.metrics.iter().any(|metric| {
                        matches!(metric.type_.as_str(), "Resource" | "ContainerResource")
                    })
            })
            .collect();
    let subject = ObjectRef::cluster_scoped("apiregistration.k8s.io/v1", "APIService", METRICS);
    let names = some_of(
        needing.iter().map(|scaler| scaler.metadata.name.as_str()),
        3,
    );
    for scaler in &needing {
        let own = scaler.reference();
        let sighting = Sighting::of(
            subject.clone(),
            format!("{subject} does not exist: the metrics API is not installed"),
            format!("Autoscalers that go by cpu or memory cannot scale: {names}."),
        )
        .seen_on(own.clone(), "measures for")
        .evidence(Evidence::absence(
            subject.clone(),
            "no APIService of that name",
        ))
        .evidence(Evidence::field(
            own,
            "spec.metrics",
            scaler
                .spec
                .metrics
                .iter()
                .filter_map(|metric| metric.resource.as_ref())
                .map(|resource| resource.name.to_string())
                .collect::<Vec<_>>()
                .join(", "),
        ))
        .suggest(Suggestion::advice("Install metrics-server"))
        .suggest(Suggestion::look(
            "See which APIs are served by programs of the cluster",
            "kubectl get apiservices",
        ));
        sink.report(sighting);
    }
}
