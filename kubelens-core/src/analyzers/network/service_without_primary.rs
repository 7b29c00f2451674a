use super::replica_role::{led_by, role_of, selects_by_role};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::called_service::{Called, called_services};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{ContainerView, Object, Pod};
use crate::model::{Evidence, Severity, Suggestion, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A client is told that its server takes no writes: the Service that it calls leads to replicas alone, and another
    /// pod of the same controller is the primary.
    ///
    /// # Fires on
    /// A Service that names its pod goes on to name it after a failover:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | 2026-01-01T11:59:00Z ERROR: cannot execute INSERT in a read-only transaction
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db-write, namespace: shop}
    /// spec: {selector: {statefulset.kubernetes.io/pod-name: db-0}, ports: [{port: 5432}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: db-0
    ///   namespace: shop
    ///   labels: {statefulset.kubernetes.io/pod-name: db-0, role: replica}
    ///   ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s, controller: true}]
    /// spec: {containers: [{name: db}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: db-1
    ///   namespace: shop
    ///   labels: {statefulset.kubernetes.io/pod-name: db-1, role: master}
    ///   ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s, controller: true}]
    /// spec: {containers: [{name: db}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop}
    /// spec: {containers: [{name: web, env: [{name: DB_URL, value: "postgres://app@db-write:5432/app"}]}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: web, ready: false, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}]
    /// ```
    ///
    /// # Stays silent on
    /// The Service follows the role, so the refusal has another reason:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/web-1/web | 2026-01-01T11:59:00Z ERROR: cannot execute INSERT in a read-only transaction
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db-write, namespace: shop}
    /// spec: {selector: {role: master}, ports: [{port: 5432}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata:
    ///   name: db-0
    ///   namespace: shop
    ///   labels: {role: master}
    ///   ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s, controller: true}]
    /// spec: {containers: [{name: db}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop}
    /// spec: {containers: [{name: web, env: [{name: DB_URL, value: "postgres://app@db-write:5432/app"}]}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: web, ready: false, state: {running: {startedAt: "2026-01-01T09:00:00Z"}}}]
    /// ```
    ///
    /// # How to fix
    /// Let the Service select the primary by the label of its role, as the operator sets it; or let the client call the
    /// Service that does.
    ///
    /// # What it cannot know
    /// Clients whose server is named in a Secret or ConfigMap, and servers whose pods carry no label of their role.
    ///
    /// # Source
    /// SQLSTATE 25006 of PostgreSQL, errors 1290 and 1836 of MySQL, READONLY of Redis, NotWritablePrimary of MongoDB; labels of
    /// pods, as Patroni and operators of databases move them.
    NET077 "service-without-primary" {
        role: Root,
        severity: Critical,
        confidence: 0.92,
        reads: [Pod, Service, Namespace, ReplicaSet, Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicationController],
        maps_to: [],
        check: Pod(check),
    }
}

/// What servers answer that take no writes because they follow another.
static READ_ONLY: Pattern = Pattern::new(
    r"(?i)cannot execute [A-Z ]{2,40} in a read-only transaction|ReadOnlySqlTransaction|\b25006\b|running with the --(?:super-)?read-only option|running in read-only mode|READONLY You can'?t write against a read[- ]?only|NotWritablePrimary|NotPrimaryNoSecondaryOk|\bnot (?:master|primary)\b",
);

/// Lines from the end of a log that are looked at, and how many must say so where the client counts as ready.
const LINES: usize = 40;
const REPEATED: usize = 3;

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if !pod.is_live() {
        return;
    }
    let told = pod
        .containers()
        .find_map(|container| refusal(cluster, pod, &container).map(|line| (container, line)));
    let Some((container, line)) = told else {
        return;
    };
    let called = called_services(cluster, pod);
    let leads_to_primary = |called: &Called<'_>| {
        let pods = cluster.pods_behind(called.service);
        pods.iter()
            .any(|pod| role_of(pod).is_some_and(|role| role.is_primary))
    };
    // Who calls the primary as well may have been refused there.
    if called.iter().any(leads_to_primary) {
        return;
    }
    for called in &called {
        if let Some(sighting) = sighting(cluster, pod, called) {
            let severity = if container.is_ready() {
                Severity::Warning
            } else {
                Severity::Critical
            };
            sink.report(sighting.severity(severity).evidence(Evidence::log(
                pod.reference(),
                container.name(),
                line,
                None,
            )));
        }
    }
}

/// The newest line in which a container passes on that its server takes no writes.
fn refusal<'a>(cluster: &Cluster<'a>, pod: &Pod, container: &ContainerView<'a>) -> Option<&'a str> {
    let enough = if container.is_ready() { REPEATED } else { 1 };
    [false, true].into_iter().find_map(|previous| {
        let log = cluster.log(pod, container.name(), previous)?;
        let last = log.lines.iter().rev().take(LINES);
        let mut told = last.filter(|line| READ_ONLY.is_in(line));
        let newest = told.next()?;
        (told.count() + 1 >= enough).then_some(newest.as_str())
    })
}

fn sighting<'a>(cluster: &Cluster<'a>, client: &Pod, called: &Called<'a>) -> Option<Sighting> {
    let service = called.service;
    let pods = cluster.pods_behind(service);
    let led = led_by(cluster, &pods)?;
    let own = service.reference();
    let top = cluster.top_of(client);
    let names = some_of(pods.iter().map(|pod| pod.metadata.name.as_str()), 3);
    let primary = &led.primary.metadata.name;
    let is_for_replicas = selects_by_role(service, led.key);
    let (subject, title, advice) = if is_for_replicas {
        (
            top.clone(),
            format!(
                "{top} writes to {own}, which selects replicas alone ({names}); the primary is {primary}"
            ),
            format!(
                "Let {top} call the Service that selects {}={}",
                led.key, led.value
            ),
        )
    } else {
        (
            own.clone(),
            format!("{own} leads to no primary, only to {names}; the primary is {primary}"),
            format!(
                "Let {own} select the primary by the label {}={} instead, or let its clients call a Service that does",
                led.key, led.value
            ),
        )
    };
    let explanation = format!(
        "{top} calls it and is told that the server is read-only. By the label {}, {primary} of {} is the primary now, and the pods behind the Service are replicas.",
        led.key,
        cluster.top_of(led.primary)
    );
    let selector = service.spec.selector.iter();
    let selector: Vec<String> = selector
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let label = format!("metadata.labels[{}]", led.key);
    let replicas = pods.iter().filter_map(|pod| {
        let role = role_of(pod)?;
        Some(Evidence::field(pod.reference(), &label, role.value))
    });
    let seen = Sighting::of(subject, title, explanation)
        .seen_on(client.reference(), "is called by")
        .evidence(Evidence::field(
            own.clone(),
            "spec.selector",
            selector.join(","),
        ))
        .evidence(Evidence::field(led.primary.reference(), &label, led.value))
        .all_evidence(replicas.take(3))
        .evidence(called.evidence(client))
        .suggest(Suggestion::advice(advice));
    Some(seen.identified_by("service", own.path()))
}
