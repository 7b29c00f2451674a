use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::standing_workload::stands_for_users;
use crate::kubernetes::{EndpointSlice, Ingress, Object, PodSpec, SelectorRequirement};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// An object uses an annotation, a label or a kind that Kubernetes has replaced by a field or by another kind.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: shop, namespace: shop, annotations: {kubernetes.io/ingress.class: nginx}}
    /// ```
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec:
    ///   template:
    ///     metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/web: runtime/default}}
    ///     spec: {nodeSelector: {beta.kubernetes.io/os: linux}, containers: [{name: web}]}
    /// ```
    /// Endpoints that somebody wrote by hand:
    /// ```yaml
    /// apiVersion: discovery.k8s.io/v1
    /// kind: EndpointSlice
    /// metadata: {name: db-x1, namespace: shop, labels: {kubernetes.io/service-name: db, endpointslice.kubernetes.io/managed-by: endpointslicemirroring-controller.k8s.io}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: shop, namespace: shop}
    /// spec: {ingressClassName: nginx}
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {nodeSelector: {kubernetes.io/os: linux}, containers: [{name: web}]}}}
    /// ---
    /// apiVersion: discovery.k8s.io/v1
    /// kind: EndpointSlice
    /// metadata: {name: web-x1, namespace: shop, labels: {kubernetes.io/service-name: web, endpointslice.kubernetes.io/managed-by: endpointslice-controller.k8s.io}}
    /// ```
    ///
    /// # How to fix
    /// Use what replaces it.
    ///
    /// # What it cannot know
    /// When a controller will stop to read the older form.
    ///
    /// # Source
    /// Kubernetes' list of well-known labels, annotations and taints; Endpoints are deprecated since 1.33.
    HYG031 "deprecated-field-use" {
        role: Root,
        severity: Info,
        confidence: 0.99,
        reads: [
            Ingress, EndpointSlice, Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job,
            CronJob, Pod,
        ],
        maps_to: [],
        profiles: [Hygiene],
        check: Cluster(check),
    }
}

/// Labels of nodes that have another name by now.
pub(in crate::analyzers) const LABELS: [(&str, &str); 5] = [
    ("beta.kubernetes.io/os", "kubernetes.io/os"),
    ("beta.kubernetes.io/arch", "kubernetes.io/arch"),
    (
        "beta.kubernetes.io/instance-type",
        "node.kubernetes.io/instance-type",
    ),
    (
        "failure-domain.beta.kubernetes.io/zone",
        "topology.kubernetes.io/zone",
    ),
    (
        "failure-domain.beta.kubernetes.io/region",
        "topology.kubernetes.io/region",
    ),
];

/// Beginnings of pod annotations that a field has replaced.
const ANNOTATIONS: [(&str, &str); 3] = [
    (
        "seccomp.security.alpha.kubernetes.io/",
        "securityContext.seccompProfile",
    ),
    (
        "container.seccomp.security.alpha.kubernetes.io/",
        "securityContext.seccompProfile",
    ),
    (
        "container.apparmor.security.beta.kubernetes.io/",
        "securityContext.appArmorProfile",
    ),
];

/// The annotation that `spec.ingressClassName` has replaced.
const INGRESS_CLASS: &str = "kubernetes.io/ingress.class";

/// Who makes slices of Endpoints that no selector fills.
const MIRRORING: &str = "endpointslicemirroring-controller.k8s.io";

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for ingress in cluster.all::<Ingress>() {
        if let Some(class) = ingress.metadata.annotations.value(INGRESS_CLASS) {
            let path = format!("metadata.annotations[{INGRESS_CLASS}]");
            sink.report(sighting(
                ingress.reference(),
                INGRESS_CLASS,
                "spec.ingressClassName",
                Evidence::field(ingress.reference(), &path, class),
            ));
        }
    }
    for slice in cluster.all::<EndpointSlice>() {
        let labels = &slice.metadata.labels;
        let made_by = labels.value("endpointslice.kubernetes.io/managed-by");
        if let (Some(MIRRORING), Some(name)) = (made_by, labels.value("kubernetes.io/service-name"))
        {
            let namespace = slice.metadata.namespace.as_str();
            let subject = ObjectRef::namespaced("v1", "Endpoints", namespace, name);
            let path = "metadata.labels[endpointslice.kubernetes.io/managed-by]";
            let proof = Evidence::field(slice.reference(), path, MIRRORING);
            sink.report(sighting(subject, "Endpoints", "an EndpointSlice", proof));
        }
    }
    for namespace in cluster.all_namespaces() {
        for workload in cluster.workloads_in(&namespace) {
            if stands_for_users(&workload) {
                of_workload(&workload, sink);
            }
        }
    }
}

fn of_workload(workload: &Workload<'_>, sink: &mut Sink) {
    let own = workload.reference();
    for (start, field) in ANNOTATIONS {
        let mut all = workload.pod_annotations().iter();
        if let Some((key, value)) = all.find(|(key, _)| key.starts_with(start)) {
            let path = format!("{}metadata.annotations[{key}]", template_path(workload));
            let proof = Evidence::field(own.clone(), &path, value);
            sink.report(sighting(
                own.clone(),
                start.trim_end_matches('/'),
                field,
                proof,
            ));
        }
    }
    for (label, newer) in LABELS {
        if let Some(place) = place_of(workload.pod_spec(), label) {
            let path = format!("{}.{place}", workload.pod_spec_path());
            let proof = Evidence::field(own.clone(), &path, label);
            sink.report(sighting(own.clone(), label, newer, proof));
        }
    }
}

/// What stands before the pods' own metadata: `spec.template.`.
fn template_path(workload: &Workload<'_>) -> String {
    let spec = workload.pod_spec_path();
    spec.strip_suffix("spec").unwrap_or_default().to_owned()
}

/// Where a pod spec names a label of nodes.
fn place_of(spec: &PodSpec, label: &str) -> Option<&'static str> {
    if spec.node_selector.contains_key(label) {
        return Some("nodeSelector");
    }
    let names = |requirement: &SelectorRequirement| requirement.key == *label;
    let affinity = spec.affinity.as_ref();
    let required = affinity
        .and_then(|affinity| affinity.node_affinity.as_ref())
        .and_then(|affinity| affinity.required.as_ref());
    let mut terms = required
        .iter()
        .flat_map(|selector| selector.node_selector_terms.iter());
    if terms.any(|term| term.match_expressions.iter().any(names)) {
        return Some("affinity.nodeAffinity");
    }
    let mut spread = spec.topology_spread_constraints.iter();
    spread
        .any(|constraint| constraint.topology_key == *label)
        .then_some("topologySpreadConstraints")
}

fn sighting(own: ObjectRef, older: &str, newer: &str, proof: Evidence) -> Sighting {
    Sighting::of(
        own.clone(),
        format!("{own} uses {older}, which {newer} has replaced"),
        "It still works; a later release or another controller may not read it any more.",
    )
    .identified_by("field", older)
    .evidence(proof)
    .suggest(Suggestion::advice(format!("Use {newer}")))
    .grouped(older, format!("objects use what {newer} has replaced"))
}
