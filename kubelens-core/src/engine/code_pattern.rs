use glob::{MatchOptions, Pattern, PatternError};

use crate::analysis::Analyzer;

/// Names analyzers: a code, a name, or a pattern of them; case counts not.
#[derive(Debug, Clone, PartialEq)]
pub struct CodePattern(Pattern);

impl CodePattern {
    /// The pattern that `text` is.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        Pattern::new(text.trim()).map(Self)
    }

    /// Whether it names an analyzer of this code and name.
    pub fn names(&self, code: &str, name: &str) -> bool {
        let options = MatchOptions {
            case_sensitive: false,
            ..MatchOptions::new()
        };
        self.0.matches_with(code, options) || self.0.matches_with(name, options)
    }

    /// Whether it names this analyzer.
    pub(super) fn is_of(&self, analyzer: &Analyzer) -> bool {
        self.names(analyzer.code, analyzer.name)
    }
}

impl std::fmt::Display for CodePattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.as_str())
    }
}
