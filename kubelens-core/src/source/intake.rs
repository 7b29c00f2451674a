//! Takes objects in, one by one: finds their type, decodes them, and notes what could not be used.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;

use super::ReadRequest;
use super::decoding_error::{explain_json, explain_yaml, not_utf8};
use super::items::{Item, Syntax};
use super::json_items::without_field_sets;
use super::whole::Keeping;
use crate::kubernetes::{Batch, CustomObject, GroupKind, Kind, ObjectMeta, Tables, Text, yaml};
use crate::model::{CoverageState, FieldError, KUBELENS_API_VERSION, ObjectRef};
use crate::snapshot::{MADE_EVERYWHERE, SnapshotBuilder, custom_kind, newest_time};

/// The type that an object is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TypeMeta<'a> {
    pub(crate) api_version: &'a str,
    pub(crate) kind: &'a str,
}

/// What became of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is in.
    Kept,
    /// It is an object of Kubernetes that was not asked for.
    Unwanted,
    /// It is no object of Kubernetes.
    Foreign,
    /// It is one, but cannot be used; a gap says so. The text says where and why.
    Broken(String),
}

/// Objects on their way from a source into a snapshot.
#[derive(Debug)]
pub(crate) struct Intake {
    request: ReadRequest,
    batch: Batch,
    custom: Vec<CustomObject>,
    gaps: Vec<Missing>,
    missed: BTreeSet<(Option<Kind>, Option<String>)>,
    objects: usize,
    /// Room for the text of one object.
    short: Vec<u8>,
    /// Namespaces of objects that were left out because nobody asked for them.
    left_out: LeftOut,
    /// Objects that were written in another API version than the one they are read in.
    other_versions: Vec<ObjectRef>,
    /// What the API server would refuse.
    refused: Vec<(ObjectRef, FieldError)>,
    /// Objects that are kept with every field.
    whole: Keeping,
}

/// What was left out because nobody asked for its namespace.
#[derive(Debug, Default)]
struct LeftOut {
    namespaces: BTreeSet<String>,
    /// The kinds, and whether the object that controllers make in every namespace was among them.
    kinds: BTreeMap<Kind, bool>,
    /// Kinds without a type of their own.
    custom: BTreeSet<String>,
    /// The newest time in it: the recording was made then, whatever of it is looked at.
    newest: Option<Timestamp>,
    /// What was not looked through for times yet.
    batch: Batch,
    in_batch: usize,
}

impl LeftOut {
    /// Most objects that are kept until they are looked through for times.
    const MOST: usize = 4096;

    fn note(&mut self, kind: Kind, metadata: &ObjectMeta) {
        if !self.namespaces.contains(metadata.namespace.as_str()) {
            self.namespaces.insert(metadata.namespace.to_string());
        }
        let is_made_everywhere = self.kinds.entry(kind).or_default();
        *is_made_everywhere |= MADE_EVERYWHERE.contains(&(kind, metadata.name.as_str()));
    }

    /// Takes the object of a batch that was read last.
    fn take_last(&mut self, batch: &mut Batch, kind: Kind) {
        batch.hand_last_to(&mut self.batch, kind);
        self.in_batch += 1;
        if self.in_batch >= Self::MOST {
            self.look_through();
        }
    }

    fn look_through(&mut self) {
        let mut tables = Tables::default();
        tables.absorb(std::mem::take(&mut self.batch));
        self.newest = self.newest.max(newest_time(&tables, &BTreeMap::new()));
        self.in_batch = 0;
    }
}

#[derive(Debug)]
struct Missing {
    kind: Option<Kind>,
    namespace: Option<String>,
    detail: String,
}

impl Intake {
    pub(crate) fn new(request: &ReadRequest) -> Self {
        Self {
            request: request.clone(),
            batch: Batch::default(),
            custom: Vec::new(),
            gaps: Vec::new(),
            missed: BTreeSet::new(),
            objects: 0,
            short: Vec::new(),
            left_out: LeftOut::default(),
            other_versions: Vec::new(),
            refused: Vec::new(),
            whole: Keeping::new(&request.whole),
        }
    }

    /// The namespaces of objects that were left out because nobody asked for them.
    pub(crate) const fn left_out(&self) -> &BTreeSet<String> {
        &self.left_out.namespaces
    }

    /// How many objects were taken in.
    pub(crate) const fn objects(&self) -> usize {
        self.objects
    }

