//! How two values compare in a filter.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::{evaluate::kind_of, step::Operator};

/// Whether `left operator right` holds; null is equal to null only and has no order.
pub(super) fn holds(left: &Value, operator: Operator, right: &Value) -> Result<bool, String> {
    let ordering = match (left, right) {
        (Value::Null, _) | (_, Value::Null) => {
            return Ok((operator == Operator::Equal) == (left == right) && is_equality(operator));
        }
        (Value::Bool(a), Value::Bool(b)) if is_equality(operator) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) => numbers(a, b),
        _ => {
            return Err(format!(
                "{} and {} cannot be compared like that",
                kind_of(left),
                kind_of(right)
            ));
        }
    };
    Ok(match operator {
        Operator::Equal => ordering.is_eq(),
        Operator::NotEqual => ordering.is_ne(),
        Operator::Less => ordering.is_lt(),
        Operator::LessOrEqual => ordering.is_le(),
        Operator::Greater => ordering.is_gt(),
        Operator::GreaterOrEqual => ordering.is_ge(),
    })
}

fn is_equality(operator: Operator) -> bool {
    matches!(operator, Operator::Equal | Operator::NotEqual)
}

fn numbers(a: &Number, b: &Number) -> Ordering {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a
            .as_f64()
            .partial_cmp(&b.as_f64())
            .unwrap_or(Ordering::Equal),
    }
}
