//! Looks at one thing: an object with all analyzers that walk through its kind, or the picture with one analyzer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::subject::{Place, Subject};
use crate::analysis::{Analyzer, Check, Sighting, Sink, Walked};
use crate::diagnosis::links::{self, Links};
use crate::engine::verdicts::{Verdict, Verdicts};
use crate::engine::{Options, pack_rules};
use crate::kubernetes::Kind;
use crate::model::{Note, SuppressedBy};
use crate::snapshot::{Cluster, Reads, Snapshot, Workload};

/// What an analyzer said of a subject.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    /// Which one, by its place among those that run.
    pub(super) analyzer: usize,
    pub(super) sighting: Sighting,
    /// How it hangs together with others; nothing where something keeps it from becoming a cause.
    pub(super) links: Links,
    pub(super) suppressed_by: Option<SuppressedBy>,
    /// Where a walk over the whole picture comes by.
    pub(super) place: Place,
}

/// All that was said of a subject, and what it rests on.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) statements: Vec<Statement>,
    /// Analyzers that failed, by their place.
    pub(super) failed: Vec<usize>,
    /// What has to be told of the rules.
    pub(super) notes: Vec<Note>,
    pub(super) reads: Reads,
}

/// The analyzers that run, by what they look at.
#[derive(Debug)]
pub(super) struct Crew {
    pub(super) analyzers: Vec<&'static Analyzer>,
    pub(super) options: Options,
    by_kind: Vec<Vec<usize>>,
}

