use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Condition, Text, group_of};
use crate::model::ObjectRef;

/// An object of a kind that has no type here: metadata, and the rest as it came.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CustomObject {
    pub api_version: Text,
    pub kind: Text,
    pub metadata: super::ObjectMeta,
    pub spec: Value,
    pub status: Value,
    /// What a policy report found.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub results: Value,
    /// What a policy report is about, where it is about one object.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub scope: Value,
    /// The labels that a Cilium identity stands for.
    #[serde(rename = "security-labels", skip_serializing_if = "Value::is_null")]
    pub security_labels: Value,
}

/// Longest text of a custom object that is kept whole: what is longer is a document that nobody reads here.
const LONGEST_TEXT: usize = 8 * 1024;

impl CustomObject {
    /// The API group; empty for core.
    pub fn group(&self) -> &str {
        group_of(&self.api_version)
    }

    /// Names it.
    pub fn reference(&self) -> ObjectRef {
        ObjectRef {
            uid: self.metadata.uid.non_empty().map(str::to_owned),
            ..ObjectRef::namespaced(
                &self.api_version,
                &self.kind,
                &self.metadata.namespace,
                &self.metadata.name,
            )
        }
    }

    /// The text at a JSON pointer below the spec; empty where there is none.
    pub fn spec_text(&self, pointer: &str) -> &str {
        text_at(&self.spec, pointer)
    }

    /// The text at a JSON pointer below the status; empty where there is none.
    pub fn status_text(&self, pointer: &str) -> &str {
        text_at(&self.status, pointer)
    }

    /// The items of a list at a JSON pointer below the spec; none where there is no list.
    pub fn spec_list(&self, pointer: &str) -> &[Value] {
        list_at(&self.spec, pointer)
    }

    /// The items of a list at a JSON pointer below the status; none where there is no list.
    pub fn status_list(&self, pointer: &str) -> &[Value] {
        list_at(&self.status, pointer)
    }

    /// `status.conditions`, as far as they look like conditions.
    /// For a Route of OpenShift, those that every router gives it: one router that admits it is enough.
    pub fn conditions(&self) -> Vec<Condition> {
        let own = self.status_list("/conditions");
        if self.group() != "route.openshift.io" {
            return own.iter().filter_map(condition_of).collect();
        }
        let routers = self.status_list("/ingress").iter();
        let said: Vec<Condition> = routers
            .flat_map(|router| list_at(router, "/conditions"))
            .filter_map(condition_of)
            .collect();
        if said.iter().any(Condition::is_true) {
            return Vec::new();
        }
        said
    }

    /// The condition of a type.
    pub fn condition(&self, type_: &str) -> Option<Condition> {
        self.conditions()
            .into_iter()
            .find(|condition| condition.type_ == type_)
    }

    /// Drops what only takes room: what a policy report passed, and very long texts.
    pub fn drop_bulk(&mut self) {
        if let Value::Array(results) = &mut self.results {
            results.retain(|result| {
                let result = text_at(result, "/result");
                !matches!(result, "pass" | "skip")
            });
        }
        for part in [&mut self.spec, &mut self.status, &mut self.results] {
            shorten(part);
        }
    }
}

/// The text at a JSON pointer; empty where there is none.
pub fn text_at<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The items of a list at a JSON pointer; none where there is no list.
pub fn list_at<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A condition, however its project fills it: a time that is none does not spoil the rest.
fn condition_of(value: &Value) -> Option<Condition> {
    let text =
        |field: &str| Text::new(value.get(field).and_then(Value::as_str).unwrap_or_default());
    let time = |field: &str| -> Option<Timestamp> { value.get(field)?.as_str()?.parse().ok() };
    let type_ = text("type");
    (!type_.is_empty()).then(|| Condition {
        type_,
        status: text("status"),
        reason: text("reason"),
        message: text("message"),
        last_transition_time: time("lastTransitionTime"),
        last_update_time: time("lastUpdateTime"),
        last_heartbeat_time: time("lastHeartbeatTime"),
        observed_generation: value.get("observedGeneration").and_then(Value::as_i64),
    })
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > LONGEST_TEXT => {
            let mut end = LONGEST_TEXT;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            text.shrink_to_fit();
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_without_a_time_is_one() {
        let object: CustomObject = serde_json::from_str(
            r#"{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w"},
                "status":{"conditions":[{"type":"Ready","status":"False","lastTransitionTime":null},{"x":1}]}}"#,
        )
        .unwrap_or_default();
        let ready = object.condition("Ready");
        assert_eq!(object.conditions().len(), 1);
        assert!(ready.is_some_and(|ready| ready.is_false()));
        assert_eq!(object.group(), "example.com");
    }

    #[test]
    fn long_documents_and_passed_results_are_dropped() {
        let mut object = CustomObject {
            spec: serde_json::json!({"document": "x".repeat(2 * LONGEST_TEXT)}),
            results: serde_json::json!([{"result": "pass"}, {"result": "fail"}]),
            ..CustomObject::default()
        };
        object.drop_bulk();
        assert_eq!(object.spec_text("/document").len(), LONGEST_TEXT);
        assert_eq!(list_at(&object.results, "").len(), 1);
    }
}
