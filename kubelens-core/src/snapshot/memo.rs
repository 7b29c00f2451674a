//! What is worked out once a picture because several ask for it.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Cluster;
use crate::kubernetes::KindSet;

type Slot = Arc<OnceLock<Arc<dyn Any + Send + Sync>>>;

/// One value a type.
#[derive(Debug, Default)]
pub(super) struct Memo(Mutex<HashMap<TypeId, Slot>>);

/// A value, and the kinds that it was worked out from.
struct Remembered<T> {
    value: Arc<T>,
    read: KindSet,
}

impl<'a> Cluster<'a> {
    /// The picture's value of this type: worked out by whoever asks first, with a view of its own, and kept with
    /// the picture. Whoever asks has read what it was worked out from.
    pub fn once<T: Send + Sync + 'static>(&self, work_out: impl Fn(&Cluster<'a>) -> T) -> Arc<T> {
        let remember = || {
            let view = Cluster::new(self.snapshot);
            let value = Arc::new(work_out(&view));
            let read = view.touched();
            Arc::new(Remembered { value, read })
        };
        let slot = {
            let mut slots = self
                .snapshot
                .memo
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(TypeId::of::<T>()).or_default())
        };
        let kept = Arc::clone(slot.get_or_init(|| remember()));
        // The slot is this type's: the value is always of it.
        let kept = kept
            .downcast::<Remembered<T>>()
            .unwrap_or_else(|_| remember());
        self.touch_all(kept.read);
        Arc::clone(&kept.value)
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
