use glob::Pattern;

use super::{CodePattern, Options, Suppression, registry};
use crate::analysis::{Analyzer, Profile};
use crate::documents::{Config, Problem, ProfileName};
use crate::model::{Placed, did_you_mean, safe_text};
use crate::snapshot::{Override, ThresholdSettings, Thresholds, Tuning};

impl Options {
    /// What a configuration asks for, or the first thing in it that makes no sense. `file` is what messages call
    /// it; `further` are analyzers that are not built in.
    pub fn configured(
        file: &str,
        config: &Config,
        further: &[&'static Analyzer],
    ) -> Result<Self, Problem> {
        let reader = Reader { file, further };
        let mut options = Self {
            tuning: reader.tuning(config)?,
            suppressions: reader.suppressions(config)?,
            excluded_namespaces: config
                .exclude_namespaces
                .iter()
                .map(|name| reader.pattern(name, &name.value))
                .collect::<Result<_, _>>()?,
            ..Self::default()
        };
        if let Some(profiles) = &config.profiles {
            options.profiles = reader.profiles(profiles)?;
        }
        for (word, severity) in &config.severities {
            let codes = reader.codes(severity, word)?;
            match severity.value.severity() {
                Some(severity) => options.severities.push((codes, severity)),
                None => options.skip.extend(reader.named(&codes)),
            }
        }
        // An exact code says more than a pattern.
        options.severities.sort_by_key(|(codes, _)| {
            let text = codes.to_string();
            (text.contains(['*', '?', '[']), text)
        });
        Ok(options)
    }
}

/// Finds the meaning of what a file says.
struct Reader<'a> {
    file: &'a str,
    further: &'a [&'static Analyzer],
}

impl Reader<'_> {
    fn wrong<T>(&self, at: &Placed<T>, words: impl Into<String>) -> Problem {
        Problem::with(self.file, at, words)
    }

    fn analyzers(&self) -> impl Iterator<Item = &'static Analyzer> {
        registry().iter().chain(self.further).copied()
    }

    fn named(&self, codes: &CodePattern) -> Vec<String> {
        self.analyzers()
            .filter(|analyzer| codes.is_of(analyzer))
            .map(|analyzer| analyzer.code.to_owned())
            .collect()
    }

    /// The pattern of a code; one that names nothing is a mistake.
    fn codes<T>(&self, at: &Placed<T>, word: &str) -> Result<CodePattern, Problem> {
        let codes = CodePattern::new(word)
            .map_err(|error| self.wrong(at, format!("`{word}` is no pattern: {error}")))?;
        if self.named(&codes).is_empty() {
            let known: Vec<&str> = self
                .analyzers()
                .flat_map(|analyzer| [analyzer.code, analyzer.name])
                .collect();
            let near = did_you_mean(word, known)
                .unwrap_or_else(|| "kubectl lens analyzers lists them".to_owned());
            let words = format!("`{}` names no analyzer", safe_text(word));
            return Err(self.wrong(at, words).hint(&near));
        }
        Ok(codes)
    }

    fn pattern<T>(&self, at: &Placed<T>, word: &str) -> Result<Pattern, Problem> {
        if word.trim().is_empty() {
            return Err(self.wrong(at, "a namespace without a name"));
        }
        Pattern::new(word).map_err(|error| {
            self.wrong(at, format!("`{}` is no pattern: {error}", safe_text(word)))
        })
    }

    fn profiles(&self, names: &Placed<Vec<ProfileName>>) -> Result<Vec<Profile>, Problem> {
        let mut profiles: Vec<Profile> = names
            .value
            .iter()
            .flat_map(|name| match name {
                ProfileName::Default => vec![Profile::Default],
                ProfileName::Classic => vec![Profile::Default, Profile::Classic],
                ProfileName::Security => vec![Profile::Security],
                ProfileName::Hygiene => vec![Profile::Hygiene],
                ProfileName::All => Profile::ALL.to_vec(),
            })
            .collect();
        profiles.sort();
        profiles.dedup();
        if profiles.is_empty() {
            return Err(self
                .wrong(names, "`profiles` names none")
                .hint("name one, or leave the key out"));
        }
        Ok(profiles)
    }

    fn suppressions(&self, config: &Config) -> Result<Vec<Suppression>, Problem> {
        config
            .suppressions
            .iter()
            .map(|entry| {
                self.codes(entry, &entry.value.code)?;
                Suppression::of(self.file, entry)
            })
            .collect()
    }

    fn tuning(&self, config: &Config) -> Result<Tuning, Problem> {
        let thresholds = self.thresholds(Thresholds::default(), &config.thresholds)?;
        let mut overrides = Vec::new();
        for entry in &config.overrides {
            let selector = entry.value.selector.as_ref();
            if entry.value.namespaces.is_empty() && selector.is_none_or(|asked| asked.is_empty()) {
                return Err(self
                    .wrong(entry, "an override for no namespace and no label")
                    .hint("give it `namespaces` or `selector`"));
            }
            overrides.push(Override {
                namespaces: entry
                    .value
                    .namespaces
                    .iter()
                    .map(|name| self.pattern(entry, name))
                    .collect::<Result<_, _>>()?,
                selector: selector.map(|selector| selector.compiled()),
                thresholds: self.thresholds(thresholds.clone(), &entry.value.thresholds)?,
            });
        }
        let registries = config.registries.as_ref();
        Ok(Tuning {
            thresholds,
            overrides,
            registries: registries.map_or_else(Vec::new, |names| names.value.clone()),
        })
    }

    fn thresholds(
        &self,
        base: Thresholds,
        settings: &ThresholdSettings,
    ) -> Result<Thresholds, Problem> {
        for (key, is_number) in settings.set() {
            if !is_number.value {
                let words = format!("`{key}` is less than 0, or no number");
                return Err(self.wrong(&is_number, words));
            }
        }
        Ok(base.with(settings))
    }
}
