use super::{Incremental, Update};
use crate::engine::Options;
use crate::model::Report;
use crate::snapshot::Snapshot;

/// The diagnosis of pictures that come one after the other, each of them a later one of the same cluster: only what
/// is another in the newer picture is looked at again.
#[derive(Debug)]
pub struct Following {
    going_on: Incremental,
    shown: Snapshot,
    options: Options,
}

impl Following {
    /// Looks at the first picture as a whole.
    pub fn begin(snapshot: &Snapshot, options: &Options) -> Self {
        Self {
            going_on: Incremental::new(snapshot, options),
            shown: snapshot.apart(),
            options: options.clone(),
        }
    }

    /// Goes on to a later picture; says which causes changed. Where not only objects are different, such as what
    /// could not be read, everything is looked at again, and every cause is told.
    pub fn go_on_to(&mut self, later: &Snapshot) -> Update {
        let steps = self.shown.steps_to(later);
        self.shown = later.apart();
        if let (Some(steps), Some(now)) = (steps, later.taken_at()) {
            return self.going_on.go_on(steps, now, Some(later));
        }
        let before = std::mem::replace(&mut self.going_on, Incremental::new(later, &self.options));
        let changed: Vec<_> = self.going_on.causes().cloned().collect();
        let is_gone = |id: &&String| changed.iter().all(|cause| cause.id != **id);
        let ids = before.causes().map(|cause| &cause.id);
        Update {
            gone: ids.filter(is_gone).cloned().collect(),
            changed,
            ..Update::default()
        }
    }

    /// The report on the newest picture, as [`crate::engine::diagnose`] gives it.
    pub fn report(&self) -> Report {
        self.going_on.report()
    }
}
