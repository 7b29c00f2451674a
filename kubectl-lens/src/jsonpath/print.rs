//! Parts + a value -> text.

use serde_json::Value;

use super::{JsonPathError, evaluate, step::Part};
use crate::terminal::printable;

/// Appends what the parts print for `value`.
pub(super) fn parts(parts: &[Part], value: &Value, out: &mut String) -> Result<(), JsonPathError> {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Print(steps) => {
                for (place, found) in evaluate::steps(steps, value)?.iter().enumerate() {
                    if place > 0 {
                        out.push(' ');
                    }
                    match found {
                        // Quoted text of the template may hold tabs and newlines that are meant.
                        std::borrow::Cow::Borrowed(Value::String(text)) if is_literal(steps) => {
                            out.push_str(text);
                        }
                        _ => out.push_str(&text_of(found)),
                    }
                }
            }
            Part::Range { over, body } => {
                for item in evaluate::steps(over, value)? {
                    self::parts(body, &item, out)?;
                }
            }
        }
    }
    Ok(())
}

fn is_literal(steps: &[super::Step]) -> bool {
    matches!(
        steps.last().map(|step| &step.action),
        Some(super::step::Action::Literal(_))
    )
}

/// How a value reads: text without quotes, maps and lists as JSON.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => printable(text).into_owned(),
        Value::Number(number) if number.is_f64() => number.as_f64().unwrap_or_default().to_string(),
        other => printable(&other.to_string()).into_owned(),
    }
}
