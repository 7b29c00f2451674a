/// The analyzers whose claims rest on what is written in objects, not on what became of them.
const CODES: [&str; 43] = [
    "CFG001", "CFG002", "CFG003", "CFG004", "CFG005", "CFG015", "CFG016", "IMG014", "JOB011",
    "NET002", "NET013", "NET017", "NET018", "NET019", "NET020", "NET021", "NET022", "NET025",
    "NET036", "NET038", "NET040", "NET052", "NET076", "ROL009", "ROL014", "SCA001", "SCA005",
    "SCA008", "SCA030", "SCA032", "SCA033", "SEC002", "SEC003", "STO002", "STO003", "STO007",
    "STO022", "CTL001", "CTL002", "CTL018", "CTL020", "CTL021", "CTL034",
];

/// Codes of what is asked of templates: their analyzers look at pods, and those that run are of an older version.
const OF_TEMPLATES: [&str; 11] = [
    "NET003", "WRK023", "IMG001", "SCA020", "SCA021", "SCA023", "SCH002", "SCH004", "SCH005",
    "SCH007", "SEC004",
];

/// Whether the code is one of what is asked of templates.
pub(super) fn is_of_templates(code: &str) -> bool {
    OF_TEMPLATES.contains(&code)
}

/// Whether the analyzer can say something about a manifest that nobody has applied yet.
///
/// What belongs to another profile than the default one judges specs by its nature: opinion about how things are
/// written.
pub(super) fn judges_specs(code: &str) -> bool {
    CODES.contains(&code) || is_of_templates(code) || matches!(code.get(..3), Some("HYG" | "POL"))
}

/// Whether it calls objects of kinds without a type of their own missing: of those nobody can say that the list is
/// complete, so manifests alone prove nothing.
pub(super) fn misses_custom_objects(code: &str) -> bool {
    matches!(code, "NET036" | "NET040")
}

#[cfg(test)]
mod tests {
    use super::{CODES, OF_TEMPLATES};
    use crate::engine::registry;

    #[test]
    fn every_code_is_one_of_an_analyzer_and_stands_here_once() {
        let known: Vec<&str> = registry().iter().map(|analyzer| analyzer.code).collect();
        let mut all = [&CODES[..], &OF_TEMPLATES].concat();
        all.retain(|code| known.contains(code));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), CODES.len() + OF_TEMPLATES.len());
    }
}
