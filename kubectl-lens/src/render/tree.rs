//! How faults reach one object: the object on top, what it suffers from below it.

use kubelens_core::model::{Cause, ObjectRef, Report};

use super::View;
use crate::terminal::{Page, Span, Theme};

/// Steps that are followed down; real chains are shorter.
const DEEPEST: usize = 12;

/// The tree of `causes` that reach `target`.
pub(crate) fn print(target: &ObjectRef, causes: &[&Cause], view: &View) -> String {
    let mut page = Page::new(view.width);
    page.hanging(&[], &[Span::new(target.to_string(), Theme::TITLE)]);
    for (place, cause) in causes.iter().enumerate() {
        let root = grow(cause, target);
        let is_last = place + 1 == causes.len();
        branch(&root, cause, "", is_last, &mut page);
    }
    page.into_text()
}

/// An object on the way from a target down to a cause.
struct Node<'a> {
    object: &'a ObjectRef,
    /// How many objects stand here.
    count: usize,
    /// How it hangs together with the one above.
    relation: &'a str,
    below: Vec<Node<'a>>,
}

/// The way from `target` down to the cause's subject. Where the chain does not tell it, the
/// subject hangs below the target directly.
fn grow<'a>(cause: &'a Cause, target: &ObjectRef) -> Vec<Node<'a>> {
    let below = down(cause, target, &mut vec![target]);
    if below.is_empty() && !cause.subject.is_same(target) {
        return vec![Node {
            object: &cause.subject,
            count: 1,
            relation: "",
            below: Vec::new(),
        }];
    }
    below
}

fn down<'a, 'b>(
    cause: &'a Cause,
    object: &ObjectRef,
    walked: &mut Vec<&'b ObjectRef>,
) -> Vec<Node<'a>>
where
    'a: 'b,
{
    if walked.len() > DEEPEST || cause.subject.is_same(object) {
        return Vec::new();
    }
    let mut nodes: Vec<Node<'a>> = Vec::new();
    for link in &cause.chain {
        let is_known = walked.iter().any(|known| known.is_same(&link.cause))
            || nodes.iter().any(|node| node.object.is_same(&link.cause));
        if is_known || !link.effect.is_same(object) {
            continue;
        }
        // How many there are is told by the link that leads to them.
        let count = cause
            .chain
            .iter()
            .filter(|other| other.effect.is_same(&link.cause))
            .map(|other| other.count)
            .max();
        walked.push(&link.cause);
        let below = down(cause, &link.cause, walked);
        walked.pop();
        nodes.push(Node {
            object: &link.cause,
            count: count.unwrap_or(1),
            relation: &link.relation,
            below,
        });
    }
    // A short cut to what a sibling leads to anyway says nothing more.
    let deeper: Vec<&ObjectRef> = nodes
        .iter()
        .flat_map(|node| &node.below)
        .flat_map(objects)
        .collect();
    let is_short_cut: Vec<bool> = nodes
        .iter()
        .map(|node| deeper.iter().any(|object| object.is_same(node.object)))
        .collect();
    nodes
        .into_iter()
        .zip(is_short_cut)
        .filter(|(_, short_cut)| !short_cut)
        .map(|(node, _)| node)
        .collect()
}

/// The object of a node and of all below it.
fn objects<'a>(node: &Node<'a>) -> Vec<&'a ObjectRef> {
    std::iter::once(node.object)
        .chain(node.below.iter().flat_map(objects))
        .collect()
}

fn branch(nodes: &[Node<'_>], cause: &Cause, margin: &str, is_last: bool, page: &mut Page) {
    if nodes.is_empty() {
        // The target is the cause itself.
        verdict(
            cause,
            &format!("{margin}{}", if is_last { "└─ " } else { "├─ " }),
            page,
        );
        return;
    }
    for (place, node) in nodes.iter().enumerate() {
        let ends = is_last && place + 1 == nodes.len();
        let head = format!("{margin}{}", if ends { "└─ " } else { "├─ " });
        let spans = step(node.object, node.count, node.relation);
        page.hanging(&[Span::new(&head, Theme::QUIET)], &spans);
        let deeper = format!("{margin}{}", if ends { "   " } else { "│  " });
        branch(&node.below, cause, &deeper, true, page);
    }
}

/// One object on the way: how many stand there, and how it hangs together with the one before.
pub(super) fn step(object: &ObjectRef, count: usize, relation: &str) -> Vec<Span> {
    let mut spans = vec![Span::plain(object.to_string())];
    if count > 1 {
        spans.push(Span::new(format!(" (+{})", count - 1), Theme::QUIET));
    }
    if !relation.is_empty() {
        spans.push(Span::new(format!("  {relation}"), Theme::QUIET));
    }
    spans
}

/// The kinds of which something stays unknown, on a line of their own; `end` follows them.
pub(super) fn unknown(report: &Report, end: &str, page: &mut Page) {
    let kinds: Vec<String> = report
        .coverage
        .kinds
        .iter()
        .map(|kind| format!("{} {}", kind.kind, kind.state.as_str()))
        .collect();
    if !kinds.is_empty() {
        page.hanging(
            &[Span::new("  Unknown  ", Theme::LABEL)],
            &[Span::plain(format!("{}{end}", kinds.join(", ")))],
        );
    }
}

/// What is wrong, where a branch ends.
fn verdict(cause: &Cause, head: &str, page: &mut Page) {
    page.hanging(
        &[Span::new(head, Theme::QUIET)],
        &[
            Span::new(
                cause.severity.as_str().to_uppercase(),
                Theme::severity(cause.severity),
            ),
            Span::new(format!(" {}", cause.title), Theme::TITLE),
            Span::new(
                format!("  {} {:.0}%", cause.code, cause.confidence * 100.0),
                Theme::QUIET,
            ),
        ],
    );
}

/// What is told of an object that nothing reaches: that it is healthy, and what that rests on.
pub(crate) fn healthy(target: &ObjectRef, report: &Report, checks: usize, view: &View) -> String {
    let mut page = Page::new(view.width);
    page.hanging(
        &[],
        &[
            Span::new(target.to_string(), Theme::TITLE),
            Span::plain(": "),
            Span::new("healthy", Theme::GOOD),
        ],
    );
    page.hanging(
        &[Span::new("  Checked  ", Theme::LABEL)],
        &[Span::plain(format!(
            "{checks} analyzers over {} objects; none found a fault in it or in what it depends on",
            report.summary.objects
        ))],
    );
    let end = format!(" (coverage {}%)", report.coverage.percent);
    unknown(report, &end, &mut page);
    page.into_text()
}
