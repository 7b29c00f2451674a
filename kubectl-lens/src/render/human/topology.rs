//! The whole chain of a cause as a tree: the subject on top, what it brings down below.

use kubelens_core::model::{Cause, ChainLink, ObjectRef};

use super::{INDENT, LABEL, chain, label};
use crate::terminal::{Page, Span, Theme};

/// Deepest branch that is drawn; real chains are a handful of steps.
const DEEPEST: usize = 12;
/// Lines of one tree.
const MOST: usize = 60;

pub(super) fn print(cause: &Cause, page: &mut Page) {
    if cause.chain.is_empty() {
        return;
    }
    let mut tree = Tree {
        cause,
        page,
        lines: 0,
        drawn: Vec::new(),
    };
    for (place, start) in starts(cause).into_iter().enumerate() {
        let name = if place == 0 { "Tree" } else { "" };
        tree.page.hanging(
            &[label(name)],
            &[Span::plain(chain::short(start, &cause.subject))],
        );
        tree.drawn.push(start);
        tree.below(start, "", 0);
    }
}

/// Where the chain begins: at the subject, and at what nothing else leads to.
fn starts(cause: &Cause) -> Vec<&ObjectRef> {
    let mut starts: Vec<&ObjectRef> = Vec::new();
    for link in &cause.chain {
        let is_known = starts.iter().any(|start| start.is_same(&link.cause));
        let is_led_to = cause
            .chain
            .iter()
            .any(|other| other.effect.is_same(&link.cause) && !other.cause.is_same(&link.cause));
        if !is_known && (link.cause.is_same(&cause.subject) || !is_led_to) {
            starts.push(&link.cause);
        }
    }
    starts.sort_by_key(|start| !start.is_same(&cause.subject));
    starts
}

struct Tree<'a, 'p> {
    cause: &'a Cause,
    page: &'p mut Page,
    lines: usize,
    /// What stands in the tree already: it is named again, and not followed again.
    drawn: Vec<&'a ObjectRef>,
}

impl<'a> Tree<'a, '_> {
    fn below(&mut self, object: &ObjectRef, margin: &str, depth: usize) {
        let links: Vec<&'a ChainLink> = self
            .cause
            .chain
            .iter()
            .filter(|link| link.cause.is_same(object) && !link.effect.is_same(object))
            .collect();
        for (place, link) in links.iter().enumerate() {
            if self.lines >= MOST {
                return;
            }
            self.lines += 1;
            let is_last = place + 1 == links.len();
            let is_drawn = self.drawn.iter().any(|known| known.is_same(&link.effect));
            self.line(link, margin, is_last);
            if !is_drawn && depth < DEEPEST {
                self.drawn.push(&link.effect);
                let deeper = format!("{margin}{}", if is_last { "   " } else { "│  " });
                self.below(&link.effect, &deeper, depth + 1);
            }
        }
    }

    fn line(&mut self, link: &ChainLink, margin: &str, is_last: bool) {
        let branch = if is_last { "└─ " } else { "├─ " };
        let mut spans = vec![Span::plain(chain::short(&link.effect, &self.cause.subject))];
        if link.count > 1 {
            spans.push(Span::new(format!(" (+{})", link.count - 1), Theme::QUIET));
        }
        if !link.relation.is_empty() {
            spans.push(Span::new(format!("  {}", link.relation), Theme::QUIET));
        }
        let head = format!("{INDENT}{:LABEL$}{margin}{branch}", "");
        self.page.hanging(&[Span::new(head, Theme::QUIET)], &spans);
    }
}
