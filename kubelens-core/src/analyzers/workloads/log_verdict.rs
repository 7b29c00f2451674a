//! Which line of a run decides: of all that it wrote, the words that say why it failed.

use super::log_error_rate_rise;
use super::log_signature::{ALL, Weight};
use super::log_words::{message_of, said};
use crate::analyzers::log_level::LogLevel;
use crate::analyzers::log_lines::Run;
use crate::analyzers::pattern::Pattern;

/// The signature whose words decide in a run, and where they stand. Graver lines decide before
/// others, telling words before vague ones; of equals the last, which stands nearest to the end.
pub(super) fn verdict(run: &Run<'_>) -> Option<(&'static str, Vec<usize>)> {
    let mut best: Option<(u8, &'static str)> = None;
    let mut claimed: Vec<(usize, u8, &'static str)> = Vec::new();
    for (at, line) in run.lines.iter().enumerate() {
        let Some(signature) = ALL.iter().find(|signature| signature.words.is_in(line)) else {
            continue;
        };
        if run.was_out_of_memory && signature.code != "WRK109" {
            continue;
        }
        let Some(score) = score(signature.weight, level(line, run), run) else {
            continue;
        };
        claimed.push((at, score, signature.code));
        if best.is_none_or(|(known, _)| score >= known) {
            best = Some((score, signature.code));
        }
    }
    let (score, code) = best?;
    let mut places: Vec<usize> = claimed
        .iter()
        .filter(|(_, known, owner)| *known == score && *owner == code)
        .map(|(at, _, _)| *at)
        .collect();
    // Of many tries the first one stands nearest to what set them off; of any errors, the first of
    // those that the run ended with, unless a later one of them names its reason itself.
    if matches!(code, "WRK124") {
        places = last_series(&places);
        let names_reason = |at: &usize| run.lines.get(*at).is_some_and(|line| is_chain(line));
        if let Some(first) = places.iter().position(names_reason) {
            places.drain(..first);
        }
        let mut before = warned_before(run, &places);
        before.extend(summed_up(run, &places));
        before.extend(places);
        places = before;
    }
    Some((code, places))
}

/// Words of a failure that a line passes on under a level of its own: `LOG server login failed: FATAL ...`.
static PASSED_ON: Pattern = Pattern::new(r"\b(?:FATAL|ERROR|PANIC)\b|(?i)\bfail(?:ed|ure)\b");

/// How grave a line is to the run that wrote it. Of a program that gave up, a failure that it passed on as information
/// says more than that it gave up.
fn level(line: &str, run: &Run<'_>) -> LogLevel {
    match LogLevel::of(line) {
        LogLevel::Info if run.has_crashed() && PASSED_ON.is_in(line) => LogLevel::Warning,
        level => level,
    }
}

/// Whether a line is a chain of errors, each of which says what failed and then why: `error starting: cannot open: no X`.
fn is_chain(line: &str) -> bool {
    let said = message_of(line).unwrap_or(line);
    said.matches(": ").count() >= 2 && log_error_rate_rise::SIGNATURE.words.is_in(said)
}

/// A line that says only that the program gives up: `Calico node failed to start`, `Terminating`.
static GIVES_UP: Pattern = Pattern::new(
    r"(?i)^\W*(?:(?:error|fatal)\W+)?(?:[\w./-]+ ){0,5}?(?:failed to (?:start|initiali[sz]e|run)|(?:start-?up|initiali[sz]ation|setup|boot) failed|could not (?:start|be started)|cannot start|did not start|terminat(?:ing|ed)|exit(?:ing|ed)|abort(?:ing|ed)|shutting down|giving up|going down|stopp(?:ing|ed)|(?:a )?fatal error(?: occurred)?)(?: (?:now|process|server|application|with (?:code|status) \d+))?\W*$",
);

/// A line that says only that there are errors, which stand before it under any level.
static SUMS_UP: Pattern = Pattern::new(
    r"(?i)\b(?:contains?|has|have|had|found) (?:\d+ |some |the following )?(?:fatal )?errors?\b\W*$|\berrors? (?:were )?(?:found|above|encountered)\b\W*$|\bsee (?:the )?(?:log|messages?|errors?|output) (?:above|before)",
);

/// What is wrong with a line of a configuration.
static FAULT: Pattern = Pattern::new(
    r"(?i)unrecogni[sz]ed|unknown|unexpected|invalid|not valid|illegal|bad value|syntax error|out(?:side)? (?:of )?(?:the valid )?range|duplicate|not (?:supported|allowed|recogni[sz]ed)|missing|must be|requires? ",
);

/// How many lines before a sum the faults are looked for.
const SUMMED_UP: usize = 5;

/// The lines before a sum that say what is wrong, where all that decides is a sum.
fn summed_up(run: &Run<'_>, places: &[usize]) -> Vec<usize> {
    let line = |at: usize| run.lines.get(at).copied().unwrap_or_default();
    let all_sum_up = places.iter().all(|at| SUMS_UP.is_in(said(line(*at))));
    let Some(first) = places.first().copied().filter(|_| all_sum_up) else {
        return Vec::new();
    };
    (first.saturating_sub(SUMMED_UP)..first)
        .filter(|at| FAULT.is_in(line(*at)) && !OLD_NEWS.is_in(line(*at)))
        .collect()
}

/// News that a program gives at every start.
static OLD_NEWS: Pattern = Pattern::new(r"(?i)deprecat|will be removed");

/// How far before the giving up the reason is looked for.
const FAR_BEFORE: usize = 20;

/// The warnings that stand together before errors which only say that the program gives up: what it could not live with
/// was only a warning to whoever wrote it.
fn warned_before(run: &Run<'_>, places: &[usize]) -> Vec<usize> {
    let line = |at: usize| run.lines.get(at).copied().unwrap_or_default();
    let gives_up = |at: usize| GIVES_UP.is_in(said(line(at)));
    let Some(first) = places.first().copied() else {
        return Vec::new();
    };
    if !places.iter().all(|at| gives_up(*at)) {
        return Vec::new();
    }
    let warnings: Vec<usize> = (first.saturating_sub(FAR_BEFORE)..first)
        .filter(|at| LogLevel::told(line(*at)) >= Some(LogLevel::Warning))
        .filter(|at| !gives_up(*at) && !OLD_NEWS.is_in(line(*at)))
        .collect();
    last_series(&warnings)
}

/// Most errors that are taken to belong together at the end of a run.
const LONGEST_SERIES: usize = 5;

/// The errors that stand together at the end: what goes wrong is said first, and that the program
/// gives up ("aborting", "exiting", "see the log") last.
fn last_series(places: &[usize]) -> Vec<usize> {
    let mut series: Vec<usize> = Vec::new();
    for at in places.iter().rev().take(LONGEST_SERIES) {
        if series.last().is_some_and(|next| next - at > 2) {
            break;
        }
        series.push(*at);
    }
    series.reverse();
    series
}

fn score(weight: Weight, level: LogLevel, run: &Run<'_>) -> Option<u8> {
    Some(match (weight, level) {
        (_, LogLevel::Debug) => return None,
        (Weight::Telling, LogLevel::Fatal) => 100,
        (Weight::Telling, LogLevel::Error) => 90,
        (Weight::Vague, LogLevel::Fatal) => 85,
        (Weight::Vague, LogLevel::Error) => 80,
        (Weight::Last, LogLevel::Error | LogLevel::Fatal) => 70,
        (Weight::Telling, LogLevel::Warning) => 50,
        (Weight::Vague, LogLevel::Warning) => 45,
        (Weight::Any, LogLevel::Error | LogLevel::Fatal) if run.has_crashed() => 40,
        (Weight::Telling | Weight::Vague, LogLevel::Info) => 10,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::verdict;
    use crate::analyzers::log_lines::Run;

    fn code_of(lines: &[&'static str], exit_code: Option<i64>) -> Option<&'static str> {
        let run = Run {
            lines: lines.to_vec(),
            ended: None,
            exit_code,
            was_out_of_memory: false,
        };
        verdict(&run).map(|(code, _)| code)
    }

    #[test]
    fn each_line_belongs_to_one_condition() {
        for (line, code) in [
            (
                "dial tcp 10.1.2.3:5432: connect: connection refused",
                "WRK101",
            ),
            ("Error: connect ECONNREFUSED 10.0.0.1:5432", "WRK101"),
            (
                "dial tcp: lookup db on 10.96.0.10:53: no such host",
                "WRK102",
            ),
            (
                "dial tcp: lookup db on 10.96.0.10:53: read udp 10.1.1.1:3->10.96.0.10:53: i/o timeout",
                "WRK102",
            ),
            (
                "could not translate host name \"db\" to address: Temporary failure in name resolution",
                "WRK102",
            ),
            ("dial tcp 10.1.2.3:5432: i/o timeout", "WRK103"),
            (
                "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-01-01T00:00:00Z is after 2025-12-31T00:00:00Z",
                "WRK104",
            ),
            ("open /data/x: permission denied", "WRK105"),
            (
                "PermissionError: [Errno 13] Permission denied: '/data/x'",
                "WRK105",
            ),
            (
                "mkdir: cannot create directory '/var/run/x': Read-only file system",
                "WRK105",
            ),
            ("listen tcp :8080: bind: address already in use", "WRK106"),
            ("write /data/x: no space left on device", "WRK107"),
            ("accept tcp: too many open files", "WRK107"),
            ("java.lang.OutOfMemoryError: Java heap space", "WRK109"),
            (
                "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
                "WRK109",
            ),
            (
                "panic: runtime error: invalid memory address or nil pointer dereference",
                "WRK110",
            ),
            ("thread 'main' panicked at src/main.rs:3:5:", "WRK110"),
            (
                "ValueError: invalid literal for int() with base 10: 'x'",
                "WRK110",
            ),
            ("KeyError: 'DATABASE_URL'", "WRK112"),
            (
                "FATAL: environment variable DATABASE_URL is not set",
                "WRK112",
            ),
            ("fatal: SIGNING_KEY_ID must be set", "WRK112"),
            (
                "/entrypoint.sh: line 3: DB_HOST: unbound variable",
                "WRK112",
            ),
            (
                "Error: Missing required environment variable: API_TOKEN",
                "WRK112",
            ),
            (
                "FileNotFoundError: [Errno 2] No such file or directory: '/etc/app/config.yaml'",
                "WRK113",
            ),
            ("Error: Cannot find module 'express'", "WRK113"),
            (
                "pods is forbidden: User \"system:serviceaccount:shop:web\" cannot list resource \"pods\" in API group \"\" in the namespace \"shop\"",
                "WRK114",
            ),
            (
                "FATAL:  password authentication failed for user \"app\"",
                "WRK115",
            ),
            (
                "ERROR 1045 (28000): Access denied for user 'app'@'10.1.1.1' (using password: YES)",
                "WRK115",
            ),
            (
                "WRONGPASS invalid username-password pair or user is disabled.",
                "WRK115",
            ),
            ("flag provided but not defined: -enable-overspeed", "WRK117"),
            ("Error: unknown flag: --fast", "WRK117"),
            (
                "usage: app.py [-h]\napp.py: error: unrecognized arguments: --fast",
                "WRK117",
            ),
            (
                "/entrypoint.sh: line 12: syntax error: unexpected end of file",
                "WRK117",
            ),
            (
                "2026/01/01 12:00:00 [emerg] 1#1: unknown directive \"foo\" in /etc/nginx/nginx.conf:3",
                "WRK118",
            ),
            (
                "error: yaml: line 12: mapping values are not allowed in this context",
                "WRK118",
            ),
            (
                "ERROR:  relation \"orders\" does not exist at character 15",
                "WRK118",
            ),
            (
                "SyntaxError: /etc/app/log.json: Expected double-quoted property name in JSON at position 16",
                "WRK118",
            ),
            (
                "SyntaxError: Unexpected token } in JSON at position 4",
                "WRK118",
            ),
            ("SyntaxError: Unexpected identifier", "WRK117"),
            ("FATAL: sorry, too many clients already", "WRK123"),
            ("upstream answered 429 Too Many Requests", "WRK123"),
        ] {
            assert_eq!(code_of(&[line], Some(1)), Some(code), "{line}");
        }
    }

    #[test]
    fn what_names_the_fault_decides_over_what_says_that_there_is_one() {
        let lines = [
            "INFO starting",
            "WARN cache: connection refused, going on without",
            "Traceback (most recent call last):",
            "  File \"/app/main.py\", line 3, in <module>",
            "KeyError: 'DATABASE_URL'",
        ];
        assert_eq!(code_of(&lines, Some(1)), Some("WRK112"));
        let lines = [
            "ERROR dial tcp 10.0.0.1:1: connect: connection refused",
            "panic: cannot start",
        ];
        assert_eq!(code_of(&lines, Some(2)), Some("WRK101"));
    }

    #[test]
    fn a_failure_that_is_passed_on_says_more_than_the_giving_up() {
        let lines = [
            "LOG server login failed: FATAL password authentication failed for user \"app\"",
            "FATAL cannot login to db:5432, giving up",
        ];
        assert_eq!(code_of(&lines, Some(1)), Some("WRK115"));
        let lines = ["INFO login failed: invalid credentials of a visitor"];
        assert_eq!(code_of(&lines, None), Some("WRK115"));
    }

    #[test]
    fn an_ordinary_log_decides_nothing() {
        for line in [
            "INFO 0 errors, failover ready",
            "level=debug msg=\"connection refused\"",
            "GET /health 200 3ms",
            "Listening on 0.0.0.0:8080",
            "loaded config from /etc/app/config.yaml",
            "info: retry after timeout=30s",
        ] {
            assert_eq!(code_of(&[line], None), None, "{line}");
        }
    }

    #[test]
    fn the_first_of_the_errors_that_a_run_ended_with_decides() {
        let run = Run {
            lines: vec![
                "[ERROR] plugin x is not there, going on",
                "[Note] starting",
                "[Note] ready to recover",
                "[ERROR] Cannot open the dictionary of a later version",
                "[ERROR] Initialization failed.",
                "[ERROR] Aborting",
            ],
            ended: None,
            exit_code: Some(1),
            was_out_of_memory: false,
        };
        assert_eq!(verdict(&run), Some(("WRK124", vec![3, 4, 5])));
    }

    #[test]
    fn a_warning_decides_where_the_errors_only_say_that_the_program_gives_up() {
        let run = |lines: &[&'static str]| Run {
            lines: lines.to_vec(),
            ended: None,
            exit_code: Some(1),
            was_out_of_memory: false,
        };
        let told = run(&[
            "2026-01-01 11:57:01.100 [WARNING][9] startup/startup.go 12: the flag is deprecated",
            "2026-01-01 11:57:01.200 [INFO][9] startup/startup.go 576: will check for conflicts",
            "2026-01-01 11:57:01.300 [WARNING][9] startup/startup.go 1005: Calico node 'n1' is already using the IPv4 address 10.0.0.1.",
            "2026-01-01 11:57:01.400 [WARNING][9] startup/utils.go 48: Terminating",
            "Calico node failed to start",
        ]);
        assert_eq!(verdict(&told), Some(("WRK124", vec![2, 4])));
        // An error that says more is enough, and what says no level is no warning.
        let said = run(&["WARN: slow disk", "licence server failed to start: expired"]);
        assert_eq!(verdict(&said), Some(("WRK124", vec![1])));
        let plain = run(&["reading the settings", "server failed to start"]);
        assert_eq!(verdict(&plain), Some(("WRK124", vec![1])));
    }

    #[test]
    fn what_is_wrong_decides_over_the_line_that_there_are_errors() {
        let run = Run {
            lines: vec![
                "2026-01-01 11:57:01.100 UTC [1] LOG:  unrecognized configuration parameter \"work_memory\" in file \"/etc/pg.conf\" line 2",
                "2026-01-01 11:57:01.100 UTC [1] FATAL:  configuration file \"/etc/pg.conf\" contains errors",
            ],
            ended: None,
            exit_code: Some(1),
            was_out_of_memory: false,
        };
        assert_eq!(verdict(&run), Some(("WRK124", vec![0, 1])));
    }

    #[test]
    fn a_later_error_that_names_its_reason_decides() {
        let lines = [
            "E1120 09:12:44.139921       1 factory.go:113] Incompatible strategy detected auto",
            "E1120 09:12:44.140012       1 main.go:173] error starting plugins: unable to create manager: failed to initialize NVML: Driver/library version mismatch",
        ];
        let run = Run {
            lines: lines.to_vec(),
            ended: None,
            exit_code: Some(1),
            was_out_of_memory: false,
        };
        assert_eq!(verdict(&run), Some(("WRK124", vec![1])));
    }

    #[test]
    fn a_cache_that_did_not_fill_is_no_network_that_is_silent() {
        let lines = [
            "ERROR controller-runtime.source no matches for kind \"CronJob\" in version \"batch/v1beta1\"",
            "ERROR setup problem running manager: failed to wait for cronjob caches to sync: timed out waiting for cache to be synced",
        ];
        let run = Run {
            lines: lines.to_vec(),
            ended: None,
            exit_code: Some(1),
            was_out_of_memory: false,
        };
        assert_eq!(verdict(&run).map(|(code, _)| code), Some("WRK124"));
    }

    #[test]
    fn any_last_error_of_a_crash_is_better_than_none() {
        assert_eq!(
            code_of(&["ERROR: licence expired for feature x"], Some(1)),
            Some("WRK124")
        );
        assert_eq!(
            code_of(&["ERROR: licence expired for feature x"], None),
            None
        );
    }
}
