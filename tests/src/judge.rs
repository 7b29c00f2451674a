//! Judges a report: does it name the cause that an experienced person would name, first, once, and
//! nothing that is not there?
//!
//! An `expect.json` lists roots, forbidden claims and how many causes of severity critical or warning there
//! may be at most. A root is found at the first cause whose subject is one of `subject_any`, whose severity is
//! at least `min_severity`, and whose text has all of `text_all`: regular expressions, case-insensitive, over
//! title, explanation, evidence and suggestions. `coverage` lists what the report must say it could not read. In a healthy cluster nothing may be critical.

use anyhow::Result;
use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use serde_json::Value;

use crate::manifest::text_at;

/// What a story expects of a report.
#[derive(Debug, Deserialize)]
pub struct Expectation {
    /// `healthy` forbids every critical cause; other names are for people.
    pub family: String,
    /// The causes that must be named.
    pub roots: Vec<Root>,
    /// The claims that must not be made.
    #[serde(default)]
    pub forbid: Vec<Forbidden>,
    /// How many causes of severity warning or critical there may be.
    pub max_causes_critical_or_warning: usize,
    /// What the report must admit that it could not read.
    #[serde(default)]
    pub coverage: Vec<Unseen>,
}

/// A kind that could not be read, as `coverage.kinds` says it.
#[derive(Debug, Deserialize)]
pub struct Unseen {
    kind: String,
    state: String,
}

/// A cause that must be named.
#[derive(Debug, Deserialize)]
pub struct Root {
    /// Any of these is the right thing to point at.
    pub subject_any: Vec<Subject>,
    /// Regular expressions that all must be found in the cause's text.
    pub text_all: Vec<String>,
    /// The least severity.
    pub min_severity: String,
    /// The worst rank.
    pub max_rank: usize,
}

/// Kind, namespace and name; a name that begins with `~` is a regular expression for the whole name.
#[derive(Debug, Deserialize)]
pub struct Subject {
    kind: String,
    namespace: Option<String>,
    name: String,
}

/// A claim that must not be made, by subject or by text.
#[derive(Debug, Deserialize)]
pub struct Forbidden {
    subject: Option<Subject>,
    text: Option<String>,
    min_severity: Option<String>,
}

/// Which of the rules that a report can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The report is about this story only: everything counts.
    Story,
    /// The report is about the whole cluster, where other stories happen too: only whether the roots are
    /// named counts, at whatever rank.
    Cluster,
}

/// What is wrong with a report; nothing, if it is as expected.
pub fn complaints(report: &Value, expected: &Expectation, scope: Scope) -> Result<Vec<String>> {
    let causes = report
        .get("causes")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut wrong = contract_breaches(report, causes);
    for root in &expected.roots {
        wrong.extend(root.complaint(causes, scope)?);
    }
    if scope == Scope::Cluster {
        return Ok(wrong);
    }
    for forbidden in &expected.forbid {
        for cause in causes {
            if forbidden.hits(cause)? {
                wrong.push(format!("forbidden: {}", text_at(cause, "/title")));
            }
        }
    }
    let unseen = report
        .pointer("/coverage/kinds")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    for Unseen { kind, state } in &expected.coverage {
        if !unseen
            .iter()
            .any(|entry| text_at(entry, "/kind") == kind && text_at(entry, "/state") == state)
        {
            wrong.push(format!("coverage does not say that {kind} is {state}"));
        }
    }
    let loud: Vec<&str> = causes
        .iter()
        .filter(|cause| severity(cause) >= 1)
        .map(|cause| text_at(cause, "/title"))
        .collect();
    if loud.len() > expected.max_causes_critical_or_warning {
        wrong.push(format!(
            "noise: {} causes, at most {}: {loud:?}",
            loud.len(),
            expected.max_causes_critical_or_warning
        ));
    }
    if expected.family == "healthy" {
        let critical = causes.iter().filter(|cause| severity(cause) >= 2);
        wrong.extend(critical.map(|cause| {
            format!(
                "critical in a healthy cluster: {}",
                text_at(cause, "/title")
            )
        }));
    }
    Ok(wrong)
}

