//! Rules without Rust: packs of conditions in YAML, with CEL expressions, evaluated over objects with every field.
//!
//! ```text
//! RulePack (documents) ──> Rule ──evaluation over WholeObjects──> sightings ──> as any analyzer's
//! ```
//!
//! A rule is anybody's: it is read strictly, its cost is bounded, and what it says is text from the cluster.

mod budget;
mod evaluation;
mod expression;
mod functions;
mod guard;
mod mapping;
mod pack;
mod registry;
mod relation;
mod rule;
mod run;
mod seen;
mod template;
#[cfg(test)]
mod tests;

/// Bytes of stack for whatever walks expressions: they may be nested deeper than a usual one bears.
const STACK: usize = 64 * 1024 * 1024;

pub use pack::{RulePack, kinds_of};
pub use rule::Rule;
pub use run::{RuleSightings, look};
