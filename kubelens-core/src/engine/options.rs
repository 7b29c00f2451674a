use crate::analysis::{Analyzer, Profile, Sighting};

/// What to look for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Codes to run, whatever their profile; none for all of the profiles.
    pub only: Option<Vec<String>>,
    /// Codes to leave out.
    pub skip: Vec<String>,
    /// The profiles whose analyzers run.
    pub profiles: Vec<Profile>,
    /// The registries that images may come from, as hosts or as hosts with a path below (`ghcr.io/acme`); empty
    /// for no such rule.
    pub registries: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            only: None,
            skip: Vec::new(),
            profiles: vec![Profile::Default],
            registries: Vec::new(),
        }
    }
}

impl Options {
    /// Whether a fact of an analyzer that runs is wanted: it may belong to one profile alone.
    pub fn wants(&self, sighting: &Sighting) -> bool {
        self.only.is_some()
            || sighting
                .profile
                .is_none_or(|profile| self.profiles.contains(&profile))
    }

    /// The analyzers that these options leave.
    pub fn selected(&self, all: &[&'static Analyzer]) -> Vec<&'static Analyzer> {
        let named = |codes: &[String], code: &str| codes.iter().any(|other| other == code);
        all.iter()
            .copied()
            .filter(|analyzer| match &self.only {
                Some(codes) => named(codes, analyzer.code),
                None => analyzer
                    .profiles
                    .iter()
                    .any(|profile| self.profiles.contains(profile)),
            })
            .filter(|analyzer| !named(&self.skip, analyzer.code))
            .collect()
    }
}
