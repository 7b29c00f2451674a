//! The diagnosis of a picture that goes on: a change looks again only at what asked for what changed.
//!
//! ```text
//! change ──> questions with another answer ──> who asked them looks again ──> statements come and go
//!                                                    groups of statements that changed are folded again ──> causes
//! ```
//!
//! Every look is recorded: which objects and relations were asked for, and until when the answers hold by the clock
//! alone. So no analyzer has to say what it depends on, and the result is the one of a full run, byte for byte.

mod following;
mod groups;
mod look;
mod subject;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use foldhash::fast::RandomState;
use jiff::Timestamp;

pub use self::following::Following;
use self::groups::Groups;
use self::look::{Crew, Looked, Statement};
use self::subject::Subject;
use super::coverage::coverage;
use super::verdicts::Verdicts;
use super::{Options, registry, tuned};
use crate::analysis::{Analyzer, Sighting};
use crate::diagnosis::{self, Explained, Remarks};
use crate::kubernetes::{AnyObject, Kind, Text};
use crate::model::{Cause, Note, Report, SuppressedBy};
use crate::snapshot::{Change, Changed, Cluster, Ledger, Reads, Snapshot, unplaced_by};

/// So few looks are not worth a second thread.
const FEW: usize = 64;

/// A picture and its diagnosis, both kept up to date.
///
/// It keeps what it needs to look again at little: some hundred bytes an object on top of the picture.
#[derive(Debug)]
pub struct Incremental {
    snapshot: Snapshot,
    crew: Crew,
    numbers: HashMap<Subject, u32, RandomState>,
    looks: HashMap<u32, Look, RandomState>,
    next_look: u32,
    asked: Ledger,
    groups: Groups,
    /// By group, what it folds into.
    folds: BTreeMap<u32, Explained>,
    folded_from: Ledger,
    failures: BTreeMap<usize, BTreeSet<u32>>,
    /// What has to be told of the rules.
    notes: Vec<Note>,
}

/// A sighting that something keeps from becoming a cause.
type Suppressed = (&'static Analyzer, Sighting, SuppressedBy);

/// What came of looking at a subject.
#[derive(Debug)]
struct Look {
    subject: Subject,
    /// Each statement, with its number among those that can become causes.
    said: Vec<(Option<u32>, Arc<Statement>)>,
    failed: Vec<usize>,
}

/// What changes did to the causes. Ranks and groups are those of a report; here only what a cause says by itself counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Update {
    /// Causes that are new or say something else now, by id.
    pub changed: Vec<Cause>,
    /// Ids of causes that are no more.
    pub gone: Vec<String>,
    /// How many things were looked at again.
    pub looked_at: usize,
}

impl Incremental {
    /// Looks at the whole picture once.
    pub fn new(snapshot: &Snapshot, options: &Options) -> Self {
        let mut all = Self {
            snapshot: tuned(&snapshot.apart(), options).into_owned(),
            crew: Crew::of(options.selected(registry()), options),
            numbers: HashMap::default(),
            looks: HashMap::default(),
            next_look: 0,
            asked: Ledger::default(),
            groups: Groups::default(),
            folds: BTreeMap::new(),
            folded_from: Ledger::default(),
            failures: BTreeMap::new(),
            notes: Vec::new(),
        };
        all.look_at_everything();
        all
    }

    /// Applies changes in their order and moves the clock; says which causes that changed.
    ///
    /// `now` is the instant to judge from. Moving it looks again at what asked for a time: a caller with many
    /// changes a second does better to move it once a second, and to hand over changes in batches. A clock that goes
    /// back looks at everything again.
    pub fn apply(&mut self, changes: impl IntoIterator<Item = Change>, now: Timestamp) -> Update {
        self.go_on(changes, now, None)
    }

