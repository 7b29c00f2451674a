//! Whether something has settled.

use kubelens_core::{
    model::Report,
    settling::{Outcome, Verdict},
};

use super::{Format, Printout, View, data, human, json, table};
use crate::{
    failure::Failure,
    terminal::{Page, Span, Theme},
};

/// Columns of the word in front of a target.
const WORD: usize = 13;

/// The verdict; `report` holds the causes that it names.
pub(crate) fn verdict(
    verdict: &Verdict,
    report: &Report,
    format: &Format,
    view: &View,
) -> Result<Printout, Failure> {
    Ok(match format {
        Format::Human => Printout::Styled(for_people(verdict, report, view)),
        Format::Wide => Printout::Styled(for_people(
            verdict,
            report,
            &View {
                wide: true,
                ..*view
            },
        )),
        Format::Table => {
            let rows = verdict.targets.iter().map(|target| {
                vec![
                    target.outcome.to_string(),
                    target.object.to_string(),
                    target.reason.clone(),
                ]
            });
            Printout::Styled(table::print(
                &["OUTCOME", "OBJECT", "REASON"],
                rows,
                view.width,
            ))
        }
        Format::Ndjson => Printout::Exact(
            verdict
                .targets
                .iter()
                .map(json::line)
                .collect::<Result<_, _>>()?,
        ),
        other => Printout::Exact(data::print(
            &serde_json::to_value(verdict)?,
            "targets",
            other,
        )?),
    })
}

/// A line a target, then the causes, then one line about all.
fn for_people(verdict: &Verdict, report: &Report, view: &View) -> String {
    let mut page = Page::new(view.width);
    for target in &verdict.targets {
        let style = match target.outcome {
            Outcome::Settled => Theme::GOOD,
            Outcome::Progressing => Theme::LABEL,
            _ => Theme::BAD,
        };
        page.hanging(
            &[Span::new(format!("{:<WORD$}", target.outcome), style)],
            &[
                Span::new(target.object.to_string(), Theme::TITLE),
                Span::plain(format!(": {}", target.reason)),
            ],
        );
    }
    if verdict.targets.is_empty() {
        page.hanging(
            &[],
            &[Span::plain("nothing matches: there is nothing to settle")],
        );
    }
    format!("{}{}", page.into_text(), human::causes(report, view))
}
