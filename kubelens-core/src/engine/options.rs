use std::collections::BTreeSet;

use glob::Pattern;

use super::{CodePattern, Suppression};
use crate::analysis::{Analyzer, Profile, Sighting};
use crate::model::{Scope, Severity};
use crate::snapshot::Tuning;

/// What to look for, and what the user's settings make of it.
#[derive(Debug, Clone)]
pub struct Options {
    /// Codes to run, whatever their profile; none for all of the profiles.
    pub only: Option<Vec<String>>,
    /// Codes to leave out.
    pub skip: Vec<String>,
    /// The profiles whose analyzers run.
    pub profiles: Vec<Profile>,
    /// The numbers to judge by.
    pub tuning: Tuning,
    /// Severities other than the analyzers' own; the first that matches counts.
    pub severities: Vec<(CodePattern, Severity)>,
    /// What is known and accepted.
    pub suppressions: Vec<Suppression>,
    /// Namespaces whose own faults are left out, unless they hurt others.
    pub excluded_namespaces: Vec<Pattern>,
    /// Rules of packs; `only` and `skip` choose among them as among analyzers.
    #[cfg(feature = "rules-cel")]
    pub rules: Vec<std::sync::Arc<crate::rules::Rule>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            only: None,
            skip: Vec::new(),
            profiles: vec![Profile::Default],
            tuning: Tuning::default(),
            severities: Vec::new(),
            suppressions: Vec::new(),
            excluded_namespaces: Vec::new(),
            #[cfg(feature = "rules-cel")]
            rules: Vec::new(),
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

    /// Writes down which analyzers run besides those that run if nothing is said, and which of these do not.
    pub(crate) fn note_checks(&self, all: &[&'static Analyzer], scope: &mut Scope) {
        let codes = |options: &Self| -> BTreeSet<&'static str> {
            let selected = options.selected(all).into_iter();
            selected.map(|analyzer| analyzer.code).collect()
        };
        let (own, usual) = (codes(self), codes(&Self::default()));
        let named = |codes: &mut dyn Iterator<Item = &&'static str>| -> Vec<String> {
            codes.map(|code| (*code).to_owned()).collect()
        };
        scope.checks_added = named(&mut own.difference(&usual));
        scope.checks_left_out = named(&mut usual.difference(&own));
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
