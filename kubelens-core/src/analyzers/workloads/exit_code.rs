//! What exit codes mean, in words.

use crate::kubernetes::{ContainerView, Object, Pod, Terminated};
use crate::model::Evidence;

/// The signals whose names an operator knows, by number.
const SIGNALS: [(i64, &str, &str); 12] = [
    (1, "SIGHUP", "hung up"),
    (2, "SIGINT", "interrupted"),
    (3, "SIGQUIT", "quit"),
    (
        4,
        "SIGILL",
        "illegal instruction: the processor lacks a feature, or the program is damaged",
    ),
    (5, "SIGTRAP", "trace trap"),
    (6, "SIGABRT", "the program aborted itself"),
    (7, "SIGBUS", "bus error"),
    (8, "SIGFPE", "arithmetic error"),
    (9, "SIGKILL", "killed from outside"),
    (
        11,
        "SIGSEGV",
        "segmentation fault: access to memory that is not its own",
    ),
    (13, "SIGPIPE", "wrote to a closed connection"),
    (15, "SIGTERM", "asked to stop"),
];

/// The exit code of a container's last end, as proof.
pub(super) fn as_evidence(pod: &Pod, container: &ContainerView<'_>, end: &Terminated) -> Evidence {
    let path = container.last_end_path("exitCode");
    Evidence::field(pod.reference(), &path, end.exit_code).at(end.finished_at)
}

/// The signal that ended the run: as the runtime says it, else by the shell's 128 + n.
pub(super) fn signal_of(end: &Terminated) -> Option<i64> {
    end.signal.filter(|signal| *signal > 0).or_else(|| {
        (129..=192)
            .contains(&end.exit_code)
            .then(|| end.exit_code - 128)
    })
}

/// The name of a signal: `SIGKILL`.
pub(super) fn signal_name(signal: i64) -> String {
    known(signal).map_or_else(|| format!("signal {signal}"), |(name, _)| name.to_owned())
}

/// What a signal means, where that is more than its name.
pub(super) fn signal_meaning(signal: i64) -> Option<&'static str> {
    known(signal).map(|(_, meaning)| meaning)
}

/// An end in words: `exit code 137 (SIGKILL)`, `exit code 127 (command not found)`.
pub(super) fn in_words(end: &Terminated) -> String {
    let code = end.exit_code;
    let word = match (code, signal_of(end)) {
        _ if end.reason == "OOMKilled" => Some("OOMKilled".to_owned()),
        (0, None) => Some("Completed".to_owned()),
        (126, _) => Some("command cannot be executed".to_owned()),
        (127, _) => Some("command not found".to_owned()),
        (_, Some(signal)) => Some(signal_name(signal)),
        _ => None,
    };
    word.map_or_else(
        || format!("exit code {code}"),
        |word| format!("exit code {code} ({word})"),
    )
}

fn known(signal: i64) -> Option<(&'static str, &'static str)> {
    SIGNALS
        .iter()
        .find(|(number, _, _)| *number == signal)
        .map(|(_, name, meaning)| (*name, *meaning))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(exit_code: i64, reason: &str) -> Terminated {
        Terminated {
            exit_code,
            reason: reason.into(),
            ..Terminated::default()
        }
    }

    #[test]
    fn exit_codes_are_said_in_words() {
        let cases = [
            (end(1, "Error"), "exit code 1"),
            (end(0, "Completed"), "exit code 0 (Completed)"),
            (
                end(126, "Error"),
                "exit code 126 (command cannot be executed)",
            ),
            (end(127, "Error"), "exit code 127 (command not found)"),
            (end(137, "Error"), "exit code 137 (SIGKILL)"),
            (end(137, "OOMKilled"), "exit code 137 (OOMKilled)"),
            (end(139, "Error"), "exit code 139 (SIGSEGV)"),
            (end(255, "Error"), "exit code 255"),
        ];
        for (end, words) in cases {
            assert_eq!(in_words(&end), words);
        }
    }

    #[test]
    fn the_runtimes_own_signal_comes_before_the_shells_code() {
        let end = Terminated {
            signal: Some(11),
            ..end(1, "Error")
        };
        assert_eq!(signal_of(&end), Some(11));
    }
}
