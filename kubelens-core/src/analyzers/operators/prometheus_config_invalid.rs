use super::bad_condition::{has_lasted, is_resting};
use super::failing::{failing, report, title};
use super::prometheus_scrape;
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Condition, CustomObject, Object, Pod};
use crate::model::{Evidence, Severity, Suggestion, safe_text, shortened};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A Prometheus cannot load its configuration, its operator cannot bring it to what its spec asks for, a part
    /// of its configuration is not where the spec says, or it selects no monitor and so scrapes nothing.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: mon/prometheus-0/prometheus previous | ts=2026-01-01T11:59:00Z caller=main.go:1 level=error msg="Error loading config (--config.file=/etc/prometheus/prometheus.yml)" err="parsing YAML file: line 7: field scrape_config not found in type config.plain"
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: prometheus-0, namespace: mon, uid: p1}
    /// spec: {containers: [{name: prometheus, image: prom/prometheus}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: prometheus, restartCount: 7, state: {waiting: {reason: CrashLoopBackOff}}}]
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: monitoring.coreos.com/v1
    /// kind: Prometheus
    /// metadata: {name: main, namespace: mon, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// status:
    ///   conditions: [{type: Reconciled, status: "False", reason: ReconciliationFailed, message: "creating config failed: generating config failed", lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    /// A part of the configuration that is not there:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Secret
    /// apiVersion: monitoring.coreos.com/v1
    /// kind: Prometheus
    /// metadata: {name: main, namespace: mon, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {additionalScrapeConfigs: {name: extra, key: jobs.yaml}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # log: mon/prometheus-0/prometheus | ts=2026-01-01T11:59:00Z level=info msg="Completed loading of configuration file"
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: prometheus-0, namespace: mon, uid: p1}
    /// spec: {containers: [{name: prometheus, image: prom/prometheus}]}
    /// status:
    ///   phase: Running
    ///   containerStatuses: [{name: prometheus, ready: true, state: {running: {}}}]
    /// ---
    /// apiVersion: monitoring.coreos.com/v1
    /// kind: Prometheus
    /// metadata: {name: main, namespace: mon, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// status:
    ///   conditions:
    ///   - {type: Reconciled, status: "True", lastTransitionTime: "2026-01-01T08:00:00Z"}
    ///   - {type: Available, status: "True", lastTransitionTime: "2026-01-01T08:00:00Z"}
    /// ```
    /// It selects a monitor, and its extra jobs are where it says:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Secret
    /// apiVersion: monitoring.coreos.com/v1
    /// kind: Prometheus
    /// metadata: {name: main, namespace: mon, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {serviceMonitorSelector: {}, additionalScrapeConfigs: {name: extra, key: jobs.yaml}}
    /// ---
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: extra, namespace: mon}
    /// data: {jobs.yaml: eA==}
    /// ```
    ///
    /// # How to fix
    /// Correct the line that the message names; `promtool check config` reads it as Prometheus does.
    ///
    /// # What it cannot know
    /// The configuration itself, its rule files and its relabeling: values of ConfigMaps and Secrets are never
    /// read. What a Prometheus that runs would say to a new file is only known from its log.
    ///
    /// # Source
    /// Conditions Reconciled and Available, selectors and references of monitoring.coreos.com; log lines
    /// `Error loading config`.
    OPS060 "prometheus-config-invalid" {
        role: Both,
        severity: Critical,
        confidence: 0.93,
        reads: [Pod, Secret, ConfigMap, ServiceAccount, Service, Namespace, Event],
        maps_to: ["k8sgpt:PrometheusConfigValidate"],
        check: Cluster(check),
    }
}

/// Last lines of a log that count.
const LINES: usize = 60;

/// What Prometheus and its relatives write when they cannot load their configuration.
const FAILURES: [&str; 3] = [
    "Error loading config",
    "Loading configuration file failed",
    "Error reloading config",
];

/// What they write once it is loaded.
const LOADED: &str = "Completed loading of configuration file";

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for kind in [
        "Prometheus",
        "PrometheusAgent",
        "Alertmanager",
        "ThanosRuler",
    ] {
        for object in cluster.customs("monitoring.coreos.com", kind) {
            check_object(cluster, object, sink);
            if kind.starts_with("Prometheus") {
                prometheus_scrape::check(cluster, object, sink);
            }
        }
    }
    for (key, log) in cluster.logs() {
        let Some(pod) = cluster.get::<Pod>(&key.namespace, &key.pod) else {
            continue;
        };
        let mut last = log.lines.iter().rev().take(LINES);
        let said = last
            .find(|line| line.contains(LOADED) || FAILURES.iter().any(|text| line.contains(text)));
        let failed = said.filter(|line| !line.contains(LOADED));
        if let Some(line) = failed.filter(|_| pod.is_live() && (key.previous || !pod.is_ready())) {
            sink.report(refused(cluster, pod, &key.container, line));
        }
    }
}

fn check_object(cluster: &Cluster<'_>, object: &CustomObject, sink: &mut Sink) {
    if is_resting(object) {
        return;
    }
    let lasting = |type_: &str| {
        object
            .condition(type_)
            .filter(|condition| condition.is_false() && has_lasted(cluster, object, condition))
    };
    let reconciled = lasting("Reconciled");
    let available = lasting("Available");
    let severity = if available.is_some() {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let conditions: Vec<Condition> = reconciled.into_iter().chain(available).collect();
    let Some(first) = conditions.first() else {
        return;
    };
    let sighting = failing(
        cluster,
        object,
        title(object, "is not as it should be", first),
        "What it watches may go unseen.",
        &conditions,
    )
    .severity(severity);
    report(cluster, object, sighting, &conditions, sink);
}

fn refused(cluster: &Cluster<'_>, pod: &Pod, container: &str, line: &str) -> Sighting {
    let top = cluster.top_of(pod);
    let why = line
        .split_once("err=")
        .map_or(line, |(_, why)| why)
        .trim_matches('"');
    let why = shortened(&safe_text(why), 160);
    Sighting::of(
        top.clone(),
        format!("{top} cannot load its configuration: {why}"),
        "It does not start, or goes on with the configuration from before.",
    )
    .seen_on(pod.reference(), "template of")
    .in_container(container)
    .evidence(Evidence::log(pod.reference(), container, line, None))
    .suggest(Suggestion::advice(
        "Correct the line that it names; promtool check config reads the file as Prometheus does",
    ))
}
