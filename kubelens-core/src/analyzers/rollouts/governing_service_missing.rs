use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Kind, Object, Service, StatefulSet};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::{Cluster, Lookup};

declare_analyzer! {
    /// # What it means
    /// A StatefulSet names a Service that gives its pods their DNS names, and that Service does not
    /// exist: names like `db-0.db` resolve to nothing. A Service that exists and has a cluster IP
    /// gives no such names either.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Service
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 1, serviceName: db-peers}
    /// ```
    /// A Service that is not headless:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 1, serviceName: db}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db, namespace: shop, uid: v1}
    /// spec: {clusterIP: 10.0.0.7}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Service
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 1}
    /// ```
    /// Services that could not be read are unknown:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 1, serviceName: db-peers}
    /// ```
    ///
    /// # How to fix
    /// Create a Service of that name with `clusterIP: None` and the selector of the set.
    ///
    /// # What it cannot know
    /// Whether its pods look for each other by name at all.
    ///
    /// # Source
    /// `spec.serviceName` of apps/v1 StatefulSet.
    ROL009 "governing-service-missing" {
        role: Root,
        severity: Warning,
        confidence: 0.90,
        reads: [Service],
        maps_to: ["k8sgpt:StatefulSet"],
        check: StatefulSet(check),
    }
}

fn check<'a>(set: &'a StatefulSet, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = &set.metadata;
    let name = &set.spec.service_name;
    if name.is_empty()
        || meta.is_terminating()
        || cluster.age(meta) < cluster.thresholds(meta).young_grace
    {
        return;
    }
    match cluster.look_up::<Service>(&meta.namespace, name) {
        Lookup::Absent => sink.report(missing(set, cluster)),
        Lookup::Found(service) if !is_headless(service) => {
            sink.report(with_cluster_ip(set, service));
        }
        _ => {}
    }
}

fn is_headless(service: &Service) -> bool {
    matches!(service.spec.cluster_ip.as_str(), "None" | "")
}

fn missing(set: &StatefulSet, cluster: &Cluster<'_>) -> Sighting {
    let (namespace, name) = (set.metadata.namespace.as_str(), &set.spec.service_name);
    let subject = ObjectRef::namespaced("v1", "Service", namespace, name);
    let near = cluster.near_names::<Service>(namespace, name);
    let absence = if near.is_empty() {
        "not in the namespace".to_owned()
    } else {
        format!(
            "not in the namespace (near names there: {})",
            near.join(", ")
        )
    };
    // One pod alone has no members to look for.
    let wanted = set.spec.replicas.unwrap_or(1);
    let is_alone_and_well = wanted == 1 && set.status.ready_replicas == 1;
    let severity = if wanted == 0 || is_alone_and_well {
        Severity::Info
    } else {
        Severity::Warning
    };
    let title = format!(
        "{subject}, which governs {}, does not exist",
        set.reference()
    );
    let explanation = format!(
        "Its pods get no DNS names: `{}-0.{name}` resolves to nothing, so members that look for each other by name do not find each other.",
        set.metadata.name
    );
    sighting(set, subject.clone(), title, explanation)
        .severity(severity)
        .evidence(Evidence::absence(subject, &absence))
        .suggest(Suggestion::advice(format!(
            "Create Service {name} with clusterIP: None and the selector {}",
            set.spec.selector
        )))
        .suggest(Suggestion::look(
            "See which Services are there",
            format!("kubectl -n {namespace} get {}", Kind::Service.plural()),
        ))
}

fn with_cluster_ip(set: &StatefulSet, service: &Service) -> Sighting {
    let subject = service.reference();
    let title = format!(
        "{subject}, which governs {}, is not headless",
        set.reference()
    );
    let explanation = format!(
        "Only a headless Service (clusterIP: None) gives every pod a DNS name of its own: `{}-0.{}` resolves to nothing.",
        set.metadata.name, service.metadata.name
    );
    sighting(set, subject.clone(), title, explanation)
        .severity(Severity::Info)
        .identified_by("clusterIP", "set")
        .evidence(Evidence::field(
            subject,
            "spec.clusterIP",
            &service.spec.cluster_ip,
        ))
}

fn sighting(set: &StatefulSet, subject: ObjectRef, title: String, explanation: String) -> Sighting {
    Sighting::of(subject, title, explanation)
        .seen_on(set.reference(), "governs")
        .evidence(Evidence::field(
            set.reference(),
            "spec.serviceName",
            &set.spec.service_name,
        ))
}