    /// Takes one object; `place` names its file or list.
    pub(crate) fn take(&mut self, place: &str, meta: TypeMeta<'_>, item: Item<'_>) -> Taken {
        let taken = match self.kind_of(meta) {
            Some(kind) if self.request.kinds.contains(kind) => {
                let taken = self.take_typed(place, kind, meta.api_version, item);
                if taken == Taken::Kept
                    && !meta.api_version.is_empty()
                    && meta.api_version != kind.api_version()
                {
                    self.note_version(kind, meta.api_version);
                }
                taken
            }
            Some(_) => Taken::Unwanted,
            None => self.take_custom(place, meta, item),
        };
        if taken == Taken::Kept {
            self.objects += 1;
            #[cfg(feature = "validation")]
            if self.request.validated {
                self.validate(meta, item);
            }
        }
        taken
    }

    /// The kind with a type of its own that the object is of. A manifest that leaves its version out is judged as what
    /// it calls itself.
    fn kind_of(&self, meta: TypeMeta<'_>) -> Option<Kind> {
        if self.request.validated && meta.api_version.is_empty() {
            return Kind::from_name(meta.kind);
        }
        Kind::from_manifest(meta.api_version, meta.kind)
    }

    /// Notes what the API server would refuse in the object that was read last.
    #[cfg(feature = "validation")]
    fn validate(&mut self, meta: TypeMeta<'_>, item: Item<'_>) {
        let Some(serde_json::Value::Object(mut fields)) = parsed(item) else {
            return;
        };
        // Items of a list may leave their type to it.
        fields.insert("apiVersion".to_owned(), meta.api_version.into());
        fields.insert("kind".to_owned(), meta.kind.into());
        let errors = crate::validation::validate(&serde_json::Value::Object(fields));
        let kind = self.kind_of(meta);
        let metadata = match kind {
            Some(kind) => self.batch.last_mut(kind).map(|metadata| &*metadata),
            None => self.custom.last().map(|object| &object.metadata),
        };
        let Some(metadata) = metadata else { return };
        let (namespace, name) = (&metadata.namespace, &metadata.name);
        let api_version = match kind {
            Some(kind) if meta.api_version.is_empty() => kind.api_version(),
            _ => meta.api_version,
        };
        let object = ObjectRef::namespaced(api_version, meta.kind, namespace, name);
        let told = errors.into_iter().map(|error| (object.clone(), error));
        self.refused.extend(told);
    }

    /// Notes the API version in which the object that was read last is written.
    fn note_version(&mut self, kind: Kind, api_version: &str) {
        if let Some(metadata) = self.batch.last_mut(kind) {
            let (namespace, name) = (&metadata.namespace, &metadata.name);
            self.other_versions.push(ObjectRef::namespaced(
                api_version,
                kind.as_str(),
                namespace,
                name,
            ));
        }
    }

    /// Says that something is missing: of a kind, or of any.
    pub(crate) fn missing(
        &mut self,
        kind: Option<Kind>,
        namespace: Option<String>,
        detail: String,
    ) {
        // The first reason is the one that counts, and there may be millions.
        if self.missed.insert((kind, namespace.clone())) {
            self.gaps.push(Missing {
                kind,
                namespace,
                detail,
            });
        }
    }

    /// Hands everything over.
    pub(crate) fn pour_into(mut self, builder: &mut SnapshotBuilder) {
        self.left_out.look_through();
        builder.reaches_to(self.left_out.newest);
        self.whole.pour_into(builder.whole_mut());
        builder.absorb(self.batch);
        for (kind, is_made_everywhere) in self.left_out.kinds {
            builder.holds_elsewhere(kind, is_made_everywhere);
        }
        for kind in &self.left_out.custom {
            builder.listed_custom(kind);
        }
        for written in self.other_versions {
            builder.written_as(written);
        }
        for (object, error) in self.refused {
            builder.refused(object, error);
        }
        for object in self.custom {
            builder.add_custom(object);
        }
        for missing in self.gaps {
            let namespace = missing.namespace.as_deref();
            let kinds = missing
                .kind
                .as_ref()
                .map_or(Kind::ALL, std::slice::from_ref);
            for kind in kinds {
                builder.gap(
                    kind.as_str(),
                    namespace,
                    CoverageState::Partial,
                    missing.detail.as_str(),
                );
            }
        }
    }

