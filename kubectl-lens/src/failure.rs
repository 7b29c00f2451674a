//! What is told when a question cannot be answered.

use std::fmt;

/// Why there is no answer, in one line, what led to it, and a way out.
#[derive(Debug)]
pub(crate) struct Failure {
    error: anyhow::Error,
    way_out: Option<String>,
}

impl Failure {
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self {
            error: anyhow::anyhow!("{message}"),
            way_out: None,
        }
    }

    /// What failed and why, in one line.
    pub(crate) fn in_short(&self) -> String {
        let mut told = self.error.to_string();
        for cause in self.error.chain().skip(1).map(ToString::to_string) {
            if !told.contains(&cause) {
                told = format!("{told}: {cause}");
            }
        }
        told.replace('\n', " ")
    }

    /// The same failure with the place of what is wrong in front.
    pub(crate) fn at(mut self, place: &str) -> Self {
        let told = format!("{place}: {}", self.error);
        self.error = self.error.context(told);
        self
    }

    /// The same failure with what to do about it.
    pub(crate) fn way_out(mut self, way_out: impl Into<String>) -> Self {
        self.way_out = Some(way_out.into()).filter(|text| !text.is_empty());
        self
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            error: error.into(),
            way_out: None,
        }
    }
}

impl fmt::Display for Failure {
    /// `error: …`, a line for each cause that says something new, and the way out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.error)?;
        let mut told = self.error.to_string();
        for cause in self.error.chain().skip(1).map(ToString::to_string) {
            if !told.contains(&cause) {
                write!(f, "\n  because: {cause}")?;
            }
            told = cause;
        }
        if let Some(way_out) = &self.way_out {
            write!(f, "\n  try: {way_out}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::Failure;

    #[test]
    fn a_failure_tells_the_step_the_cause_and_the_way_out() {
        let io = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        let failure: Failure = Err::<(), _>(io)
            .context("cannot read dump.yaml")
            .expect_err("an error")
            .into();
        assert_eq!(
            failure.way_out("check the path").to_string(),
            "error: cannot read dump.yaml\n  because: no such file\n  try: check the path"
        );
    }

    #[test]
    fn a_cause_that_was_told_already_is_not_told_again() {
        let failure: Failure = anyhow::anyhow!("no such file")
            .context("cannot read x: no such file")
            .into();
        assert_eq!(failure.to_string(), "error: cannot read x: no such file");
    }
}
