/// What a user wants to hear about: faults only, or opinions too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// What is broken or about to break.
    Default,
    /// What the well-known simple cluster checkers warn of, beyond the default.
    Classic,
    /// What makes an attack easier.
    Security,
    /// Order and habits.
    Hygiene,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 4] = [Self::Default, Self::Classic, Self::Security, Self::Hygiene];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Classic => "classic",
            Self::Security => "security",
            Self::Hygiene => "hygiene",
        }
    }
}

impl std::fmt::Display for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// The last of some lists of profiles: an analyzer's own list, or else the default.
pub(crate) const fn last_of(lists: &[&'static [Profile]]) -> &'static [Profile] {
    match lists {
        [.., last] => last,
        [] => &[Profile::Default],
    }
}
