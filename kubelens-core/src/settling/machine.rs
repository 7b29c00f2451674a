use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::chosen;
use super::clock::Clock;
use super::evidence::{self, Evidence};
use super::judge;
use super::stand::{Current, Stand};
use super::verdict::{Outcome, TargetVerdict, Verdict};
use crate::model::{
    Cause, KUBELENS_API_VERSION, ObjectRef, Report, Severity, safe_text, shortened,
};
use crate::snapshot::{Cluster, Snapshot};

/// Longest reason, in characters.
const LONGEST_REASON: usize = 300;

/// How much time things get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long every pod must have been ready before its workload counts as settled.
    pub stable_for: SignedDuration,
    /// For how long, in total, evidence of a failure must have stood before it is called one.
    pub wedged_for: SignedDuration,
}

/// Follows targets from picture to picture.
#[derive(Debug)]
pub struct Settling {
    patience: Patience,
    tracks: BTreeMap<(String, String, String), Track>,
}

impl Settling {
    /// Nothing was seen yet.
    pub const fn new(patience: Patience) -> Self {
        Self {
            patience,
            tracks: BTreeMap::new(),
        }
    }

    /// Looks at a further picture, and the report on it; says how each target stands as of its instant.
    pub fn observe(
        &mut self,
        snapshot: &Snapshot,
        report: &Report,
        targets: &[ObjectRef],
    ) -> Verdict {
        let cluster = Cluster::new(snapshot);
        let mut causes: Vec<&Cause> = Vec::new();
        let judged: Vec<TargetVerdict> = targets
            .iter()
            .map(|target| {
                let track = self.tracks.entry(target.key()).or_default();
                let (outcome, reason, told) = track.look(target, &cluster, report, self.patience);
                let ids = told.iter().map(|cause| cause.id.clone()).collect();
                causes.extend(told);
                TargetVerdict {
                    object: target.clone(),
                    outcome,
                    reason: shortened(&safe_text(&reason), LONGEST_REASON),
                    wedged_seconds: track.clock.total().as_secs(),
                    causes: ids,
                }
            })
            .collect();
        causes.sort_by_key(|cause| cause.rank);
        causes.dedup_by(|a, b| a.id == b.id);
        Verdict::of(snapshot, judged, causes.into_iter().cloned().collect())
    }

    /// The same, about everything that there is in some namespaces (none for all): what could not be listed there
    /// is part of the answer.
    pub fn observe_all(
        &mut self,
        snapshot: &Snapshot,
        report: &Report,
        targets: &[ObjectRef],
        namespaces: &[String],
    ) -> Verdict {
        let mut verdict = self.observe(snapshot, report, targets);
        verdict.targets.extend(chosen::unread(snapshot, namespaces));
        Verdict::of(snapshot, verdict.targets, verdict.causes)
    }
}

impl Verdict {
    fn of(snapshot: &Snapshot, targets: Vec<TargetVerdict>, causes: Vec<Cause>) -> Self {
        let outcome = targets
            .iter()
            .map(|target| target.outcome)
            .max()
            .unwrap_or(Outcome::Absent);
        Self {
            api_version: KUBELENS_API_VERSION.to_owned(),
            kind: "Verdict".to_owned(),
            taken_at: snapshot.taken_at(),
            cluster: snapshot.info().clone(),
            scope: snapshot.scope().clone(),
            outcome,
            exit_status: outcome.exit_status(),
            targets,
            causes,
        }
    }

    /// Whether looking further would change nothing that a pipeline waits for.
    pub const fn is_final(&self) -> bool {
        !matches!(self.outcome, Outcome::Progressing | Outcome::Unreadable)
    }
}

/// What is remembered of a target.
#[derive(Debug, Default)]
struct Track {
    /// Its uid and generation: another spec begins anew.
    spec: Option<(String, Option<i64>)>,
    clock: Clock,
    /// The pods that it had when it last was what its spec asks for, and since when.
    pods: Option<BTreeSet<String>>,
    pods_since: Option<Timestamp>,
    /// How it ended well, once it did.
    finished: Option<String>,
}

