//! `explain`: what an analyzer means.

use anyhow::Context;

use super::print;
use crate::{
    catalog::{self, Entry},
    cli::ExplainArgs,
    configuration::Configuration,
    exit::ExitStatus,
    failure::Failure,
    nearest::did_you_mean,
    packs::Packs,
    render::{Format, Printout, explanation},
    settings::{Output, OutputSettings},
};

pub(super) fn run(
    args: &ExplainArgs,
    configuration: &Configuration,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    let mut entries = catalog::entries();
    entries.extend(Packs::load(&args.rules, configuration)?.entries());
    let wanted = args.code.trim();
    let entry = entries
        .iter()
        .find(|entry| {
            entry.code.eq_ignore_ascii_case(wanted) || entry.name.eq_ignore_ascii_case(wanted)
        })
        .ok_or_else(|| {
            let known = entries
                .iter()
                .flat_map(|entry| [entry.code.as_str(), entry.name.as_str()]);
            Failure::new(format!("no analyzer has the code or the name `{wanted}`")).way_out(
                did_you_mean(wanted, known)
                    .unwrap_or_else(|| "kubectl lens analyzers lists them".into()),
            )
        })?;
    print(output, |output| answer(entry, output))?;
    Ok(ExitStatus::Answered)
}

fn answer(entry: &Entry, output: &Output) -> Result<Printout, Failure> {
    Ok(match &output.format {
        Format::Human | Format::Wide | Format::Table => {
            Printout::Styled(explanation::print(entry, output.width))
        }
        Format::Markdown => Printout::Exact(format!(
            "# {} {}\n\n{}\n",
            entry.code,
            entry.name,
            entry.docs.trim()
        )),
        Format::Name => Printout::Exact(format!("{}\n", entry.code)),
        format => {
            let mut document = serde_json::to_value(entry).context("cannot write the analyzer")?;
            if let Some(fields) = document.as_object_mut() {
                fields.insert("docs".to_owned(), entry.docs.trim().into());
            }
            crate::render::document(&document, format)?
        }
    })
}
