//! Which analyzers run.

use std::collections::BTreeSet;

use glob::{MatchOptions, Pattern};
use kubelens_core::{analysis::Profile, engine::Options};

use crate::{
    catalog::Entry,
    cli::{CheckFlags, ProfileWord},
    failure::Failure,
    nearest::did_you_mean,
};

/// The codes of the analyzers that run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checks {
    codes: BTreeSet<String>,
}

impl Checks {
    /// What the profiles, `--only` and `--skip` leave of `catalog`. What `--only` names runs whatever its
    /// profile. A word that names nothing is an error.
    pub(crate) fn new(flags: &CheckFlags, catalog: &[Entry]) -> Result<Self, Failure> {
        let mut codes: BTreeSet<String> = if flags.only.is_empty() {
            let profiles = profiles(&flags.profile);
            catalog
                .iter()
                .filter(|entry| {
                    entry
                        .profiles
                        .iter()
                        .any(|profile| profiles.contains(profile))
                })
                .map(|entry| entry.code.clone())
                .collect()
        } else {
            matching(&flags.only, "--only", catalog)?
        };
        for code in matching(&flags.skip, "--skip", catalog)? {
            codes.remove(&code);
        }
        if codes.is_empty() && !catalog.is_empty() {
            return Err(Failure::new(
                "--profile, --only and --skip together leave no analyzer to run",
            ));
        }
        Ok(Self { codes })
    }

    /// The core's options for it.
    pub(crate) fn options(&self) -> Options {
        Options {
            only: Some(self.codes.iter().cloned().collect()),
            ..Options::default()
        }
    }

    /// Whether the analyzer runs.
    pub(crate) fn runs(&self, code: &str) -> bool {
        self.codes.contains(code)
    }
}

/// The names of the profiles that the words stand for; of the default one for no word.
pub(crate) fn profiles(words: &[ProfileWord]) -> BTreeSet<&'static str> {
    let words = if words.is_empty() {
        &[ProfileWord::Default]
    } else {
        words
    };
    words
        .iter()
        .flat_map(|word| word.profiles())
        .map(Profile::as_str)
        .collect()
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
        };
        let catalog = three_entries();
        let checks = Checks::new(&flags, &catalog).map_err(|failure| failure.to_string())?;
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
