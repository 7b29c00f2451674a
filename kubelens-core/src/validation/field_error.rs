//! Where in an object what is wrong.

use std::fmt;

use crate::model::{FieldError, safe_text, shortened};

/// The way to a field.
#[derive(Debug, Clone, Default)]
pub(super) struct Path(String);

impl Path {
    pub(super) fn field(&self, name: &str) -> Self {
        if self.0.is_empty() {
            Self(name.to_owned())
        } else {
            Self(format!("{}.{name}", self.0))
        }
    }

    /// A field below a field: `spec.template`.
    pub(super) fn of(names: &[&str]) -> Self {
        Self(names.join("."))
    }

    pub(super) fn at(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    pub(super) fn key(&self, key: &str) -> Self {
        Self(format!("{}[{key}]", self.0))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Most errors of one object that are told: whoever mends them asks again.
const MOST: usize = 20;

/// Longest path and longest message, in characters.
const LONGEST: usize = 300;

/// What is found in one object.
#[derive(Debug, Default)]
pub(super) struct Errors(Vec<FieldError>);

impl Errors {
    fn add(&mut self, path: &Path, message: String) {
        self.put(path, message, false);
    }

    fn put(&mut self, path: &Path, message: String, is_unknown_field: bool) {
        if self.0.len() < MOST {
            // Both hold what a stranger may have written.
            self.0.push(FieldError {
                path: shortened(&safe_text(&path.to_string()), LONGEST),
                message: shortened(&safe_text(&message), LONGEST),
                is_unknown_field,
            });
        }
    }

    pub(super) fn unknown_field(&mut self, path: &Path, hint: Option<&str>) {
        let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        self.put(path, format!("unknown field{hint}"), true);
    }

    /// The value cannot be read as what the API wants there.
    pub(super) fn unreadable(&mut self, path: &Path, words: &str) {
        self.add(path, words.to_owned());
    }

    pub(super) fn required(&mut self, path: &Path, why: &str) {
        let colon = if why.is_empty() { "" } else { ": " };
        self.add(path, format!("Required value{colon}{why}"));
    }

    pub(super) fn invalid(&mut self, path: &Path, value: impl fmt::Display, why: &str) {
        self.add(path, format!("Invalid value: \"{value}\": {why}"));
    }

    pub(super) fn duplicate(&mut self, path: &Path, value: impl fmt::Display) {
        self.add(path, format!("Duplicate value: \"{value}\""));
    }

    pub(super) fn not_found(&mut self, path: &Path, value: &str, hint: Option<&str>) {
        let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        self.add(path, format!("Not found: \"{value}\"{hint}"));
    }

    pub(super) fn forbidden(&mut self, path: &Path, why: &str) {
        self.add(path, format!("Forbidden: {why}"));
    }

    /// The value is not one of those that the API knows.
    pub(super) fn supported(&mut self, path: &Path, value: Option<&String>, known: &[&str]) {
        if let Some(value) = value
            && !known.contains(&value.as_str())
        {
            let known: Vec<String> = known.iter().map(|one| format!("\"{one}\"")).collect();
            let known = known.join(", ");
            self.add(
                path,
                format!("Unsupported value: \"{value}\": supported values: {known}"),
            );
        }
    }

    /// A number that must not be below another one.
    pub(super) fn at_least<N: PartialOrd + fmt::Display>(
        &mut self,
        path: &Path,
        value: Option<N>,
        least: N,
    ) {
        if let Some(value) = value
            && value < least
        {
            let why = format!("must be greater than or equal to {least}");
            self.invalid(path, value, &why);
        }
    }

    pub(super) fn port(&mut self, path: &Path, port: i32) {
        if !(1..=65535).contains(&port) {
            self.invalid(path, port, "must be between 1 and 65535, inclusive");
        }
    }

    pub(super) fn into_vec(self) -> Vec<FieldError> {
        self.0
    }
}
