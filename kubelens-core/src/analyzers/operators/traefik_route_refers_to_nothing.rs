use super::failing::describe;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{
    CustomObject, Ingress, IngressClass, Namespace, Object, Secret, Service, list_at, text_at,
};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A route of Traefik names a Service, a middleware or a certificate that does not exist, or an Ingress names by its
    /// annotation a middleware that does not. Traefik leaves the route out and answers 404; without the certificate it
    /// shows its own.
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
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Namespace
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: blog
    ///   namespace: home
    ///   creationTimestamp: "2026-01-01T10:00:00Z"
    ///   annotations: {traefik.ingress.kubernetes.io/router.middlewares: "home-headers@kubernetescrd, home-corp-sso@kubernetescrd"}
    /// ---
    /// apiVersion: traefik.io/v1alpha1
    /// kind: Middleware
    /// metadata: {name: headers, namespace: home}
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
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: blog
    ///   namespace: home
    ///   creationTimestamp: "2026-01-01T10:00:00Z"
    ///   annotations: {traefik.ingress.kubernetes.io/router.middlewares: "my-home-headers@kubernetescrd, auth@file"}
    /// ---
    /// apiVersion: traefik.io/v1alpha1
    /// kind: Middleware
    /// metadata: {name: headers, namespace: my-home}
    /// ```
    ///
    /// # How to fix
    /// Correct the name, or make what it names.
    ///
    /// # What it cannot know
    /// What other providers of Traefik define (`name@file`).
    ///
    /// # Source
    /// IngressRoute, IngressRouteTCP and IngressRouteUDP of traefik.io; `traefik.ingress.kubernetes.io/router.middlewares`
    /// of Ingresses, which names a middleware as `namespace-name@kubernetescrd`.
    OPS088 "traefik-route-refers-to-nothing" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [Service, Secret, Ingress, IngressClass, Namespace],
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
    for ingress in cluster.all::<Ingress>() {
        check_ingress(cluster, ingress, sink);
    }
}

/// The annotation by which an Ingress has its requests pass through middlewares.
const MIDDLEWARES: &str = "traefik.ingress.kubernetes.io/router.middlewares";

/// How such a name ends where an object of the cluster is meant.
const OF_THE_CLUSTER: &str = "@kubernetescrd";

fn check_ingress(cluster: &Cluster<'_>, ingress: &Ingress, sink: &mut Sink) {
    let meta = &ingress.metadata;
    let Some(written) = meta.annotations.value(MIDDLEWARES) else {
        return;
    };
    let is_young = cluster.age(meta) <= YOUNG_GRACE;
    if meta.is_terminating() || is_young || !is_of_traefik(cluster, ingress) {
        return;
    }
    let names = written.split(',').map(str::trim);
    for name in names.filter_map(|name| name.strip_suffix(OF_THE_CLUSTER)) {
        let Some((namespace, name)) = missing_middleware(cluster, &meta.namespace, name) else {
            continue;
        };
        let object = ObjectRef::namespaced("traefik.io/v1alpha1", "Middleware", namespace, name);
        let path = format!("metadata.annotations[{MIDDLEWARES}]");
        let (namespace, name) = (&meta.namespace, &meta.name);
        let look = Suggestion::look(
            "Read its annotations",
            format!("kubectl -n {namespace} describe ingress {name}"),
        );
        let field = (path.as_str(), written);
        sink.report(told(ingress.reference(), &object, field, LEFT_OUT, &[]).suggest(look));
    }
}

/// Whether Traefik serves the Ingress, as its class says; one without a class is for who takes it.
fn is_of_traefik(cluster: &Cluster<'_>, ingress: &Ingress) -> bool {
    let by_annotation = ingress
        .metadata
        .annotations
        .value("kubernetes.io/ingress.class");
    let class = ingress
        .spec
        .ingress_class_name
        .non_empty()
        .or(by_annotation);
    class.is_none_or(|class| {
        let found = cluster.get::<IngressClass>("", class);
        found
            .map_or(class, |found| &found.spec.controller)
            .contains("traefik")
    })
}

/// The namespace and name of a middleware that is written `namespace-name`, where nothing that it may mean is there. The
/// namespace is the Ingress's own if it can be, else the longest that exists.
fn missing_middleware<'n>(
    cluster: &Cluster<'_>,
    own: &str,
    written: &'n str,
) -> Option<(&'n str, &'n str)> {
    let meant: Vec<(&str, &str)> = written
        .match_indices('-')
        .filter_map(|(at, _)| Some((written.get(..at)?, written.get(at + 1..)?)))
        .collect();
    let is_absent = |(namespace, name): &(&str, &str)| {
        cluster
            .look_up_custom(GROUP, "Middleware", namespace, name)
            .is_absent()
    };
    if !meant.iter().all(is_absent) {
        return None;
    }
    let of_own = meant.iter().find(|(namespace, _)| *namespace == own);
    let of_another = || {
        let mut all = meant.iter().rev();
        all.find(|(namespace, _)| cluster.get::<Namespace>("", namespace).is_some())
    };
    of_own.or_else(of_another).or(meant.first()).copied()
}

/// What becomes of a route without what it names.
const LEFT_OUT: &str = "Traefik leaves the route out: requests for it are answered with 404.";

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
                sink.report(sighting(route, &object, &path, LEFT_OUT, &near));
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
                sink.report(sighting(route, &object, &path, LEFT_OUT, &[]));
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
    told(
        route.reference(),
        missing,
        (path, &missing.name),
        effect,
        near,
    )
    .suggest(describe(route))
}

fn told(
    own: ObjectRef,
    missing: &ObjectRef,
    (path, written): (&str, &str),
    effect: &str,
    near: &[&str],
) -> Sighting {
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
    .evidence(Evidence::field(own, path, written))
    .evidence(Evidence::absence(missing.clone(), &absence))
    .suggest(Suggestion::advice(advice))
}