/// How well a report answers a story, in the numbers of an accuracy table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// Causes that must be named.
    pub roots: usize,
    /// Those of them at a rank that the story allows.
    pub first: usize,
    /// Those at rank 3 or better, or at a rank that the story allows.
    pub among_three: usize,
    /// Claims that the story forbids.
    pub forbidden: usize,
    /// Causes of severity warning or critical beyond the story's bound.
    pub noise: usize,
    /// Critical causes, where the cluster is healthy.
    pub false_criticals: usize,
}

/// The marks of a report.
pub fn marks(report: &Value, expected: &Expectation) -> Result<Marks> {
    let causes = report
        .get("causes")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut marks = Marks {
        roots: expected.roots.len(),
        ..Marks::default()
    };
    for root in &expected.roots {
        let rank = root.rank(causes)?;
        let is_within = |most: usize| rank.is_some_and(|rank| rank <= most);
        marks.first += usize::from(is_within(root.max_rank));
        marks.among_three += usize::from(is_within(root.max_rank.max(3)));
    }
    for forbidden in &expected.forbid {
        for cause in causes {
            marks.forbidden += usize::from(forbidden.hits(cause)?);
        }
    }
    let at_least = |least: i8| {
        causes
            .iter()
            .filter(|cause| severity(cause) >= least)
            .count()
    };
    marks.noise = at_least(1).saturating_sub(expected.max_causes_critical_or_warning);
    if expected.family == "healthy" {
        marks.false_criticals = at_least(2);
    }
    Ok(marks)
}

impl Root {
    /// The rank of the first cause that names it.
    fn rank(&self, causes: &[Value]) -> Result<Option<usize>> {
        let texts = self
            .text_all
            .iter()
            .map(|text| search(text))
            .collect::<Result<Vec<_>>>()?;
        for (index, cause) in causes.iter().enumerate() {
            let text = text_of(cause);
            if matches_any(&self.subject_any, cause)?
                && severity(cause) >= severity_of(&self.min_severity)
                && texts.iter().all(|wanted| wanted.is_match(&text))
            {
                return Ok(Some(index + 1));
            }
        }
        Ok(None)
    }

    fn complaint(&self, causes: &[Value], scope: Scope) -> Result<Option<String>> {
        let texts = self
            .text_all
            .iter()
            .map(|text| search(text))
            .collect::<Result<Vec<_>>>()?;
        let mut near = None;
        for (index, cause) in causes.iter().enumerate() {
            if !matches_any(&self.subject_any, cause)? {
                continue;
            }
            let text = text_of(cause);
            let lacks: Vec<&str> = texts
                .iter()
                .filter(|wanted| !wanted.is_match(&text))
                .map(Regex::as_str)
                .collect();
            if lacks.is_empty() && severity(cause) >= severity_of(&self.min_severity) {
                let late = scope == Scope::Story && index + 1 > self.max_rank;
                return Ok(late.then(|| {
                    format!(
                        "{}: rank {} (allowed {})",
                        self.subjects(),
                        index + 1,
                        self.max_rank
                    )
                }));
            }
            near.get_or_insert_with(|| {
                format!(
                    "{}: subject at rank {}, severity {}, text lacks {lacks:?}",
                    self.subjects(),
                    index + 1,
                    text_at(cause, "/severity")
                )
            });
        }
        Ok(Some(near.unwrap_or_else(|| {
            format!("{} not among the causes", self.subjects())
        })))
    }

    fn subjects(&self) -> String {
        self.subject_any
            .iter()
            .map(|subject| format!("{}/{}", subject.kind, subject.name))
            .collect::<Vec<_>>()
            .join(" | ")
    }
}

impl Forbidden {
    fn hits(&self, cause: &Value) -> Result<bool> {
        if severity(cause) < severity_of(self.min_severity.as_deref().unwrap_or("warning")) {
            return Ok(false);
        }
        if let Some(subject) = &self.subject
            && subject.is(cause)?
        {
            return Ok(true);
        }
        self.text.as_deref().map_or(
            Ok(false),
            |text| Ok(search(text)?.is_match(&text_of(cause))),
        )
    }
}

