//! How grave a log line says it is.

use super::pattern::Pattern;

/// How grave a line is, by its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LogLevel {
    /// Trace and debug.
    Debug,
    /// Information.
    Info,
    /// A warning.
    Warning,
    /// An error, or a line that names no level.
    Error,
    /// The program gives up.
    Fatal,
}

/// How many characters of a line are looked at; the level stands at its front.
const FRONT: usize = 160;

/// `I0102 15:04:05.000000`, as klog and glog write.
static KLOG: Pattern = Pattern::new(r"^([IWEF])\d{4} \d\d:");

/// `"level":"error"`, `level=error`, `severity: ERROR`, `"level":50`.
static FIELD: Pattern = Pattern::new(
    r#"(?i)"?\b(?:level|lvl|severity|loglevel|log\.level)"?\s*[:=]\s*"?([a-z]+|\d0)\b"#,
);

/// `error: …`, `panic: …` at the start of the line.
static FIRST: Pattern = Pattern::new(
    r"(?i)^\W*(trace|debug|info|notice|warn(?:ing)?|err(?:or)?|severe|fatal(?: error)?|panic|critical)\b\s*:",
);

/// `ERROR`, `[error]`, `<warn>` where a level stands.
static WORD: Pattern = Pattern::new(
    r"(?:^|[\s|\]:])(?:\[\s*|<)?(TRACE|DEBUG|INFO|NOTICE|LOG|WARN|WARNING|ERROR|ERR|SEVERE|CRIT|CRITICAL|ALERT|EMERG|FATAL|PANIC)(?:\s*\]|>)?(?:[\s|:\[]|$)|\[(Note|Warning|trace|debug|info|notice|warn|warning|error|crit|alert|emerg|fatal)\]",
);

impl LogLevel {
    /// The level of a line: klog's letter, a `level` field, a word where levels stand. A line that
    /// names none counts as an error: programs print their last words plainly.
    pub(crate) fn of(line: &str) -> Self {
        Self::told(line).unwrap_or(Self::Error)
    }

    /// The level that a line names; none where it names none.
    pub(crate) fn told(line: &str) -> Option<Self> {
        let end = line
            .char_indices()
            .nth(FRONT)
            .map_or(line.len(), |(end, _)| end);
        let front = line.get(..end).unwrap_or(line);
        [&KLOG, &FIELD, &FIRST, &WORD]
            .iter()
            .find_map(|grammar| grammar.first(front))
            .map(Self::named)
    }

    fn named(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "trace" | "debug" | "10" | "20" => Self::Debug,
            "i" | "info" | "information" | "notice" | "note" | "log" | "30" => Self::Info,
            "w" | "warn" | "warning" | "40" => Self::Warning,
            "f" | "fatal" | "fatal error" | "panic" | "dpanic" | "crit" | "critical" | "alert"
            | "emerg" | "60" => Self::Fatal,
            _ => Self::Error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LogLevel::{self, Debug, Error, Fatal, Info, Warning};

    #[test]
    fn levels_are_read_where_programs_put_them() {
        for (line, level) in [
            ("F1123 19:00:01.000000       1 main.go:21] no config", Fatal),
            (
                "W1123 19:00:01.000000       1 reflector.go:5] retry",
                Warning,
            ),
            (
                r#"{"time":"2026","level":"info","msg":"error count 0"}"#,
                Info,
            ),
            (r#"{"level":50,"msg":"x"}"#, Error),
            (
                "time=\"2026\" level=debug msg=\"connection refused\"",
                Debug,
            ),
            ("panic: runtime error: index out of range", Fatal),
            (
                "2026/01/01 12:00:00 [emerg] 1#1: unknown directive \"x\"",
                Fatal,
            ),
            (
                "2026-01-01 12:00:00.1 UTC [1] FATAL:  database \"x\" does not exist",
                Fatal,
            ),
            (
                "2026-01-01 12:00:00,100 WARN  [main] c.e.App - retry",
                Warning,
            ),
            (
                "2026-01-01T12:00:00.1Z 7 [Note] [MY-010914] [Server] Got an error reading communication packets",
                Info,
            ),
            (
                "[2026-01-01 12:00:00 +0000] [7] [ERROR] Worker failed",
                Error,
            ),
            ("flag provided but not defined: -x", Error),
            ("an ordinary line about information", Error),
        ] {
            assert_eq!(LogLevel::of(line), level, "{line}");
        }
    }
}
