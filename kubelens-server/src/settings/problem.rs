use std::fmt;

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting.
    pub setting: String,
    /// What is wrong and what would be right; it never holds a secret.
    pub text: String,
}

/// Everything that is wrong; the server does not start, and ends with exit code 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let things = if count == 1 { "thing is" } else { "things are" };
        write!(out, "{count} {things} wrong with the settings:")?;
        for Problem { setting, text } in &self.0 {
            write!(out, "\n  {setting}: {text}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
