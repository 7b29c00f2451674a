//! Where a change is written down before it is made, and what came of it after.

use crate::who::Role;

/// What somebody is about to do.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Who.
    pub user: String,
    /// As what.
    pub role: Role,
    /// What: `resource.scale`.
    pub action: &'static str,
    /// The method of the request.
    pub method: String,
    /// Its path.
    pub path: String,
    /// The cluster.
    pub cluster: String,
    /// The object.
    pub target: String,
    /// Why, in their words.
    pub reason: Option<String>,
    /// Whether it is only tried.
    pub dry_run: bool,
    /// The id of the request.
    pub request_id: String,
}

/// Finds an intent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket(pub u64);

/// Where changes are written down.
pub trait Journal: std::fmt::Debug + Send + Sync {
    /// Writes an intent down for good. An error means that nothing may be done.
    fn begin(&self, intent: &Intent) -> Result<Ticket, String>;

    /// Writes down what came of it: the HTTP status.
    fn end(&self, ticket: Ticket, status: u16);
}

/// Writes to the log alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoJournal;

impl Journal for NoJournal {
    fn begin(&self, intent: &Intent) -> Result<Ticket, String> {
        tracing::info!(
            user = intent.user,
            action = intent.action,
            cluster = intent.cluster,
            target = intent.target,
            dry_run = intent.dry_run,
            request_id = intent.request_id,
            "intends"
        );
        Ok(Ticket(0))
    }

    fn end(&self, _: Ticket, status: u16) {
        tracing::info!(status, "done");
    }
}
