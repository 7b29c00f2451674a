//! An event and its envelope.

use kubelens_core::kubernetes::Kind;
use serde_json::{Map, Value, json};

use crate::who::Role;

/// What is to be told.
#[derive(Debug, Clone)]
pub struct Draft {
    kind: &'static str,
    cluster: Option<String>,
    namespace: Option<String>,
    resource: Option<String>,
    audience: Role,
    reach: Reach,
    payload: Value,
}

/// Whom an event reaches where people have rights of their own in a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Everybody.
    All,
    /// Who sees all of the cluster: what nothing else is said of.
    Whole,
    /// Who may read this kind in the event's namespace.
    Readers(Kind),
    /// Who sees this view.
    View(u64),
    /// Who did it.
    Person(String),
}

impl Draft {
    /// What it tells.
    #[cfg(test)]
    pub(crate) const fn payload(&self) -> &Value {
        &self.payload
    }

    /// An event of a type with its payload, for everybody.
    pub fn new(kind: &'static str, payload: Value) -> Self {
        Self {
            kind,
            cluster: None,
            namespace: None,
            resource: None,
            audience: Role::Viewer,
            reach: Reach::Whole,
            payload,
        }
    }

    /// It happened in this cluster.
    #[must_use]
    pub fn of_cluster(mut self, cluster: &str) -> Self {
        self.cluster = Some(cluster.to_owned());
        self
    }

    /// It is about this object: events of one type about it may stand for each other.
    #[must_use]
    pub fn about(mut self, namespace: &str, name: &str) -> Self {
        self.namespace = (!namespace.is_empty()).then(|| namespace.to_owned());
        self.resource = Some(name.to_owned());
        self
    }

    /// Where people have rights of their own, it is for everybody all the same.
    #[must_use]
    pub fn for_all(mut self) -> Self {
        self.reach = Reach::All;
        self
    }

    /// Where people have rights of their own, it is for who may read this kind there.
    #[must_use]
    pub fn for_readers_of(mut self, kind: Kind) -> Self {
        self.reach = Reach::Readers(kind);
        self
    }

    /// It is for who sees this view.
    #[must_use]
    pub fn of_view(mut self, view: u64) -> Self {
        self.reach = Reach::View(view);
        self
    }

    /// Where people have rights of their own, it is for who did it.
    #[must_use]
    pub fn by(mut self, name: &str) -> Self {
        self.reach = Reach::Person(name.to_owned());
        self
    }

    /// Only for who has this role.
    #[must_use]
    pub const fn for_role(mut self, role: Role) -> Self {
        self.audience = role;
        self
    }
}

/// What was told.
#[derive(Debug)]
pub struct Event {
    /// Counts up in a process.
    pub sequence: u64,
    /// The id that a stream is resumed from.
    pub id: String,
    /// The type.
    pub kind: &'static str,
    /// The cluster that it happened in.
    pub cluster: Option<String>,
    /// The namespace that it is about.
    pub namespace: Option<String>,
    /// The name of the object that it is about.
    pub resource: Option<String>,
    /// Who may hear it.
    pub audience: Role,
    /// Whom it reaches where people have rights of their own.
    pub reach: Reach,
    /// The envelope as it is sent.
    pub json: String,
}

impl Event {
    pub(super) fn of(draft: Draft, epoch: &str, sequence: u64) -> Self {
        let id = format!("{epoch}-{sequence}");
        let json = envelope(
            Some(&id),
            draft.kind,
            draft.cluster.as_deref(),
            draft.payload,
        );
        Self {
            sequence,
            id,
            kind: draft.kind,
            cluster: draft.cluster,
            namespace: draft.namespace,
            resource: draft.resource,
            audience: draft.audience,
            reach: draft.reach,
            json,
        }
    }

    /// Whether a newer event of the same type makes this one old.
    pub(super) fn stands_for(&self, older: &Self) -> bool {
        self.resource.is_some()
            && self.kind.ends_with("_update")
            && self.kind == older.kind
            && self.cluster == older.cluster
            && self.namespace == older.namespace
            && self.resource == older.resource
    }
}

/// `{type, timestamp, payload}`, with id and cluster where they are known.
pub fn envelope(id: Option<&str>, kind: &str, cluster: Option<&str>, payload: Value) -> String {
    let mut fields = Map::new();
    fields.insert("type".into(), json!(kind));
    fields.insert(
        "timestamp".into(),
        json!(crate::api::text::instant(jiff::Timestamp::now())),
    );
    fields.insert("payload".into(), payload);
    if let Some(id) = id {
        fields.insert("id".into(), json!(id));
    }
    if let Some(cluster) = cluster {
        fields.insert("cluster".into(), json!(cluster));
    }
    Value::Object(fields).to_string()
}
