use super::endpoints::is_down;
use super::gateway::{backend_services, object_ref, routes};
use super::ingress_backend::backends;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Ingress, Object, Service};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An Ingress or a route sends requests to a Service behind which nothing is ready. It is explained
    /// by what is wrong with that Service.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop}
    /// spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {phase: Running}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop}
    /// spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {app: web}, ports: [{port: 80}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// # How to fix
    /// Bring the Service's pods back.
    ///
    /// # What it cannot know
    /// Who calls the route.
    ///
    /// # Source
    /// Backends of networking/v1 Ingress and of Gateway API routes; endpoints of their Services.
    NET027 "route-backend-down" {
        role: Symptom,
        severity: Critical,
        confidence: 0.90,
        reads: [
            Ingress, Service, EndpointSlice, Endpoints, Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet,
            ReplicationController, Job, CronJob,
        ],
        maps_to: [],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for ingress in cluster.all::<Ingress>() {
        if ingress.metadata.is_terminating() {
            continue;
        }
        for backend in backends(ingress) {
            let found = cluster.get(&ingress.metadata.namespace, &backend.service.name);
            if let Some(service) = found.filter(|service| is_down(cluster, service)) {
                let what = format!("{} (for {})", service.metadata.name, backend.route);
                sink.report(sighting(ingress.reference(), &backend.path, &what, service));
            }
        }
    }
    for route in routes(cluster) {
        for backend in backend_services(route) {
            let found = cluster.get(&backend.namespace, &backend.name);
            if let Some(service) = found.filter(|service| is_down(cluster, service)) {
                let name = service.metadata.name.to_string();
                sink.report(sighting(object_ref(route), &backend.path, &name, service));
            }
        }
    }
}

fn sighting(own: ObjectRef, path: &str, what: &str, service: &Service) -> Sighting {
    let target = service.reference();
    Sighting::of(
        own.clone(),
        format!("{own} routes to {target}, behind which nothing is ready"),
        "Requests for it get an error (503).",
    )
    .identified_by("service", target.path())
    .evidence(Evidence::field(own, path, what))
    .evidence(Evidence::absence(target.clone(), "no ready endpoint"))
    .blames(target, "routes to")
    .suggest(Suggestion::look(
        "See what stands behind the Service",
        format!(
            "kubectl -n {} describe service {}",
            service.metadata.namespace, service.metadata.name
        ),
    ))
}
