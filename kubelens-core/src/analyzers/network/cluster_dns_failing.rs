use std::collections::BTreeMap;

use super::cluster_dns;
use super::endpoints::{live_pods, ready_endpoints, workloads_behind};
use super::failed_call::{Failure, failed_calls};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Kind, Object, Pod, Service};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The cluster's name service does not answer: it has no ready pod, or its configuration is
    /// refused. Nothing in the cluster finds anything by name. Or the server that it forwards to does not
    /// answer: then names outside of the cluster are not found.
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
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: kube-system/coredns-1/coredns | [ERROR] plugin/errors: 2 api.example.com. A: read udp 10.244.0.3:40000->192.0.2.53:53: i/o timeout
    /// # log: kube-system/coredns-1/coredns | [ERROR] plugin/errors: 2 api.example.com. A: read udp 10.244.0.3:40001->192.0.2.53:53: i/o timeout
    /// # log: kube-system/coredns-1/coredns | [ERROR] plugin/errors: 2 api.example.com. A: read udp 10.244.0.3:40002->192.0.2.53:53: i/o timeout
    /// # log: kube-system/coredns-1/coredns | [ERROR] plugin/errors: 2 api.example.com. A: read udp 10.244.0.3:40003->192.0.2.53:53: i/o timeout
    /// # log: kube-system/coredns-1/coredns | [ERROR] plugin/errors: 2 api.example.com. A: read udp 10.244.0.3:40004->192.0.2.53:53: i/o timeout
    /// # log: kube-system/coredns-1/coredns | [ERROR] plugin/errors: 2 www.example.com. A: read udp 10.244.0.3:40005->192.0.2.53:53: i/o timeout
    /// # log: kube-system/coredns-1/coredns | [ERROR] plugin/errors: 2 www.example.com. A: read udp 10.244.0.3:40006->192.0.2.53:53: i/o timeout
    /// # log: kube-system/coredns-1/coredns | [ERROR] plugin/errors: 2 www.example.com. A: read udp 10.244.0.3:40007->192.0.2.53:53: i/o timeout
    /// # log: kube-system/coredns-1/coredns | [ERROR] plugin/errors: 2 www.example.com. AAAA: read udp 10.244.0.3:40008->192.0.2.53:53: i/o timeout
    /// # log: kube-system/coredns-1/coredns | [ERROR] plugin/errors: 2 www.example.com. AAAA: read udp 10.244.0.3:40009->192.0.2.53:53: i/o timeout
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns}}
    /// spec: {selector: {k8s-app: kube-dns}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: coredns-1, namespace: kube-system, labels: {k8s-app: kube-dns}}
    /// spec: {containers: [{name: coredns}], volumes: [{name: config, configMap: {name: coredns}}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
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
    /// Whether the servers that it forwards to answer, where its log does not tell.
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
            if let Some(sighting) = silent_upstream(cluster, pod) {
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

/// What CoreDNS says when a question of its own comes back to it (plugin loop).
const LOOP: &str = "plugin/loop: Loop";

/// A line of a name server's log that says that its configuration is wrong.
fn refused_configuration(cluster: &Cluster<'_>, pod: &Pod) -> Option<Sighting> {
    if pod.is_ready() {
        return None;
    }
    let marks = ["Error during parsing", "Unknown directive", LOOP];
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
    let subject = configuration_of(pod);
    let name = subject.name.clone();
    let is_loop = line.contains(LOOP);
    let (title, explanation, advice) = if is_loop {
        (
            format!("Cluster DNS forwards to itself and does not start: loop in {subject}"),
            "Its Corefile is read; `forward` leads back to the name service, mostly by a stub such as 127.0.0.53 in the /etc/resolv.conf of its node, and plugin loop ends it. Names cannot be resolved.",
            format!(
                "Let kubelets hand out the real name servers (resolvConf: /run/systemd/resolve/resolv.conf), or name them in `forward` of {subject}; then restart the pods"
            ),
        )
    } else {
        (
            format!("The Corefile in {subject} is refused: cluster DNS does not start"),
            "The cluster's name service ends when it reads its configuration; names cannot be resolved.",
            format!("Correct the directive that the log names in {subject}, then restart the pods"),
        )
    };
    let sighting = Sighting::of(subject.clone(), title, explanation)
        .seen_on(pod.reference(), "configures")
        .identified_by("fact", if is_loop { "loop" } else { "configuration" })
        .evidence(Evidence::log(pod.reference(), &container.name, line, None))
        .suggest(Suggestion::look(
            "Read the Corefile",
            format!(
                "kubectl -n {} get configmap {name} -o yaml",
                pod.metadata.namespace
            ),
        ))
        .suggest(Suggestion::advice(advice));
    Some(sighting)
}

/// The ConfigMap with the Corefile of a name server's pod.
fn configuration_of(pod: &Pod) -> ObjectRef {
    let name = pod
        .spec
        .volumes
        .iter()
        .find_map(|volume| volume.config_map.as_ref())
        .map_or("coredns", |source| source.name.as_str());
    ObjectRef::namespaced(
        Kind::ConfigMap.api_version(),
        Kind::ConfigMap.as_str(),
        &pod.metadata.namespace,
        name,
    )
}

/// Last lines of a log that count, and how many of them must tell of it: single answers are lost everywhere.
const LINES: usize = 100;
const OFTEN: usize = 10;

/// What a name server writes of a question that it forwarded in vain. Group 1 is whom it asked.
static UNANSWERED: Pattern = Pattern::new(
    r"plugin/errors: \d+ \S+ \S+ (?:read|dial|write) (?:udp|tcp) (?:\S+->)?(\d+\.\d+\.\d+\.\d+):\d+: (?:i/o timeout|\S*:? ?connection refused|.*(?:no route to host|unreachable))",
);

/// The name server that this one forwards to and hears nothing from.
fn silent_upstream(cluster: &Cluster<'_>, pod: &Pod) -> Option<Sighting> {
    let (container, upstream, line, times) = pod.spec.containers.iter().find_map(|container| {
        let log = cluster.log(pod, &container.name, false)?;
        let mut asked: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
        for line in log.lines.iter().rev().take(LINES) {
            let whom = UNANSWERED.captures(line).and_then(|found| found.get(1));
            if let Some(whom) = whom {
                asked.entry(whom.as_str()).or_insert((line, 0)).1 += 1;
            }
        }
        let all = asked.values().map(|(_, times)| times).sum::<usize>();
        let (upstream, (line, _)) = asked.into_iter().max_by_key(|(_, (_, times))| *times)?;
        (all >= OFTEN).then_some((container, upstream, line, all))
    })?;
    // Its log has no times: what was in vain may have been so weeks ago. Who needs names tells of now.
    let is_felt = failed_calls(cluster)
        .iter()
        .any(|call| call.failure == Failure::NoNameServer);
    let severity = if is_felt {
        Severity::Warning
    } else {
        Severity::Info
    };
    let subject = configuration_of(pod);
    let mut proof = Evidence::log(pod.reference(), &container.name, line, None);
    proof.count = u32::try_from(times).ok();
    Some(
        Sighting::of(
            subject.clone(),
            format!("Cluster DNS forwards to {upstream}, which does not answer"),
            "Names outside of the cluster are resolved late or not at all; those of Services still are.",
        )
        .seen_on(pod.reference(), "configures")
        .identified_by("upstream", upstream)
        .severity(severity)
        .confidence(0.85)
        .evidence(proof)
        .suggest(Suggestion::advice(format!(
            "Name a server that answers in `forward` of {subject} (or in /etc/resolv.conf of the nodes), or let the pods reach {upstream} on port 53"
        )))
        .suggest(Suggestion::look(
            "Read the Corefile",
            format!(
                "kubectl -n {} get configmap {} -o yaml",
                pod.metadata.namespace, subject.name
            ),
        )),
    )
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
