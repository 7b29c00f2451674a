//! Which log line decides: of all that a failing run wrote, the words that say why it failed.

use super::advice::read_log;
use super::{
    log_address_in_use, log_api_forbidden, log_bad_argument, log_bad_config,
    log_certificate_rejected, log_connection_refused, log_connection_timeout,
    log_dependency_overloaded, log_error_rate_rise, log_file_missing, log_login_refused,
    log_name_not_resolved, log_permission_denied, log_runtime_memory_exhausted, log_server_refuses,
    log_setting_missing, log_space_limit, log_uncaught_failure,
};
use crate::analysis::Sighting;
use crate::analyzers::log_host::{Host, hosts_in};
use crate::analyzers::log_level::LogLevel;
use crate::analyzers::log_lines::{Run, UnwellContainer, unwell_containers};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion, capitalized, gist};
use crate::snapshot::Cluster;

/// The words of one condition in a log.
#[derive(Debug)]
pub(super) struct Signature {
    /// Its code.
    pub(super) code: &'static str,
    /// The words.
    pub(super) words: Pattern,
    /// How much they say.
    pub(super) weight: Weight,
}

/// How much the words of a signature say about why a program failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// They name the fault.
    Telling,
    /// They may be the consequence of a fault that another line names.
    Vague,
    /// They say that the program failed, and what it said last.
    Last,
    /// Any error.
    Any,
}

/// All signatures, in the order in which they claim a line.
static ALL: [&Signature; 20] = [
    &log_server_refuses::SIGNATURE,
    &log_api_forbidden::SIGNATURE,
    &log_login_refused::SIGNATURE,
    &log_certificate_rejected::SIGNATURE,
    &log_space_limit::SIGNATURE,
    &log_runtime_memory_exhausted::SIGNATURE,
    &log_name_not_resolved::SIGNATURE,
    &log_address_in_use::SIGNATURE,
    &log_permission_denied::SIGNATURE,
    &log_connection_refused::SIGNATURE,
    &log_error_rate_rise::CACHE,
    &log_connection_timeout::SIGNATURE,
    &log_bad_config::JSON,
    &log_bad_argument::SIGNATURE,
    &log_setting_missing::SIGNATURE,
    &log_bad_config::SIGNATURE,
    &log_file_missing::SIGNATURE,
    &log_dependency_overloaded::SIGNATURE,
    &log_uncaught_failure::SIGNATURE,
    &log_error_rate_rise::SIGNATURE,
];

/// A failing container, and the line that decides.
#[derive(Debug)]
pub(super) struct LogMatch<'a> {
    /// The container.
    pub(super) unwell: UnwellContainer<'a>,
    /// The run that wrote it.
    run: usize,
    /// The lines of the run with the same words, by place; the first one decides.
    places: Vec<usize>,
}

/// The containers of a pod whose deciding line is of this signature.
pub(super) fn matches<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    signature: &'static Signature,
) -> Vec<LogMatch<'a>> {
    unwell_containers(cluster, pod)
        .into_iter()
        .filter_map(|unwell| {
            let (run, places) = unwell.runs.iter().enumerate().find_map(|(at, run)| {
                // Most runs hold no such word: only then all signatures are asked.
                let is_there = run.lines.iter().any(|line| is_told(signature.code, line));
                let (code, places) = is_there.then(|| verdict(run)).flatten()?;
                (code == signature.code).then_some((at, places))
            })?;
            let earlier_run_decides = unwell
                .runs
                .iter()
                .take(run)
                .any(|earlier| verdict(earlier).is_some());
            (!earlier_run_decides).then_some(LogMatch {
                unwell,
                run,
                places,
            })
        })
        .collect()
}

/// Whether a line holds the words of a condition: some have more than one signature.
fn is_told(code: &str, line: &str) -> bool {
    let mut own = ALL.iter().filter(|signature| signature.code == code);
    own.any(|signature| signature.words.is_in(line))
}

