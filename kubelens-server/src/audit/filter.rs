use jiff::Timestamp;

use super::entry::AuditEntry;

/// Which entries are wanted; nothing = any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFilter {
    /// At most so many.
    pub limit: usize,
    /// This action, or all that begin with it when it ends in `.`.
    pub action: Option<String>,
    /// This person.
    pub user: Option<String>,
    /// This HTTP method, whatever its case.
    pub method: Option<String>,
    /// This route's pattern.
    pub route: Option<String>,
    /// This cluster.
    pub cluster: Option<String>,
    /// An object: its target or path has this text.
    pub target: Option<String>,
    /// Succeeded, or not.
    pub success: Option<bool>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
    /// Only entries with a lower id.
    pub before: Option<u64>,
}

impl Default for AuditFilter {
    fn default() -> AuditFilter {
        AuditFilter {
            limit: 120,
            action: None,
            user: None,
            method: None,
            route: None,
            cluster: None,
            target: None,
            success: None,
            since: None,
            until: None,
            before: None,
        }
    }
}

impl AuditFilter {
    /// The most entries that one answer has.
    pub const MOST: usize = 500;

    /// Whether more than the newest entries is wanted.
    pub(super) fn searches(&self) -> bool {
        let plain = AuditFilter {
            limit: self.limit,
            ..AuditFilter::default()
        };
        *self != plain
    }

    /// Whether the entry is wanted.
    pub(super) fn matches(&self, entry: &AuditEntry) -> bool {
        let same =
            |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        let action = self.action.as_ref().is_none_or(|wanted| {
            let found = entry.action.as_deref().unwrap_or_default();
            found == wanted || (wanted.ends_with('.') && found.starts_with(wanted))
        });
        let target = self.target.as_ref().is_none_or(|wanted| {
            entry.target.as_ref().is_some_and(|it| it.contains(wanted))
                || entry.path.contains(wanted)
        });
        let method = self.method.as_ref();
        action
            && target
            && method.is_none_or(|it| it.eq_ignore_ascii_case(&entry.method))
            && same(&self.user, &entry.user)
            && same(&self.route, &entry.route)
            && same(&self.cluster, &entry.cluster)
            && self.success.is_none_or(|it| it == entry.success)
            && self.since.is_none_or(|it| entry.timestamp >= it)
            && self.until.is_none_or(|it| entry.timestamp <= it)
            && self
                .before
                .is_none_or(|it| entry.id.parse::<u64>().is_ok_and(|id| id < it))
    }
}