impl Track {
    fn look<'r>(
        &mut self,
        target: &ObjectRef,
        cluster: &Cluster<'_>,
        report: &'r Report,
        patience: Patience,
    ) -> (Outcome, String, Vec<&'r Cause>) {
        if let Some(meta) = judge::metadata(target, cluster) {
            let spec = Some((meta.uid.to_string(), meta.generation));
            if self.spec != spec {
                *self = Self {
                    spec,
                    ..Self::default()
                };
            }
        }
        let evidence = evidence::gather(target, report, cluster);
        let (outcome, reason) = match judge::stand(target, cluster, patience.stable_for) {
            Stand::Forbidden(detail) => (Outcome::Forbidden, detail),
            Stand::Unreadable(detail) => (Outcome::Unreadable, detail),
            Stand::Absent => match &self.finished {
                Some(note) => (Outcome::Settled, format!("{note}, and was removed since")),
                None => (Outcome::Absent, "there is no such object".to_owned()),
            },
            Stand::Failed(how) => (Outcome::Failed, how),
            Stand::Current(current) => {
                self.clock.nothing_stands(cluster.now());
                self.hold(current, cluster.now(), patience)
            }
            Stand::Diagnosed(current) => {
                let about_it = |cause: &&Cause| cause.subject.is_same(target);
                match evidence.against.iter().copied().find(about_it) {
                    None => {
                        self.clock.nothing_stands(cluster.now());
                        self.hold(current, cluster.now(), patience)
                    }
                    Some(cause) => {
                        let waits = format!("{}, but: {}", current.note, cause.title);
                        self.strain(waits, &evidence, cluster.now(), patience)
                    }
                }
            }
            Stand::InProgress(waits) => self.strain(waits, &evidence, cluster.now(), patience),
        };
        let least = match outcome {
            Outcome::Settled => Severity::Critical,
            _ => Severity::Warning,
        };
        let told = evidence
            .causes
            .into_iter()
            .filter(|cause| cause.severity >= least);
        (outcome, reason, told.collect())
    }

    /// It is what its spec asks for: settled once that held for long enough.
    fn hold(&mut self, current: Current, now: Timestamp, patience: Patience) -> (Outcome, String) {
        if self
            .pods
            .as_ref()
            .is_some_and(|known| *known != current.pods)
        {
            self.pods_since = Some(now);
        }
        self.pods = Some(current.pods);
        if current.is_final {
            self.finished = Some(current.note.clone());
        }
        let since_change = self
            .pods_since
            .and_then(|since| since.checked_add(patience.stable_for).ok());
        match current.stable_at.max(since_change) {
            Some(stable_at) if stable_at > now => {
                let left = stable_at.duration_since(now).as_secs().max(1);
                (
                    Outcome::Progressing,
                    format!("{}; has to hold for another {left} s", current.note),
                )
            }
            _ => (Outcome::Settled, current.note),
        }
    }

    /// It is not yet what its spec asks for: failed once evidence of that stood for long enough.
    fn strain(
        &mut self,
        waits: String,
        evidence: &Evidence<'_>,
        now: Timestamp,
        patience: Patience,
    ) -> (Outcome, String) {
        let Some(first) = evidence.against.first() else {
            self.clock.nothing_stands(now);
            let hope = evidence.held_back.as_ref();
            return (
                Outcome::Progressing,
                hope.map_or(waits.clone(), |hope| {
                    format!("{waits}; no failure yet: {hope}")
                }),
            );
        };
        self.clock.stands(now, evidence.since);
        if self.clock.total() >= patience.wedged_for {
            (Outcome::Failed, first.title.clone())
        } else {
            (Outcome::Progressing, format!("{waits}; {}", first.title))
        }
    }
}
