//! The steps by which an answer gets shorter.

use kubelens_core::model::{Cause, Omitted, shortened as cut_text};

use super::Shortenable;

/// How much of an answer stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Items of proof of the causes below the first.
    evidence: usize,
    /// Characters of a text of proof.
    text: usize,
    /// Entries of their lists: what they hit, chains, what was ruled out.
    list: usize,
    /// Whether their explanation and advice stay.
    explanations: bool,
    /// Whether coverage keeps its details.
    coverage: bool,
    /// How many of the last causes keep id and title only.
    bare: usize,
    /// How many of the last causes are only counted.
    gone: usize,
    /// Items of proof, and entries of lists, of the first cause.
    first: usize,
}

pub(super) const WHOLE: Step = Step {
    evidence: usize::MAX,
    text: usize::MAX,
    list: usize::MAX,
    explanations: true,
    coverage: true,
    bare: 0,
    gone: 0,
    first: usize::MAX,
};

/// All steps for so many causes, each shorter than the one before.
pub(super) fn steps(causes: usize) -> Vec<Step> {
    let mut steps = vec![WHOLE];
    let mut last = WHOLE;
    for (evidence, text) in [(6, 300), (3, 200), (2, 160), (1, 120), (1, 80), (0, 0)] {
        last = Step {
            evidence,
            text,
            ..last
        };
        steps.push(last);
    }
    for list in [20, 8, 3, 1, 0] {
        last = Step { list, ..last };
        steps.push(last);
    }
    last.explanations = false;
    steps.push(last);
    last.coverage = false;
    steps.push(last);
    for first in [20, 8, 4] {
        last = Step { first, ..last };
        steps.push(last);
    }
    let lower = causes.saturating_sub(1);
    for bare in 1..=lower {
        last = Step { bare, ..last };
        steps.push(last);
    }
    for gone in 1..=lower {
        last = Step { gone, ..last };
        steps.push(last);
    }
    for first in [2, 1] {
        last = Step { first, ..last };
        steps.push(last);
    }
    steps
}

/// The answer with no more than the step leaves, and, beside what is gone `already`, with what was left out in numbers.
pub(super) fn shortened<T: Shortenable>(whole: &T, already: &Omitted, step: &Step) -> T {
    let mut answer = whole.clone();
    let mut omitted = already.clone();
    let causes = answer.count();
    let kept = causes.saturating_sub(step.gone);
    let told = causes.saturating_sub(step.bare);
    for (place, cause) in answer.causes_mut().into_iter().enumerate() {
        let proof = cause.evidence.len();
        if place == 0 {
            shorten(cause, step.first, usize::MAX, step.first);
        } else if place >= told {
            strip(cause);
        } else {
            shorten(cause, step.evidence, step.text, step.list);
            if !step.explanations {
                cause.explanation.clear();
                cause.suggestions.truncate(1);
            }
        }
        omitted.evidence += proof - cause.evidence.len();
    }
    answer.keep_first(kept);
    omitted.causes += causes - kept;
    omitted.details = kept.saturating_sub(told);
    if !step.coverage {
        for kind in &mut answer.coverage_mut().kinds {
            kind.detail = cut_text(&kind.detail, 80);
            kind.checks_skipped.clear();
        }
    }
    *answer.omitted_mut() = Some(omitted);
    answer
}

fn shorten(cause: &mut Cause, evidence: usize, text: usize, list: usize) {
    cause.evidence.truncate(evidence);
    for item in &mut cause.evidence {
        for words in [&mut item.text, &mut item.value].into_iter().flatten() {
            *words = cut_text(words, text);
        }
    }
    let proven = cause.evidence.len();
    cause.affected.truncate(list);
    cause.chain.truncate(list);
    cause.ruled_out.truncate(list);
    for link in &mut cause.chain {
        link.evidence.retain(|place| *place < proven);
    }
}

/// Leaves what names the cause.
fn strip(cause: &mut Cause) {
    shorten(cause, 0, 0, 0);
    cause.explanation.clear();
    cause.suggestions.clear();
}
