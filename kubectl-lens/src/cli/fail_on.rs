use std::str::FromStr;

use kubelens_core::model::Severity;

/// What makes the exit status 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailOn {
    /// A cause at least this bad.
    Any(Severity),
    /// A cause at least this bad that the baseline does not have.
    New(Severity),
    /// Something that should have been read and was not.
    Unknown,
}

impl FromStr for FailOn {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let wrong = |_| {
            format!(
                "`{word}` is none of critical, warning, info, new:critical, new:warning, new:info, unknown"
            )
        };
        match word.split_once(':') {
            None if word.eq_ignore_ascii_case("unknown") => Ok(Self::Unknown),
            None => word.parse().map(Self::Any).map_err(wrong),
            Some((new, severity)) if new.eq_ignore_ascii_case("new") => {
                severity.parse().map(Self::New).map_err(wrong)
            }
            Some(_) => Err(wrong(String::new())),
        }
    }
}

#[cfg(test)]
mod tests {
    use kubelens_core::model::Severity;

    use super::FailOn;

    #[test]
    fn a_limit_is_a_severity_a_new_one_or_the_unknown() {
        assert_eq!("warning".parse(), Ok(FailOn::Any(Severity::Warning)));
        assert_eq!("new:critical".parse(), Ok(FailOn::New(Severity::Critical)));
        assert_eq!("unknown".parse(), Ok(FailOn::Unknown));
        for word in ["", "new", "new:", "old:warning", "new:unknown"] {
            assert!(word.parse::<FailOn>().is_err(), "{word}");
        }
    }
}