    /// Hands everything over to who keeps a picture current.
    #[cfg(feature = "live")]
    pub(crate) fn pour_into_writer(self, writer: &mut crate::snapshot::Writer) {
        self.whole.pour_on(writer.whole_mut());
        writer.absorb(self.batch);
        for object in self.custom {
            writer.add_custom(object);
        }
        for missing in self.gaps {
            if let Some(kind) = missing.kind {
                writer.gap(
                    kind.as_str(),
                    missing.namespace.as_deref(),
                    CoverageState::Partial,
                    missing.detail,
                );
            }
        }
    }

    fn take_typed(&mut self, place: &str, kind: Kind, api_version: &str, item: Item<'_>) -> Taken {
        let decoded = match item.syntax {
            Syntax::Json => self
                .push_json(kind, item.bytes)
                .map_err(|error| explain_json(&error, item)),
            Syntax::Yaml => match std::str::from_utf8(item.bytes) {
                Ok(text) => self
                    .batch
                    .push_yaml(kind, text)
                    .map_err(|error| explain_yaml(&error, item)),
                Err(error) => Err(not_utf8(&error, item)),
            },
        };
        if let Err((line, detail)) = decoded
            && !self.take_without_nulls(kind, item)
        {
            return self.broken(kind, item, &format!("{place}:{line}"), &detail);
        }
        if self.request.without_status {
            self.drop_status(kind, item);
        }
        let Some(metadata) = self.batch.last_mut(kind) else {
            return Taken::Unwanted;
        };
        if self.request.without_status
            && metadata.name.is_empty()
            && !metadata.generate_name.is_empty()
        {
            // The API server completes it.
            metadata.name = Text::new(&format!("{}*", metadata.generate_name));
        }
        if metadata.name.is_empty() {
            self.batch.pop(kind);
            let detail = format!("{place}:{}: this {kind} has no name", item.line);
            self.missing(Some(kind), None, detail.clone());
            return Taken::Broken(detail);
        }
        if !kind.is_namespaced() {
            metadata.namespace = Text::default();
        } else if metadata.namespace.is_empty() {
            metadata.namespace = Text::new(&self.request.default_namespace);
        }
        if kind.is_namespaced() && !self.request.wants_namespace(&metadata.namespace) {
            self.left_out.note(kind, metadata);
            self.left_out.take_last(&mut self.batch, kind);
            return Taken::Unwanted;
        }
        if self.whole.wants(kind.group(), kind.as_str()) {
            let group_kind = GroupKind::of(kind.api_version(), kind.as_str());
            self.whole.keep(&group_kind, api_version, metadata, item);
        }
        Taken::Kept
    }

    fn push_json(&mut self, kind: Kind, json: &[u8]) -> Result<(), serde_json::Error> {
        if without_field_sets(json, &mut self.short)
            && self.batch.push_json(kind, &self.short).is_ok()
        {
            return Ok(());
        }
        // The whole text has the last word, and knows the place of an error.
        self.batch.push_json(kind, json)
    }

    /// Puts the object that was read last in again without its status, if it has one.
    fn drop_status(&mut self, kind: Kind, item: Item<'_>) {
        let Some(serde_json::Value::Object(mut fields)) = parsed(item) else {
            return;
        };
        if fields.remove("status").is_some() {
            let mut value = serde_json::Value::Object(fields);
            drop_nulls(&mut value);
            self.batch.pop(kind);
            if self.batch.push_value(kind, value).is_err() {
                self.missing(
                    Some(kind),
                    None,
                    format!("a {kind} cannot be read without its status"),
                );
            }
        }
    }

    /// Decodes an object that has `null` where the API wants something; Go's decoder, and so the API, takes
    /// that for a field that is not there. Says whether this helped.
    fn take_without_nulls(&mut self, kind: Kind, item: Item<'_>) -> bool {
        let Some(mut value) = parsed(item) else {
            return false;
        };
        drop_nulls(&mut value) && self.batch.push_value(kind, value).is_ok()
    }

    /// An object of a kind that is known cannot be decoded: whoever looks for it must not find it missing.
    fn broken(&mut self, kind: Kind, item: Item<'_>, place: &str, words: &str) -> Taken {
        let name = Named::of(item);
        let (subject, namespace) = match &name {
            Some(Name { name, namespace }) if kind.is_namespaced() => {
                let namespace = if namespace.is_empty() {
                    "default"
                } else {
                    namespace
                };
                (
                    format!("{kind} {namespace}/{name}"),
                    Some(namespace.to_owned()),
                )
            }
            Some(Name { name, .. }) => (format!("{kind} {name}"), None),
            None => (format!("a {kind}"), None),
        };
        let detail = format!("{place}: {subject}: {words}");
        self.missing(Some(kind), namespace, detail.clone());
        Taken::Broken(detail)
    }

