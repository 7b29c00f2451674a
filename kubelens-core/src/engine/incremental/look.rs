//! Looks at one thing: an object with all analyzers that walk through its kind, or the picture with one analyzer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::subject::{Place, Subject};
use crate::analysis::{Analyzer, Check, Sighting, Sink, Walked};
use crate::diagnosis::links::{self, Links};
use crate::engine::opt_out;
use crate::kubernetes::Kind;
use crate::snapshot::{Cluster, Reads, Snapshot, Workload};

/// What an analyzer said of a subject.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    /// Which one, by its place among those that run.
    pub(super) analyzer: usize,
    pub(super) sighting: Sighting,
    /// How it hangs together with others; nothing where an annotation keeps it from becoming a cause.
    pub(super) links: Links,
    pub(super) is_suppressed: bool,
    /// Where a walk over the whole picture comes by.
    pub(super) place: Place,
}

/// All that was said of a subject, and what it rests on.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) statements: Vec<Statement>,
    /// Analyzers that failed, by their place.
    pub(super) failed: Vec<usize>,
    pub(super) reads: Reads,
}

/// The analyzers that run, by what they look at.
#[derive(Debug)]
pub(super) struct Crew {
    pub(super) analyzers: Vec<&'static Analyzer>,
    by_kind: Vec<Vec<usize>>,
}

impl Crew {
    pub(super) fn of(analyzers: Vec<&'static Analyzer>) -> Self {
        let by_kind = Kind::ALL.iter().map(|kind| {
            let walks = |analyzer: &&'static Analyzer| analyzer.check.walks().contains(*kind);
            let all = analyzers.iter().enumerate();
            all.filter(|(_, one)| walks(one))
                .map(|(at, _)| at)
                .collect()
        });
        Self {
            by_kind: by_kind.collect(),
            analyzers,
        }
    }

    /// The analyzers that walk through objects of a kind.
    pub(super) fn of_kind(&self, kind: Kind) -> &[usize] {
        self.by_kind.get(kind as usize).map_or(&[], Vec::as_slice)
    }

    /// The analyzers that look at the picture as a whole.
    pub(super) fn of_the_whole(&self) -> impl Iterator<Item = usize> {
        let all = self.analyzers.iter().enumerate();
        all.filter(|(_, one)| matches!(one.check, Check::Cluster(_)))
            .map(|(at, _)| at)
    }

    /// Looks at a subject; none if it is not there, or nobody looks at its like.
    pub(super) fn look(&self, snapshot: &Snapshot, subject: &Subject) -> Option<Looked> {
        let cluster = Cluster::recording(snapshot);
        let mut looked = Looked {
            statements: Vec::new(),
            failed: Vec::new(),
            reads: Reads::default(),
        };
        match subject {
            Subject::Whole(at) => {
                let check = self.analyzers.get(*at)?.check;
                self.attempt(*at, subject, &cluster, &mut looked, |cluster, sink| {
                    check.run(cluster, sink);
                });
            }
            Subject::Object {
                kind,
                namespace,
                name,
            } => {
                let object = Walked::find(snapshot, *kind, namespace, name)?;
                for at in self.of_kind(*kind) {
                    let check = self.analyzers.get(*at)?.check;
                    self.attempt(*at, subject, &cluster, &mut looked, |cluster, sink| {
                        check.look_at(&object, cluster, sink);
                    });
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
        look: impl FnOnce(&Cluster<'a>, &mut Sink),
    ) {
        let Some(analyzer) = self.analyzers.get(at).copied() else {
            return;
        };
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            let mut sink = Sink::default();
            look(cluster, &mut sink);
            sink.into_sightings()
        }));
        let Ok(sightings) = attempt else {
            looked.failed.push(at);
            return;
        };
        for (number, sighting) in sightings.into_iter().enumerate() {
            let is_suppressed = opt_out::is_ignored(cluster, analyzer.code, &sighting);
            let links = if is_suppressed {
                Links::default()
            } else {
                links::of(cluster, analyzer, &sighting)
            };
            looked.statements.push(Statement {
                analyzer: at,
                sighting,
                links,
                is_suppressed,
                place: place(subject, &analyzer.check, number),
            });
        }
    }
}

fn place(subject: &Subject, check: &Check, number: usize) -> Place {
    match subject {
        Subject::Whole(_) => Place {
            number,
            ..Place::default()
        },
        Subject::Object {
            kind,
            namespace,
            name,
        } => Place {
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
