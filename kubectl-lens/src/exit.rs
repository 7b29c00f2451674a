//! What the process says when it ends.

use std::process::ExitCode;

use kubelens_core::settling::Outcome;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// The question was answered, and nothing reached what `--fail-on` names.
    Answered,
    /// The question was answered, and a cause is at or above `--fail-on`.
    FailOnReached,
    /// The question could not be answered: no cluster, a bad flag, a file that cannot be read.
    NotAnswered,
    /// The user pressed Ctrl-C.
    Interrupted,
    /// `settle` looked, and this is what it saw.
    Judged(Outcome),
    /// `settle` could not look: a bad flag, no connection.
    NotRun,
}

impl ExitStatus {
    /// The number that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Answered => 0,
            Self::FailOnReached => 1,
            Self::NotAnswered => 2,
            // 128 + SIGINT, as shells count.
            Self::Interrupted => 130,
            Self::Judged(outcome) => outcome.exit_status(),
            Self::NotRun => 5,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

#[cfg(test)]
mod tests {
    use super::{ExitStatus, Outcome};

    #[test]
    fn statuses_are_the_documented_numbers() {
        assert_eq!(ExitStatus::Answered.code(), 0);
        assert_eq!(ExitStatus::FailOnReached.code(), 1);
        assert_eq!(ExitStatus::NotAnswered.code(), 2);
        assert_eq!(ExitStatus::Interrupted.code(), 130);
        assert_eq!(ExitStatus::Judged(Outcome::Settled).code(), 0);
        assert_eq!(ExitStatus::Judged(Outcome::Failed).code(), 1);
        assert_eq!(ExitStatus::Judged(Outcome::Progressing).code(), 2);
        assert_eq!(ExitStatus::Judged(Outcome::Forbidden).code(), 3);
        assert_eq!(ExitStatus::Judged(Outcome::Absent).code(), 4);
        assert_eq!(ExitStatus::NotRun.code(), 5);
    }
}