    fn take_custom(&mut self, place: &str, meta: TypeMeta<'_>, item: Item<'_>) -> Taken {
        if !is_api_type(meta) {
            return Taken::Foreign;
        }
        let decoded: Result<CustomObject, _> = match item.syntax {
            Syntax::Json => {
                serde_json::from_slice(item.bytes).map_err(|error| explain_json(&error, item))
            }
            Syntax::Yaml => match std::str::from_utf8(item.bytes) {
                Ok(text) => yaml::from_str(text).map_err(|error| explain_yaml(&error, item)),
                Err(error) => Err(not_utf8(&error, item)),
            },
        };
        let mut object = match decoded {
            Ok(object) if object.metadata.name.is_empty() => return Taken::Foreign,
            Ok(object) => object,
            Err((line, detail)) => {
                return Taken::Broken(format!("{place}:{line}: a {}: {detail}", meta.kind));
            }
        };
        let namespace = &object.metadata.namespace;
        let group_kind = GroupKind::of(meta.api_version, meta.kind);
        if !namespace.is_empty() && !self.request.wants_namespace(namespace) {
            self.left_out
                .custom
                .insert(custom_kind(&group_kind.group, meta.kind));
            return Taken::Unwanted;
        }
        if self.whole.wants(&group_kind.group, meta.kind) {
            self.whole
                .keep(&group_kind, meta.api_version, &object.metadata, item);
        }
        object.api_version = Text::new(meta.api_version);
        object.kind = Text::new(meta.kind);
        object.drop_bulk();
        if self.request.without_status {
            object.status = serde_json::Value::Null;
        }
        self.custom.push(object);
        Taken::Kept
    }
}

/// An object with every field.
fn parsed(item: Item<'_>) -> Option<serde_json::Value> {
    match item.syntax {
        Syntax::Json => serde_json::from_slice(item.bytes).ok(),
        Syntax::Yaml => yaml::from_str(std::str::from_utf8(item.bytes).ok()?).ok(),
    }
}

/// Drops the fields that are null; says whether there were any.
fn drop_nulls(value: &mut serde_json::Value) -> bool {
    match value {
        serde_json::Value::Object(fields) => {
            let before = fields.len();
            fields.retain(|_, field| !field.is_null());
            let mut dropped = fields.len() < before;
            for field in fields.values_mut() {
                dropped |= drop_nulls(field);
            }
            dropped
        }
        serde_json::Value::Array(items) => {
            let mut dropped = false;
            for item in items {
                dropped |= drop_nulls(item);
            }
            dropped
        }
        _ => false,
    }
}

/// Whether a manifest of this type can be an object of a cluster: `Kind` of `v1` or `group.example/v1beta1`.
fn is_api_type(meta: TypeMeta<'_>) -> bool {
    let (group, version) = meta
        .api_version
        .split_once('/')
        .unwrap_or(("", meta.api_version));
    let is_version = version
        .strip_prefix('v')
        .is_some_and(|number| number.starts_with(|first: char| first.is_ascii_digit()));
    // A definition of somebody's own may write its kind small: `postgresql` of `acid.zalan.do`.
    let begins = |first: char| {
        first.is_ascii_uppercase() || first.is_ascii_lowercase() && group.contains('.')
    };
    let is_kind = meta.kind.starts_with(begins)
        && meta
            .kind
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric());
    let is_own = KUBELENS_API_VERSION
        .split_once('/')
        .is_some_and(|(own, _)| own == group);
    is_version && is_kind && !is_own
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Name {
    name: String,
    namespace: String,
}

/// As much of an object as names it.
#[derive(Deserialize)]
struct Named {
    metadata: Name,
}

impl Named {
    fn of(item: Item<'_>) -> Option<Name> {
        let text = std::str::from_utf8(item.bytes).ok()?;
        let named: Self = match item.syntax {
            Syntax::Json => serde_json::from_str(text).ok()?,
            Syntax::Yaml => yaml::from_str(text).ok()?,
        };
        (!named.metadata.name.is_empty()).then_some(named.metadata)
    }
}
