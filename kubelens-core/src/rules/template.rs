use cel::Context;

use super::expression::{Expression, Miss};

/// What stands in place of a field that is not there.
const NOT_SET: &str = "(not set)";

/// Text with values in it: `{{ object.metadata.name }} has no owner`.
#[derive(Debug)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug)]
enum Part {
    Words(String),
    Value(Expression),
}

impl Template {
    /// Reads a template, or says in one line what is wrong with it.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text.trim();
        while let Some((words, behind)) = rest.split_once("{{") {
            let (expression, further) = behind
                .split_once("}}")
                .ok_or("`{{` is not closed by `}}`")?;
            parts.push(Part::Words(words.to_owned()));
            parts.push(Part::Value(Expression::new(expression.trim())?));
            rest = further;
        }
        parts.push(Part::Words(rest.to_owned()));
        Ok(Self(parts))
    }

    /// The text over these values.
    pub(super) fn fill(&self, context: &Context<'_, '_>) -> Result<String, Miss> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Words(words) => text.push_str(words),
                Part::Value(expression) => match expression.shown(context) {
                    Ok(value) => text.push_str(&value),
                    Err(Miss::NoField) => text.push_str(NOT_SET),
                    Err(wrong) => return Err(wrong),
                },
            }
        }
        Ok(text)
    }
}
