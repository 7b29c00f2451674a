//! A comparison of two reports, in the formats that show one.

mod human;
mod markdown;
mod table;
#[cfg(test)]
mod tests;

use kubelens_core::comparison::{Change, ChangeState, ReportDiff};

use super::{Format, Printout, View, data, github, json};
use crate::failure::Failure;

/// The comparison in this format.
pub(crate) fn diff(diff: &ReportDiff, format: &Format, view: &View) -> Result<Printout, Failure> {
    Ok(match format {
        Format::Human => Printout::Styled(human::print(diff, view)),
        Format::Wide => Printout::Styled(human::print(
            diff,
            &View {
                wide: true,
                ..*view
            },
        )),
        Format::Table => Printout::Styled(table::print(diff, view)),
        Format::Markdown => Printout::Exact(markdown::print(diff, view)),
        Format::Json => Printout::Exact(json::pretty(diff)?),
        Format::Github => Printout::Exact(annotations(diff)),
        Format::Yaml | Format::JsonPath(_) | Format::Columns(_) => Printout::Exact(data::print(
            &serde_json::to_value(diff)?,
            "changes",
            format,
        )?),
        _ => {
            return Err(Failure::new("a comparison does not have this format").way_out(
                "-o human, wide, table, markdown, github, json, yaml, jsonpath=TEMPLATE or custom-columns=SPEC",
            ));
        }
    })
}

/// Whether a comparison has the format; the others show the newer report.
pub(crate) const fn shows_a_diff(format: &Format) -> bool {
    matches!(
        format,
        Format::Human
            | Format::Wide
            | Format::Table
            | Format::Markdown
            | Format::Json
            | Format::Github
            | Format::Yaml
            | Format::JsonPath(_)
            | Format::Columns(_)
    )
}

/// Whether the change wants to be read in full: something is worse than it was.
const fn is_told_in_full(state: ChangeState) -> bool {
    matches!(
        state,
        ChangeState::New
            | ChangeState::Worsened
            | ChangeState::CauseChanged
            | ChangeState::Flapping
    )
}

/// The changes of a state that people get to see.
fn of_state<'a>(diff: &'a ReportDiff, state: ChangeState, view: &View) -> Vec<&'a Change> {
    diff.changes
        .iter()
        .filter(|change| change.state == state && view.shows(&change.cause))
        .collect()
}

/// A command for each cause that is worse than it was.
fn annotations(diff: &ReportDiff) -> String {
    diff.changes
        .iter()
        .filter(|change| is_told_in_full(change.state))
        .map(|change| github::annotation(&change.cause, Some(change.state.as_str())))
        .collect()
}

/// `2 new, 1 worsened, 3 ongoing, 1 fixed`; `no causes` where there are none.
fn counts(diff: &ReportDiff) -> String {
    let summary = &diff.summary;
    let counts: Vec<String> = [
        (summary.new, "new"),
        (summary.worsened, "worsened"),
        (summary.cause_changed, "with another cause"),
        (summary.flapping, "flapping"),
        (summary.ongoing, "ongoing"),
        (summary.unknown, "unknown"),
        (summary.fixed, "fixed"),
        (summary.recovered, "recovered in between"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    if counts.is_empty() {
        "no cause in either".to_owned()
    } else {
        counts.join(", ")
    }
}
