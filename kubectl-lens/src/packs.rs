//! Rule packs: which files, and the rules in them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use kubelens_core::{
    analysis::Analyzer,
    documents::Problem,
    kubernetes::GroupKind,
    rules::{Rule, RulePack, kinds_of},
};

use crate::{catalog::Entry, configuration::Configuration, failure::Failure};

/// The packs of this run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Packs {
    packs: Vec<RulePack>,
}

impl Packs {
    /// The packs that `--rules` names and those that the configuration names, from its own folder on.
    pub(crate) fn load(named: &[PathBuf], configuration: &Configuration) -> Result<Self, Failure> {
        let configured = configuration.config.rules.iter();
        let paths: Vec<PathBuf> = configured
            .map(|path| configuration.folder().join(&path.value))
            .chain(named.iter().cloned())
            .collect();
        Self::read(&paths)
    }

    /// The packs in these files and folders.
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Self, Failure> {
        let mut files = BTreeSet::new();
        for path in paths {
            files.extend(files_of(path)?);
        }
        let mut packs = Vec::new();
        for file in files {
            let name = file.display().to_string();
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read the rules {name}"))?;
            packs.push(RulePack::parse(&name, &text).map_err(|problems| told(&problems))?);
        }
        let packs = Self { packs };
        packs.all_codes_apart()?;
        Ok(packs)
    }

    fn all_codes_apart(&self) -> Result<(), Failure> {
        let mut known: BTreeMap<&str, &str> = BTreeMap::new();
        for rule in self.iter() {
            let code = rule.analyzer.code;
            if let Some(first) = known.insert(code, &rule.place) {
                return Err(Failure::new(format!(
                    "{}: code `{code}` is used at {first} too",
                    rule.place
                ))
                .way_out("letters of its own for each pack"));
            }
        }
        Ok(())
    }

    /// Every rule of every pack.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.packs.iter().flat_map(|pack| &pack.rules)
    }

    /// The same, to hand them over.
    pub(crate) fn rules(&self) -> Vec<Arc<Rule>> {
        self.iter().cloned().collect()
    }

    /// The analyzers that stand for the rules.
    pub(crate) fn analyzers(&self) -> Vec<&'static Analyzer> {
        self.iter().map(|rule| rule.analyzer).collect()
    }

    /// The kinds that have to be read with every field.
    pub(crate) fn kinds(&self) -> BTreeSet<GroupKind> {
        kinds_of(self.iter())
    }

    /// The rules, as the catalog lists analyzers.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.iter()
            .map(|rule| Entry {
                topic: "rules",
                ..Entry::of(rule.analyzer)
            })
            .collect()
    }
}

/// A file, or the packs that lie in a folder.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let step = || format!("cannot read the folder {}", path.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).with_context(step)? {
        let file = entry.with_context(step)?.path();
        let is_yaml = file
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml");
        if is_yaml && file.is_file() && is_pack(&file) {
            files.push(file);
        }
    }
    if files.is_empty() {
        return Err(
            Failure::new(format!("there is no rule pack in {}", path.display()))
                .way_out("a pack is a YAML file with `kind: RulePack`"),
        );
    }
    Ok(files)
}

/// Other manifests may lie beside packs. What cannot be read is told when it is.
fn is_pack(file: &Path) -> bool {
    std::fs::read_to_string(file).map_or(true, |text| {
        text.trim_start_matches('\u{feff}')
            .lines()
            .any(|line| line.trim_end() == "kind: RulePack")
    })
}

fn told(problems: &[Problem]) -> Failure {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Failure::new(lines.join("\n  "))
}
