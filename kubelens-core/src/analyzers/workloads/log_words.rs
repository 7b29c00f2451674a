//! What a line of a log says, without what stands around its words.

use crate::analyzers::pattern::Pattern;
use crate::model::gist;

/// The time and level before the words of a line.
static FRONT: Pattern = Pattern::new(
    r"^([IWEF]\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ [\w.-]+:\d+\] |\d+:[A-Z] (?:\d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d+|\d{4}-\d\d-\d\dT\S+) [#*.-] |\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d[\w.,:+-]*\]?\s+(?:UTC )?(?:\[\d+\] )?(?:(?:ERROR|WARN|FATAL)\s+\[[\w.$]+\]\s+\([^)]{1,60}\)\s+|\[[A-Z]+\]\[\d+\] [\w./-]+ \d+: )?|\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d,\d+\]\[\w+\s*\]\[[^\]]+\]\s*(?:\[[\w.-]+\]\s*)?)",
);

/// What a structured line says: the header of klog, the fields of logfmt and of JSON around its message.
/// Group 1 is the words of an error, 2 and 3 those of a message.
static MESSAGES: [Pattern; 4] = [
    Pattern::new(r"^[EFWI]\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ [\w./-]+:\d+\] (.+)$"),
    Pattern::new(
        r#"(?:^|\s)(?:time|ts|level)=\S.*?\smsg="((?:[^"\\]|\\.)+)"(?:\s+(?:subsys|component|module|logger|caller|source|file|func|pid|host)=\S+)*\s*$"#,
    ),
    Pattern::new(r#"^\{.*"(?:error|err|error\.message)":\s*"((?:[^"\\]|\\.)+)".*\}$"#),
    Pattern::new(r#"^\{.*"(?:message|msg)":\s*"((?:[^"\\]|\\.)+)".*\}$"#),
];

/// The words of the message of a structured line.
pub(super) fn message_of(line: &str) -> Option<&str> {
    MESSAGES
        .iter()
        .find_map(|pattern| Some(pattern.captures(line)?.get(1)?.as_str()))
}

/// The words of a line without its time and what else stands before them.
pub(super) fn said(line: &str) -> &str {
    let line = line.trim();
    message_of(line).unwrap_or_else(|| {
        let front = FRONT.first(line).map_or(0, str::len);
        line.get(front..).unwrap_or(line)
    })
}

/// A text of a log without its time, short enough for a title.
pub(in crate::analyzers) fn short(text: &str) -> String {
    const MOST: usize = 160;
    let text = said(text);
    // The breaks of a text that stands in one line of JSON, and the margin of one that stands in many.
    let text = &text.trim_start_matches(['|', '*', ' ']).replace("\\n", " ");
    gist(text, MOST)
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn a_title_quotes_what_a_structured_line_says() {
        for (line, said) in [
            (
                "E0708 21:09:47.401299       1 main.go:173] error starting plugins: nvml init failed",
                "error starting plugins: nvml init failed",
            ),
            (
                r#"time="2026-07-15T08:40:09Z" level=error msg="no script \"/x.js\"""#,
                r#"no script \"/x.js\""#,
            ),
            (
                r#"{"level":"error","ts":"2026-06-30T13:47:54Z","msg":"problem","error":"leader election lost"}"#,
                "leader election lost",
            ),
            (
                "2026/01/01 12:00:00 cannot open the store",
                "cannot open the store",
            ),
            ("KeyError: 'DSN'", "KeyError: 'DSN'"),
        ] {
            assert_eq!(short(line), said);
        }
    }

    #[test]
    fn a_title_quotes_the_words_and_not_the_time() {
        assert_eq!(
            short("2026-01-01 11:57:02.123 UTC [7] FATAL:  no"),
            "FATAL:  no"
        );
        assert_eq!(
            short("2026/01/01 11:57:02 [emerg] 1#1: no"),
            "[emerg] 1#1: no"
        );
        assert_eq!(
            short("F0819 11:26:58.120044       1 adapter.go:341] unable to load"),
            "unable to load"
        );
        assert_eq!(
            short("1:M 02 Jan 2026 03:04:05.123 # Bad file format"),
            "Bad file format"
        );
        assert_eq!(
            short("[2026-01-02T03:04:05,000][WARN ][o.e.c.Monitor] [es-0] flood stage"),
            "flood stage"
        );
        assert_eq!(
            short("2026-01-02 03:04:05,000 ERROR [org.acme.Handler] (main) no hostname"),
            "no hostname"
        );
        assert_eq!(
            short("2026-01-01 11:57:01.300 [WARNING][9] startup/startup.go 1005: in use"),
            "in use"
        );
        assert_eq!(short("2 errors"), "2 errors");
    }
}
