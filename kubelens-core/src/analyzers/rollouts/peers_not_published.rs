use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Object, Pod, Service, StatefulSet};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// The members of a StatefulSet look for each other by name before they are ready, and its headless Service
    /// publishes only those that are: none finds another, so none becomes ready.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/db-0/db | join db-1.db: lookup db-1.db.shop.svc.cluster.local on 10.96.0.10:53: no such host
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 2, serviceName: db, podManagementPolicy: Parallel}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db, namespace: shop}
    /// spec: {clusterIP: None}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, labels: {app: db}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s1, controller: true}]}
    /// spec: {containers: [{name: db}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "False"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-1, namespace: shop, labels: {app: db}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s1, controller: true}]}
    /// spec: {containers: [{name: db}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "False"}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: shop/db-0/db | join db-1.db: lookup db-1.db.shop.svc.cluster.local on 10.96.0.10:53: no such host
    /// apiVersion: apps/v1
    /// kind: StatefulSet
    /// metadata: {name: db, namespace: shop, uid: s1, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {replicas: 2, serviceName: db, podManagementPolicy: Parallel}
    /// ---
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: db, namespace: shop}
    /// spec: {clusterIP: None, publishNotReadyAddresses: true}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-0, namespace: shop, labels: {app: db}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s1, controller: true}]}
    /// spec: {containers: [{name: db}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "False"}]}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: db-1, namespace: shop, labels: {app: db}, ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: db, uid: s1, controller: true}]}
    /// spec: {containers: [{name: db}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "False"}]}
    /// ```
    ///
    /// # How to fix
    /// Set `publishNotReadyAddresses: true` in the headless Service.
    ///
    /// # What it cannot know
    /// Members that look for each other in another way than by name.
    ///
    /// # Source
    /// Logs of the members; `spec.publishNotReadyAddresses` of core/v1 Service.
    ROL010 "peers-not-published" {
        role: Root,
        severity: Critical,
        confidence: 0.90,
        reads: [Service, Pod],
        maps_to: [],
        check: StatefulSet(check),
    }
}

/// Last lines of a log that count.
const LINES: usize = 60;

/// Words of a name that was asked for and has no address.
static NOT_KNOWN: Pattern = Pattern::new(
    r"(?i)no such host|name or service not known|ENOTFOUND|nxdomain|nodename nor servname|unknown ?host|could not resolve|does not resolve|failed to resolve|can't resolve|not resolve",
);

fn check<'a>(set: &'a StatefulSet, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = &set.metadata;
    if set.spec.service_name.is_empty() || meta.is_terminating() {
        return;
    }
    let Some(service) = cluster.get::<Service>(&meta.namespace, &set.spec.service_name) else {
        return;
    };
    if service.spec.cluster_ip != "None" || service.spec.publish_not_ready_addresses {
        return;
    }
    let pods: Vec<&Pod> = cluster
        .pods_of(&Workload::StatefulSet(set))
        .into_iter()
        .filter(|pod| pod.is_live())
        .collect();
    // One that is ready is found, and then others get ready by it.
    if pods.len() < 2 || pods.iter().any(|pod| pod.is_ready()) {
        return;
    }
    let told = pods
        .iter()
        .find_map(|pod| seeks_a_peer(cluster, pod, &pods, service));
    if let Some((peer, proof)) = told {
        sink.report(sighting(set, service, peer, proof));
    }
}

/// The other member that a pod does not find by its name, and the line that says so.
fn seeks_a_peer<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    all: &[&'a Pod],
    service: &Service,
) -> Option<(&'a Pod, Evidence)> {
    let own = &service.metadata.name;
    for container in pod.containers() {
        for previous in [false, true] {
            let Some(log) = cluster.log(pod, container.name(), previous) else {
                continue;
            };
            let mut last = log.lines.iter().rev().take(LINES);
            let found = last.find_map(|line| {
                let peer = all.iter().copied().find(|other| {
                    let name = format!("{}.{own}", other.metadata.name);
                    other.metadata.name != pod.metadata.name && line.contains(&name)
                })?;
                NOT_KNOWN.is_in(line).then(|| {
                    (
                        peer,
                        Evidence::log(pod.reference(), container.name(), line, None),
                    )
                })
            });
            if found.is_some() {
                return found;
            }
        }
    }
    None
}

fn sighting(set: &StatefulSet, service: &Service, peer: &Pod, proof: Evidence) -> Sighting {
    let own = service.reference();
    let name = format!("{}.{}", peer.metadata.name, service.metadata.name);
    Sighting::of(
        own.clone(),
        format!(
            "{own} does not publish members of {} before they are ready, and they look for each other before that",
            set.reference()
        ),
        format!(
            "No member is ready, so `{name}` has no address; without it the others do not get ready either."
        ),
    )
    .seen_on(set.reference(), "governs")
    .evidence(Evidence::field(
        own.clone(),
        "spec.publishNotReadyAddresses",
        "(not set: false)",
    ))
    .evidence(proof)
    .evidence(Evidence::field(
        set.reference(),
        "status.readyReplicas",
        set.status.ready_replicas,
    ))
    .suggest(Suggestion::run(
        "Publish members that are not ready (publishNotReadyAddresses)",
        format!(
            "kubectl -n {} patch service {} --type=merge -p '{{\"spec\":{{\"publishNotReadyAddresses\":true}}}}'",
            service.metadata.namespace, service.metadata.name
        ),
        crate::model::Risk::Low,
    ))
}
