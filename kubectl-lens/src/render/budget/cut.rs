//! The steps by which an answer gets shorter.

use kubelens_core::model::{Cause, Coverage, CoverageState, Omitted, shortened as cut_text};

use super::Shortenable;

/// Characters of what was said of a kind that could not be read, where all of it is too much.
const BRIEF: usize = 80;

/// How much of an answer stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// What stays of the causes below the first.
    lower: Room,
    /// How many of the last causes lose their explanation and advice.
    unexplained: usize,
    coverage: Told,
    /// How many of the last causes keep id and title only.
    bare: usize,
    /// How many of the last causes are only counted.
    gone: usize,
    /// What stays of the first cause.
    first: Room,
}

/// How much of one cause stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Room {
    /// Items of proof.
    evidence: usize,
    /// Characters of a text of proof.
    text: usize,
    /// Entries of its lists: what it hits, chains, what was ruled out.
    list: usize,
    /// Characters of the explanation.
    explanation: usize,
    /// Pieces of advice.
    advice: usize,
}

impl Room {
    const ALL: Self = Self {
        evidence: usize::MAX,
        text: usize::MAX,
        list: usize::MAX,
        explanation: usize::MAX,
        advice: usize::MAX,
    };
    const NONE: Self = Self {
        evidence: 0,
        text: 0,
        list: 0,
        explanation: 0,
        advice: 0,
    };
}

/// How much is said of what could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    InFull,
    InBrief,
    /// What nobody serves is only counted: it hides least.
    ButTheAbsent,
    InNumbers,
}

pub(super) const WHOLE: Step = Step {
    lower: Room::ALL,
    unexplained: 0,
    coverage: Told::InFull,
    bare: 0,
    gone: 0,
    first: Room::ALL,
};

/// All steps for an answer, each shorter than the one before. The first cause is touched when there is nothing else.
pub(super) fn steps<T: Shortenable>(answer: &mut T) -> Vec<Step> {
    let mut causes = answer.causes_mut().into_iter();
    let first = causes.next();
    let lower = causes.len();
    let mut steps = vec![WHOLE];
    let mut last = WHOLE;
    let mut then = |change: &dyn Fn(&mut Step)| {
        change(&mut last);
        steps.push(last);
    };
    for (evidence, text) in [(6, 300), (3, 200), (2, 160), (1, 120), (1, 80), (0, 0)] {
        then(&|step| (step.lower.evidence, step.lower.text) = (evidence, text));
    }
    for list in [20, 8, 3, 1, 0] {
        then(&|step| step.lower.list = list);
    }
    then(&|step| step.coverage = Told::InBrief);
    for unexplained in 1..=lower {
        then(&|step| step.unexplained = unexplained);
    }
    then(&|step| step.coverage = Told::ButTheAbsent);
    for bare in 1..=lower {
        then(&|step| step.bare = bare);
    }
    then(&|step| step.coverage = Told::InNumbers);
    for gone in 1..=lower {
        then(&|step| step.gone = gone);
    }
    if let Some(first) = first {
        let entries = first.affected.len().max(first.chain.len());
        for list in fewer(entries.max(first.ruled_out.len()), 4) {
            then(&|step| step.first.list = list);
        }
        for text in [600, 300, 200] {
            then(&|step| step.first.text = text);
        }
        for evidence in fewer(first.evidence.len(), 1) {
            then(&|step| step.first.evidence = evidence);
        }
        then(&|step| (step.first.list, step.first.text) = (1, 120));
        then(&|step| (step.first.advice, step.first.explanation) = (1, 300));
        then(&|step| (step.first.evidence, step.first.list) = (0, 0));
        then(&|step| step.first.explanation = 0);
        then(&|step| step.first = Room::NONE);
    }
    steps
}

/// Ever fewer than so many, in small steps, so that little room is left over.
fn fewer(from: usize, least: usize) -> impl Iterator<Item = usize> {
    let next = move |count: &usize| (*count > least).then(|| (count * 9 / 10).max(least));
    std::iter::successors(Some(from), next).skip(1)
}

/// The answer with no more than the step leaves, and, beside what is gone `already`, with what was left out in numbers.
pub(super) fn shortened<T: Shortenable>(whole: &T, already: &Omitted, step: &Step) -> T {
    let mut answer = whole.clone();
    let mut omitted = already.clone();
    let causes = answer.count();
    let kept = causes.saturating_sub(step.gone);
    let told = causes.saturating_sub(step.bare);
    let explained = causes.saturating_sub(step.unexplained);
    for (place, cause) in answer.causes_mut().into_iter().enumerate() {
        let proof = cause.evidence.len();
        let room = match place {
            0 => step.first,
            _ if place >= told => Room::NONE,
            _ if place >= explained => Room {
                explanation: 0,
                advice: 1,
                ..step.lower
            },
            _ => step.lower,
        };
        shorten(cause, room);
        omitted.evidence += proof - cause.evidence.len();
    }
    answer.keep_first(kept);
    omitted.causes += causes - kept;
    let is_first_bare = kept > 0 && step.first == Room::NONE;
    omitted.details = kept.saturating_sub(told) + usize::from(is_first_bare);
    if step.coverage != Told::InFull {
        tell_less(answer.coverage_mut(), step.coverage, &mut omitted);
    }
    *answer.omitted_mut() = Some(omitted);
    answer
}

fn shorten(cause: &mut Cause, room: Room) {
    cause.evidence.truncate(room.evidence);
    for item in &mut cause.evidence {
        for words in [&mut item.text, &mut item.value].into_iter().flatten() {
            *words = cut_text(words, room.text);
        }
    }
    let proven = cause.evidence.len();
    cause.affected.truncate(room.list);
    cause.chain.truncate(room.list);
    cause.ruled_out.truncate(room.list);
    for link in &mut cause.chain {
        link.evidence.retain(|place| *place < proven);
    }
    cause.explanation = match room.explanation {
        0 => String::new(),
        most => cut_text(&cause.explanation, most),
    };
    cause.suggestions.truncate(room.advice);
}

/// The share that was read stays, whatever is said of the rest.
fn tell_less(coverage: &mut Coverage, told: Told, omitted: &mut Omitted) {
    let is_named = |state| match told {
        Told::InFull | Told::InBrief => true,
        Told::ButTheAbsent => state != CoverageState::Absent,
        Told::InNumbers => false,
    };
    coverage.kinds.retain(|kind| {
        let is_named = is_named(kind.state);
        if !is_named {
            *omitted.coverage.entry(kind.state).or_default() += 1;
        }
        is_named
    });
    for kind in &mut coverage.kinds {
        kind.detail = cut_text(&kind.detail, BRIEF);
        kind.checks_skipped.clear();
    }
}
