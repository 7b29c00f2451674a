use super::endpoints::live_pods;
use super::ingress_backend::{BackendUse, backends};
use super::plain_backend;
use super::service_port::{PodPort, port_in};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::plain_to_tls::PLAIN_TO_TLS;
use crate::kubernetes::{Ingress, IngressClass, IntOrString, Object, Pod, Service, ServicePort};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// An ingress controller asks in plain HTTP, and the program behind speaks TLS: every request is answered
    /// with 400, or the connection ends.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | http: TLS handshake error from 10.244.2.9:4120: client sent an HTTP request to an HTTPS server
    /// # log: shop/web-1/web | http: TLS handshake error from 10.244.2.9:4121: client sent an HTTP request to an HTTPS server
    /// # log: shop/web-1/web | http: TLS handshake error from 10.244.2.9:4122: client sent an HTTP request to an HTTPS server
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec:
    ///   ingressClassName: nginx
    ///   rules: [{host: a.example, http: {paths: [{path: /, backend: {service: {name: web, port: {number: 443}}}}]}}]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{port: 443, targetPort: 8443}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// # Stays silent on
    /// The Ingress says that the program speaks TLS:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | http: TLS handshake error from 10.244.2.9:4120: client sent an HTTP request to an HTTPS server
    /// # log: shop/web-1/web | http: TLS handshake error from 10.244.2.9:4121: client sent an HTTP request to an HTTPS server
    /// # log: shop/web-1/web | http: TLS handshake error from 10.244.2.9:4122: client sent an HTTP request to an HTTPS server
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: web
    ///   namespace: shop
    ///   creationTimestamp: "2026-01-01T10:00:00Z"
    ///   annotations: {nginx.ingress.kubernetes.io/backend-protocol: HTTPS}
    /// spec:
    ///   ingressClassName: nginx
    ///   rules: [{host: a.example, http: {paths: [{path: /, backend: {service: {name: web, port: {number: 443}}}}]}}]
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selector: {app: web}, ports: [{port: 443, targetPort: 8443}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, labels: {app: web}}
    /// spec: {containers: [{name: web}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// # How to fix
    /// Set the annotation of the controller that makes it speak TLS to the backend, or send it to a plain port.
    ///
    /// # What it cannot know
    /// Controllers other than ingress-nginx and the AWS Load Balancer Controller; programs that neither log such
    /// requests nor have a readiness probe of scheme HTTPS.
    ///
    /// # Source
    /// Logs of the pods; readiness probes; annotations `nginx.ingress.kubernetes.io/backend-protocol` and
    /// `alb.ingress.kubernetes.io/backend-protocol`.
    NET028 "ingress-backend-speaks-tls" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [IngressClass, Service, Pod],
        maps_to: [],
        check: Ingress(check),
    }
}

/// Last lines of a log that count, and how many of them must tell of it.
const LINES: usize = 60;
const REPEATED: usize = 3;

/// Controllers that speak plain HTTP unless an annotation says otherwise: a word of their name, and the annotations.
const CONTROLLERS: [(&str, &[&str]); 2] = [
    (
        "nginx",
        &[
            "nginx.ingress.kubernetes.io/backend-protocol",
            "nginx.ingress.kubernetes.io/ssl-passthrough",
            "nginx.org/ssl-services",
        ],
    ),
    ("alb", &["alb.ingress.kubernetes.io/backend-protocol"]),
];

fn check<'a>(ingress: &'a Ingress, cluster: &Cluster<'a>, sink: &mut Sink) {
    if ingress.metadata.is_terminating() {
        return;
    }
    for sighting in plain_backend::sightings(cluster, ingress) {
        sink.report(sighting);
    }
    let Some(annotation) = plain_by(ingress, cluster) else {
        return;
    };
    for backend in backends(ingress) {
        let namespace = &ingress.metadata.namespace;
        let Some(service) = cluster.get::<Service>(namespace, &backend.service.name) else {
            continue;
        };
        let named = &backend.service.port;
        let port = service.spec.ports.iter().find(|port| {
            port.port == named.number || (!port.name.is_empty() && port.name == named.name)
        });
        let pods = live_pods(cluster, service);
        let proof =
            port.and_then(|port| pods.iter().find_map(|pod| speaks_tls(cluster, pod, port)));
        if let Some((proof, is_said)) = proof {
            sink.report(sighting(
                ingress, service, &backend, annotation, proof, is_said,
            ));
        }
    }
}