impl Crew {
    pub(super) fn of(mut analyzers: Vec<&'static Analyzer>, options: &Options) -> Self {
        analyzers.extend(pack_rules::selected(options));
        let by_kind = Kind::ALL.iter().map(|kind| {
            let walks = |analyzer: &&'static Analyzer| {
                let mut checks = analyzer.checks.iter();
                checks.any(|check| check.looks_at().contains(*kind))
            };
            let all = analyzers.iter().enumerate();
            all.filter(|(_, one)| walks(one))
                .map(|(at, _)| at)
                .collect()
        });
        Self {
            by_kind: by_kind.collect(),
            analyzers,
            options: options.clone(),
        }
    }

    /// The analyzers that walk through objects of a kind.
    pub(super) fn of_kind(&self, kind: Kind) -> &[usize] {
        self.by_kind.get(kind as usize).map_or(&[], Vec::as_slice)
    }

    /// The analyzers that look at the picture as a whole.
    pub(super) fn of_the_whole(&self) -> impl Iterator<Item = usize> {
        self.that_have(|check| matches!(check, Check::Cluster(_)))
    }

    /// The analyzers that look at pods without a node.
    fn of_unplaced(&self) -> impl Iterator<Item = usize> {
        self.that_have(|check| matches!(check, Check::Unplaced(_)))
    }

    fn that_have(&self, is_one: fn(&Check) -> bool) -> impl Iterator<Item = usize> {
        let all = self.analyzers.iter().enumerate();
        all.filter(move |(_, one)| one.checks.iter().any(is_one))
            .map(|(at, _)| at)
    }

    /// Whether rules of packs run.
    pub(super) fn has_rules(&self) -> bool {
        let mut all = self.analyzers.iter();
        all.any(|one| matches!(one.checks, [Check::Rule]))
    }

    /// Looks at a subject; none if it is not there, or nobody looks at its like.
    pub(super) fn look(&self, snapshot: &Snapshot, subject: &Subject) -> Option<Looked> {
        let cluster = Cluster::recording(snapshot);
        let mut looked = Looked {
            statements: Vec::new(),
            failed: Vec::new(),
            notes: Vec::new(),
            reads: Reads::default(),
        };
        match subject {
            Subject::Whole(at) => {
                self.attempt(
                    *at,
                    subject,
                    &cluster,
                    &mut looked,
                    |check, cluster, sink| {
                        if let Check::Cluster(check) = check {
                            check(cluster, sink);
                        }
                    },
                );
            }
            Subject::Rules => self.evaluate(snapshot, &cluster, &mut looked),
            Subject::Unplaced { namespace, owner } => {
                let unplaced = Cluster::new(snapshot).unplaced(namespace, owner)?;
                cluster.unplaced(namespace, owner);
                for at in self.of_unplaced() {
                    self.attempt(
                        at,
                        subject,
                        &cluster,
                        &mut looked,
                        |check, cluster, sink| {
                            if let Check::Unplaced(check) = check {
                                check(&unplaced, cluster, sink);
                            }
                        },
                    );
                }
            }
            Subject::Object {
                kind,
                namespace,
                name,
            } => {
                let object = Walked::find(snapshot, *kind, namespace, name)?;
                for at in self.of_kind(*kind) {
                    self.attempt(
                        *at,
                        subject,
                        &cluster,
                        &mut looked,
                        |check, cluster, sink| {
                            check.look_at(&object, cluster, sink);
                        },
                    );
                }
            }
        }
        looked.reads = cluster.into_reads();
        Some(looked)
    }

    fn attempt<'a>(
        &self,
        at: usize,
        subject: &Subject,
        cluster: &Cluster<'a>,
        looked: &mut Looked,
        look: impl Fn(&Check, &Cluster<'a>, &mut Sink),
    ) {
        let Some(analyzer) = self.analyzers.get(at).copied() else {
            return;
        };
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            let walks = analyzer.checks.iter().map(|check| {
                let mut sink = Sink::default();
                look(check, cluster, &mut sink);
                sink.into_sightings()
            });
            walks.collect::<Vec<_>>()
        }));
        let Ok(walks) = attempt else {
            looked.failed.push(at);
            return;
        };
        for (walk, (check, sightings)) in analyzer.checks.iter().zip(walks).enumerate() {
            for (number, sighting) in sightings.into_iter().enumerate() {
                let place = Place {
                    walk,
                    ..place(subject, check, number)
                };
                looked
                    .statements
                    .extend(self.statement(at, sighting, place, cluster));
            }
        }
    }

    /// Evaluates the rules of packs over the whole picture.
    fn evaluate(&self, snapshot: &Snapshot, cluster: &Cluster<'_>, looked: &mut Looked) {
        let by_rules = pack_rules::look(snapshot, &self.options);
        let place_of = |code: &str| {
            let mut all = self.analyzers.iter();
            all.position(|one| one.code == code)
        };
        looked.failed = by_rules
            .failed
            .iter()
            .filter_map(|code| place_of(code))
            .collect();
        looked.notes = by_rules.notes;
        for (number, (analyzer, sighting)) in by_rules.seen.into_iter().enumerate() {
            let place = place(&Subject::Rules, &Check::Rule, number);
            if let Some(at) = place_of(analyzer.code) {
                looked
                    .statements
                    .extend(self.statement(at, sighting, place, cluster));
            }
        }
    }

    /// What an analyzer said, as the user's settings have it; none where nobody asked for it.
    fn statement(
        &self,
        at: usize,
        mut sighting: Sighting,
        place: Place,
        cluster: &Cluster<'_>,
    ) -> Option<Statement> {
        let analyzer = self.analyzers.get(at)?;
        let verdicts = Verdicts::new(&self.options);
        let suppressed_by = match verdicts.judge(cluster, analyzer, &mut sighting) {
            Verdict::Unwanted => return None,
            Verdict::Seen => None,
            Verdict::Suppressed(by) => Some(by),
        };
        let links = if suppressed_by.is_some() {
            Links::default()
        } else {
            links::of(cluster, analyzer, &sighting)
        };
        Some(Statement {
            analyzer: at,
            sighting,
            links,
            suppressed_by,
            place,
        })
    }
}

fn place(subject: &Subject, check: &Check, number: usize) -> Place {
    match subject {
        Subject::Whole(_) | Subject::Rules => Place {
            number,
            ..Place::default()
        },
        Subject::Unplaced { namespace, owner } => Place {
            namespace: namespace.clone(),
            name: owner.clone(),
            number,
            ..Place::default()
        },
        Subject::Object {
            kind,
            namespace,
            name,
        } => Place {
            walk: 0,
            namespace: namespace.clone(),
            rank: match check {
                Check::Workload(_) => Workload::KINDS
                    .iter()
                    .position(|known| known == kind)
                    .unwrap_or_default(),
                _ => 0,
            },
            name: name.clone(),
            number,
        },
    }
}
