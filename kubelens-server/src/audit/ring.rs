use std::collections::VecDeque;
use std::sync::Arc;

use jiff::SignedDuration;

use super::entry::AuditEntry;
use super::filter::AuditFilter;

/// Reads in memory.
const READS: usize = 200;
/// Equal reads within this are one.
const SAME: SignedDuration = SignedDuration::from_secs(60);

/// The newest entries in memory: mutations and denials apart from reads, so that polling cannot
/// push them out.
pub(super) struct Rings {
    kept: VecDeque<Arc<AuditEntry>>,
    reads: VecDeque<Arc<AuditEntry>>,
    most_kept: usize,
}

impl Rings {
    pub(super) fn new(most_kept: usize) -> Rings {
        Rings {
            kept: VecDeque::new(),
            reads: VecDeque::new(),
            most_kept,
        }
    }

    pub(super) fn put(&mut self, entry: Arc<AuditEntry>) {
        push(&mut self.kept, entry, self.most_kept);
    }

    /// Whether the same was read a moment ago.
    pub(super) fn has_read(&self, entry: &AuditEntry) -> bool {
        let same = |other: &Arc<AuditEntry>| {
            other.user == entry.user
                && other.path == entry.path
                && other.method == entry.method
                && other.status == entry.status
                && other.client_ip == entry.client_ip
                && entry.timestamp.duration_since(other.timestamp) < SAME
        };
        self.reads.iter().rev().any(same)
    }

    pub(super) fn put_read(&mut self, entry: AuditEntry) {
        push(&mut self.reads, Arc::new(entry), READS);
    }

    /// The entries that match, newest first, and how many match.
    pub(super) fn find(&self, filter: &AuditFilter) -> (usize, Vec<AuditEntry>) {
        let all = self.kept.iter().chain(&self.reads);
        let mut found: Vec<_> = all.filter(|it| filter.matches(it)).collect();
        found.sort_by_key(|it| std::cmp::Reverse(it.id.parse::<u64>().unwrap_or(0)));
        let total = found.len();
        let shown = found.into_iter().take(filter.limit);
        (total, shown.map(|it| AuditEntry::clone(it)).collect())
    }
}

fn push(ring: &mut VecDeque<Arc<AuditEntry>>, entry: Arc<AuditEntry>, most: usize) {
    if ring.len() >= most {
        ring.pop_front();
    }
    ring.push_back(entry);
}
