use super::gateway::backend_services;
use super::near_labels::{NearMiss, nearest};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::called_service::called_services;
use crate::kubernetes::{Ingress, Kind, Object, Pod, Service};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The selector of a Service matches no pod, and no workload would make one that it matches: who
    /// calls it gets no answer. Mostly a label was renamed on one side only.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: relay, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {app: relayd}, ports: [{port: 80}]}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: relay, namespace: shop, uid: d1}
    /// spec: {template: {metadata: {labels: {app: relay}}, spec: {containers: [{name: relay}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: other, namespace: shop, labels: {app: other}}
    /// status: {phase: Running}
    /// ```
    ///
    /// # Stays silent on
    /// A workload that rests, and a Service whose endpoints somebody else writes:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Pod
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: relay, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {app: relay}, ports: [{port: 80}]}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: relay, namespace: shop, uid: d1}
    /// spec: {replicas: 0, template: {metadata: {labels: {app: relay}}, spec: {containers: [{name: relay}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: kubernetes, namespace: default, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {ports: [{port: 443}]}
    /// ```
    ///
    /// # How to fix
    /// Make the selector and the labels of the pod template the same, or delete a Service that is no
    /// longer used.
    ///
    /// # What it cannot know
    /// Which pods were meant, where none is like the selector.
    ///
    /// # Source
    /// `spec.selector` of core/v1 Service; labels of pods and pod templates in its namespace.
    NET002 "service-selects-nothing" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [
            Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job, CronJob,
            Service, Ingress, Namespace,
        ],
        maps_to: ["k8sgpt:Service", "POP-508", "POP-1100", "POP-1105"],
        check: Service(check),
    }
}

fn check<'a>(service: &'a Service, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = &service.metadata;
    let selector = &service.spec.selector;
    if selector.is_empty()
        || service.spec.type_ == "ExternalName"
        || meta.is_terminating()
        || cluster.seconds_since(meta.creation_timestamp) < cluster.thresholds(meta).endpoint_grace
        || !cluster.is_complete(Kind::Pod, &meta.namespace)
    {
        return;
    }
    // Pods that ended count: they are of a Job, or on their way to be replaced.
    if cluster.pods_behind(service).into_iter().next().is_some() {
        return;
    }
    let is_wanted = cluster
        .workloads_in(&meta.namespace)
        .iter()
        .any(|workload| workload.pod_labels().holds(selector));
    if !is_wanted && !cluster.hides_workloads(&meta.namespace) {
        sink.report(sighting(service, cluster));
    }
}

fn sighting<'a>(service: &'a Service, cluster: &Cluster<'a>) -> Sighting {
    let meta = &service.metadata;
    let own = service.reference();
    let selector = &service.spec.selector;
    let near = nearest(cluster, &meta.namespace, &service.spec.selector, &meta.name);
    let title = format!("{own} selects nothing: no pod and no pod template matches {selector}");
    let mut explanation = "It has no endpoints, so every connection to it fails.".to_owned();
    if let Some(near) = &near {
        explanation = format!("{explanation} {}.", near.sentence());
    }
    let pods = cluster.in_namespace::<Pod>(&meta.namespace).count();
    let mut sighting = Sighting::of(own.clone(), title, explanation)
        .evidence(Evidence::field(own.clone(), "spec.selector", selector))
        .evidence(Evidence::absence(
            own,
            &format!(
                "0 of {pods} pods of namespace {} match {selector}",
                meta.namespace
            ),
        ))
        .since(meta.creation_timestamp);
    if let Some(near) = &near {
        sighting = sighting
            .evidence(near.evidence())
            .suggest(fix(service, near));
        if near.is_dynamic {
            sighting = sighting.severity(Severity::Info);
        } else if near.carried.is_empty() && is_spare(cluster, service, near) {
            sighting = sighting.severity(Severity::Warning);
        }
    } else {
        sighting = sighting.suggest(Suggestion::advice(format!(
            "Correct spec.selector, or delete {} if nothing uses it",
            service.reference()
        )));
    }
    sighting.suggest(Suggestion::look(
        "See which labels the pods carry",
        format!("kubectl -n {} get pods --show-labels", meta.namespace),
    ))
}

/// Whether another Service leads to the pods that are meant, and nobody is told to call this one: a slot for a version
/// that is not there (yet), as a canary.
fn is_spare(cluster: &Cluster<'_>, service: &Service, near: &NearMiss) -> bool {
    let (namespace, name) = (&service.metadata.namespace, &service.metadata.name);
    let workloads = cluster.workloads_in(namespace);
    let mut meant = workloads
        .iter()
        .filter(|workload| workload.reference().is_same(&near.owner));
    let is_served = meant.any(|workload| {
        let mut others = cluster.in_namespace::<Service>(namespace);
        others.any(|other| {
            other.metadata.name != *name
                && !other.spec.selector.is_empty()
                && workload.pod_labels().holds(&other.spec.selector)
        })
    });
    is_served && !is_called(cluster, service)
}

/// Whether an Ingress, a custom resource of its namespace (a route) or the environment of a workload names a Service.
fn is_called(cluster: &Cluster<'_>, service: &Service) -> bool {
    let (namespace, name) = (&service.metadata.namespace, &service.metadata.name);
    let by_ingress = cluster
        .in_namespace::<Ingress>(namespace)
        .any(|ingress| ingress.spec.backends().any(|backend| backend.name == *name));
    by_ingress
        || cluster
            .customs("gateway.networking.k8s.io", "HTTPRoute")
            .flat_map(backend_services)
            .any(|backend| backend.namespace == **namespace && backend.name == **name)
        || cluster.in_namespace::<Pod>(namespace).any(|pod| {
            let mut called = called_services(cluster, pod).into_iter();
            called.any(|call| std::ptr::eq(call.service, service))
        })
}

fn fix(service: &Service, near: &NearMiss) -> Suggestion {
    let own = service.reference();
    if near.carried.is_empty() {
        return Suggestion::advice(format!(
            "Take {} out of the selector of {own}, or add it to the pod template of {}",
            near.wanted, near.owner
        ));
    }
    Suggestion::advice(format!(
        "Change the selector of {own} from {} to {}",
        near.wanted, near.carried
    ))
}
