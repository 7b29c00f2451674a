use super::cluster_dns;
use super::endpoints::{live_pods, ready_endpoints, workloads_behind};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Kind, Object, Pod, Service};
use crate::model::{Evidence, ObjectRef, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The cluster's name service does not answer: it has no ready pod, or its configuration is
    /// refused. Nothing in the cluster finds anything by name.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns}, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {k8s-app: kube-dns}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: coredns-1, namespace: kube-system, labels: {k8s-app: kube-dns}, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {containers: [{name: coredns}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: kube-system/coredns-1/coredns | /etc/coredns/Corefile:7 - Error during parsing: Unknown directive 'fowrard'
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns}}
    /// spec: {selector: {k8s-app: kube-dns}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: coredns-1, namespace: kube-system, labels: {k8s-app: kube-dns}}
    /// spec: {containers: [{name: coredns}], volumes: [{name: config, configMap: {name: coredns}}]}
    /// status: {phase: Running}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns}, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {selector: {k8s-app: kube-dns}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: coredns-1, namespace: kube-system, labels: {k8s-app: kube-dns}, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {containers: [{name: coredns}]}
    /// status:
    ///   phase: Running
    ///   conditions: [{type: Ready, status: "True", lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    ///
    /// # How to fix
    /// Bring its pods back, or correct the Corefile in its ConfigMap.
    ///
    /// # What it cannot know
    /// Whether the servers that it forwards to answer.
    ///
    /// # Source
    /// The Service with the label `k8s-app=kube-dns`; logs of its pods.
    NET060 "cluster-dns-failing" {
        role: Both,
        severity: Critical,
        confidence: 0.97,
        reads: [
            Service, EndpointSlice, Endpoints, Pod, Deployment, StatefulSet, DaemonSet, ReplicaSet,
            ReplicationController, Job, CronJob,
        ],
        maps_to: [],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for service in cluster_dns::services(cluster) {
        for pod in live_pods(cluster, service) {
            if let Some(sighting) = refused_configuration(cluster, pod) {
                sink.report(sighting);
            }
        }
        let meta = &service.metadata;
        let is_old = cluster.age(meta) > cluster.thresholds(meta).endpoint_grace;
        if is_old && ready_endpoints(cluster, service) == Some(0) {
            sink.report(no_endpoints(cluster, service));
        }
    }
}

/// A line of a name server's log that says that its configuration is wrong.
fn refused_configuration(cluster: &Cluster<'_>, pod: &Pod) -> Option<Sighting> {
    if pod.is_ready() {
        return None;
    }
    let marks = [
        "Error during parsing",
        "Unknown directive",
        "plugin/loop: Loop",
    ];
    let (container, line) = pod.spec.containers.iter().find_map(|container| {
        [false, true].into_iter().find_map(|previous| {
            let log = cluster.log(pod, &container.name, previous)?;
            let line = log
                .lines
                .iter()
                .rev()
                .find(|line| marks.iter().any(|mark| line.contains(mark)))?;
            Some((container, line))
        })
    })?;
    let name = pod
        .spec
        .volumes
        .iter()
        .find_map(|volume| volume.config_map.as_ref())
        .map_or("coredns", |source| source.name.as_str());
    let subject = ObjectRef::namespaced(
        Kind::ConfigMap.api_version(),
        Kind::ConfigMap.as_str(),
        &pod.metadata.namespace,
        name,
    );
    let title = format!("The Corefile in {subject} is refused: cluster DNS does not start");
    let sighting = Sighting::of(
        subject.clone(),
        title,
        "The cluster's name service ends when it reads its configuration; names cannot be resolved.",
    )
    .seen_on(pod.reference(), "configures")
    .identified_by("fact", "configuration")
    .evidence(Evidence::log(
        pod.reference(),
        &container.name,
        line,
        None,
    ))
    .suggest(Suggestion::look(
        "Read the Corefile",
        format!(
            "kubectl -n {} get configmap {name} -o yaml",
            pod.metadata.namespace
        ),
    ))
    .suggest(Suggestion::advice(format!(
        "Correct the directive that the log names in {subject}, then restart the pods"
    )));
    Some(sighting)
}

fn no_endpoints(cluster: &Cluster<'_>, service: &Service) -> Sighting {
    let own = service.reference();
    let workload = workloads_behind(cluster, service)
        .first()
        .map(crate::snapshot::Workload::reference);
    let pods = live_pods(cluster, service);
    let subject = workload.unwrap_or_else(|| own.clone());
    let title = format!("Cluster DNS does not answer: {own} has no ready endpoint");
    let mut sighting = Sighting::of(
        subject,
        title,
        format!(
            "0 of {} pods of the cluster's name service are ready; no name can be resolved in the cluster.",
            pods.len()
        ),
    )
    .blames(own.clone(), "serves")
    .evidence(Evidence::absence(own, "no ready endpoint"));
    for pod in pods.iter().take(2) {
        let ready = pod.condition("Ready");
        sighting = sighting.evidence(Evidence::message(
            pod.reference(),
            "status.conditions[Ready]",
            ready.map_or("no condition yet", |ready| &ready.message),
        ));
    }
    sighting.suggest(Suggestion::look(
        "See its pods",
        format!(
            "kubectl -n {} get pods -l {}",
            service.metadata.namespace, service.spec.selector
        ),
    ))
}
