use crate::model::Placed;

/// What is wrong with a document, in one line: `kubelens.yaml:3:5: unknown key `trashold`; did you mean thresholds?`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{place}:{line}:{column}: {words}{hint}")]
pub struct Problem {
    /// The document's file.
    pub place: String,
    /// The line, from 1.
    pub line: u64,
    /// The column, from 1.
    pub column: u64,
    /// What is wrong.
    pub words: String,
    /// What to do about it, behind a semicolon; empty where that is clear.
    pub hint: String,
}

impl Problem {
    /// A problem with a value.
    pub fn with<T>(place: &str, value: &Placed<T>, words: impl Into<String>) -> Self {
        Self {
            place: place.to_owned(),
            line: value.line.max(1),
            column: value.column.max(1),
            words: words.into(),
            hint: String::new(),
        }
    }

    /// The same with the way out.
    #[must_use]
    pub fn hint(mut self, hint: &str) -> Self {
        self.hint = if hint.is_empty() {
            String::new()
        } else {
            format!("; {hint}")
        };
        self
    }
}