    /// The same; objects with every field, of which no change tells, are those of `later`.
    fn go_on(
        &mut self,
        changes: impl IntoIterator<Item = Change>,
        now: Timestamp,
        later: Option<&Snapshot>,
    ) -> Update {
        let before = self.snapshot.taken_at();
        let mut answers = Changed::default();
        let mut open = BTreeSet::new();
        for change in changes {
            self.note_subjects(&change, &mut open);
            self.snapshot.apply(change, &mut answers);
        }
        if let Some(later) = later {
            self.snapshot.take_whole_objects_of(later);
        }
        if before.is_none_or(|before| now < before) {
            self.snapshot.set_taken_at(now);
            self.snapshot = self.snapshot.apart();
            return self.look_at_everything();
        }
        let moved = before.is_some_and(|before| before < now);
        self.snapshot.set_taken_at(now);
        let now = moved.then_some(now);
        self.snapshot.renew_memo(&mut answers, now);
        open.extend(answers.iter().flat_map(|key| self.asked.readers(*key)));
        let readers = answers
            .iter()
            .flat_map(|key| self.folded_from.readers(*key));
        let mut refold: BTreeSet<u32> = readers.copied().collect();
        if let Some(now) = now {
            open.extend(self.asked.overdue(now));
            refold.extend(self.folded_from.overdue(now));
        }
        if self.crew.has_rules() {
            // Rules may ask for any field and for the time: what they read is not written down.
            open.insert(self.number_of(Subject::Rules));
        }
        let open: Vec<u32> = open.into_iter().collect();
        self.look_at(&open);
        let mut update = self.fold(refold);
        update.looked_at = open.len();
        update
    }

