//! Which analyzers run.

use std::collections::BTreeSet;

use glob::{MatchOptions, Pattern};
use kubelens_core::{analysis::Profile, engine::Options, kubernetes::GroupKind};

use crate::{
    catalog::{self, Entry},
    cli::{CheckFlags, ProfileWord},
    configuration::Configuration,
    failure::Failure,
    nearest::did_you_mean,
    packs::Packs,
};

/// The analyzers that run, and what the settings make of what they see.
#[derive(Debug, Clone)]
pub(crate) struct Checks {
    codes: BTreeSet<String>,
    options: Options,
    whole: BTreeSet<GroupKind>,
}

impl Checks {
    /// What the profiles, `--only` and `--skip` leave of `catalog`; flags win over the configuration, whose
    /// meaning `options` is. What `--only` names runs whatever its profile. A word that names nothing is an error.
    pub(crate) fn new(
        flags: &CheckFlags,
        catalog: &[Entry],
        mut options: Options,
    ) -> Result<Self, Failure> {
        let mut codes: BTreeSet<String> = if flags.only.is_empty() {
            let profiles = profiles(&flags.profile, &options);
            catalog
                .iter()
                .filter(|entry| {
                    entry
                        .profiles
                        .iter()
                        .any(|profile| profiles.contains(profile))
                })
                .map(|entry| entry.code.clone())
                .filter(|code| !options.skip.contains(code))
                .collect()
        } else {
            matching(&flags.only, "--only", catalog)?
        };
        let skipped = matching(&flags.skip, "--skip", catalog)?;
        codes.retain(|code| !skipped.contains(code));
        if codes.is_empty() && !catalog.is_empty() {
            return Err(Failure::new(
                "--profile, --only and --skip together leave no analyzer to run",
            ));
        }
        if flags.only.is_empty() {
            let chosen = profiles(&flags.profile, &options);
            options.profiles = Profile::ALL
                .into_iter()
                .filter(|profile| chosen.contains(profile.as_str()))
                .collect();
            options.skip.extend(skipped);
        } else {
            options.only = Some(codes.iter().cloned().collect());
            options.skip = Vec::new();
        }
        Ok(Self {
            codes,
            options,
            whole: BTreeSet::new(),
        })
    }

    /// The same over all analyzers and rules that this run knows.
    pub(crate) fn of(flags: &CheckFlags, configuration: &Configuration) -> Result<Self, Failure> {
        let packs = Packs::load(&flags.rules, configuration)?;
        let mut catalog = catalog::entries();
        catalog.extend(packs.entries());
        let mut options = configuration.options(&packs.analyzers())?;
        options.rules = packs.rules();
        let mut checks = Self::new(flags, &catalog, options)?;
        checks.whole = packs.kinds();
        Ok(checks)
    }

    /// How many run.
    pub(crate) fn count(&self) -> usize {
        self.codes.len()
    }

    /// The kinds that rules have to see with every field.
    pub(crate) const fn whole(&self) -> &BTreeSet<GroupKind> {
        &self.whole
    }

    /// The core's options for it.
    pub(crate) fn options(&self) -> Options {
        self.options.clone()
    }

    /// Whether the analyzer runs.
    #[cfg(test)]
    pub(crate) fn runs(&self, code: &str) -> bool {
        self.codes.contains(code)
    }
}

/// The names of the profiles that the words stand for; of those of the options for no word.
pub(crate) fn profiles(words: &[ProfileWord], options: &Options) -> BTreeSet<&'static str> {
    let named = words.iter().flat_map(|word| word.profiles());
    if words.is_empty() {
        options
            .profiles
            .iter()
            .map(|known| known.as_str())
            .collect()
    } else {
        named.map(Profile::as_str).collect()
    }
}

fn matching(words: &[String], flag: &str, catalog: &[Entry]) -> Result<BTreeSet<String>, Failure> {
    let mut codes = BTreeSet::new();
    for word in words
        .iter()
        .map(|word| word.trim())
        .filter(|word| !word.is_empty())
    {
        let found: Vec<_> = select(word, catalog)
            .map_err(|error| Failure::new(format!("{flag} `{word}` is not a pattern: {error}")))?
            .map(|entry| entry.code.clone())
            .collect();
        if found.is_empty() {
            let known = catalog
                .iter()
                .flat_map(|entry| [&entry.code, &entry.name, &entry.family]);
            let near = did_you_mean(word, known.map(String::as_str));
            return Err(Failure::new(format!("{flag} `{word}` names no analyzer"))
                .way_out(near.unwrap_or_else(|| "kubectl lens analyzers lists them".to_owned())));
        }
        codes.extend(found);
    }
    Ok(codes)
}

/// The entries whose code, name or family `word` names, or matches as a pattern; case counts not.
pub(crate) fn select<'a>(
    word: &str,
    catalog: &'a [Entry],
) -> Result<impl Iterator<Item = &'a Entry> + use<'a>, glob::PatternError> {
    let pattern = Pattern::new(word)?;
    let options = MatchOptions {
        case_sensitive: false,
        ..MatchOptions::new()
    };
    Ok(catalog.iter().filter(move |entry| {
        [&entry.code, &entry.name, &entry.family, entry.topic]
            .into_iter()
            .any(|text| pattern.matches_with(text, options))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::tests::three_entries;

    fn codes(only: &[&str], skip: &[&str]) -> Result<Vec<String>, String> {
        let words = |list: &[&str]| list.iter().map(ToString::to_string).collect();
        let flags = CheckFlags {
            only: words(only),
            skip: words(skip),
            profile: Vec::new(),
            rules: Vec::new(),
        };
        let catalog = three_entries();
        let checks = Checks::new(&flags, &catalog, Options::default())
            .map_err(|failure| failure.to_string())?;
        Ok(catalog
            .iter()
            .map(|entry| entry.code.clone())
            .filter(|code| checks.runs(code))
            .collect())
    }

    #[test]
    fn analyzers_are_chosen_by_code_name_family_and_pattern() {
        assert_eq!(codes(&["cfg001"], &[]), Ok(vec!["CFG001".into()]));
        assert_eq!(codes(&["image-not-found"], &[]), Ok(vec!["IMG002".into()]));
        assert_eq!(
            codes(&["CFG"], &[]),
            Ok(vec!["CFG001".into(), "CFG002".into()])
        );
        assert_eq!(
            codes(&["*-missing"], &["secret-*"]),
            Ok(vec!["CFG001".into()])
        );
    }

    #[test]
    fn without_a_named_analyzer_the_profiles_choose_and_facts_of_other_profiles_stay_away() {
        let options = |flags: CheckFlags| {
            Checks::new(&flags, &three_entries(), Options::default()).map(|checks| checks.options())
        };
        let plain = options(CheckFlags::default()).expect("options");
        assert_eq!((plain.only, plain.profiles), (None, vec![Profile::Default]));
        let named = options(CheckFlags {
            only: vec!["CFG001".into()],
            ..CheckFlags::default()
        });
        assert_eq!(
            named.expect("options").only,
            Some(vec!["CFG001".to_owned()])
        );
    }

    #[test]
    fn an_unknown_code_names_the_nearest() {
        let message = codes(&["CFG01"], &[]).expect_err("unknown");
        assert!(
            message
                .starts_with("error: --only `CFG01` names no analyzer\n  try: did you mean CFG001"),
            "{message}"
        );
    }

    #[test]
    fn a_choice_that_leaves_nothing_is_an_error() {
        assert!(codes(&["CFG001"], &["CFG*"]).is_err());
        assert!(codes(&["[a"], &[]).is_err());
    }
}
