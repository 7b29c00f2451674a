//! A report, or a list, in the format that was asked for.

pub(crate) mod budget;
mod chart;
mod columns;
mod csv;
mod data;
mod diff;
mod entries;
pub(crate) mod explanation;
mod format;
mod github;
mod html;
mod human;
mod json;
mod junit;
mod listing;
mod markdown;
mod name;
mod ndjson;
mod prometheus;
mod route;
mod sarif;
mod table;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod tree;
mod verdict;
mod view;

pub(crate) use diff::{diff, shows_a_diff};
pub(crate) use format::Format;
pub(crate) use json::line;
pub(crate) use listing::{Listing, listing};
pub(crate) use route::route;
pub(crate) use table::print as table;
pub(crate) use verdict::verdict;
pub(crate) use view::{About, View};

use kubelens_core::{comparison::ReportDiff, model::Report};

use crate::failure::Failure;

/// What is ready to be printed.
#[derive(Debug)]
pub(crate) enum Printout {
    /// For people; may wear colours.
    Styled(String),
    /// For programs; every byte counts.
    Exact(String),
}

/// The report in this format.
pub(crate) fn report(report: &Report, format: &Format, view: &View) -> Result<Printout, Failure> {
    Ok(match format {
        Format::Human => Printout::Styled(human::report(report, view)),
        Format::Wide => Printout::Styled(human::report(
            report,
            &View {
                wide: true,
                ..*view
            },
        )),
        Format::Table => Printout::Styled(table::report(report, view)),
        Format::Markdown => Printout::Exact(markdown::report(report, view)),
        Format::Html => Printout::Exact(html::report(report)?),
        Format::Name => Printout::Exact(name::subjects(report)),
        Format::Json => Printout::Exact(json::pretty(report)?),
        Format::Ndjson => Printout::Exact(ndjson::causes(report)?),
        Format::Csv => Printout::Exact(csv::causes(report)?),
        Format::Junit => Printout::Exact(junit::suite(report)?),
        Format::Sarif => Printout::Exact(json::pretty(&sarif::log(report))?),
        Format::Github => Printout::Exact(github::annotations(report)),
        Format::Prometheus => Printout::Exact(prometheus::exposition(report)?),
        Format::Dot => Printout::Exact(chart::dot(report)),
        Format::Mermaid => Printout::Exact(chart::mermaid(report)),
        Format::Yaml | Format::JsonPath(_) | Format::Columns(_) => Printout::Exact(data::print(
            &serde_json::to_value(report)?,
            "causes",
            format,
        )?),
    })
}

/// The report with how its causes stand to a baseline, in the one format for reports that has a place for it.
pub(crate) fn sarif_against(report: &Report, diff: &ReportDiff) -> Result<Printout, Failure> {
    Ok(Printout::Exact(json::pretty(&sarif::log_against(
        report, diff,
    ))?))
}

/// Any other document in a format for programs.
pub(crate) fn document(document: &serde_json::Value, format: &Format) -> Result<Printout, Failure> {
    Ok(Printout::Exact(data::print(document, "items", format)?))
}
