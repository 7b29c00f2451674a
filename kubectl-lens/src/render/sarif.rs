//! SARIF 2.1.0, for code scanning.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::collections::BTreeMap;

use kubelens_core::{
    comparison::{ChangeState, ReportDiff},
    model::{Cause, ObjectRef, Report, Severity},
};
use serde_json::{Value, json};

use crate::{catalog, terminal::printable};

/// One run with a result for each cause, and the rules that these results name.
pub(super) fn log(report: &Report) -> Value {
    let catalog = catalog::entries();
    let mut rules: BTreeMap<&str, Value> = BTreeMap::new();
    for cause in &report.causes {
        let summary = catalog
            .iter()
            .find(|entry| entry.code == cause.code)
            .map_or(cause.name.as_str(), |entry| entry.summary.as_str());
        rules.entry(&cause.code).or_insert_with(|| {
            json!({
                "id": cause.code,
                "name": cause.name,
                "shortDescription": {"text": without_links(printable(summary).into_owned())},
            })
        });
    }
    let places: BTreeMap<&str, usize> = rules
        .keys()
        .enumerate()
        .map(|(place, code)| (*code, place))
        .collect();
    let results: Vec<Value> = report
        .causes
        .iter()
        .map(|cause| result(cause, places.get(cause.code.as_str()).copied()))
        .collect();
    let rules: Vec<&Value> = rules.values().collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "KubeLens",
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "results": results,
        }],
    })
}

/// The same with how each result stands to a baseline; what is fixed is a result that is absent.
pub(super) fn log_against(report: &Report, diff: &ReportDiff) -> Value {
    let mut log = log(report);
    let results = log
        .pointer_mut("/runs/0/results")
        .and_then(Value::as_array_mut);
    let Some(results) = results else {
        return log;
    };
    let states: BTreeMap<&str, &str> = diff
        .changes
        .iter()
        .map(|change| (change.cause.id.as_str(), baseline_state(change.state)))
        .collect();
    for (result, cause) in results.iter_mut().zip(&report.causes) {
        if let (Some(fields), Some(state)) = (result.as_object_mut(), states.get(cause.id.as_str()))
        {
            fields.insert("baselineState".to_owned(), (*state).into());
        }
    }
    for change in &diff.changes {
        if change.state == ChangeState::Fixed {
            let mut gone = result(&change.cause, None);
            if let Some(fields) = gone.as_object_mut() {
                fields.insert("baselineState".to_owned(), "absent".into());
            }
            results.push(gone);
        }
    }
    log
}

const fn baseline_state(state: ChangeState) -> &'static str {
    match state {
        ChangeState::New => "new",
        ChangeState::Worsened | ChangeState::CauseChanged => "updated",
        ChangeState::Flapping | ChangeState::Ongoing | ChangeState::Unknown => "unchanged",
        ChangeState::Fixed => "absent",
    }
}

fn result(cause: &Cause, rule: Option<usize>) -> Value {
    let level = match cause.severity {
        Severity::Critical => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let mut text = printable(&cause.title).into_owned();
    if !cause.explanation.is_empty() {
        text.push_str(". ");
        text.push_str(&printable(&cause.explanation));
    }
    for suggestion in &cause.suggestions {
        text.push_str(&format!(" Fix: {}", printable(&suggestion.text)));
    }
    let mut result = json!({
        "ruleId": cause.code,
        "level": level,
        "message": {"text": without_links(text)},
        "locations": [location(&cause.subject)],
        "relatedLocations": cause.affected.iter().map(location).collect::<Vec<_>>(),
        "partialFingerprints": {"kubelensCause/v1": cause.id},
        "rank": cause.confidence * 100.0,
    });
    if let (Some(rule), Some(fields)) = (rule, result.as_object_mut()) {
        fields.insert("ruleIndex".to_owned(), rule.into());
    }
    result
}

/// Text in which nothing is a link: viewers make one of `[words](address)` in plain text too (SARIF 3.11.6). Text that
/// holds none stays as it is, since not every viewer takes the backslashes away again.
fn without_links(text: String) -> String {
    if !text.contains("](") {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if matches!(character, '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// Where an object is: by its name, and as a path, because viewers want a file.
fn location(object: &ObjectRef) -> Value {
    let parts = [
        object.namespace.as_deref().unwrap_or("cluster"),
        &object.kind,
        &object.name,
    ];
    let path = parts.map(escaped).join("/");
    json!({
        "physicalLocation": {"artifactLocation": {"uri": path}},
        "logicalLocations": [{
            "name": printable(&object.name),
            "fullyQualifiedName": printable(&parts.join("/")),
            "kind": "resource",
        }],
    })
}

/// A part of a path in which only plain characters stand for themselves.
fn escaped(text: &str) -> String {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes()
        .map(|byte| {
            if is_plain(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::without_links;

    #[test]
    fn text_of_the_cluster_is_no_link() {
        assert_eq!(
            without_links(r"see [the \ runbook](https://evil.example)".to_owned()),
            r"see \[the \\ runbook\](https://evil.example)"
        );
        let plain = r"spec.containers[0].args [C:\x] (y)";
        assert_eq!(without_links(plain.to_owned()), plain);
    }
}
