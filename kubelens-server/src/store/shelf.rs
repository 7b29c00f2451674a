/// A named part of the store: keys of one shelf never meet those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shelf {
    /// Sessions of browsers, by the hash of their id.
    Sessions,
    /// The audit trail, by sequence number.
    Audit,
    /// What was broken when, by cluster and number.
    Reports,
    /// Which cluster was selected, by person.
    Clusters,
    /// Records of workflows: incidents, proposals, runbooks.
    Records,
    /// Answers to requests that may be asked again, by the hash of their key.
    Answers,
}

impl Shelf {
    /// All shelves, in the order of their positions.
    pub const ALL: [Shelf; 6] = [
        Shelf::Sessions,
        Shelf::Audit,
        Shelf::Reports,
        Shelf::Clusters,
        Shelf::Records,
        Shelf::Answers,
    ];

    /// Its name on the disk and in backups; it never changes.
    pub fn name(self) -> &'static str {
        match self {
            Shelf::Sessions => "sessions",
            Shelf::Audit => "audit",
            Shelf::Reports => "reports",
            Shelf::Clusters => "clusters",
            Shelf::Records => "records",
            Shelf::Answers => "answers",
        }
    }

    /// The shelf of that name.
    pub fn named(name: &str) -> Option<Shelf> {
        Shelf::ALL.into_iter().find(|it| it.name() == name)
    }

    pub(super) fn position(self) -> usize {
        self as usize
    }
}

impl std::fmt::Display for Shelf {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name())
    }
}
