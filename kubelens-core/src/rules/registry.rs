//! Rules as analyzers: everything behind the engine knows analyzers for good, so a rule's words are kept for good too,
//! once each: loading a pack again costs no memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use crate::analysis::{Analyzer, Check, Family, Profile, Role};
use crate::documents::RuleEntry;
use crate::kubernetes::{Kind, KindSet};
use crate::model::{Severity, safe_text};

/// Letters of findings about KubeLens itself.
const OWN: &str = "INT";

type Key = (String, String, Severity, u64, String, Vec<Kind>);

static KNOWN: Mutex<BTreeMap<Key, &'static Analyzer>> = Mutex::new(BTreeMap::new());

/// Whether the letters of a code are taken.
pub(super) fn is_reserved(code: &str) -> bool {
    Family::of(code).is_some() || code.starts_with(OWN)
}

/// The analyzer that stands for a rule.
pub(super) fn analyzer(
    rule: &RuleEntry,
    confidence: f64,
    kinds: &BTreeSet<Kind>,
) -> &'static Analyzer {
    let kinds: Vec<Kind> = kinds.iter().copied().collect();
    let description = safe_text(rule.description.trim());
    let key = (
        rule.code.value.clone(),
        rule.name.value.clone(),
        rule.severity,
        confidence.to_bits(),
        description.clone(),
        kinds.clone(),
    );
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(key).or_insert_with(|| {
        let kept = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
        Box::leak(Box::new(Analyzer {
            code: kept(&rule.code.value),
            name: kept(&rule.name.value),
            role: Role::Both,
            severity: rule.severity,
            confidence,
            reads: KindSet::of(&kinds),
            maps_to: &[],
            profiles: &[Profile::Default],
            docs: kept(&format!("# What it means\n{description}\n")),
            file: "",
            checks: &[Check::Rule],
        }))
    })
}