/// The signature whose words decide in a run, and where they stand. Graver lines decide before
/// others, telling words before vague ones; of equals the last, which stands nearest to the end.
fn verdict(run: &Run<'_>) -> Option<(&'static str, Vec<usize>)> {
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

impl<'a> LogMatch<'a> {
    fn lines(&self) -> &[&'a str] {
        self.unwell
            .runs
            .get(self.run)
            .map_or(&[], |run| run.lines.as_slice())
    }

    /// The line that decides.
    pub(super) fn line(&self) -> &'a str {
        self.places
            .first()
            .and_then(|at| self.lines().get(*at))
            .copied()
            .unwrap_or_default()
    }

    /// The line that decides, short; with the one after it where it only announces that one: `invalid configuration:`.
    pub(super) fn said(&self) -> String {
        let line = self.line();
        match self.announced() {
            Some(next) => short(&format!("{} {next}", line.trim_end())),
            None => short(line),
        }
    }

    /// What follows a deciding line that ends with a colon.
    fn announced(&self) -> Option<&'a str> {
        let mut after = self.after().map(str::trim);
        let next = after.find(|next| !next.is_empty())?;
        self.line().trim_end().ends_with(':').then_some(next)
    }

    /// The lines with the same words, the deciding one first.
    pub(super) fn same_lines(&self) -> impl Iterator<Item = &'a str> {
        self.places
            .iter()
            .filter_map(|at| self.lines().get(*at).copied())
    }

    /// The lines from some before the deciding one to some after it.
    pub(super) fn around(&self, before: usize, after: usize) -> impl Iterator<Item = &'a str> {
        let at = self.places.first().copied().unwrap_or_default();
        let from = at.saturating_sub(before);
        self.lines()
            .iter()
            .copied()
            .skip(from)
            .take(at - from + 1 + after)
    }

    /// The lines after the deciding one.
    pub(super) fn after(&self) -> impl Iterator<Item = &'a str> {
        let at = self.places.first().copied().unwrap_or_default();
        self.lines().iter().copied().skip(at + 1)
    }

    /// Lines just before the deciding one that are marked as errors: what went wrong first is often said there.
    pub(super) fn errors_before(&self, most: usize) -> impl Iterator<Item = &'a str> {
        let at = self.places.first().copied().unwrap_or_default();
        let before = self.lines().iter().take(at).rev().take(most).copied();
        before.take_while(|line| LogLevel::told(line) >= Some(LogLevel::Error))
    }

    /// The line just before the deciding one; empty at the beginning of a log.
    pub(super) fn before(&self) -> &'a str {
        self.places
            .first()
            .and_then(|at| self.lines().get(at.checked_sub(1)?))
            .copied()
            .unwrap_or_default()
    }

    /// Whom its lines talk about: of those with the same words, else of the lines beside them.
    pub(super) fn hosts(&self) -> Vec<Host<'a>> {
        let mut all: Vec<Host<'a>> = Vec::new();
        for line in self.same_lines() {
            if let Some(host) = hosts_in(line).into_iter().next()
                && !all.contains(&host)
                && all.len() < 3
            {
                all.push(host);
            }
        }
        if all.is_empty() {
            all.extend(self.around(3, 3).flat_map(hosts_in).take(1));
        }
        all
    }

    /// The pod.
    pub(super) fn pod(&self) -> &'a Pod {
        self.unwell.pod
    }

    /// ``Container `web` of Deployment shop/web``, to begin a sentence with.
    pub(super) fn speaker(&self, top: &ObjectRef) -> String {
        capitalized(&self.name(top))
    }

    /// The same within a sentence.
    pub(super) fn name(&self, top: &ObjectRef) -> String {
        format!("{} of {top}", self.unwell.container.title())
    }

    /// The condition as a sighting: the subject is the pod's topmost owner.
    pub(super) fn sighting(
        &self,
        cluster: &Cluster<'a>,
        confidence: f64,
        title: String,
        explanation: String,
    ) -> Sighting {
        self.sighting_on(cluster.top_of(self.pod()), confidence, title, explanation)
    }

    /// The same about another subject.
    pub(super) fn sighting_on(
        &self,
        subject: ObjectRef,
        confidence: f64,
        title: String,
        explanation: String,
    ) -> Sighting {
        let pod = self.pod();
        let container = &self.unwell.container;
        let run = self.unwell.runs.get(self.run);
        let ended = run.and_then(|run| run.ended);
        let exit_code = run.and_then(|run| run.exit_code);
        // What a running program wrote once may be over; a last word is not.
        let is_one_word = exit_code.is_none() && self.places.len() == 1;
        let relation = match subject.kind.as_str() {
            "PersistentVolumeClaim" | "ConfigMap" | "Secret" => "mounted by",
            "Node" => "runs",
            _ => "template of",
        };
        let severity = if self.unwell.is_spent || self.unwell.is_over {
            Severity::Info
        } else if self.unwell.is_down {
            Severity::Critical
        } else {
            Severity::Warning
        };
        let mut proof = Evidence::log(pod.reference(), container.name(), self.line(), ended);
        proof.count = u32::try_from(self.places.len()).ok();
        let exit = exit_code.map(|code| {
            Evidence::field(pod.reference(), &container.last_end_path("exitCode"), code).at(ended)
        });
        let is_of_the_run_before = container.is_running() && exit_code.is_some();
        Sighting::of(subject, title, explanation)
            .seen_on(pod.reference(), relation)
            .in_container(container.name())
            .severity(severity)
            .confidence(if is_one_word {
                confidence - 0.15
            } else {
                confidence
            })
            .evidence(proof)
            .all_evidence(
                self.announced()
                    .map(|line| Evidence::log(pod.reference(), container.name(), line, ended)),
            )
            .all_evidence(exit)
            .suggest(read_log(pod, container.name(), is_of_the_run_before))
    }
}

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

fn message_of(line: &str) -> Option<&str> {
    MESSAGES
        .iter()
        .find_map(|pattern| Some(pattern.captures(line)?.get(1)?.as_str()))
}

/// The words of a line without its time and what else stands before them.
fn said(line: &str) -> &str {
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

/// Puts advice before what only looks.
pub(super) fn advise(mut sighting: Sighting, text: impl Into<String>) -> Sighting {
    sighting.suggestions.insert(0, Suggestion::advice(text));
    sighting
}

#[cfg(test)]
mod tests {
    use super::*;

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
