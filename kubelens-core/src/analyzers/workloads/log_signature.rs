//! The failing containers of a pod whose log is of one condition, and what is told of each.

use super::advice::read_log;
use super::log_verdict::verdict;
use super::log_words::short;
use super::{
    log_address_in_use, log_api_forbidden, log_bad_argument, log_bad_config,
    log_certificate_rejected, log_connection_refused, log_connection_timeout,
    log_dependency_overloaded, log_error_rate_rise, log_file_missing, log_login_refused,
    log_name_not_resolved, log_permission_denied, log_runtime_memory_exhausted, log_server_refuses,
    log_setting_missing, log_space_limit, log_uncaught_failure,
};
use crate::analysis::Sighting;
use crate::analyzers::data_keeper::keeps_data;
use crate::analyzers::log_host::{Host, hosts_in};
use crate::analyzers::log_level::LogLevel;
use crate::analyzers::log_lines::{
    UnwellContainer, complaining_containers, containers_beside, unwell_containers,
};
use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion, capitalized};
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
pub(super) static ALL: [&Signature; 21] = [
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
    &log_bad_config::HEADER,
    &log_bad_argument::SIGNATURE,
    &log_setting_missing::SIGNATURE,
    &log_bad_config::SIGNATURE,
    &log_file_missing::SIGNATURE,
    &log_dependency_overloaded::SIGNATURE,
    &log_uncaught_failure::SIGNATURE,
    &log_error_rate_rise::SIGNATURE,
];

/// What is told of containers that count as ready, too: that they do not get through to whom they call, by the name, the
/// address, the certificate or the login. What else they complain of may be their daily bread.
const OF_THE_READY: [&str; 4] = ["WRK101", "WRK102", "WRK104", "WRK115"];

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
    let mut all = unwell_containers(cluster, pod);
    // A server writes down what its clients do wrong.
    if all.is_empty() && OF_THE_READY.contains(&signature.code) && !keeps_data(pod) {
        all = complaining_containers(cluster, pod);
    }
    all.into_iter()
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

/// The containers that are ready in a pod which is not, and say this again and again.
pub(super) fn matches_beside<'a>(
    cluster: &Cluster<'a>,
    pod: &'a Pod,
    signature: &'static Signature,
) -> Vec<LogMatch<'a>> {
    let says = |line: &str| signature.words.is_in(line);
    let all = containers_beside(cluster, pod, says).into_iter();
    all.map(|unwell| {
        let run = unwell.runs.first();
        let lines = run.map_or(&[][..], |run| run.lines.as_slice());
        let told = lines.iter().enumerate().filter(|(_, line)| says(line));
        let places = told.map(|(at, _)| at).collect();
        LogMatch {
            unwell,
            run: 0,
            places,
        }
    })
    .collect()
}

/// Whether a line holds the words of a condition: some have more than one signature.
fn is_told(code: &str, line: &str) -> bool {
    let mut own = ALL.iter().filter(|signature| signature.code == code);
    own.any(|signature| signature.words.is_in(line))
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

/// Puts advice before what only looks.
pub(super) fn advise(mut sighting: Sighting, text: impl Into<String>) -> Sighting {
    sighting.suggestions.insert(0, Suggestion::advice(text));
    sighting
}
