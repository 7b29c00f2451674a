use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::STACK;
use super::rule::Rule;
use crate::documents::{Problem, RulePackDocument};
use crate::kubernetes::GroupKind;
use crate::model::{Placed, safe_text};

/// A pack of rules, ready to look.
#[derive(Debug, Clone)]
pub struct RulePack {
    /// What it is called.
    pub name: String,
    /// What its rules have in common.
    pub description: String,
    /// The rules, by code.
    pub rules: Vec<Arc<Rule>>,
}

impl RulePack {
    /// Reads a pack; `file` is what messages call it. Tells every rule that makes no sense, not the first only.
    pub fn parse(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let lost = || {
            let start = Placed::nowhere(());
            vec![Problem::with(file, &start, "the pack cannot be read")]
        };
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(STACK);
            let reading = thread
                .spawn_scoped(scope, || Self::read(file, text))
                .map_err(|_| lost())?;
            reading.join().unwrap_or_else(|_| Err(lost()))
        })
    }

    fn read(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let document = RulePackDocument::parse(file, text).map_err(|problem| vec![problem])?;
        let mut rules = Vec::new();
        let mut problems = Vec::new();
        let mut codes: BTreeMap<&str, u64> = BTreeMap::new();
        for entry in &document.rules {
            let code = &entry.value.code;
            if let Some(line) = codes.insert(&code.value, code.line) {
                let words = format!(
                    "code `{}` is used on line {line} too",
                    safe_text(&code.value)
                );
                problems.push(Problem::with(file, code, words));
            }
            match Rule::new(file, &document.metadata.name, entry) {
                Ok(rule) => rules.push(Arc::new(rule)),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        rules.sort_by_key(|rule| rule.analyzer.code);
        Ok(Self {
            name: safe_text(&document.metadata.name),
            description: safe_text(&document.metadata.description),
            rules,
        })
    }
}

/// The kinds that these rules have to see with every field.
pub fn kinds_of<'a>(rules: impl IntoIterator<Item = &'a Arc<Rule>>) -> BTreeSet<GroupKind> {
    rules
        .into_iter()
        .flat_map(|rule| rule.kinds().cloned().collect::<Vec<_>>())
        .collect()
}
