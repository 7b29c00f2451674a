//! Lists that are no report: analyzers, what a snapshot holds.

use serde_json::{Value, json};

use super::{Format, Printout, data, markdown::plain, table};
use crate::failure::Failure;

/// A list, ready for every format.
#[derive(Debug)]
pub(crate) struct Listing {
    /// The kind of the document: `AnalyzerList`.
    pub(crate) kind: &'static str,
    /// The items for programs.
    pub(crate) items: Vec<Value>,
    /// The headers for people.
    pub(crate) headers: &'static [&'static str],
    /// The rows for people.
    pub(crate) rows: Vec<Vec<String>>,
    /// What `-o name` prints of each item.
    pub(crate) names: Vec<String>,
}

/// The list in this format.
pub(crate) fn listing(list: Listing, format: &Format, width: usize) -> Result<Printout, Failure> {
    match format {
        Format::Human | Format::Wide | Format::Table => Ok(Printout::Styled(table::print(
            list.headers,
            list.rows,
            width,
        ))),
        Format::Name => Ok(Printout::Exact(list.names.join("\n") + "\n")),
        Format::Markdown => Ok(Printout::Exact(markdown(&list))),
        _ => {
            let document = json!({
                "apiVersion": kubelens_core::model::KUBELENS_API_VERSION,
                "kind": list.kind,
                "items": list.items,
            });
            Ok(Printout::Exact(data::print(&document, "items", format)?))
        }
    }
}

fn markdown(list: &Listing) -> String {
    let line = |cells: &mut dyn Iterator<Item = String>| {
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    let mut out = line(&mut list.headers.iter().map(ToString::to_string));
    out.push_str(&line(&mut list.headers.iter().map(|_| "---".to_owned())));
    for row in &list.rows {
        out.push_str(&line(&mut row.iter().map(|cell| plain(cell))));
    }
    out
}
