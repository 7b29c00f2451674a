//! What is worked out once a picture because several ask for it.

use std::any::{Any, TypeId};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use foldhash::fast::RandomState;
use jiff::Timestamp;

use super::reads::{Question, Reads};
use super::{Changed, Cluster, Ledger, Snapshot};
use crate::kubernetes::KindSet;

type Slot = Arc<OnceLock<Kept>>;

/// One value a type, or one a type and what it is about.
#[derive(Debug, Default)]
pub(super) struct Memo(Mutex<Slots>);

#[derive(Debug, Default)]
struct Slots {
    by_name: HashMap<Name, Slot, RandomState>,
    /// Values whose questions are not written down yet.
    fresh: BTreeSet<Name>,
    /// Who asked what; the readers are values, by their numbers.
    asked: Ledger,
    names: HashMap<u32, Name, RandomState>,
    next: u32,
}

/// The type of a value, and what it is about; nothing where it is about the whole picture.
type Name = (TypeId, String);

/// A value, and what it was worked out from.
#[derive(Clone)]
struct Kept {
    value: Arc<dyn Any + Send + Sync>,
    kinds: KindSet,
    reads: Reads,
    /// Works it out anew, and says whether that gave another value; none where that cannot be told.
    renew: Option<Renew>,
}

type Renew = fn(&Kept, &Snapshot, &str) -> (Kept, bool);

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept")
            .field("kinds", &self.kinds)
            .finish_non_exhaustive()
    }
}

/// A value of the whole picture that stays equal while most of the picture changes: who asked for it is asked again
/// only when it is another.
pub(crate) trait Digest: PartialEq + Send + Sync + Sized + 'static {
    /// Works it out, where there are many of a type: about this.
    fn of(cluster: &Cluster<'_>, what: &str) -> Self;
}

impl<'a> Cluster<'a> {
    /// The picture's value of this type: worked out by whoever asks first, with a view of its own, and kept with
    /// the picture. Whoever asks is asked again when anything changes that it was worked out from.
    pub fn once<T: Send + Sync + 'static>(&self, work_out: impl Fn(&Cluster<'a>) -> T) -> Arc<T> {
        self.once_about("", work_out)
    }

    /// The same for one of many values of a type, told apart by what they are about.
    pub fn once_about<T: Send + Sync + 'static>(
        &self,
        what: &str,
        work_out: impl Fn(&Cluster<'a>) -> T,
    ) -> Arc<T> {
        let remember = || {
            let view = self.alike();
            let value = Arc::new(work_out(&view));
            Kept {
                value,
                kinds: view.touched(),
                reads: view.into_reads(),
                renew: None,
            }
        };
        let value = self.kept(what, remember);
        self.note(Question::Once(TypeId::of::<T>(), what));
        value
    }

    /// The same for a value that seldom changes: who asks has read the value, not what it was worked out from.
    pub(crate) fn digest<T: Digest>(&self) -> Arc<T> {
        self.digest_about("")
    }

    /// The same for one of many values of a type, told apart by what they are about.
    pub(crate) fn digest_about<T: Digest>(&self, what: &str) -> Arc<T> {
        let value = self.kept(what, || kept_digest::<T>(self.alike(), what));
        self.note(Question::Once(TypeId::of::<T>(), what));
        value
    }

    fn kept<T: Send + Sync + 'static>(&self, what: &str, remember: impl Fn() -> Kept) -> Arc<T> {
        let slot = {
            let name = (TypeId::of::<T>(), what.to_owned());
            self.snapshot.memo.slots().slot(name)
        };
        let mut kept = slot.get_or_init(&remember).clone();
        // The slot is this type's: the value is always of it.
        let value = Arc::clone(&kept.value).downcast::<T>().or_else(|_| {
            kept = remember();
            Arc::clone(&kept.value).downcast::<T>()
        });
        self.touch_all(kept.kinds);
        let Ok(value) = value else {
            unreachable!("a value of the type that was worked out")
        };
        value
    }
}

