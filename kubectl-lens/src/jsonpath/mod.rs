//! kubectl's dialect of JSONPath: parse a template once, print any JSON value through it.
//!
//! The dialect is not the JSONPath of the RFC: text outside braces is literal, `range … end` loops,
//! `$` and `@` both mean the value at hand, `['a.b']` is the path `.a.b`. Where kubectl stops with
//! an error over two kinds of numbers or over a null, this one compares them; everything else is
//! the same, and a test runs both side by side.

mod bracket;
mod compare;
mod cursor;
mod evaluate;
mod filter;
mod literal;
mod parse;
mod print;
mod step;
#[cfg(test)]
mod tests;

use serde_json::Value;

use step::{Part, Step};

/// A parsed template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

/// What is wrong with a template, or with a value that it was used on, and where in the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonPathError {
    /// Which character, counted from 0.
    at: usize,
    message: String,
}

impl JsonPathError {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }
}

impl std::fmt::Display for JsonPathError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "character {}: {}", self.at + 1, self.message)
    }
}

impl std::error::Error for JsonPathError {}

impl Template {
    /// Reads a whole template: `{.a}text{range .b[*]}{.c}{"\n"}{end}`.
    pub(crate) fn parse(text: &str) -> Result<Self, JsonPathError> {
        Ok(Self {
            parts: parse::template(text)?,
        })
    }

    /// What the template prints for `value`. Text that comes out of the value is made safe for a
    /// terminal; text of the template itself is printed as it is.
    pub(crate) fn print(&self, value: &Value) -> Result<String, JsonPathError> {
        let mut out = String::new();
        print::parts(&self.parts, value, &mut out)?;
        Ok(out)
    }
}

/// One expression without text around it, as in a column of `custom-columns`: `.a.b`, `a.b`
/// and `{.a.b}` are the same.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expression {
    steps: Vec<Step>,
}

impl Expression {
    /// Reads an expression, braces and the leading dot being optional.
    pub(crate) fn parse(text: &str) -> Result<Self, JsonPathError> {
        Ok(Self {
            steps: parse::expression(text)?,
        })
    }

    /// The texts that the expression finds in `value`; null and nothing give none.
    pub(crate) fn texts(&self, value: &Value) -> Result<Vec<String>, JsonPathError> {
        let found = evaluate::steps(&self.steps, value)?;
        Ok(found
            .iter()
            .filter(|item| !item.is_null())
            .map(|item| print::text_of(item))
            .collect())
    }
}
