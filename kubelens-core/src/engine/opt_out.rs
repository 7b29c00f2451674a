use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::registry;
use crate::analysis::{Analyzer, Sighting};
use crate::documents::expiry;
use crate::kubernetes::{Kind, ObjectMeta};
use crate::model::{Note, NoteKind, ObjectRef, SuppressedBy, did_you_mean, safe_text};
use crate::snapshot::{Cluster, Snapshot};

const IGNORE: &str = "kubelens.dev/ignore";
const IGNORE_UNTIL: &str = "kubelens.dev/ignore-until";
const IGNORE_REASON: &str = "kubelens.dev/ignore-reason";

/// What annotations on objects ask to leave out (G-optout).
#[derive(Debug)]
pub(super) struct OptOuts<'a> {
    snapshot: &'a Snapshot,
    all: BTreeMap<ObjectRef, OptOut<'a>>,
}

#[derive(Debug)]
struct OptOut<'a> {
    meta: &'a ObjectMeta,
    codes: Vec<&'a str>,
    until: Until,
    used: BTreeSet<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    Always,
    Time(Timestamp),
    /// What cannot be read must not hide a fault for ever.
    Unreadable,
}

impl<'a> OptOuts<'a> {
    /// All that there are in the picture.
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let mut all = BTreeMap::new();
        for kind in Kind::ALL.iter().copied() {
            for meta in snapshot.tables().all_metadata(kind) {
                let Some(codes) = meta.annotations.value(IGNORE) else {
                    continue;
                };
                let codes = codes.split(',').map(str::trim);
                let until = meta
                    .annotations
                    .value(IGNORE_UNTIL)
                    .map_or(Until::Always, |until| {
                        expiry(until).map_or(Until::Unreadable, Until::Time)
                    });
                let object = ObjectRef::namespaced(
                    kind.api_version(),
                    kind.as_str(),
                    &meta.namespace,
                    &meta.name,
                );
                let opt_out = OptOut {
                    meta,
                    codes: codes.filter(|code| !code.is_empty()).collect(),
                    until,
                    used: BTreeSet::new(),
                };
                all.insert(object, opt_out);
            }
        }
        Self { snapshot, all }
    }

    /// The annotation on the subject, or on its namespace, that asks to leave this sighting out.
    pub(super) fn covering(
        &mut self,
        analyzer: &Analyzer,
        sighting: &Sighting,
    ) -> Option<SuppressedBy> {
        if self.all.is_empty() {
            return None;
        }
        let subject = canonical(&sighting.subject);
        let namespace = sighting
            .subject
            .namespace
            .as_ref()
            .map(|name| ObjectRef::cluster_scoped("v1", "Namespace", name));
        let now = self.snapshot.taken_at();
        let mut covering = None;
        for object in [subject, namespace].into_iter().flatten() {
            let Some(opt_out) = self.all.get_mut(&object) else {
                continue;
            };
            let named = opt_out
                .codes
                .iter()
                .find(|code| is_named(code, analyzer.code, analyzer.name));
            let Some(code) = named.copied() else { continue };
            opt_out.used.insert(code);
            if opt_out.is_in_force(now) {
                covering.get_or_insert_with(|| opt_out.as_told(&object));
            }
        }
        covering
    }

    /// Annotations that do nothing, once all sightings were judged.
    pub(super) fn notes(&self, analyzers: &[&'static Analyzer]) -> Vec<Note> {
        let cluster = Cluster::new(self.snapshot);
        let mut told = BTreeSet::new();
        let mut notes = Vec::new();
        for (object, opt_out) in &self.all {
            // The pods of a template carry the same words: one of them is enough to tell.
            let top = cluster.top_owner(object.clone(), opt_out.meta);
            if told.insert((top, opt_out.codes.clone())) {
                notes.extend(opt_out.notes(object, self.snapshot, analyzers));
            }
        }
        notes
    }
}

impl OptOut<'_> {
    fn is_in_force(&self, now: Option<Timestamp>) -> bool {
        match (self.until, now) {
            (Until::Unreadable, _) => false,
            (Until::Time(until), Some(now)) => until > now,
            (Until::Always | Until::Time(_), _) => true,
        }
    }

    fn as_told(&self, object: &ObjectRef) -> SuppressedBy {
        SuppressedBy {
            place: format!("annotation of {object}"),
            reason: self.meta.annotations.value(IGNORE_REASON).map(safe_text),
            until: match self.until {
                Until::Time(until) => Some(until),
                Until::Always | Until::Unreadable => None,
            },
            untrusted: true,
        }
    }

    fn notes(
        &self,
        object: &ObjectRef,
        snapshot: &Snapshot,
        analyzers: &[&'static Analyzer],
    ) -> Vec<Note> {
        let at = format!("{object}: annotation {IGNORE}");
        if self.until == Until::Unreadable {
            let text = format!(
                "{at}-until is no date and no time, so it suppresses nothing; write 2026-12-31"
            );
            return vec![Note::new(NoteKind::SuppressionInvalid, &text)];
        }
        let mut notes = Vec::new();
        if !self.is_in_force(snapshot.taken_at())
            && let Until::Time(until) = self.until
        {
            let text = format!("{at} ended {until}; remove it, or renew it");
            notes.push(Note::new(NoteKind::SuppressionExpired, &text));
            return notes;
        }
        for code in self.codes.iter().filter(|code| !self.used.contains(*code)) {
            let running: Vec<_> = analyzers
                .iter()
                .filter(|analyzer| is_named(code, analyzer.code, analyzer.name))
                .collect();
            let is_known = !running.is_empty()
                || registry()
                    .iter()
                    .any(|known| is_named(code, known.code, known.name));
            if !is_known {
                // A code of a rule pack that is not loaded here looks the same as a typing error.
                let known = registry().iter().flat_map(|known| [known.code, known.name]);
                let near =
                    did_you_mean(code, known).map_or_else(String::new, |near| format!("; {near}"));
                let text = format!("{at}: `{code}` names no analyzer that is known here{near}");
                notes.push(Note::new(NoteKind::SuppressionInvalid, &text));
            } else if !running.is_empty()
                && running
                    .iter()
                    .flat_map(|analyzer| analyzer.reads.iter())
                    .all(|kind| snapshot.gaps().has_none(kind))
            {
                let text = format!("{at}: {code} is not found on it; remove it");
                notes.push(Note::new(NoteKind::SuppressionUnused, &text));
            }
        }
        notes
    }
}

fn is_named(word: &str, code: &str, name: &str) -> bool {
    word.eq_ignore_ascii_case(code) || word.eq_ignore_ascii_case(name)
}

/// The object as the tables name it, whatever version it was read in.
fn canonical(object: &ObjectRef) -> Option<ObjectRef> {
    let kind = Kind::from_manifest(&object.api_version, &object.kind)?;
    let namespace = object.namespace.as_deref().unwrap_or_default();
    Some(ObjectRef::namespaced(
        kind.api_version(),
        kind.as_str(),
        namespace,
        &object.name,
    ))
}

/// The metadata of an object of the picture.
pub(super) fn metadata_of<'a>(
    snapshot: &'a Snapshot,
    object: &ObjectRef,
) -> Option<&'a ObjectMeta> {
    let namespace = object.namespace.as_deref().unwrap_or_default();
    match Kind::from_manifest(&object.api_version, &object.kind) {
        Some(kind) => snapshot.tables().metadata(kind, namespace, &object.name),
        None => snapshot
            .custom()
            .get(&object.kind)?
            .iter()
            .map(|custom| &custom.metadata)
            .find(|meta| meta.namespace == namespace && meta.name == object.name.as_str()),
    }
}