fn kept_digest<T: Digest>(view: Cluster<'_>, what: &str) -> Kept {
    let value = Arc::new(T::of(&view, what));
    Kept {
        value,
        kinds: view.touched(),
        reads: view.into_reads(),
        renew: Some(|kept, snapshot, what| {
            let fresh = kept_digest::<T>(Cluster::recording(snapshot), what);
            let known = kept.value.downcast_ref::<T>();
            let is_other = known != fresh.value.downcast_ref::<T>();
            (fresh, is_other)
        }),
    }
}

impl Memo {
    fn slots(&self) -> std::sync::MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    /// The place of a value, an empty one if nobody asked for it yet.
    fn slot(&mut self, name: Name) -> Slot {
        if let Some(slot) = self.by_name.get(&name) {
            return Arc::clone(slot);
        }
        self.fresh.insert(name.clone());
        Arc::clone(self.by_name.entry(name).or_default())
    }

    /// Writes down what was asked for the values that are new.
    fn write_down(&mut self) {
        for name in std::mem::take(&mut self.fresh) {
            match self.by_name.get(&name).and_then(|slot| slot.get()) {
                Some(kept) => {
                    self.asked.write(self.next, kept.reads.clone());
                    self.names.insert(self.next, name);
                    self.next = self.next.wrapping_add(1);
                }
                // Whoever was to work it out did not come to its end.
                None => {
                    self.by_name.remove(&name);
                }
            }
        }
    }

    /// Takes out what was worked out from one of these answers, or holds no longer by the clock.
    fn take_stale(&mut self, changed: &Changed, now: Option<Timestamp>) -> Vec<(Name, Kept)> {
        self.write_down();
        let readers = changed.iter().flat_map(|key| self.asked.readers(*key));
        let mut stale: BTreeSet<u32> = readers.copied().collect();
        stale.extend(now.into_iter().flat_map(|now| self.asked.overdue(now)));
        let mut taken = Vec::new();
        for number in stale {
            self.asked.strike(number);
            let Some(name) = self.names.remove(&number) else {
                continue;
            };
            let slot = self.by_name.remove(&name);
            if let Some(kept) = slot.as_ref().and_then(|slot| slot.get()) {
                taken.push((name, kept.clone()));
            }
        }
        taken
    }
}

impl Snapshot {
    /// Forgets what was worked out from answers that hold no longer, and adds the questions that have another answer
    /// by that.
    pub(crate) fn renew_memo(&self, changed: &mut Changed, now: Option<Timestamp>) {
        let mut newest = changed.clone();
        let mut now = now;
        // What is worked out may rest on something else that is: so round after round, until nothing is another.
        while !newest.is_empty() || now.is_some() {
            let stale = self.memo.slots().take_stale(&newest, now.take());
            newest.clear();
            for (name, kept) in stale {
                let (id, what) = &name;
                let key = Question::Once(*id, what).key();
                // What nobody can compare is taken for another, and worked out when it is asked for.
                let is_other = kept.renew.is_none_or(|renew| {
                    let (fresh, is_other) = renew(&kept, self, what);
                    let mut slots = self.memo.slots();
                    slots
                        .by_name
                        .insert(name.clone(), Arc::new(OnceLock::from(fresh)));
                    slots.fresh.insert(name.clone());
                    is_other
                });
                if is_other {
                    newest.insert(key);
                }
            }
            changed.extend(newest.iter().copied());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::kubernetes::{Kind, Node};
    use crate::model::{ClusterInfo, Scope};
    use crate::snapshot::SnapshotBuilder;

    #[test]
    fn a_value_is_worked_out_once_and_everybody_has_read_for_it() {
        let picture = SnapshotBuilder::new(ClusterInfo::default(), Scope::default())
            .build_live(jiff::Timestamp::UNIX_EPOCH);
        let times = AtomicUsize::new(0);
        for _ in 0..2 {
            let cluster = Cluster::new(&picture);
            let nodes = cluster.once(|cluster| {
                times.fetch_add(1, Ordering::Relaxed);
                cluster.all::<Node>().count()
            });
            assert_eq!(*nodes, 0);
            assert!(cluster.touched().contains(Kind::Node));
        }
        assert_eq!(times.into_inner(), 1);
    }
}
