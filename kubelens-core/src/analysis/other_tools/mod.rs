//! What other tools check, what it is called there, and why some of it is not a check here.
//!
//! The names are theirs, as analyzers carry them in `maps_to`; the words about them are ours.

mod classic;
mod declined;
mod k8sgpt;
mod missing;
mod popeye;

use super::Analyzer;
pub use declined::DECLINED;
pub use missing::MISSING;

/// A tool that checks clusters.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// What it calls its checks: `code`, `filter`.
    pub word: &'static str,
    /// Its checks.
    pub checks: &'static [TheirCheck],
}

/// A check of another tool.
#[derive(Debug, Clone, Copy)]
pub struct TheirCheck {
    /// As `maps_to` has it: `POP-1109`, `k8sgpt:Pod`.
    pub name: &'static str,
    /// What it is about, in our words.
    pub about: &'static str,
}

/// A check that others have and KubeLens does not.
#[derive(Debug, Clone, Copy)]
pub struct Declined {
    /// What they check.
    pub check: &'static str,
    /// Their names for it, where it has any of its own.
    pub names: &'static [&'static str],
    /// Why not.
    pub reason: &'static str,
}

/// All tools whose checks are looked up here.
pub const TOOLS: [Tool; 3] = [k8sgpt::TOOL, popeye::TOOL, classic::TOOL];

/// The analyzers that stand for a check of another tool.
pub fn ours_for(all: &[&'static Analyzer], name: &str) -> Vec<&'static Analyzer> {
    let all = all.iter().copied();
    all.filter(|analyzer| analyzer.maps_to.iter().any(|known| is_name(known, name)))
        .collect()
}

/// The reasons why a check of another tool, or a part of it, is none here.
pub fn reasons_for(name: &str) -> Vec<&'static str> {
    DECLINED
        .iter()
        .chain(MISSING)
        .filter(|declined| declined.names.iter().any(|known| is_name(known, name)))
        .map(|declined| declined.reason)
        .collect()
}

/// Whether what a person wrote means a name of another tool: case counts not, nor does the part before its colon
/// have to be there.
pub fn is_name(known: &str, wanted: &str) -> bool {
    known.eq_ignore_ascii_case(wanted)
        || known
            .split_once(':')
            .is_some_and(|(_, short)| short.eq_ignore_ascii_case(wanted))
}

/// Every name of another tool, as `maps_to` has it.
pub fn all_names() -> impl Iterator<Item = &'static str> {
    TOOLS
        .iter()
        .flat_map(|tool| tool.checks.iter().map(|check| check.name))
}
