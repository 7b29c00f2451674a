//! How a fault travels: `ConfigMap web-config → Pod web-6d4 (+2) → Deployment web`.

use kubelens_core::model::{Cause, ChainLink, ObjectRef};

use super::{View, label};
use crate::terminal::{Page, Span, Theme};

/// Longest way that is followed; real ones are a handful of steps.
const LONGEST: usize = 12;
/// Ways that even the wide view stops at.
const MOST_WAYS: usize = 20;

pub(super) fn print(cause: &Cause, view: &View, page: &mut Page) {
    let mut ways = ways(cause);
    // The longest tells most; of equal ones the first.
    ways.sort_by_key(|way| std::cmp::Reverse(way.len()));
    let most = if view.wide { usize::MAX } else { 1 };
    let hidden = ways.len().saturating_sub(most);
    for (place, way) in ways.iter().take(most).enumerate() {
        let name = if place == 0 { "Chain" } else { "" };
        let mut spans = Vec::new();
        for (step, link) in way.iter().enumerate() {
            if step == 0 {
                spans.push(Span::plain(short(&link.cause, &cause.subject)));
            }
            let arrow = if view.wide {
                format!(" →({}) ", link.relation)
            } else {
                " → ".to_owned()
            };
            spans.push(Span::new(arrow, Theme::QUIET));
            spans.push(Span::plain(short(&link.effect, &cause.subject)));
            if link.count > 1 {
                spans.push(Span::new(format!(" (+{})", link.count - 1), Theme::QUIET));
            }
        }
        if place == 0 && hidden > 0 {
            let noun = if hidden == 1 { "way" } else { "ways" };
            spans.push(Span::new(
                format!("  and {hidden} more {noun}"),
                Theme::QUIET,
            ));
        }
        page.hanging(&[label(name)], &spans);
    }
}

/// The object without the namespace that it shares with the subject.
pub(super) fn short(object: &ObjectRef, subject: &ObjectRef) -> String {
    if object.namespace == subject.namespace {
        format!("{} {}", object.kind, object.name)
    } else {
        object.to_string()
    }
}

/// Every way from where the chain begins to where it ends.
fn ways(cause: &Cause) -> Vec<Vec<&ChainLink>> {
    let begins = |object: &ObjectRef| !cause.chain.iter().any(|link| link.effect.is_same(object));
    let mut ways = Vec::new();
    let mut starts: Vec<&ObjectRef> = Vec::new();
    for link in &cause.chain {
        let known = starts.iter().any(|start| start.is_same(&link.cause));
        if !known && (begins(&link.cause) || link.cause.is_same(&cause.subject)) {
            starts.push(&link.cause);
        }
    }
    for start in starts {
        follow(&cause.chain, start, &mut Vec::new(), &mut ways);
    }
    let all = ways.clone();
    let mut place = 0;
    ways.retain(|way| {
        place += 1;
        !all.iter().enumerate().any(|(other_place, other)| {
            let says_more =
                other.len() > way.len() || (other.len() == way.len() && other_place + 1 < place);
            says_more && leads_over(other, way)
        })
    });
    ways
}

/// Whether a way passes everything that a shorter one does: then the shorter one says nothing more.
fn leads_over(long: &[&ChainLink], short: &[&ChainLink]) -> bool {
    let mut stops = long
        .first()
        .map(|link| &link.cause)
        .into_iter()
        .chain(long.iter().map(|link| &link.effect));
    let mut wanted = short
        .first()
        .map(|link| &link.cause)
        .into_iter()
        .chain(short.iter().map(|link| &link.effect));
    wanted.all(|object| stops.any(|stop| stop.is_same(object)))
}

fn follow<'a>(
    chain: &'a [ChainLink],
    from: &ObjectRef,
    way: &mut Vec<&'a ChainLink>,
    ways: &mut Vec<Vec<&'a ChainLink>>,
) {
    let walked = |object: &ObjectRef| way.iter().any(|link| link.cause.is_same(object));
    let next: Vec<&ChainLink> = chain
        .iter()
        .filter(|link| link.cause.is_same(from) && !walked(&link.effect) && !walked(from))
        .collect();
    if ways.len() >= MOST_WAYS {
        return;
    }
    if next.is_empty() || way.len() >= LONGEST {
        if !way.is_empty() {
            ways.push(way.clone());
        }
        return;
    }
    for link in next {
        way.push(link);
        follow(chain, &link.effect, way, ways);
        way.pop();
    }
}

#[cfg(test)]
mod tests {
    use kubelens_core::model::{ChainLink, ObjectRef};

    use super::ways;
    use crate::render::tests::shop_report;

    fn link(from: &str, to: &str) -> ChainLink {
        ChainLink {
            cause: ObjectRef::namespaced("v1", "Pod", "shop", from),
            effect: ObjectRef::namespaced("v1", "Pod", "shop", to),
            relation: "owned by".into(),
            count: 1,
            evidence: vec![],
        }
    }

    fn names(links: Vec<ChainLink>) -> Vec<String> {
        let mut cause = shop_report().causes.swap_remove(0);
        cause.chain = links;
        ways(&cause)
            .iter()
            .map(|way| {
                way.iter()
                    .map(|link| format!("{}{}", link.cause.name, link.effect.name))
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect()
    }

    #[test]
    fn a_chain_that_branches_gives_a_way_for_each_end() {
        assert_eq!(
            names(vec![link("a", "b"), link("b", "c"), link("a", "d")]),
            ["ab bc", "ad"]
        );
    }

    #[test]
    fn a_short_cut_says_nothing_more() {
        assert_eq!(
            names(vec![link("a", "c"), link("a", "b"), link("b", "c")]),
            ["ab bc"]
        );
    }

    #[test]
    fn a_circle_ends_where_it_began() {
        assert_eq!(
            names(vec![link("x", "a"), link("a", "b"), link("b", "a")]),
            ["xa ab"]
        );
        assert!(names(vec![link("a", "a")]).is_empty());
    }
}