/// The annotation that would make the controller of an Ingress speak TLS, where none is set.
fn plain_by(ingress: &Ingress, cluster: &Cluster<'_>) -> Option<&'static str> {
    let meta = &ingress.metadata;
    let class = match ingress.spec.ingress_class_name.as_str() {
        "" => meta
            .annotations
            .value("kubernetes.io/ingress.class")
            .unwrap_or_default(),
        name => name,
    };
    let controller = cluster
        .get::<IngressClass>("", class)
        .map_or(class, |class| class.spec.controller.as_str());
    let (_, annotations) = CONTROLLERS
        .iter()
        .find(|(word, _)| controller.contains(word))?;
    let is_plain = annotations.iter().all(|annotation| {
        let value = meta.annotations.value(annotation).unwrap_or_default();
        matches!(value.to_ascii_uppercase().as_str(), "" | "HTTP" | "FALSE")
    });
    is_plain.then(|| annotations.first().copied()).flatten()
}

/// What shows that a pod speaks TLS on the port behind a Service port, and whether its log says that requests fail for it.
fn speaks_tls(cluster: &Cluster<'_>, pod: &Pod, port: &ServicePort) -> Option<(Evidence, bool)> {
    let (PodPort::Number(number) | PodPort::Named(number)) = port_in(pod, port) else {
        return None;
    };
    for container in pod.containers() {
        let Some(log) = cluster.log(pod, container.name(), false) else {
            continue;
        };
        let mut said = log
            .lines
            .iter()
            .rev()
            .take(LINES)
            .filter(|line| PLAIN_TO_TLS.is_in(line));
        let (last, more) = (said.next(), said.count());
        if let Some(last) = last.filter(|_| more + 1 >= REPEATED) {
            let proof = Evidence::log(pod.reference(), container.name(), last, None);
            return Some((proof, true));
        }
    }
    let container = pod.spec.containers.iter().find(|container| {
        let probe = container.readiness_probe.as_deref();
        let get = probe.and_then(|probe| probe.http_get.as_ref());
        get.is_some_and(|get| {
            let is_port = match &get.port {
                Some(IntOrString::Int(own)) => *own == number,
                Some(IntOrString::String(name)) => container
                    .ports
                    .iter()
                    .any(|known| known.name == *name && known.container_port == number),
                None => false,
            };
            get.scheme == "HTTPS" && is_port
        })
    });
    let container = container.filter(|_| pod.is_ready())?;
    let path = format!(
        "spec.containers[{}].readinessProbe.httpGet.scheme",
        container.name
    );
    Some((Evidence::field(pod.reference(), &path, "HTTPS"), false))
}

fn sighting(
    ingress: &Ingress,
    service: &Service,
    backend: &BackendUse<'_>,
    annotation: &str,
    proof: Evidence,
    is_said: bool,
) -> Sighting {
    let own = ingress.reference();
    let target = service.reference();
    let severity = if is_said {
        Severity::Critical
    } else {
        Severity::Warning
    };
    Sighting::of(
        own.clone(),
        format!("{own} sends plain HTTP to {target}, whose pods speak TLS"),
        format!(
            "Requests for {} are answered with 400 or not at all.",
            backend.route
        ),
    )
    .identified_by("service", target.path())
    .severity(severity)
    .confidence(if is_said { 0.9 } else { 0.75 })
    .evidence(Evidence::field(
        own.clone(),
        &format!("{}.name", backend.path),
        &backend.service.name,
    ))
    .evidence(Evidence::field(
        own.clone(),
        &format!("metadata.annotations[{annotation}]"),
        "(not set: plain HTTP)",
    ))
    .evidence(proof)
    .suggest(Suggestion::run(
        "Let the controller speak HTTPS to it",
        format!(
            "kubectl -n {} annotate ingress {} {annotation}=HTTPS",
            ingress.metadata.namespace, ingress.metadata.name
        ),
        crate::model::Risk::Low,
    ))
}
