//! `analyzers`: what there is to check.

use anyhow::Context;

use super::print;
use crate::{
    catalog::{self, Entry},
    cli::AnalyzersArgs,
    exit::ExitStatus,
    failure::Failure,
    nearest::did_you_mean,
    render::{self, Listing},
    settings::{OutputSettings, select},
};

pub(super) fn run(args: &AnalyzersArgs, output: &OutputSettings) -> Result<ExitStatus, Failure> {
    let mut entries = catalog::entries();
    if let Some(least) = args.min_severity {
        entries.retain(|entry| entry.severity >= least);
    }
    if let Some(filter) = &args.filter {
        entries = filtered(filter, &entries)?;
    }
    print(output, |output| {
        render::listing(list(&entries)?, &output.format, output.table_width)
    })?;
    Ok(ExitStatus::Answered)
}

fn filtered(filter: &str, entries: &[Entry]) -> Result<Vec<Entry>, Failure> {
    let by_pattern: Vec<Entry> = select(filter, entries)
        .map_err(|error| Failure::new(format!("`{filter}` is not a pattern: {error}")))?
        .cloned()
        .collect();
    if !by_pattern.is_empty() {
        return Ok(by_pattern);
    }
    let wanted = filter.to_lowercase();
    let says = |entry: &Entry| {
        [&entry.code, &entry.name, &entry.summary]
            .into_iter()
            .any(|text| text.to_lowercase().contains(&wanted))
    };
    let found: Vec<Entry> = entries
        .iter()
        .filter(|entry| says(entry))
        .cloned()
        .collect();
    if found.is_empty() {
        let known = entries
            .iter()
            .flat_map(|entry| [&entry.code, &entry.name, &entry.family]);
        return Err(Failure::new(format!("no analyzer matches `{filter}`"))
            .way_out(did_you_mean(filter, known.map(String::as_str)).unwrap_or_default()));
    }
    Ok(found)
}

fn list(entries: &[Entry]) -> Result<Listing, Failure> {
    Ok(Listing {
        kind: "AnalyzerList",
        items: entries
            .iter()
            .map(serde_json::to_value)
            .collect::<Result<_, _>>()
            .context("cannot write the analyzers")?,
        headers: &["CODE", "SEVERITY", "SURE", "NAME", "SUMMARY"],
        rows: entries
            .iter()
            .map(|entry| {
                vec![
                    entry.code.clone(),
                    entry.severity.to_string(),
                    format!("{:.0}%", entry.confidence * 100.0),
                    entry.name.clone(),
                    entry.summary.clone(),
                ]
            })
            .collect(),
        names: entries
            .iter()
            .map(|entry| format!("analyzer/{}", entry.code))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::filtered;
    use crate::catalog::tests::three_entries;

    fn codes(filter: &str) -> Vec<String> {
        let found = filtered(filter, &three_entries())
            .map_err(|failure| failure.to_string())
            .expect("analyzers");
        found.into_iter().map(|entry| entry.code).collect()
    }

    #[test]
    fn analyzers_are_found_by_pattern_and_by_what_they_say() {
        assert_eq!(codes("cfg"), ["CFG001", "CFG002"]);
        assert_eq!(codes("*-missing"), ["CFG001", "CFG002"]);
        assert_eq!(codes("not-found"), ["IMG002"]);
    }

    #[test]
    fn what_matches_nothing_names_the_nearest() {
        let message = filtered("IMG20", &three_entries())
            .map_err(|failure| failure.to_string())
            .expect_err("nothing");
        assert!(message.contains("did you mean"), "{message}");
    }
}
