use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use cel::Context;

use super::STACK;
use super::budget;
use super::evaluation::evaluate;
use super::expression::Miss;
use super::functions::ENVIRONMENT;
use super::rule::Rule;
use super::seen::Seen;
use crate::analysis::{Analyzer, Sighting};
use crate::kubernetes::GroupKind;
use crate::model::{Note, NoteKind};
use crate::snapshot::{Snapshot, WholeObject};

/// Objects that one task looks at: each is parsed once for all rules of its kind.
const AT_ONCE: usize = 128;

/// What rules saw.
#[derive(Debug, Default)]
pub struct RuleSightings {
    /// Each sighting with the analyzer that stands for its rule, in an order that does not hang on threads.
    pub seen: Vec<(&'static Analyzer, Sighting)>,
    /// Codes of rules that failed: a fault of KubeLens, not of the cluster.
    pub failed: Vec<&'static str>,
    /// Rules that were stopped, or that make no sense for some objects.
    pub notes: Vec<Note>,
}

/// Evaluates the rules over the picture, on all cores. A rule that costs too much, or panics, loses its own sightings
/// and nothing else.
pub fn look(snapshot: &Snapshot, rules: &[Arc<Rule>]) -> RuleSightings {
    let kinds: BTreeSet<&GroupKind> = rules.iter().flat_map(|rule| &rule.matches).collect();
    let tasks: Vec<(&GroupKind, &[WholeObject])> = kinds
        .into_iter()
        .flat_map(|kind| {
            snapshot
                .whole()
                .all(kind)
                .chunks(AT_ONCE)
                .map(move |part| (kind, part))
        })
        .collect();
    let bounds: Vec<Bound> = rules.iter().map(|rule| Bound::of(snapshot, rule)).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found: Vec<Found> = rules.iter().map(|_| Found::default()).collect();
        let Some(env) = ENVIRONMENT.as_ref() else {
            return found;
        };
        let root = Context::with_env(Arc::clone(env));
        loop {
            let task = next.fetch_add(1, Ordering::Relaxed);
            let Some((kind, objects)) = tasks.get(task) else {
                return found;
            };
            for (at, object) in objects.iter().enumerate() {
                let Some(object) = Seen::of(snapshot, kind, object) else {
                    continue;
                };
                for ((rule, found), bound) in rules.iter().zip(&mut found).zip(&bounds) {
                    if rule.matches.contains(kind) {
                        found.attempt(rule, (task, at), &object, snapshot, &root, bound);
                    }
                }
            }
        }
    };
    let workers = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(tasks.len().max(1));
    let found = std::thread::scope(|scope| {
        // Where no thread with such a stack is to be had, nothing is evaluated, and every rule says so.
        let workers: Vec<_> = (0..workers)
            .filter_map(|_| {
                let thread = std::thread::Builder::new().stack_size(STACK);
                thread.spawn_scoped(scope, work).ok()
            })
            .collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .reduce(|mut all, more| {
                all.iter_mut()
                    .zip(more)
                    .for_each(|(all, more)| all.add(more));
                all
            })
            .unwrap_or_default()
    });
    let mut all = RuleSightings::default();
    if found.is_empty() {
        all.failed
            .extend(rules.iter().map(|rule| rule.analyzer.code));
    }
    for (rule, found) in rules.iter().zip(found) {
        found.tell(rule, snapshot, &mut all);
    }
    all
}

/// What one evaluation of a rule may cost, and whether one cost more.
struct Bound {
    steps: u64,
    is_spent: AtomicBool,
}

impl Bound {
    fn of(snapshot: &Snapshot, rule: &Rule) -> Self {
        let objects = rule
            .matches
            .iter()
            .map(|kind| snapshot.whole().all(kind).len());
        Self {
            steps: budget::steps_for(objects.sum()),
            is_spent: AtomicBool::new(false),
        }
    }
}

/// Where an object stands: task, and place in it.
type Place = (usize, usize);

/// What one worker found by one rule.
#[derive(Default)]
struct Found {
    sightings: Vec<Sighting>,
    is_spent: bool,
    has_failed: bool,
    /// The first object that the rule makes no sense for, and how many there are.
    wrong: Option<(Place, String)>,
    wrongs: usize,
}

impl Found {
    fn attempt(
        &mut self,
        rule: &Rule,
        place: Place,
        object: &Seen,
        snapshot: &Snapshot,
        root: &Context<'_, '_>,
        bound: &Bound,
    ) {
        if self.has_failed || bound.is_spent.load(Ordering::Relaxed) {
            return;
        }
        let now = snapshot.taken_at().map_or(0, |now| now.as_second());
        let attempt = catch_unwind(AssertUnwindSafe(|| {
            budget::within(bound.steps, now, || evaluate(rule, object, snapshot, root))
        }));
        match attempt {
            Err(_) => self.has_failed = true,
            Ok(None) => {
                self.is_spent = true;
                bound.is_spent.store(true, Ordering::Relaxed);
            }
            Ok(Some(Ok(sightings))) => self.sightings.extend(sightings),
            Ok(Some(Err(Miss::NoField))) => {}
            Ok(Some(Err(Miss::Wrong(words)))) => {
                self.wrongs += 1;
                let words = format!("{}: {words}", object.reference);
                self.wrong_at(place, words);
            }
        }
    }

    fn wrong_at(&mut self, place: Place, words: String) {
        if self.wrong.as_ref().is_none_or(|(first, _)| place < *first) {
            self.wrong = Some((place, words));
        }
    }

    fn add(&mut self, more: Self) {
        self.sightings.extend(more.sightings);
        self.is_spent |= more.is_spent;
        self.has_failed |= more.has_failed;
        self.wrongs += more.wrongs;
        if let Some((place, words)) = more.wrong {
            self.wrong_at(place, words);
        }
    }

    fn tell(mut self, rule: &Rule, snapshot: &Snapshot, all: &mut RuleSightings) {
        let Rule {
            analyzer, place, ..
        } = rule;
        let (code, name) = (analyzer.code, analyzer.name);
        let mut note = |words: String| {
            let text = format!("{place}: rule {code} {name} {words}");
            all.notes.push(Note::new(NoteKind::RuleStopped, &text));
        };
        for kind in rule.kinds() {
            if let Some(reason) = snapshot.whole().why_cut(kind) {
                note(format!(
                    "cannot see every {kind} with all its fields: {reason}"
                ));
            }
        }
        if self.has_failed {
            all.failed.push(code);
            return;
        }
        // One that costs too much for one object is not to be trusted with the others either: what it would have
        // found before it was stopped hangs on chance.
        if self.is_spent {
            note("costs too much and was stopped: make its loops smaller".to_owned());
            return;
        }
        if let Some((_, words)) = &self.wrong {
            let more = match self.wrongs {
                0 | 1 => String::new(),
                more => format!(" (and {} objects more)", more - 1),
            };
            note(format!("makes no sense for {words}{more}"));
        }
        self.sightings.sort_by(|a, b| a.order().cmp(&b.order()));
        let sightings = self.sightings.into_iter();
        all.seen
            .extend(sightings.map(|sighting| (*analyzer, sighting)));
    }
}
