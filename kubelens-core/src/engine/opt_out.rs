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

/// The annotation on the subject, or on its namespace, that asks to leave this sighting out (G-optout).
pub(super) fn covering(
    cluster: &Cluster<'_>,
    analyzer: &Analyzer,
    sighting: &Sighting,
) -> Option<SuppressedBy> {
    places(sighting).into_iter().find_map(|object| {
        let opt_out = OptOut::of(cluster.metadata_of(&object)?)?;
        let is_named = opt_out.names(analyzer).is_some();
        (is_named && opt_out.is_in_force(cluster)).then(|| opt_out.as_told(&object))
    })
}

/// Where an annotation about this sighting would be.
fn places(sighting: &Sighting) -> Vec<ObjectRef> {
    let namespace = sighting.subject.namespace.as_ref();
    let namespace = namespace.map(|name| ObjectRef::cluster_scoped("v1", "Namespace", name));
    canonical(&sighting.subject)
        .into_iter()
        .chain(namespace)
        .collect()
}

/// All that annotations in a picture ask to leave out, and whether there is anything to leave out.
#[derive(Debug)]
pub(super) struct OptOuts<'a> {
    snapshot: &'a Snapshot,
    all: BTreeMap<ObjectRef, (OptOut<'a>, BTreeSet<&'a str>)>,
}

/// What the annotations of one object ask to leave out.
#[derive(Debug)]
struct OptOut<'a> {
    meta: &'a ObjectMeta,
    codes: Vec<&'a str>,
    until: Until,
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
                let Some(opt_out) = OptOut::of(meta) else {
                    continue;
                };
                let object = ObjectRef::namespaced(
                    kind.api_version(),
                    kind.as_str(),
                    &meta.namespace,
                    &meta.name,
                );
                all.insert(object, (opt_out, BTreeSet::new()));
            }
        }
        Self { snapshot, all }
    }

    /// Notes which of them this sighting is a matter of, in force or not.
    pub(super) fn note(&mut self, analyzer: &Analyzer, sighting: &Sighting) {
        if self.all.is_empty() {
            return;
        }
        for object in places(sighting) {
            if let Some((opt_out, used)) = self.all.get_mut(&object) {
                used.extend(opt_out.names(analyzer));
            }
        }
    }

    /// Annotations that do nothing, once all sightings were noted.
    pub(super) fn notes(&self, analyzers: &[&'static Analyzer]) -> Vec<Note> {
        let cluster = Cluster::new(self.snapshot);
        let mut told = BTreeSet::new();
        let mut notes = Vec::new();
        for (object, (opt_out, used)) in &self.all {
            // The pods of a template carry the same words: one of them is enough to tell.
            let top = cluster.top_owner(object.clone(), opt_out.meta);
            if told.insert((top, opt_out.codes.clone())) {
                notes.extend(opt_out.notes(object, used, &cluster, analyzers));
            }
        }
        notes
    }
}

impl<'a> OptOut<'a> {
    /// What these annotations ask to leave out; none if there is none of them.
    fn of(meta: &'a ObjectMeta) -> Option<Self> {
        let about = [IGNORE, IGNORE_UNTIL, IGNORE_REASON];
        if about
            .iter()
            .all(|name| meta.annotations.value(name).is_none())
        {
            return None;
        }
        let codes = meta.annotations.value(IGNORE).unwrap_or_default();
        let codes = codes.split(',').map(str::trim);
        let until = meta.annotations.value(IGNORE_UNTIL);
        Some(Self {
            meta,
            codes: codes.filter(|code| !code.is_empty()).collect(),
            until: until.map_or(Until::Always, |until| {
                expiry(until).map_or(Until::Unreadable, Until::Time)
            }),
        })
    }

    /// The word by which it names the analyzer.
    fn names(&self, analyzer: &Analyzer) -> Option<&'a str> {
        let mut codes = self.codes.iter().copied();
        codes.find(|code| is_named(code, analyzer.code, analyzer.name))
    }

    fn is_in_force(&self, cluster: &Cluster<'_>) -> bool {
        match self.until {
            Until::Unreadable => false,
            Until::Time(until) => !cluster.has_come(until),
            Until::Always => true,
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
        used: &BTreeSet<&str>,
        cluster: &Cluster<'_>,
        analyzers: &[&'static Analyzer],
    ) -> Vec<Note> {
        let at = format!("{object}: annotation {IGNORE}");
        if self.codes.is_empty() {
            let text = format!(
                "{at} {}, so nothing is suppressed; write a code such as CFG001, or remove it",
                match self.meta.annotations.value(IGNORE) {
                    Some(_) => "names no code",
                    None => "is missing beside -until or -reason",
                }
            );
            return vec![Note::new(NoteKind::SuppressionInvalid, &text)];
        }
        if self.until == Until::Unreadable {
            let text = format!(
                "{at}-until is no date and no time, so it suppresses nothing; write 2026-12-31"
            );
            return vec![Note::new(NoteKind::SuppressionInvalid, &text)];
        }
        let mut notes = Vec::new();
        if !self.is_in_force(cluster)
            && let Until::Time(until) = self.until
        {
            let text = format!("{at} ended {until}; remove it, or renew it");
            notes.push(Note::new(NoteKind::SuppressionExpired, &text));
            return notes;
        }
        for code in self.codes.iter().filter(|code| !used.contains(*code)) {
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
                    .all(|kind| cluster.snapshot().gaps().has_none(kind))
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

/// The metadata of an object of the picture, of whatever kind.
pub(super) fn metadata_of<'a>(cluster: &Cluster<'a>, object: &ObjectRef) -> Option<&'a ObjectMeta> {
    if Kind::from_manifest(&object.api_version, &object.kind).is_some() {
        return cluster.metadata_of(object);
    }
    let namespace = object.namespace.as_deref().unwrap_or_default();
    let all = cluster.custom(&object.kind).iter();
    all.map(|custom| &custom.metadata)
        .find(|meta| meta.namespace == namespace && meta.name == object.name.as_str())
}
