use std::panic::{AssertUnwindSafe, catch_unwind};

use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelNull, CelString, CelUInt,
};
use cel::common::value::Val;
use cel::{Context, ExecutionError, IdedExpr, Value};

use super::functions::ENVIRONMENT;
use super::guard::guard;
use super::mapping::Mapping;
use crate::model::{safe_text, shortened};

/// Longest expression, in bytes, and how deep one may be nested.
const LONGEST: usize = 4096;
const DEEPEST: u16 = 48;

/// Most operators, brackets and dots: whatever walks an expression walks one deeper for each of them at worst.
const MOST_OPERATORS: usize = 300;

/// Longest text that a value is shown as.
const SHOWN: usize = 300;

/// What rules can name.
pub(super) const VARIABLES: &[&str] = &["age", "object", "related"];

/// An expression that can be evaluated any number of times.
#[derive(Debug)]
pub(super) struct Expression(IdedExpr);

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Miss {
    /// A field that it names is not there.
    NoField,
    /// It makes no sense here; in one line.
    Wrong(String),
}

impl Expression {
    /// Reads an expression, or says in one line what is wrong with it.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("an expression of more than {LONGEST} bytes"));
        }
        if operators_in(text) > MOST_OPERATORS {
            return Err(format!(
                "an expression of more than {MOST_OPERATORS} operators, brackets and dots"
            ));
        }
        let env = ENVIRONMENT.as_ref().ok_or("the evaluator is not ready")?;
        let parser = env.parser().max_recursion_depth(DEEPEST);
        // The parser is not ours, and the text is anybody's.
        let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse(text)))
            .map_err(|_| "it cannot be parsed".to_owned())?;
        let mut expression = parsed.map_err(|errors| {
            errors.errors.first().map_or_else(
                || "it cannot be parsed".to_owned(),
                |error| {
                    let (line, column) = error.pos;
                    format!(
                        "{} (at {line}:{} of the expression)",
                        safe_text(&error.msg),
                        column + 1
                    )
                },
            )
        })?;
        guard(&mut expression, VARIABLES)?;
        Ok(Self(expression))
    }

    /// Its value as a truth.
    pub(super) fn is_true(&self, context: &Context<'_, '_>) -> Result<bool, Miss> {
        let value = Value::resolve_val(&self.0, context).map_err(missed)?;
        value
            .downcast_ref::<CelBool>()
            .map(|truth| *truth.inner())
            .ok_or_else(|| Miss::Wrong("it is neither true nor false".to_owned()))
    }

    /// Its value as text: words as they are, lists with commas, the rest as JSON.
    pub(super) fn shown(&self, context: &Context<'_, '_>) -> Result<String, Miss> {
        let value = Value::resolve_val(&self.0, context).map_err(missed)?;
        let text = match value.downcast_ref::<CelList<'_>>() {
            Some(list) => {
                let items: Vec<String> = list.inner().iter().map(|item| shown(&**item)).collect();
                items.join(", ")
            }
            None => shown(value.as_ref()),
        };
        Ok(shortened(&text, SHOWN))
    }

    /// Its value as JSON.
    pub(super) fn json(&self, context: &Context<'_, '_>) -> Result<serde_json::Value, Miss> {
        let value = Value::resolve_val(&self.0, context).map_err(missed)?;
        Ok(json_of(value.as_ref()))
    }
}

/// How many characters, outside of strings, nest an expression.
fn operators_in(text: &str) -> usize {
    let mut quote = None;
    let mut is_escaped = false;
    let mut count = 0;
    for letter in text.chars() {
        match quote {
            Some(_) if is_escaped => is_escaped = false,
            Some(_) if letter == '\\' => is_escaped = true,
            Some(open) if letter == open => quote = None,
            Some(_) => {}
            None if letter == '"' || letter == '\'' => quote = Some(letter),
            None => count += usize::from(letter.is_ascii_punctuation() && letter != '_'),
        }
    }
    count
}

/// Why an expression has no value. Where the evaluator's words show values, ours do not: those of maps stand in another
/// order every time.
fn missed(error: ExecutionError) -> Miss {
    use ExecutionError as E;
    let words = match error {
        E::NoSuchKey(_) | E::IndexOutOfBounds(_) => return Miss::NoField,
        E::UnsupportedBinaryOperator(operator, _, _) => {
            format!("operator `{operator}` does not take values of these types")
        }
        E::Overflow(operator, _, _) => format!("operator `{operator}` overflows"),
        E::NotSupportedAsMethod { method, .. } => {
            format!("`{method}` does not take a value of this type")
        }
        E::UnsupportedTargetType { .. } => "a value of this type is not taken".to_owned(),
        E::ValuesNotComparable(_, _) => "values of these types cannot be compared".to_owned(),
        E::UnsupportedKeyType(_) | E::UnsupportedIndex(_, _) => {
            "a value of this type is no key or index".to_owned()
        }
        other => shortened(&safe_text(&other.to_string()), 160),
    };
    Miss::Wrong(words)
}

fn shown(value: &dyn Val) -> String {
    match json_of(value) {
        serde_json::Value::String(text) => text,
        json => json.to_string(),
    }
}

fn json_of(value: &dyn Val) -> serde_json::Value {
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        text.inner().into()
    } else if let Some(truth) = value.downcast_ref::<CelBool>() {
        (*truth.inner()).into()
    } else if let Some(whole) = value.downcast_ref::<CelInt>() {
        (*whole.inner()).into()
    } else if let Some(large) = value.downcast_ref::<CelUInt>() {
        (*large.inner()).into()
    } else if let Some(number) = value.downcast_ref::<CelDouble>() {
        (*number.inner()).into()
    } else if let Some(fields) = value.downcast_ref::<Mapping>() {
        fields
            .fields()
            .map(|(name, value)| (name.to_owned(), json_of(value)))
            .collect()
    } else if let Some(list) = value.downcast_ref::<CelList<'_>>() {
        list.inner().iter().map(|item| json_of(&**item)).collect()
    } else if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        let mut fields: Vec<(String, serde_json::Value)> = map
            .inner()
            .iter()
            .map(|(key, value)| (shown(key.inner()), json_of(&**value)))
            .collect();
        fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        fields.into_iter().collect()
    } else if value.downcast_ref::<CelNull>().is_some() {
        serde_json::Value::Null
    } else {
        value.get_type().name().into()
    }
}
