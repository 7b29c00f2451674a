//! A cause's chain as a tree: under each object what it harms.

use std::collections::BTreeSet;

use kubelens_core::model::{Cause, ObjectRef};
use serde::Serialize;

use crate::terminal::printable;

/// Deepest step that is drawn; real chains are a handful of steps deep.
const DEEPEST: usize = 24;

/// One object and what it harms.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Step {
    pub(super) object: String,
    /// How it hangs together with the object above it; empty for where the chain begins.
    pub(super) relation: String,
    /// How many more objects stand in this place.
    pub(super) more: usize,
    /// Places in the list of proof, counted from 1.
    pub(super) proof: Vec<usize>,
    /// That its effects are not drawn here: they stand where it came up before, or lie too deep.
    pub(super) goes_on: bool,
    pub(super) effects: Vec<Step>,
}

/// The objects where the chain begins. Each object's effects are drawn once.
pub(super) fn steps(cause: &Cause) -> Vec<Step> {
    let mut drawn = BTreeSet::new();
    beginnings(cause)
        .into_iter()
        .map(|object| Step {
            object: printable(&object.to_string()).into_owned(),
            relation: String::new(),
            more: 0,
            proof: Vec::new(),
            goes_on: false,
            effects: effects(cause, object, 1, &mut drawn),
        })
        .collect()
}

/// The subject and whatever no link leads to; in a circle, where its first link begins.
fn beginnings(cause: &Cause) -> Vec<&ObjectRef> {
    let reached: BTreeSet<_> = cause.chain.iter().map(|link| link.effect.key()).collect();
    let mut found: Vec<&ObjectRef> = Vec::new();
    for link in &cause.chain {
        let begins = !reached.contains(&link.cause.key()) || link.cause.is_same(&cause.subject);
        if begins && !found.iter().any(|known| known.is_same(&link.cause)) {
            found.push(&link.cause);
        }
    }
    if found.is_empty() {
        found.extend(cause.chain.first().map(|link| &link.cause));
    }
    found
}

fn effects(
    cause: &Cause,
    of: &ObjectRef,
    depth: usize,
    drawn: &mut BTreeSet<(String, String, String)>,
) -> Vec<Step> {
    drawn.insert(of.key());
    let mut below = Vec::new();
    for link in cause.chain.iter().filter(|link| link.cause.is_same(of)) {
        let leads_on = cause
            .chain
            .iter()
            .any(|next| next.cause.is_same(&link.effect));
        let is_end = drawn.contains(&link.effect.key()) || depth >= DEEPEST;
        below.push(Step {
            object: printable(&link.effect.to_string()).into_owned(),
            relation: printable(&link.relation).into_owned(),
            more: link.count.saturating_sub(1),
            proof: link.evidence.iter().map(|place| place + 1).collect(),
            goes_on: leads_on && is_end,
            effects: if is_end {
                Vec::new()
            } else {
                effects(cause, &link.effect, depth + 1, drawn)
            },
        });
    }
    below
}

#[cfg(test)]
mod tests {
    use kubelens_core::model::{ChainLink, ObjectRef};

    use super::{DEEPEST, Step, steps};
    use crate::render::tests::shop_report;

    fn drawn(links: &[(&str, &str)]) -> Vec<Step> {
        let pod = |name: &str| ObjectRef::namespaced("v1", "Pod", "shop", name);
        let mut cause = shop_report().causes.swap_remove(0);
        cause.chain = links
            .iter()
            .map(|(from, to)| ChainLink {
                cause: pod(from),
                effect: pod(to),
                relation: "owned by".into(),
                count: 1,
                evidence: vec![],
            })
            .collect();
        steps(&cause)
    }

    /// `a(b(c) d)`, with `…` where a step goes on elsewhere.
    fn shape(steps: &[Step]) -> String {
        let each: Vec<String> = steps
            .iter()
            .map(|step| {
                let name = step.object.rsplit('/').next().unwrap_or_default();
                let mark = if step.goes_on { "…" } else { "" };
                match step.effects.as_slice() {
                    [] => format!("{name}{mark}"),
                    effects => format!("{name}{mark}({})", shape(effects)),
                }
            })
            .collect();
        each.join(" ")
    }

    #[test]
    fn a_chain_that_branches_is_a_tree() {
        assert_eq!(
            shape(&drawn(&[("a", "b"), ("b", "c"), ("a", "d"), ("x", "y")])),
            "a(b(c) d) x(y)"
        );
    }

    #[test]
    fn what_is_reached_twice_is_drawn_once_and_marked() {
        assert_eq!(
            shape(&drawn(&[
                ("a", "b"),
                ("a", "c"),
                ("b", "d"),
                ("c", "d"),
                ("d", "e")
            ])),
            "a(b(d(e)) c(d…))"
        );
    }

    #[test]
    fn a_circle_ends_where_it_began() {
        assert_eq!(shape(&drawn(&[("a", "b"), ("b", "a")])), "a(b(a…))");
        assert_eq!(shape(&drawn(&[("a", "a")])), "a(a…)");
    }

    #[test]
    fn a_chain_without_end_is_cut_and_says_so() {
        let names: Vec<String> = (0..=1000).map(|number| number.to_string()).collect();
        let links: Vec<(&str, &str)> = names
            .iter()
            .zip(names.iter().skip(1))
            .map(|(from, to)| (from.as_str(), to.as_str()))
            .collect();
        let shape = shape(&drawn(&links));
        assert_eq!(shape.matches('(').count(), DEEPEST);
        assert!(shape.contains("24…"), "{shape}");
    }
}
