//! Parts of a status that failed: a task of a connector, a replica of a volume.

use serde_json::Value;

use crate::kubernetes::{CustomObject, list_at, text_at};

/// Most parts that are shown, and how deep they are looked for.
const MOST: usize = 2;
const DEPTH: usize = 6;

/// Where a part says how it is, and words for failed.
const STATES: [&str; 3] = ["/state", "/phase", "/status"];

/// Where it says why, the most telling first.
const REASONS: [&str; 5] = ["/trace", "/error", "/message", "/failureReason", "/reason"];

/// The parts below the status that say that they failed and why: where, and the words. The object as a whole and its
/// conditions are no parts.
pub(super) fn failed_parts(object: &CustomObject) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (key, value) in object.status.as_object().into_iter().flatten() {
        if key != "conditions" {
            walk(value, &format!("status.{key}"), DEPTH, &mut found);
        }
    }
    // Contour puts what is wrong below the condition that says that something is.
    for (at, condition) in object.status_list("/conditions").iter().enumerate() {
        for error in list_at(condition, "/errors") {
            let message = text_at(error, "/message");
            if !message.is_empty() && found.len() < MOST {
                let path = format!("status.conditions[{at}].errors[].message");
                found.push((path, message.to_owned()));
            }
        }
    }
    found
}

fn walk(value: &Value, path: &str, depth: usize, found: &mut Vec<(String, String)>) {
    if depth == 0 || found.len() >= MOST {
        return;
    }
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(item, &format!("{path}[{at}]"), depth - 1, found);
            }
        }
        Value::Object(fields) => {
            let has_failed = STATES.iter().any(|state| {
                let state = text_at(value, state);
                state.eq_ignore_ascii_case("failed") || state.eq_ignore_ascii_case("error")
            });
            let why = REASONS.iter().map(|field| (*field, text_at(value, field)));
            let why = why.into_iter().find(|(_, text)| !text.is_empty());
            if let Some((field, text)) = why.filter(|_| has_failed) {
                let field = field.trim_start_matches('/');
                found.push((format!("{path}.{field}"), root_of(text).to_owned()));
                return;
            }
            for (key, field) in fields {
                if key != "conditions" {
                    walk(field, &format!("{path}.{key}"), depth - 1, found);
                }
            }
        }
        _ => {}
    }
}

/// Of a trace the cause at its end, else the text.
fn root_of(text: &str) -> &str {
    text.lines()
        .rev()
        .find_map(|line| line.trim().strip_prefix("Caused by: "))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_task_says_why_by_the_cause_at_the_end_of_its_trace() {
        let object: CustomObject = serde_json::from_str(
            r#"{"apiVersion":"example.com/v1","kind":"Connector","metadata":{"name":"c"},
                "status":{"conditions":[{"type":"Ready","status":"error","message":"x"}],
                          "tasks":[{"id":0,"state":"RUNNING"},
                                   {"id":1,"state":"FAILED","trace":"A: it failed\n\tat x\nCaused by: B: wrong password\n\tat y"}]}}"#,
        )
        .unwrap_or_default();
        let expected = (
            "status.tasks[1].trace".to_owned(),
            "B: wrong password".to_owned(),
        );
        assert_eq!(failed_parts(&object), [expected]);
    }
}
