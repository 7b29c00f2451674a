use jiff::Timestamp;

use super::{Analyzer, Profile, Shared};
use crate::kubernetes::{Event, Object};
use crate::model::{Evidence, ObjectRef, RuledOut, Severity, Suggestion, safe_text};
use crate::snapshot::Cluster;

/// What an analyzer says of one object: the fact before equal facts are merged and folded.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// The object that someone has to change, create or free.
    pub subject: ObjectRef,
    /// The object that shows it; the subject itself unless said otherwise.
    pub seen_on: ObjectRef,
    /// How the subject reaches the object that shows it: `envFrom`, `template of`.
    pub relation: &'static str,
    /// What tells this fault from another of the same code and subject: container, key, port.
    pub identity: Vec<(&'static str, String)>,
    /// The container it is about.
    pub container: Option<String>,
    /// The profile that it belongs to alone, if that differs from the analyzer's.
    pub profile: Option<Profile>,
    /// Its own severity, if it differs from the analyzer's.
    pub severity: Option<Severity>,
    /// Its own confidence, if it differs from the analyzer's.
    pub confidence: Option<f64>,
    /// The condition in one line.
    pub title: String,
    /// What it means for what runs.
    pub explanation: String,
    /// The proof.
    pub evidence: Vec<Evidence>,
    /// What to do.
    pub suggestions: Vec<Suggestion>,
    /// Objects that it points at as the reason.
    pub blames: Vec<Blame>,
    /// Alternatives that were looked at and are not it.
    pub ruled_out: Vec<RuledOut>,
    /// What other causes could be cured with it: a key, and words that follow a number.
    pub group: Option<(String, String)>,
    /// A thing outside its subject that others may suffer from alike.
    pub shared: Option<Box<Shared>>,
    /// The severity that the user's settings give it. What follows from it goes by how bad it is.
    pub chosen: Option<Severity>,
    /// The worst that a cause may be whose sighting this is, whatever folds into it.
    pub ceiling: Option<Severity>,
    /// Whether its own words say what causes it, though its analyzer mostly sees a symptom.
    pub names_its_cause: bool,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// An object that a sighting points at, and how the two hang together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blame {
    /// The object.
    pub object: ObjectRef,
    /// The relation: `mounts`, `calls`, `quota`.
    pub relation: &'static str,
}

/// How what is missing hangs together with what an operator makes it from.
pub(crate) const MADE_FROM: &str = "made from";

/// How a custom resource hangs together with one on which nobody has worked yet.
pub(crate) const AWAITS: &str = "waits for";

impl Sighting {
    /// A fact about the object that someone has to change, create or free.
    pub fn of(
        subject: ObjectRef,
        title: impl Into<String>,
        explanation: impl Into<String>,
    ) -> Self {
        Self {
            seen_on: subject.clone(),
            subject,
            relation: "",
            identity: Vec::new(),
            container: None,
            profile: None,
            severity: None,
            confidence: None,
            title: safe_text(&title.into()),
            explanation: safe_text(&explanation.into()),
            evidence: Vec::new(),
            suggestions: Vec::new(),
            blames: Vec::new(),
            ruled_out: Vec::new(),
            group: None,
            shared: None,
            chosen: None,
            ceiling: None,
            names_its_cause: false,
            since: None,
        }
    }

    /// The object that shows it, and how the subject reaches it.
    #[must_use]
    pub fn seen_on(mut self, object: ObjectRef, relation: &'static str) -> Self {
        self.seen_on = object;
        self.relation = relation;
        self
    }

    /// What tells this fault from another of the same code and subject.
    #[must_use]
    pub fn identified_by(mut self, what: &'static str, value: impl Into<String>) -> Self {
        self.identity.push((what, value.into()));
        self
    }

    /// The container it is about; part of its identity.
    #[must_use]
    pub fn in_container(mut self, name: &str) -> Self {
        self.container = Some(name.to_owned());
        self.identified_by("container", name)
    }

    /// A fact that only this profile wants to hear about, of an analyzer that others run too.
    #[must_use]
    pub const fn only_in(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// A severity other than the analyzer's.
    #[must_use]
    pub const fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// A confidence other than the analyzer's.
    #[must_use]
    pub const fn confidence(mut self, confidence: f64) -> Self {
        self.confidence = Some(confidence);
        self
    }

    /// An item of proof; what is proof already stays one item.
    #[must_use]
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        if !self.evidence.contains(&evidence) {
            self.evidence.push(evidence);
        }
        self
    }

