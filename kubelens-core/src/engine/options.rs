use crate::analysis::Analyzer;

/// What to look for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Codes to run; none for all.
    pub only: Option<Vec<String>>,
    /// Codes to leave out.
    pub skip: Vec<String>,
}

impl Options {
    /// The analyzers that these options leave.
    pub fn selected(&self, all: &[&'static Analyzer]) -> Vec<&'static Analyzer> {
        all.iter()
            .copied()
            .filter(|analyzer| {
                let named = |codes: &Vec<String>| codes.iter().any(|code| code == analyzer.code);
                self.only.as_ref().is_none_or(named) && !named(&self.skip)
            })
            .collect()
    }
}
