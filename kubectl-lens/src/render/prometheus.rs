//! Causes as metrics, for a file that an exporter serves.

use std::sync::atomic::AtomicU64;

use anyhow::Context;
use kubelens_core::model::{Cause, Report, Severity};
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::{failure::Failure, terminal::printable};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BySeverity {
    severity: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByCause {
    id: String,
    code: String,
    name: String,
    severity: &'static str,
    kind: String,
    namespace: String,
    object: String,
}

impl ByCause {
    fn of(cause: &Cause) -> Self {
        let subject = &cause.subject;
        Self {
            id: cause.id.clone(),
            code: cause.code.clone(),
            name: cause.name.clone(),
            severity: cause.severity.as_str(),
            kind: printable(&subject.kind).into_owned(),
            namespace: printable(subject.namespace.as_deref().unwrap_or_default()).into_owned(),
            object: printable(&subject.name).into_owned(),
        }
    }
}

/// The report as Prometheus' text exposition.
pub(super) fn exposition(report: &Report) -> Result<String, Failure> {
    let mut registry = Registry::with_prefix("kubelens");
    let causes = Family::<BySeverity, Gauge>::default();
    let summary = &report.summary;
    for (severity, count) in [
        (Severity::Critical, summary.critical),
        (Severity::Warning, summary.warning),
        (Severity::Info, summary.info),
    ] {
        let severity = severity.as_str();
        causes
            .get_or_create(&BySeverity { severity })
            .set(whole(count));
    }
    registry.register("causes", "Root causes by severity", causes);

    let affected = Family::<ByCause, Gauge>::default();
    for cause in &report.causes {
        affected
            .get_or_create(&ByCause::of(cause))
            .set(whole(cause.affected.len()));
    }
    let help = "Objects that suffer from a root cause, its subject aside";
    registry.register("cause_affected_objects", help, affected);

    let objects = Gauge::<i64>::default();
    objects.set(whole(summary.objects));
    registry.register("objects", "Objects that were read", objects);

    let coverage = Gauge::<f64, AtomicU64>::default();
    coverage.set(f64::from(report.coverage.percent) / 100.0);
    let help = "Share of the kinds that checks wanted and that were read in full";
    registry.register("coverage_ratio", help, coverage);

    if let Some(score) = summary.health_score {
        let health = Gauge::<i64>::default();
        health.set(i64::from(score));
        let help = "From 0, all is down, to 100, nothing wrong was seen";
        registry.register("health_score", help, health);
    }
    if let Some(at) = report.taken_at {
        let taken = Gauge::<i64>::default();
        taken.set(at.as_second());
        let help = "The instant that the report describes";
        registry.register("report_timestamp_seconds", help, taken);
    }
    let mut out = String::new();
    text::encode(&mut out, &registry).context("cannot write metrics")?;
    Ok(in_order(&out))
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The same lines, those of one metric sorted: a family keeps no order.
fn in_order(exposition: &str) -> String {
    let metric = |line: &str| line.split(['{', ' ']).next().unwrap_or_default().to_owned();
    let mut lines: Vec<&str> = exposition.lines().collect();
    for of_one in lines.chunk_by_mut(|a, b| metric(a) == metric(b)) {
        of_one.sort_unstable();
    }
    lines.join("\n") + "\n"
}