    /// The picture as it is now, to keep: it shares the objects and does not go on.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot.apart()
    }

    /// The report, as [`super::diagnose`] gives it for the picture. Ranking and counting all causes takes longer
    /// than a change: it is for when a report is wanted, not for every change.
    pub fn report(&self) -> Report {
        let mut explained = Explained::default();
        for fold in self.folds.values() {
            explained.causes.extend(fold.causes.iter().cloned());
            explained.findings.extend(fold.findings.iter().cloned());
        }
        let failed: Vec<&'static str> = self
            .failures
            .keys()
            .filter_map(|at| self.crew.analyzers.get(*at))
            .map(|analyzer| analyzer.code)
            .collect();
        let (seen, suppressed) = self.heard();
        let mut notes = self.notes.clone();
        let verdicts = Verdicts::new(&self.crew.options);
        let suppressed_too = suppressed.iter().map(|(one, sighting, _)| (*one, sighting));
        let judged = seen.into_iter().chain(suppressed_too);
        notes.extend(verdicts.notes(&self.snapshot, &self.crew.analyzers, judged));
        let remarks = Remarks {
            suppressed: &suppressed,
            failed: &failed,
            coverage: coverage(&self.snapshot, &self.crew.analyzers),
            excluded: &self.crew.options.excluded_namespaces,
            notes,
        };
        let mut report = diagnosis::assemble(&self.snapshot, explained, remarks);
        let options = &self.crew.options;
        options.note_checks(registry(), &mut report.scope);
        report
    }

    /// Every cause, by id; rank and group are those of a report only.
    pub fn causes(&self) -> impl Iterator<Item = &Cause> {
        self.folds.values().flat_map(|fold| &fold.causes)
    }

    /// What can become causes, and what is kept from it.
    fn heard(&self) -> (Vec<(&'static Analyzer, &Sighting)>, Vec<Suppressed>) {
        let said = self.looks.values().flat_map(|look| &look.said);
        let heard: Vec<&Statement> = said
            .map(|(_, statement)| &**statement)
            .filter(|statement| !self.failures.contains_key(&statement.analyzer))
            .collect();
        let (mut seen, mut suppressed) = (Vec::new(), Vec::new());
        for (analyzer, statement) in self.in_order(heard) {
            match &statement.suppressed_by {
                None => seen.push((analyzer, &statement.sighting)),
                Some(by) => suppressed.push((analyzer, statement.sighting.clone(), by.clone())),
            }
        }
        (seen, suppressed)
    }

    /// Statements in the order of a full run, which decides what speaks for others.
    fn in_order<'s>(
        &self,
        mut statements: Vec<&'s Statement>,
    ) -> Vec<(&'static Analyzer, &'s Statement)> {
        statements.sort_by(|a, b| {
            a.analyzer
                .cmp(&b.analyzer)
                .then_with(|| a.sighting.order().cmp(&b.sighting.order()))
                .then_with(|| a.place.cmp(&b.place))
        });
        let said = statements.into_iter().filter_map(|statement| {
            let analyzer = *self.crew.analyzers.get(statement.analyzer)?;
            Some((analyzer, statement))
        });
        said.collect()
    }

    fn look_at_everything(&mut self) -> Update {
        let numbers: Vec<u32> = self.looks.keys().copied().collect();
        for number in numbers {
            self.forget(number);
        }
        let mut subjects: Vec<Subject> = self.crew.of_the_whole().map(Subject::Whole).collect();
        if self.crew.has_rules() {
            subjects.push(Subject::Rules);
        }
        let whole = Cluster::new(&self.snapshot);
        subjects.extend(whole.all_unplaced().map(|unplaced| Subject::Unplaced {
            namespace: unplaced.namespace.clone(),
            owner: unplaced.owner.clone(),
        }));
        for kind in Kind::ALL.iter().copied() {
            if self.crew.of_kind(kind).is_empty() {
                continue;
            }
            for meta in self.snapshot.tables().all_metadata(kind) {
                subjects.push(Subject::Object {
                    kind,
                    namespace: meta.namespace.clone(),
                    name: meta.name.clone(),
                });
            }
        }
        let open: Vec<u32> = subjects
            .into_iter()
            .map(|subject| self.number_of(subject))
            .collect();
        self.look_at(&open);
        let mut update = self.fold(BTreeSet::new());
        update.looked_at = open.len();
        update
    }

    /// The number of a subject, a new one if it was not looked at yet.
    fn number_of(&mut self, subject: Subject) -> u32 {
        if let Some(number) = self.numbers.get(&subject) {
            return *number;
        }
        let number = self.next_look;
        self.next_look = number.wrapping_add(1);
        self.numbers.insert(subject.clone(), number);
        self.looks.insert(
            number,
            Look {
                subject,
                said: Vec::new(),
                failed: Vec::new(),
            },
        );
        number
    }

    /// Which objects a change makes to be looked at, whoever asked for them.
    fn note_subjects(&mut self, change: &Change, open: &mut BTreeSet<u32>) {
        if let Change::Stored(AnyObject::Pod(pod)) = change
            && let Some((namespace, owner)) = unplaced_by(pod)
        {
            let number = self.number_of(Subject::Unplaced { namespace, owner });
            open.insert(number);
        }
        let (kind, namespace, name) = match change {
            Change::Stored(object) => {
                let meta = object.metadata();
                (object.kind(), meta.namespace.clone(), meta.name.clone())
            }
            Change::Removed {
                kind,
                namespace,
                name,
            } => (*kind, Text::new(namespace), Text::new(name)),
            _ => return,
        };
        if !self.crew.of_kind(kind).is_empty() {
            open.insert(self.number_of(Subject::Object {
                kind,
                namespace,
                name,
            }));
        }
    }

    /// Looks at subjects, on all cores if they are many, and notes what is new.
    fn look_at(&mut self, open: &[u32]) {
        let looked = self.looks_of(open);
        let was_failing: BTreeSet<usize> = self.failures.keys().copied().collect();
        for (number, looked) in looked {
            match looked {
                Some(looked) => self.take_in(number, looked),
                None => self.forget(number),
            }
        }
        let is_failing: BTreeSet<usize> = self.failures.keys().copied().collect();
        if was_failing != is_failing {
            self.sort_out_failed();
        }
    }

    fn looks_of(&self, open: &[u32]) -> Vec<(u32, Option<Looked>)> {
        let look = |number: &u32| {
            let look = self.looks.get(number)?;
            Some((*number, self.crew.look(&self.snapshot, &look.subject)))
        };
        if open.len() < FEW {
            return open.iter().filter_map(look).collect();
        }
        let next = AtomicUsize::new(0);
        let work = || {
            let mut all = Vec::new();
            while let Some(number) = open.get(next.fetch_add(1, Ordering::Relaxed)) {
                all.extend(look(number));
            }
            all
        };
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let mut all = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            let done = workers.into_iter().filter_map(|worker| worker.join().ok());
            done.flatten().collect::<Vec<_>>()
        });
        all.sort_by_key(|(number, _)| *number);
        all
    }

    fn take_in(&mut self, number: u32, looked: Looked) {
        self.asked.write(number, looked.reads);
        let Some(look) = self.looks.get_mut(&number) else {
            return;
        };
        if look.failed != looked.failed {
            for at in look.failed.drain(..) {
                if let Some(failures) = self.failures.get_mut(&at) {
                    failures.remove(&number);
                    if failures.is_empty() {
                        self.failures.remove(&at);
                    }
                }
            }
            for at in &looked.failed {
                self.failures.entry(*at).or_default().insert(number);
            }
            look.failed = looked.failed;
        }
        if look.subject == Subject::Rules {
            self.notes = looked.notes;
        }
        // What is said again stays where it is; it mostly comes in the same order.
        let mut before: Vec<Option<_>> = std::mem::take(&mut look.said)
            .into_iter()
            .map(Some)
            .collect();
        let mut cursor = 0;
        for statement in looked.statements {
            let is_known = |said: &Option<(Option<u32>, Arc<Statement>)>| {
                said.as_ref().is_some_and(|(_, known)| **known == statement)
            };
            let ahead = before.iter().skip(cursor).position(is_known);
            let at = ahead
                .map(|at| cursor + at)
                .or_else(|| before.iter().take(cursor).position(is_known));
            let known = at.and_then(|at| {
                cursor = at + 1;
                before.get_mut(at)?.take()
            });
            look.said.push(known.unwrap_or_else(|| {
                let statement = Arc::new(statement);
                let is_heard = statement.suppressed_by.is_none()
                    && !self.failures.contains_key(&statement.analyzer);
                let number = is_heard.then(|| self.groups.put(Arc::clone(&statement)));
                (number, statement)
            }));
        }
        for number in before
            .into_iter()
            .flatten()
            .filter_map(|(number, _)| number)
        {
            self.groups.take(number);
        }
    }

    fn forget(&mut self, number: u32) {
        let nothing = Looked {
            statements: Vec::new(),
            failed: Vec::new(),
            notes: Vec::new(),
            reads: Reads::default(),
        };
        self.take_in(number, nothing);
        self.asked.strike(number);
        if let Some(look) = self.looks.remove(&number) {
            self.numbers.remove(&look.subject);
        }
    }

    /// An analyzer that fails anywhere is not heard at all; one that fails no more is heard again.
    fn sort_out_failed(&mut self) {
        let mut said: Vec<_> = self
            .looks
            .values_mut()
            .flat_map(|look| &mut look.said)
            .collect();
        said.sort_by_key(|(_, statement)| (statement.analyzer, statement.place.clone()));
        for (group, statement) in said {
            let is_heard = statement.suppressed_by.is_none()
                && !self.failures.contains_key(&statement.analyzer);
            match (is_heard, *group) {
                (false, Some(number)) => {
                    self.groups.take(number);
                    *group = None;
                }
                (true, None) => *group = Some(self.groups.put(Arc::clone(statement))),
                _ => {}
            }
        }
    }

    /// Folds the groups that changed, and those whose fold rests on something that changed.
    fn fold(&mut self, mut refold: BTreeSet<u32>) -> Update {
        let regrouped = self.groups.regroup();
        let mut before: BTreeMap<String, Cause> = BTreeMap::new();
        let mut after: BTreeMap<String, Cause> = BTreeMap::new();
        let mut leave = |fold: Option<Explained>| {
            let causes = fold.into_iter().flat_map(|fold| fold.causes);
            before.extend(causes.map(|cause| (cause.id.clone(), cause)));
        };
        for group in regrouped.gone {
            refold.remove(&group);
            leave(self.folds.remove(&group));
            self.folded_from.strike(group);
        }
        refold.extend(regrouped.new);
        for group in refold {
            leave(self.folds.remove(&group));
            let seen = self.in_order(self.groups.members(group)).into_iter();
            let seen = seen.map(|(analyzer, said)| (analyzer, said.sighting.clone()));
            let cluster = Cluster::recording(&self.snapshot);
            let excluded = &self.crew.options.excluded_namespaces;
            let explained = diagnosis::explain(&cluster, seen.collect(), excluded);
            self.folded_from.write(group, cluster.into_reads());
            let causes = explained.causes.iter();
            after.extend(causes.map(|cause| (cause.id.clone(), cause.clone())));
            self.folds.insert(group, explained);
        }
        Update {
            gone: before
                .keys()
                .filter(|id| !after.contains_key(*id))
                .cloned()
                .collect(),
            changed: after
                .into_iter()
                .filter(|(id, cause)| before.get(id) != Some(cause))
                .map(|(_, cause)| cause)
                .collect(),
            looked_at: 0,
        }
    }
}
