use super::failing::describe;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{CustomObject, Secret, Service, list_at, text_at};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A route of Traefik names a Service, a middleware or a certificate that does not exist. Traefik leaves the
    /// route out and answers 404; without the certificate it shows its own.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Service
    /// apiVersion: traefik.io/v1alpha1
    /// kind: IngressRoute
    /// metadata: {name: blog, namespace: home, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {routes: [{kind: Rule, match: Host(`blog.example`), services: [{name: blog-web, port: 80}]}]}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: blog, namespace: home}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Service
    /// apiVersion: traefik.io/v1alpha1
    /// kind: IngressRoute
    /// metadata: {name: blog, namespace: home, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec:
    ///   routes:
    ///   - kind: Rule
    ///     match: Host(`blog.example`)
    ///     services: [{name: blog, port: 80}, {name: api@internal, kind: TraefikService}]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: blog, namespace: home}
    /// ```
    ///
    /// # How to fix
    /// Correct the name, or make what it names.
    ///
    /// # What it cannot know
    /// What other providers of Traefik define (`name@file`).
    ///
    /// # Source
    /// IngressRoute, IngressRouteTCP and IngressRouteUDP of traefik.io.
    OPS088 "traefik-route-refers-to-nothing" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [Service, Secret],
        maps_to: [],
        check: Cluster(check),
    }
}

const GROUP: &str = "traefik.io";
const KINDS: [&str; 3] = ["IngressRoute", "IngressRouteTCP", "IngressRouteUDP"];

/// Seconds that whoever made a route has to make what it names.
const YOUNG_GRACE: i64 = 120;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for kind in KINDS {
        for route in cluster.customs(GROUP, kind) {
            if !route.metadata.is_terminating() && cluster.age(&route.metadata) > YOUNG_GRACE {
                check_route(cluster, route, sink);
            }
        }
    }
}

fn check_route(cluster: &Cluster<'_>, route: &CustomObject, sink: &mut Sink) {
    let own = route.metadata.namespace.as_str();
    for (at, rule) in route.spec_list("/routes").iter().enumerate() {
        for (place, service) in list_at(rule, "/services").iter().enumerate() {
            let (namespace, name) = target(own, service);
            let is_service = matches!(text_at(service, "/kind"), "" | "Service");
            if is_service
                && !name.contains('@')
                && cluster.look_up::<Service>(namespace, name).is_absent()
            {
                let object = ObjectRef::namespaced("v1", "Service", namespace, name);
                let path = format!("spec.routes[{at}].services[{place}].name");
                let near = cluster.near_names::<Service>(namespace, name);
                let effect = "Traefik leaves the route out: requests for it are answered with 404.";
                sink.report(sighting(route, &object, &path, effect, &near));
            }
        }
        for (place, middleware) in list_at(rule, "/middlewares").iter().enumerate() {
            let (namespace, name) = target(own, middleware);
            let is_there = || {
                cluster
                    .look_up_custom(GROUP, "Middleware", namespace, name)
                    .is_absent()
            };
            if !name.contains('@') && is_there() {
                let object =
                    ObjectRef::namespaced(&route.api_version, "Middleware", namespace, name);
                let path = format!("spec.routes[{at}].middlewares[{place}].name");
                let effect = "Traefik leaves the route out: requests for it are answered with 404.";
                sink.report(sighting(route, &object, &path, effect, &[]));
            }
        }
    }
    let secret = route.spec_text("/tls/secretName");
    if !secret.is_empty() && cluster.look_up::<Secret>(own, secret).is_absent() {
        let object = ObjectRef::namespaced("v1", "Secret", own, secret);
        let effect = "Traefik shows its own certificate, which browsers refuse.";
        sink.report(
            sighting(route, &object, "spec.tls.secretName", effect, &[])
                .severity(Severity::Warning),
        );
    }
}

/// The namespace and name that an item refers to.
fn target<'v>(own: &'v str, item: &'v serde_json::Value) -> (&'v str, &'v str) {
    let namespace = match text_at(item, "/namespace") {
        "" => own,
        other => other,
    };
    (namespace, text_at(item, "/name"))
}

fn sighting(
    route: &CustomObject,
    missing: &ObjectRef,
    path: &str,
    effect: &str,
    near: &[&str],
) -> Sighting {
    let own = route.reference();
    let absence = if near.is_empty() {
        "not there".to_owned()
    } else {
        format!("not there (near names: {})", near.join(", "))
    };
    let advice = near.first().map_or_else(
        || format!("Create {missing}, or correct {path} of {own}"),
        |near| format!("Point {path} of {own} at `{near}`, or create {missing}"),
    );
    Sighting::of(
        missing.clone(),
        format!("{missing} does not exist, and {own} names it"),
        effect,
    )
    .seen_on(own.clone(), "routes to")
    .evidence(Evidence::field(own, path, &missing.name))
    .evidence(Evidence::absence(missing.clone(), &absence))
    .suggest(Suggestion::advice(advice))
    .suggest(describe(route))
}