impl Subject {
    fn is(&self, cause: &Value) -> Result<bool> {
        let namespace = self.namespace.as_deref().unwrap_or_default();
        if self.kind != text_at(cause, "/subject/kind")
            || namespace != text_at(cause, "/subject/namespace")
        {
            return Ok(false);
        }
        let name = text_at(cause, "/subject/name");
        match self.name.strip_prefix('~') {
            Some(pattern) => Ok(Regex::new(&format!("^(?:{pattern})$"))?.is_match(name)),
            None => Ok(self.name == name),
        }
    }
}

fn matches_any(subjects: &[Subject], cause: &Value) -> Result<bool> {
    for subject in subjects {
        if subject.is(cause)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn search(pattern: &str) -> Result<Regex> {
    Ok(RegexBuilder::new(pattern).case_insensitive(true).build()?)
}

fn severity(cause: &Value) -> i8 {
    severity_of(text_at(cause, "/severity"))
}

fn severity_of(word: &str) -> i8 {
    match word {
        "info" => 0,
        "warning" => 1,
        "critical" => 2,
        _ => -1,
    }
}

/// All that a cause says, one string a line.
fn text_of(cause: &Value) -> String {
    let mut lines = Vec::new();
    for key in ["title", "explanation", "evidence", "suggestions"] {
        collect(cause.get(key).unwrap_or(&Value::Null), &mut lines);
    }
    lines.join("\n")
}

fn collect(value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::String(text) => lines.push(text.clone()),
        Value::Number(number) => lines.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, lines)),
        Value::Object(fields) => {
            fields
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "uid" | "at" | "id"))
                .for_each(|(_, item)| collect(item, lines));
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// What the contract of reports says that must be there, and is not.
fn contract_breaches(report: &Value, causes: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    if text_at(report, "/kind") != "Report"
        || text_at(report, "/apiVersion") != "kubelens.dev/v1alpha1"
    {
        wrong.push("not a Report of kubelens.dev/v1alpha1".to_owned());
    }
    if !report.get("causes").is_some_and(Value::is_array) {
        wrong.push("causes is not a list".to_owned());
    }
    for (index, cause) in causes.iter().enumerate() {
        let mut claim = |holds: bool, what: &str| {
            if !holds {
                wrong.push(format!("causes[{index}].{what} is missing or wrong"));
            }
        };
        claim(
            cause.get("rank").and_then(Value::as_u64) == u64::try_from(index + 1).ok(),
            "rank",
        );
        claim(
            !text_at(cause, "/subject/kind").is_empty()
                && !text_at(cause, "/subject/name").is_empty(),
            "subject",
        );
        claim(severity(cause) >= 0, "severity");
        claim(!text_at(cause, "/title").trim().is_empty(), "title");
        claim(
            cause
                .get("evidence")
                .and_then(Value::as_array)
                .is_some_and(|items| !items.is_empty()),
            "evidence",
        );
        claim(!text_at(cause, "/id").is_empty(), "id");
    }
    wrong
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expectation() -> Result<Expectation> {
        Ok(serde_json::from_value(json!({
            "family": "config",
            "roots": [{
                "subject_any": [{ "kind": "ConfigMap", "namespace": "shop", "name": "web-config" }, { "kind": "Node", "namespace": null, "name": "~n-[0-9]+" }],
                "text_all": ["WEB-CONFIG|node", "does ?n.t exist|not exist"],
                "min_severity": "warning",
                "max_rank": 1,
            }],
            "forbid": [{ "text": "secret.*missing" }],
            "max_causes_critical_or_warning": 1,
        }))?)
    }

    fn cause(rank: usize, subject: &Value, severity: &str, title: &str) -> Value {
        json!({ "rank": rank, "id": "a1", "subject": subject, "severity": severity, "title": title, "evidence": [{ "text": "x" }] })
    }

    fn report(causes: &[Value]) -> Value {
        json!({ "apiVersion": "kubelens.dev/v1alpha1", "kind": "Report", "causes": causes })
    }

    #[test]
    fn the_right_cause_at_rank_one_is_accepted() -> Result<()> {
        let subject = json!({ "kind": "ConfigMap", "namespace": "shop", "name": "web-config" });
        let good = report(&[cause(
            1,
            &subject,
            "critical",
            "ConfigMap shop/web-config does not exist",
        )]);
        assert_eq!(
            complaints(&good, &expectation()?, Scope::Story)?,
            Vec::<String>::new()
        );
        Ok(())
    }

    #[test]
    fn a_subject_may_be_named_by_a_pattern_and_has_no_namespace() -> Result<()> {
        let good = report(&[cause(
            1,
            &json!({ "kind": "Node", "name": "n-12", "namespace": null }),
            "warning",
            "node does not exist",
        )]);
        assert_eq!(
            complaints(&good, &expectation()?, Scope::Story)?,
            Vec::<String>::new()
        );
        let whole = report(&[cause(
            1,
            &json!({ "kind": "Node", "name": "n-12x" }),
            "warning",
            "node does not exist",
        )]);
        assert_eq!(complaints(&whole, &expectation()?, Scope::Story)?.len(), 1);
        Ok(())
    }

    #[test]
    fn a_late_rank_counts_in_the_story_but_not_in_the_cluster() -> Result<()> {
        let subject = json!({ "kind": "ConfigMap", "namespace": "shop", "name": "web-config" });
        let other = cause(1, &json!({ "kind": "Pod", "name": "p" }), "info", "other");
        let late = report(&[
            other,
            cause(2, &subject, "warning", "web-config does not exist"),
        ]);
        let story = complaints(&late, &expectation()?, Scope::Story)?;
        assert_eq!(
            story,
            ["ConfigMap/web-config | Node/~n-[0-9]+: rank 2 (allowed 1)"]
        );
        assert_eq!(
            complaints(&late, &expectation()?, Scope::Cluster)?,
            Vec::<String>::new()
        );
        Ok(())
    }

    #[test]
    fn noise_forbidden_claims_and_missing_roots_are_complaints() -> Result<()> {
        let pod = json!({ "kind": "Pod", "name": "p" });
        let bad = report(&[
            cause(1, &pod, "critical", "Secret x is missing"),
            cause(3, &pod, "warning", "b"),
        ]);
        let wrong = complaints(&bad, &expectation()?, Scope::Story)?;
        assert_eq!(wrong.len(), 4, "{wrong:?}");
        assert!(
            wrong.iter().any(|text| text.contains("causes[1].rank")),
            "{wrong:?}"
        );
        assert!(
            wrong
                .iter()
                .any(|text| text.contains("not among the causes")),
            "{wrong:?}"
        );
        assert!(
            wrong
                .iter()
                .any(|text| text == "forbidden: Secret x is missing"),
            "{wrong:?}"
        );
        assert!(
            wrong
                .iter()
                .any(|text| text.starts_with("noise: 2 causes, at most 1")),
            "{wrong:?}"
        );
        Ok(())
    }

    #[test]
    fn what_could_not_be_read_must_be_admitted() -> Result<()> {
        let blind: Expectation = serde_json::from_value(json!({
            "family": "healthy", "roots": [], "max_causes_critical_or_warning": 0,
            "coverage": [{ "kind": "Secret", "state": "forbidden" }],
        }))?;
        assert_eq!(
            complaints(&report(&[]), &blind, Scope::Story)?,
            ["coverage does not say that Secret is forbidden"]
        );
        let admitted = json!({
            "apiVersion": "kubelens.dev/v1alpha1", "kind": "Report", "causes": [],
            "coverage": { "percent": 90, "kinds": [{ "kind": "Secret", "state": "forbidden" }] },
        });
        assert_eq!(
            complaints(&admitted, &blind, Scope::Story)?,
            Vec::<String>::new()
        );
        Ok(())
    }

    #[test]
    fn nothing_is_critical_in_a_healthy_cluster() -> Result<()> {
        let healthy: Expectation = serde_json::from_value(
            json!({ "family": "healthy", "roots": [], "max_causes_critical_or_warning": 1 }),
        )?;
        let bad = report(&[cause(
            1,
            &json!({ "kind": "Pod", "name": "p" }),
            "critical",
            "boo",
        )]);
        assert_eq!(
            complaints(&bad, &healthy, Scope::Story)?,
            ["critical in a healthy cluster: boo"]
        );
        Ok(())
    }
}
