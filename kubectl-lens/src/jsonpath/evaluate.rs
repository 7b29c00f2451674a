//! Steps + a value -> what they find in it.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    JsonPathError, compare,
    step::{Action, End, Slice, Step, Test},
};

/// A value found in the document, or written in the template.
pub(super) type Found<'a> = Cow<'a, Value>;

/// Walks all steps from `value`. A field that is missing finds nothing and is no error.
pub(super) fn steps<'a>(
    steps: &'a [Step],
    value: &'a Value,
) -> Result<Vec<Found<'a>>, JsonPathError> {
    walk(steps, vec![Cow::Borrowed(value)])
}

fn walk<'a>(steps: &'a [Step], start: Vec<Found<'a>>) -> Result<Vec<Found<'a>>, JsonPathError> {
    steps
        .iter()
        .try_fold(start, |values, step| take(step, values))
}

fn take<'a>(step: &'a Step, values: Vec<Found<'a>>) -> Result<Vec<Found<'a>>, JsonPathError> {
    let mut found = Vec::new();
    match &step.action {
        // Quoted text stands for all that was found before it, once.
        Action::Literal(text @ Value::String(_)) => found.push(Cow::Borrowed(text)),
        Action::Literal(value) => found.extend(values.iter().map(|_| Cow::Borrowed(value))),
        Action::Field(name) => found.extend(values.iter().filter_map(|value| field(value, name))),
        Action::Wildcard => found.extend(values.iter().flat_map(children)),
        Action::Recursive => {
            for value in values {
                containers(value, &mut found);
            }
        }
        Action::Union(choices) => {
            for choice in choices {
                found.extend(walk(choice, values.clone())?);
            }
        }
        Action::Slice(slice) => {
            for value in values.iter().filter(|value| !value.is_null()) {
                found.extend(
                    slice_of(value, *slice)
                        .map_err(|message| JsonPathError::new(step.at, message))?,
                );
            }
        }
        Action::Filter(test) => {
            for value in &values {
                found.extend(filtered(value, test, step.at)?);
            }
        }
    }
    Ok(found)
}

fn field<'a>(value: &Found<'a>, name: &str) -> Option<Found<'a>> {
    match value {
        Cow::Borrowed(value) => value.get(name).map(Cow::Borrowed),
        Cow::Owned(value) => value.get(name).cloned().map(Cow::Owned),
    }
}

fn children<'a>(value: &Found<'a>) -> Vec<Found<'a>> {
    // Values that the template wrote itself have no children, so only the document's count.
    match value {
        Cow::Borrowed(Value::Array(items)) => items.iter().map(Cow::Borrowed).collect(),
        Cow::Borrowed(Value::Object(fields)) => fields.values().map(Cow::Borrowed).collect(),
        _ => Vec::new(),
    }
}

/// The value and what is below it, as far as it is a map or a list with something in it.
fn containers<'a>(value: Found<'a>, found: &mut Vec<Found<'a>>) {
    let below = children(&value);
    if !below.is_empty() {
        found.push(value);
        for child in below {
            containers(child, found);
        }
    }
}

fn slice_of<'a>(value: &Found<'a>, slice: Slice) -> Result<Vec<Found<'a>>, String> {
    let Value::Array(items) = value.as_ref() else {
        return Err(format!("{} is not a list and has no items", kind_of(value)));
    };
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let resolve = |index: i64| {
        if index < 0 {
            index.saturating_add(length)
        } else {
            index
        }
    };
    let from = resolve(slice.from);
    let to = match slice.to {
        End::AfterOne => from.saturating_add(1),
        End::Before(index) => resolve(index),
        End::Open => length,
    };
    if from == to {
        return Ok(Vec::new());
    }
    let outside = |index: i64| format!("index {index} is outside the list, which has {length}");
    if from < 0 || from >= length {
        return Err(outside(slice.from));
    }
    if to < 0 || to > length {
        return Err(outside(to - 1));
    }
    if from > to {
        return Err(format!(
            "the slice begins at {from} and ends before it, at {to}"
        ));
    }
    let count = usize::try_from(to - from).unwrap_or(0);
    Ok(children(value)
        .into_iter()
        .skip(usize::try_from(from).unwrap_or(0))
        .take(count)
        .step_by(slice.every)
        .collect())
}

fn filtered<'a>(
    value: &Found<'a>,
    test: &'a Test,
    at: usize,
) -> Result<Vec<Found<'a>>, JsonPathError> {
    if !value.is_array() {
        return Err(JsonPathError::new(
            at,
            format!("{} is not a list and cannot be filtered", kind_of(value)),
        ));
    }
    let mut kept = Vec::new();
    for item in children(value) {
        if holds(test, &item, at)? {
            kept.push(item);
        }
    }
    Ok(kept)
}

fn holds<'a>(test: &'a Test, item: &Found<'a>, at: usize) -> Result<bool, JsonPathError> {
    match test {
        // What cannot be walked does not exist.
        Test::Exists(path) => {
            Ok(walk(path, vec![item.clone()]).is_ok_and(|found| !found.is_empty()))
        }
        Test::Compare {
            left,
            operator,
            right,
        } => {
            let (Some(left), Some(right)) = (single(left, item, at)?, single(right, item, at)?)
            else {
                return Ok(false);
            };
            compare::holds(&left, *operator, &right)
                .map_err(|message| JsonPathError::new(at, message))
        }
    }
}

fn single<'a>(
    path: &'a [Step],
    item: &Found<'a>,
    at: usize,
) -> Result<Option<Found<'a>>, JsonPathError> {
    let mut found = walk(path, vec![item.clone()])?;
    match found.len() {
        0 | 1 => Ok(found.pop()),
        several => Err(JsonPathError::new(
            at,
            format!("a filter compares one value at a time and found {several}"),
        )),
    }
}

/// What to call a value in a message.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
