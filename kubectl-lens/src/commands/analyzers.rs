//! `analyzers`: what there is to check.

use anyhow::Context;
use kubelens_core::{analysis::other_tools, engine::Options};

use super::print;
use crate::{
    catalog::{self, Entry},
    cli::AnalyzersArgs,
    configuration::Configuration,
    exit::ExitStatus,
    failure::Failure,
    nearest::did_you_mean,
    packs::Packs,
    render::{self, Listing},
    settings::{OutputSettings, profiles, select},
};

pub(super) fn run(
    args: &AnalyzersArgs,
    configuration: &Configuration,
    output: &OutputSettings,
) -> Result<ExitStatus, Failure> {
    let mut entries = catalog::entries();
    entries.extend(Packs::load(&args.rules, configuration)?.entries());
    if let Some(least) = args.min_severity {
        entries.retain(|entry| entry.severity >= least);
    }
    if !args.profile.is_empty() {
        let wanted = profiles(&args.profile, &Options::default());
        entries.retain(|entry| entry.profiles.iter().any(|one| wanted.contains(one)));
    }
    if let Some(name) = &args.maps_to {
        entries = mapped(name, &entries)?;
    }
    if let Some(filter) = &args.filter {
        entries = filtered(filter, &entries)?;
    }
    print(output, |output| {
        render::listing(list(&entries)?, &output.format, output.table_width)
    })?;
    Ok(ExitStatus::Answered)
}

/// The analyzers that stand for a check of another tool; an error where there is none, with the reason or with
/// names that are near.
fn mapped(name: &str, entries: &[Entry]) -> Result<Vec<Entry>, Failure> {
    let is_meant = |entry: &&Entry| {
        let mut known = entry.maps_to.iter();
        known.any(|known| other_tools::is_name(known, name))
    };
    let found: Vec<Entry> = entries.iter().filter(is_meant).cloned().collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let reasons = other_tools::reasons_for(name);
    if let Some(reason) = reasons.first() {
        return Err(Failure::new(format!(
            "no analyzer stands for `{name}`: {reason}"
        )));
    }
    let is_known = other_tools::all_names().any(|known| other_tools::is_name(known, name));
    if is_known {
        return Err(
            Failure::new(format!("no analyzer of this choice stands for `{name}`"))
                .way_out("leave out --profile and --min-severity"),
        );
    }
    let near = did_you_mean(name, other_tools::all_names());
    Err(Failure::new(format!(
        "`{name}` is no check of another tool that is known"
    ))
    .way_out(near.unwrap_or_else(|| "see the page `Other tools` of the book".to_owned())))
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
        headers: &["CODE", "SEVERITY", "SURE", "PROFILE", "NAME", "SUMMARY"],
        rows: entries
            .iter()
            .map(|entry| {
                vec![
                    entry.code.clone(),
                    entry.severity.to_string(),
                    format!("{:.0}%", entry.confidence * 100.0),
                    entry.profiles.join(","),
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
    use super::{filtered, mapped};
    use crate::catalog::{entries, tests::three_entries};

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

    fn mapped_codes(name: &str) -> Vec<String> {
        let found = mapped(name, &entries())
            .map_err(|failure| failure.to_string())
            .expect("analyzers");
        found.into_iter().map(|entry| entry.code).collect()
    }

    #[test]
    fn checks_of_other_tools_find_ours() {
        assert_eq!(mapped_codes("POP-1109"), ["HYG010"]);
        assert_eq!(mapped_codes("pop-1109"), ["HYG010"]);
        assert!(mapped_codes("Pod").contains(&"WRK001".to_owned()));
        assert!(mapped_codes("classic:crashloop").contains(&"WRK003".to_owned()));
    }

    #[test]
    fn a_check_that_is_none_here_says_why_and_a_typo_names_the_nearest() {
        let message = |name: &str| {
            mapped(name, &entries())
                .map_err(|failure| failure.to_string())
                .expect_err("nothing")
        };
        assert!(message("POP-1501").contains("its normal state"));
        let typo = message("POP-110x");
        assert!(typo.contains("did you mean POP-110"), "{typo}");
    }
}
