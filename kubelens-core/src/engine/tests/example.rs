use crate::analysis::Analyzer;
use crate::engine::look;
use crate::snapshot::Snapshot;

/// The headings of a page, in order.
pub(super) const HEADINGS: [&str; 6] = [
    "What it means",
    "Fires on",
    "Stays silent on",
    "How to fix",
    "What it cannot know",
    "Source",
];

/// The YAML blocks below a heading of an analyzer's page.
pub(super) fn blocks<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    let Some((_, section)) = page.split_once(&format!("# {heading}\n")) else {
        return Vec::new();
    };
    let end = HEADINGS
        .iter()
        .filter_map(|next| section.find(&format!("\n # {next}\n")))
        .min()
        .unwrap_or(section.len());
    section
        .get(..end)
        .unwrap_or_default()
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect()
}

/// How often the analyzer fires on a picture.
pub(super) fn sightings(
    analyzer: &'static Analyzer,
    picture: &Snapshot,
) -> Vec<crate::analysis::Sighting> {
    let seen = look(picture, &[analyzer]);
    assert!(seen.failed.is_empty(), "{} panicked", analyzer.code);
    seen.seen
        .into_iter()
        .map(|(_, sighting)| sighting)
        .collect()
}
