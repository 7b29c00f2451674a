use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a change went out to an API server for a request. Before that nothing can have been done; after it, an answer
/// that does not come leaves open whether it was. Cloning shares.
#[derive(Debug, Clone, Default)]
pub struct Sent(Arc<AtomicBool>);

impl Sent {
    /// A change goes out now.
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether one went out.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
