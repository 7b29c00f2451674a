//! How patches change objects, and small questions about JSON.

use serde_json::Value;

/// A text somewhere in an object; empty where there is none.
pub(super) fn text_at<'a>(object: &'a Value, path: &[&str]) -> &'a str {
    let found = path
        .iter()
        .try_fold(object, |value, field| value.get(field));
    found.and_then(Value::as_str).unwrap_or_default()
}

/// RFC 7386, and for lists whose items have a `name` what a strategic merge or an apply does: items are merged by it.
pub(super) fn merge(target: &mut Value, patch: &Value, by_name: bool) {
    match (target, patch) {
        (Value::Object(fields), Value::Object(changes)) => {
            for (name, change) in changes {
                if change.is_null() {
                    fields.remove(name);
                } else {
                    merge(
                        fields.entry(name.clone()).or_insert(Value::Null),
                        change,
                        by_name,
                    );
                }
            }
        }
        (Value::Array(items), Value::Array(changes))
            if by_name && changes.iter().all(|item| item.get("name").is_some()) =>
        {
            for change in changes {
                match items
                    .iter_mut()
                    .find(|item| item.get("name") == change.get("name"))
                {
                    Some(item) => merge(item, change, by_name),
                    None => items.push(change.clone()),
                }
            }
        }
        (
            target @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)),
            Value::Object(_),
        ) => {
            *target = Value::Object(serde_json::Map::new());
            merge(target, patch, by_name);
        }
        (target, patch) => *target = patch.clone(),
    }
}

/// RFC 6902, as far as it puts values in the place of others.
pub(super) fn put_each(target: &mut Value, patch: &Value) -> Result<(), String> {
    for step in patch.as_array().into_iter().flatten() {
        let (op, place) = (text_at(step, &["op"]), text_at(step, &["path"]));
        let value = step.get("value").cloned().unwrap_or_default();
        match (op, target.pointer_mut(place)) {
            ("replace", Some(known)) => *known = value,
            _ => return Err(format!("the step {op:?} at {place:?} is not possible")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn null_takes_out_and_named_items_are_merged() {
        let mut object =
            json!({"a": 1, "b": {"c": 2}, "list": [{"name": "x", "image": "1"}, {"name": "y"}]});
        merge(
            &mut object,
            &json!({"a": null, "b": {"d": 3}, "list": [{"name": "x", "image": "2"}]}),
            true,
        );
        assert_eq!(
            object,
            json!({"b": {"c": 2, "d": 3}, "list": [{"name": "x", "image": "2"}, {"name": "y"}]})
        );
        merge(&mut object, &json!({"list": []}), false);
        assert_eq!(object["list"], json!([]));
    }
}
