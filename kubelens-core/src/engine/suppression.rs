use jiff::Timestamp;

use super::opt_out::metadata_of;
use super::{CodePattern, ObjectPattern};
use crate::analysis::{Analyzer, Sighting};
use crate::documents::{Problem, SuppressionEntry, expiry};
use crate::kubernetes::LabelSelector;
use crate::model::{Note, NoteKind, Placed, SuppressedBy};
use crate::snapshot::Cluster;

/// Findings that a file of settings keeps from becoming causes.
#[derive(Debug, Clone, PartialEq)]
pub struct Suppression {
    /// The analyzers.
    pub codes: CodePattern,
    /// The subjects; none for all.
    pub objects: Option<ObjectPattern>,
    /// Their labels; none for any.
    pub selector: Option<LabelSelector>,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: Option<Timestamp>,
    /// Where it is written: `kubelens.yaml:12`.
    pub place: String,
}

impl Suppression {
    /// What a document says, or what is wrong with it.
    pub fn of(file: &str, entry: &Placed<SuppressionEntry>) -> Result<Self, Problem> {
        let wrong = |words: String| Problem::with(file, entry, words);
        let value = &entry.value;
        if value.reason.trim().is_empty() {
            return Err(wrong("`reason` is empty".to_owned())
                .hint("say why it is accepted, for whoever comes next"));
        }
        let codes = CodePattern::new(&value.code)
            .map_err(|error| wrong(format!("code `{}` is no pattern: {error}", value.code)))?;
        let objects = value
            .object
            .as_deref()
            .map(ObjectPattern::new)
            .transpose()
            .map_err(|words| wrong(format!("object is no pattern: {words}")))?;
        if value
            .selector
            .as_ref()
            .is_some_and(|selector| selector.is_empty())
        {
            return Err(wrong("`selector` asks for nothing".to_owned()).hint("leave it out"));
        }
        let expires = match &value.expires {
            None => None,
            Some(text) => Some(expiry(text).ok_or_else(|| {
                wrong(format!("`expires: {text}` is no date and no time"))
                    .hint("write it as 2026-12-31 or 2026-12-31T12:00:00Z")
            })?),
        };
        Ok(Self {
            codes,
            objects,
            selector: value.selector.as_ref().map(|selector| selector.compiled()),
            reason: value.reason.trim().to_owned(),
            expires,
            place: format!("{file}:{}", entry.line),
        })
    }

    /// Whether its time is over.
    pub(super) fn is_over(&self, cluster: &Cluster<'_>) -> bool {
        self.expires.is_some_and(|end| cluster.has_come(end))
    }

    pub(super) fn covers(
        &self,
        cluster: &Cluster<'_>,
        analyzer: &Analyzer,
        sighting: &Sighting,
    ) -> bool {
        self.codes.is_of(analyzer)
            && self
                .objects
                .as_ref()
                .is_none_or(|pattern| pattern.names(&sighting.subject))
            && self.selector.as_ref().is_none_or(|selector| {
                metadata_of(cluster, &sighting.subject)
                    .or_else(|| metadata_of(cluster, &sighting.seen_on))
                    .is_some_and(|meta| selector.matches(&meta.labels))
            })
    }

    pub(super) fn as_told(&self) -> SuppressedBy {
        SuppressedBy {
            place: self.place.clone(),
            reason: Some(self.reason.clone()),
            until: self.expires,
            untrusted: false,
        }
    }

    /// What its owner has to know, where it covered so many findings.
    pub(super) fn note(
        &self,
        cluster: &Cluster<'_>,
        analyzers: &[&'static Analyzer],
        covered: usize,
    ) -> Option<Note> {
        let Self { place, codes, .. } = self;
        let snapshot = cluster.snapshot();
        if let (true, Some(end)) = (self.is_over(cluster), self.expires) {
            let still = match covered {
                0 => "it covers nothing any more: remove it".to_owned(),
                1 => "it would cover 1 finding: fix that, or renew it".to_owned(),
                more => format!("it would cover {more} findings: fix them, or renew it"),
            };
            let text = format!("{place}: the suppression of {codes} ended {end}; {still}");
            return Some(Note::new(NoteKind::SuppressionExpired, &text));
        }
        // What was not looked at may be covered all the same.
        let is_looked_for = analyzers
            .iter()
            .filter(|analyzer| codes.is_of(analyzer))
            .all(|analyzer| {
                analyzer
                    .reads
                    .iter()
                    .all(|kind| snapshot.gaps().has_none(kind))
            })
            && analyzers.iter().any(|analyzer| codes.is_of(analyzer));
        let is_whole = snapshot.scope().namespaces.is_empty();
        (covered == 0 && is_looked_for && is_whole).then(|| {
            let text = format!("{place}: the suppression of {codes} covers nothing; remove it");
            Note::new(NoteKind::SuppressionUnused, &text)
        })
    }
}
