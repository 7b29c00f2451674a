//! Answers that keep to a number of bytes: what says least goes first.

mod cut;
#[cfg(test)]
mod tests;

use kubelens_core::{
    comparison::ReportDiff,
    model::{Cause, Coverage, Omitted, Report, counted},
};

use super::{Format, Printout};
use crate::failure::Failure;

/// How to get what was left out.
const HINT: &str =
    "ask without --budget for all of it, or with KIND/NAME for what concerns one object";

/// Bytes that the shortest cause takes in any format.
const SHORTEST: usize = 40;

/// An answer that causes can be taken out of.
pub(crate) trait Shortenable: Clone {
    /// How many causes it has.
    fn count(&self) -> usize;
    /// The causes in the order in which they are printed.
    fn causes_mut(&mut self) -> Vec<&mut Cause>;
    /// Keeps the first so many causes.
    fn keep_first(&mut self, count: usize);
    /// Drops what only repeats; says how much that was.
    fn drop_findings(&mut self) -> usize;
    /// What could not be read.
    fn coverage_mut(&mut self) -> &mut Coverage;
    /// Says what was left out.
    fn omitted_mut(&mut self) -> &mut Option<Omitted>;
}

impl Shortenable for Report {
    fn count(&self) -> usize {
        self.causes.len()
    }

    fn causes_mut(&mut self) -> Vec<&mut Cause> {
        self.causes.iter_mut().collect()
    }

    fn keep_first(&mut self, count: usize) {
        self.causes.truncate(count);
    }

    fn drop_findings(&mut self) -> usize {
        std::mem::take(&mut self.findings).len()
    }

    fn coverage_mut(&mut self) -> &mut Coverage {
        &mut self.coverage
    }

    fn omitted_mut(&mut self) -> &mut Option<Omitted> {
        &mut self.omitted
    }
}

impl Shortenable for ReportDiff {
    fn count(&self) -> usize {
        self.changes.len()
    }

    fn causes_mut(&mut self) -> Vec<&mut Cause> {
        self.changes
            .iter_mut()
            .map(|change| &mut change.cause)
            .collect()
    }

    fn keep_first(&mut self, count: usize) {
        self.changes.truncate(count);
    }

    fn drop_findings(&mut self) -> usize {
        std::mem::take(&mut self.recovered).len()
    }

    fn coverage_mut(&mut self) -> &mut Coverage {
        &mut self.coverage
    }

    fn omitted_mut(&mut self) -> &mut Option<Omitted> {
        &mut self.omitted
    }
}

/// Whether the format can be kept to a budget.
pub(crate) const fn fits(format: &Format) -> bool {
    matches!(
        format,
        Format::Human
            | Format::Wide
            | Format::Table
            | Format::Markdown
            | Format::Json
            | Format::Yaml
    )
}

/// An answer that keeps to a budget as far as it can.
#[derive(Debug)]
pub(crate) struct Fitted {
    pub(crate) printout: Printout,
    /// The bytes that even the shortest answer takes, where these are more than were given.
    pub(crate) needs: Option<usize>,
}

/// The answer, printed in at most `budget` bytes: first the proof of lower-ranked causes gets shorter, then their
/// lists, explanations and advice go, then all but their id and title, then they are only counted; what could not be
/// read comes to numbers on the way. The first cause gets shorter where nothing else is left to give, and its title
/// stays even where it alone is longer than the budget.
pub(crate) fn within<T: Shortenable>(
    whole: &T,
    budget: usize,
    print: impl Fn(&T) -> Result<Printout, Failure>,
) -> Result<Fitted, Failure> {
    // More causes than this cannot be named in so few bytes; there may be very many.
    let most = budget / SHORTEST + 1;
    let causes = whole.count();
    if causes <= most {
        let printout = print(whole)?;
        if length(&printout) <= budget {
            return Ok(Fitted {
                printout,
                needs: None,
            });
        }
    }
    let mut base = whole.clone();
    let proof = |answer: &mut T| -> usize {
        let causes = answer.causes_mut();
        causes.iter().map(|cause| cause.evidence.len()).sum()
    };
    let before = proof(&mut base);
    base.keep_first(most);
    let after = proof(&mut base);
    let already = Omitted {
        causes: causes.saturating_sub(most),
        evidence: before - after,
        findings: base.drop_findings(),
        hint: HINT.to_owned(),
        ..Omitted::default()
    };
    let steps = cut::steps(&mut base);
    // The first step that is short enough; each leaves no more than the one before.
    let (mut low, mut high) = (0, steps.len().saturating_sub(1));
    while low < high {
        let middle = usize::midpoint(low, high);
        let step = steps.get(middle).copied().unwrap_or(cut::WHOLE);
        if length(&print(&cut::shortened(&base, &already, &step))?) <= budget {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let step = steps.get(low).copied().unwrap_or(cut::WHOLE);
    let printout = print(&cut::shortened(&base, &already, &step))?;
    let needs = Some(length(&printout)).filter(|needs| *needs > budget);
    Ok(Fitted { printout, needs })
}

fn length(printout: &Printout) -> usize {
    match printout {
        Printout::Exact(text) => text.len(),
        // Colours are the terminal's.
        Printout::Styled(text) => anstream::adapter::strip_str(text).to_string().len(),
    }
}

/// What was left out, in one line; none where it is nothing.
pub(super) fn line(omitted: Option<&Omitted>) -> Option<String> {
    let omitted = omitted?;
    let parts: Vec<String> = [
        (omitted.causes, counted(omitted.causes, "cause")),
        (
            omitted.details,
            format!(
                "all but the titles of {}",
                counted(omitted.details, "cause")
            ),
        ),
        (
            omitted.evidence,
            format!("{} of proof", counted(omitted.evidence, "item")),
        ),
        (omitted.findings, counted(omitted.findings, "finding")),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(_, what)| what)
    .collect();
    let what = if parts.is_empty() {
        "some words".to_owned()
    } else {
        parts.join(", ")
    };
    Some(format!("Left out to be short: {what}; {}", omitted.hint))
}

/// What could not be read and is not named either: `3 kinds that are only counted (1 forbidden, 2 absent)`; none where
/// all of it is named.
pub(super) fn unnamed(omitted: Option<&Omitted>) -> Option<String> {
    let coverage = &omitted?.coverage;
    let states: Vec<String> = coverage
        .iter()
        .map(|(state, count)| format!("{count} {}", state.as_str()))
        .collect();
    let count = coverage.values().sum();
    (count > 0).then(|| {
        let kinds = counted(count, "kind");
        let verb = if count == 1 { "is" } else { "are" };
        format!("{kinds} that {verb} only counted ({})", states.join(", "))
    })
}
