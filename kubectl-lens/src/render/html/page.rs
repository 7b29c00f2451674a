//! What the template shows: texts only, each made printable. The template escapes them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kubelens_core::model::{Cause, Evidence, Report, Severity};
use serde::Serialize;

use super::chain::{self, Step};
use crate::{
    render::{
        entries::{self, entries},
        human::{proof_statement, proof_word, safety},
    },
    terminal::{age, instant, printable},
};

/// A report in words.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    cluster: String,
    version: String,
    source: String,
    scope: String,
    selector: String,
    taken_at: String,
    critical: usize,
    warning: usize,
    info: usize,
    objects: usize,
    /// Empty where nothing could be judged.
    health: String,
    coverage: u8,
    /// That neither a critical cause nor a warning was found.
    nothing_broken: bool,
    /// Causes in the report, and on the page: the two differ where the user asked for fewer.
    causes: usize,
    shown: usize,
    entries: Vec<Entry>,
    gaps: Vec<Gap>,
    api_version: String,
}

/// Causes that one fix elsewhere could cure together; most often one.
#[derive(Debug, Serialize)]
struct Entry {
    severity: Severity,
    /// Of all its causes, for the filter: what matches one of them is shown whole.
    severities: BTreeSet<Severity>,
    title: String,
    causes: Vec<Fault>,
}

/// A cause in words.
#[derive(Debug, Serialize)]
struct Fault {
    rank: usize,
    id: String,
    code: String,
    name: String,
    severity: Severity,
    sure: String,
    subject: String,
    title: String,
    explanation: String,
    first_seen: String,
    last_seen: String,
    chain: Vec<Step>,
    proof: Vec<Proof>,
    affected: Vec<String>,
    ruled_out: Vec<RuledOut>,
    fixes: Vec<Fix>,
}

#[derive(Debug, Serialize)]
struct Proof {
    word: &'static str,
    object: String,
    says: String,
    /// `12x, 4m before the report`.
    notes: String,
    untrusted: bool,
}

#[derive(Debug, Serialize)]
struct RuledOut {
    code: String,
    subject: String,
    reason: String,
}

#[derive(Debug, Serialize)]
struct Fix {
    text: String,
    command: String,
    safety: &'static str,
    risk: String,
}

#[derive(Debug, Serialize)]
struct Gap {
    kind: String,
    state: &'static str,
    detail: String,
    checks: String,
}

impl Page {
    pub(super) fn new(report: &Report) -> Self {
        let summary = &report.summary;
        let causes: Vec<&Cause> = report.causes.iter().collect();
        Self {
            cluster: text(&report.cluster.name),
            version: text(report.cluster.version.as_deref().unwrap_or_default()),
            source: text(&report.cluster.source),
            scope: match report.scope.namespaces.as_slice() {
                [] => "all namespaces".to_owned(),
                [only] => format!("namespace {}", text(only)),
                several => format!("namespaces {}", text(&several.join(", "))),
            },
            selector: text(report.scope.selector.as_deref().unwrap_or_default()),
            taken_at: report.taken_at.map(instant).unwrap_or_default(),
            critical: summary.critical,
            warning: summary.warning,
            info: summary.info,
            objects: summary.objects,
            health: summary
                .health_score
                .map(|score| score.to_string())
                .unwrap_or_default(),
            coverage: report.coverage.percent,
            nothing_broken: summary.critical + summary.warning == 0,
            causes: summary.causes,
            shown: causes.len(),
            entries: entries(&causes)
                .iter()
                .map(|entry| Entry::new(entry, report.taken_at))
                .collect(),
            gaps: gaps(report),
            api_version: text(&report.api_version),
        }
    }
}

impl Entry {
    fn new(entry: &entries::Entry<'_>, now: Option<Timestamp>) -> Self {
        let members = std::iter::once(entry.first).chain(entry.others.iter().copied());
        Self {
            severity: entry.first.severity,
            severities: members.clone().map(|cause| cause.severity).collect(),
            title: text(entry.title()),
            causes: members.map(|cause| Fault::new(cause, now)).collect(),
        }
    }
}

impl Fault {
    fn new(cause: &Cause, now: Option<Timestamp>) -> Self {
        Self {
            rank: cause.rank,
            id: text(&cause.id),
            code: text(&cause.code),
            name: text(&cause.name),
            severity: cause.severity,
            sure: format!("{:.0}%", cause.confidence * 100.0),
            subject: text(&cause.subject.to_string()),
            title: text(&cause.title),
            explanation: text(&cause.explanation),
            first_seen: cause.first_seen.map(instant).unwrap_or_default(),
            last_seen: cause.last_seen.map(instant).unwrap_or_default(),
            chain: chain::steps(cause),
            proof: cause
                .evidence
                .iter()
                .map(|item| Proof::new(item, now))
                .collect(),
            affected: cause
                .affected
                .iter()
                .map(|object| text(&object.to_string()))
                .collect(),
            ruled_out: cause
                .ruled_out
                .iter()
                .map(|other| RuledOut {
                    code: text(&other.code),
                    subject: text(&other.subject.to_string()),
                    reason: text(&other.reason),
                })
                .collect(),
            fixes: cause
                .suggestions
                .iter()
                .map(|suggestion| Fix {
                    text: text(&suggestion.text),
                    command: text(suggestion.command.as_deref().unwrap_or_default()),
                    safety: safety(suggestion.risk),
                    risk: format!("{:?}", suggestion.risk).to_lowercase(),
                })
                .collect(),
        }
    }
}

impl Proof {
    fn new(item: &Evidence, now: Option<Timestamp>) -> Self {
        let mut notes = Vec::new();
        notes.extend(
            item.count
                .filter(|count| *count > 1)
                .map(|count| format!("{count}x")),
        );
        notes.extend(item.at.map(|at| match now {
            Some(now) => format!("{}, {} before the report", instant(at), age(at, now)),
            None => instant(at),
        }));
        Self {
            word: proof_word(item.kind),
            object: text(&item.object.to_string()),
            says: text(&proof_statement(item)),
            notes: notes.join(", "),
            untrusted: item.untrusted,
        }
    }
}

fn gaps(report: &Report) -> Vec<Gap> {
    report
        .coverage
        .kinds
        .iter()
        .map(|kind| Gap {
            kind: text(&kind.kind),
            state: kind.state.as_str(),
            detail: text(&kind.detail),
            checks: text(&kind.checks_skipped.join(", ")),
        })
        .collect()
}

fn text(text: &str) -> String {
    printable(text).into_owned()
}
