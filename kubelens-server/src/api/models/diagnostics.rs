use kubelens_core::model::{Cause, EvidenceKind, Report, Severity};
use serde::Serialize;

use crate::api::text::instant;

/// The diagnosis in the flat shape that older clients know.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diagnostics {
    /// Markdown.
    pub summary: String,
    /// The instant that was judged.
    pub timestamp: String,
    /// How many are critical.
    pub critical_issues: usize,
    /// How many are warnings.
    pub warning_issues: usize,
    /// 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_score: Option<u8>,
    /// One for each cause, where to start first.
    pub issues: Vec<Issue>,
}

/// One fault.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Issue {
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// The name of what is to be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The fault in one line.
    pub message: String,
    /// The proof.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// What to do first.
    pub recommendation: String,
    /// Who says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The cause in the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause_id: Option<String>,
    /// Its code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The kind of what is to be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

impl Diagnostics {
    /// The causes of a report, one issue each; only those that concern a namespace, if one is given.
    pub fn of(report: &Report, namespace: Option<&str>) -> Self {
        let causes = report.causes.iter().filter(|cause| {
            namespace.is_none_or(|wanted| {
                let is_in = |place: &Option<String>| place.as_deref() == Some(wanted);
                is_in(&cause.subject.namespace)
                    || cause.affected.iter().any(|one| is_in(&one.namespace))
            })
        });
        let mut issues: Vec<Issue> = causes.map(issue).collect();
        let count = |severity: Severity| {
            issues
                .iter()
                .filter(|issue| issue.severity == severity.to_string())
                .count()
        };
        let (critical, warning) = (count(Severity::Critical), count(Severity::Warning));
        let summary = summary(report, critical, warning, issues.len());
        if issues.is_empty() {
            issues.push(Issue {
                severity: Severity::Info.to_string(),
                resource: None,
                namespace: None,
                message: "Cluster healthy".to_owned(),
                evidence: Vec::new(),
                recommendation: "Nothing to do.".to_owned(),
                source: Some("kubelens".to_owned()),
                cause_id: None,
                code: None,
                kind: None,
            });
        }
        Self {
            summary,
            timestamp: report.taken_at.map(instant).unwrap_or_default(),
            critical_issues: critical,
            warning_issues: warning,
            health_score: report.summary.health_score,
            issues,
        }
    }
}

fn summary(report: &Report, critical: usize, warning: usize, all: usize) -> String {
    let score = report
        .summary
        .health_score
        .map_or_else(|| "unknown".to_owned(), |score| format!("{score}/100"));
    let coverage = report.coverage.percent;
    let mut text = format!(
        "**Health {score}**: {critical} critical, {warning} warning, {} info.",
        all - critical - warning
    );
    if coverage < 100 {
        text.push_str(&format!(
            " Only {coverage}% of what the checks want could be read."
        ));
    }
    text
}

fn issue(cause: &Cause) -> Issue {
    let evidence = cause.evidence.iter().filter_map(|item| {
        let said = item.text.clone().or_else(|| {
            let value = item.value.as_ref()?;
            Some(match &item.path {
                Some(path) => format!("{path}: {value}"),
                None => value.clone(),
            })
        })?;
        Some(match item.kind {
            EvidenceKind::Event => format!("event on {}: {said}", item.object),
            EvidenceKind::Log => format!("log of {}: {said}", item.object),
            _ => format!("{}: {said}", item.object),
        })
    });
    Issue {
        severity: cause.severity.to_string(),
        resource: Some(cause.subject.name.clone()),
        namespace: cause.subject.namespace.clone(),
        message: cause.title.clone(),
        evidence: evidence.collect(),
        recommendation: cause
            .suggestions
            .first()
            .map_or_else(String::new, |first| first.text.clone()),
        source: Some(cause.name.clone()),
        cause_id: Some(cause.id.clone()),
        code: Some(cause.code.clone()),
        kind: Some(cause.subject.kind.clone()),
    }
}