    /// Several items of proof.
    #[must_use]
    pub fn all_evidence(self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        evidence.into_iter().fold(self, Self::evidence)
    }

    /// An event as proof.
    #[must_use]
    pub fn event(self, event: &Event) -> Self {
        self.evidence(event_evidence(event))
    }

    /// What to do.
    #[must_use]
    pub fn suggest(mut self, suggestion: Suggestion) -> Self {
        self.suggestions.push(suggestion);
        self
    }

    /// Points at an object as the reason: if something is wrong with that, this folds into it.
    #[must_use]
    pub fn blames(mut self, object: ObjectRef, relation: &'static str) -> Self {
        self.blames.push(Blame { object, relation });
        self
    }

    /// An alternative that was looked at and is not it.
    #[must_use]
    pub fn rules_out(mut self, code: &str, subject: ObjectRef, reason: impl Into<String>) -> Self {
        self.ruled_out.push(RuledOut {
            code: code.to_owned(),
            subject,
            reason: reason.into(),
        });
        self
    }

    /// Causes that one fix elsewhere could cure together share a key. The title follows a number:
    /// `workloads need node label disk=ssd`.
    #[must_use]
    pub fn grouped(mut self, key: impl Into<String>, title: impl Into<String>) -> Self {
        self.group = Some((key.into(), safe_text(&title.into())));
        self
    }

    /// A thing outside its subject that others may suffer from alike: where they do, that is the cause.
    #[must_use]
    pub fn shared(mut self, shared: Option<Shared>) -> Self {
        self.shared = shared.map(Box::new);
        self
    }

    /// What somebody chose is no worse than this, whatever follows from it.
    #[must_use]
    pub const fn at_most(mut self, ceiling: Severity) -> Self {
        self.ceiling = Some(ceiling);
        self
    }

    /// How bad it is called: as the user's settings say, else as its analyzer does.
    pub(crate) fn told_severity(&self, analyzer: &Analyzer) -> Severity {
        let own = self.severity.unwrap_or(analyzer.severity);
        self.chosen.unwrap_or(own)
    }

    /// What to do before all else.
    #[must_use]
    pub fn suggest_first(mut self, suggestion: Suggestion) -> Self {
        self.suggestions.insert(0, suggestion);
        self
    }

    /// Its own words say what causes it, though its analyzer mostly sees a symptom.
    #[must_use]
    pub const fn names_its_cause(mut self) -> Self {
        self.names_its_cause = true;
        self
    }

    /// Since when.
    #[must_use]
    pub const fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }
}

/// What sightings of one analyzer are sorted by.
type Order<'a> = (
    &'a ObjectRef,
    &'a Vec<(&'static str, String)>,
    &'a ObjectRef,
    &'a str,
);

impl Sighting {
    /// What sightings of one analyzer are sorted by, so that their order does not hang on threads.
    pub(crate) fn order(&self) -> Order<'_> {
        (&self.subject, &self.identity, &self.seen_on, &self.title)
    }
}

/// An event as an item of proof, about the object that it names.
pub(crate) fn event_evidence(event: &Event) -> Evidence {
    let about = &event.involved_object;
    let object = ObjectRef {
        uid: about.uid.non_empty().map(str::to_owned),
        ..ObjectRef::namespaced(
            about.api_version.non_empty().unwrap_or("v1"),
            &about.kind,
            &about.namespace,
            &about.name,
        )
    };
    let text = format!("{}: {}", event.reason, event.message);
    Evidence::event(object, &text, event.times(), event.last_seen())
}

impl<'a> Cluster<'a> {
    /// The newest event about an object with one of these reasons.
    pub fn newest_event<T: Object>(&self, object: &'a T, reasons: &[&str]) -> Option<&'a Event> {
        self.events_of(object)
            .rev()
            .find(|event| reasons.contains(&event.reason.as_str()))
    }

    /// The same, if it was seen within the time for which events count.
    pub fn current_event<T: Object>(&self, object: &'a T, reasons: &[&str]) -> Option<&'a Event> {
        let window = self.thresholds(object.metadata()).event_window;
        self.newest_event(object, reasons)
            .filter(|event| self.is_within(event.last_seen(), window))
    }
}
