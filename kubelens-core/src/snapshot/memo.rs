//! What is worked out once a picture because several ask for it.

use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use foldhash::fast::RandomState;
use jiff::Timestamp;

use super::reads::{Key, Question, Reads};
use super::{Cluster, Snapshot};
use crate::kubernetes::KindSet;

type Slot = Arc<OnceLock<Kept>>;

/// One value a type, or one a type and what it is about.
#[derive(Debug, Default)]
pub(super) struct Memo(Mutex<HashMap<Name, Slot>>);

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
            let mut slots = self.snapshot.memo.slots();
            let name = (TypeId::of::<T>(), what.to_owned());
            Arc::clone(slots.entry(name).or_default())
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
    fn slots(&self) -> std::sync::MutexGuard<'_, HashMap<Name, Slot>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot {
    /// Forgets what was worked out from answers that hold no longer, and adds the questions that have another answer
    /// by that.
    pub(crate) fn renew_memo(
        &self,
        changed: &mut HashSet<Key, RandomState>,
        now: Option<Timestamp>,
    ) {
        let mut newest = changed.clone();
        let mut now = now;
        // What is worked out may rest on something else that is: so round after round, until nothing is another.
        while !newest.is_empty() || now.is_some() {
            let mut stale: Vec<(Name, Kept)> = Vec::new();
            self.memo.slots().retain(|name, slot| {
                let Some(kept) = slot.get() else { return false };
                let holds = now.is_none_or(|now| kept.reads.until().holds_at(now))
                    && !kept.reads.asks_one_of(&newest);
                if !holds {
                    stale.push((name.clone(), kept.clone()));
                }
                holds
            });
            newest.clear();
            now = None;
            for (name, kept) in stale {
                let (id, what) = &name;
                let key = Question::Once(*id, what).key();
                // What nobody can compare is taken for another, and worked out when it is asked for.
                let is_other = kept.renew.is_none_or(|renew| {
                    let (fresh, is_other) = renew(&kept, self, what);
                    let slot = Arc::new(OnceLock::from(fresh));
                    self.memo.slots().insert(name.clone(), slot);
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
