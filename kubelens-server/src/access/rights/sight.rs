//! What somebody may see of a cluster: of every kind everything, what is in some namespaces, or nothing.

use std::collections::{BTreeMap, BTreeSet};

use futures::FutureExt as _;
use futures::future::{BoxFuture, try_join_all};
use kubelens_core::kubernetes::{CustomResourceDefinition, Kind};
use kubelens_core::snapshot::{Snapshot, custom_kind};

use super::{Question, Rights, RightsError};
use crate::access::Identity;

/// Questions at a time.
const AT_ONCE: usize = 16;

/// Where somebody may read a kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Readable {
    /// Everywhere.
    Everywhere,
    /// In these namespaces; in none of them: nowhere.
    In(BTreeSet<String>),
}

static NOWHERE: Readable = Readable::In(BTreeSet::new());

impl Readable {
    /// Whether it is nowhere.
    pub fn is_nowhere(&self) -> bool {
        *self == NOWHERE
    }

    /// Whether an object of that namespace may be shown; cluster-scoped ones only to those who
    /// read everywhere.
    pub fn shows(&self, namespace: &str) -> bool {
        match self {
            Self::Everywhere => true,
            Self::In(namespaces) => !namespace.is_empty() && namespaces.contains(namespace),
        }
    }
}

/// A kind without a type of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomKind {
    /// `Kind.group`.
    pub name: String,
    /// Its API group.
    pub group: String,
    /// Its plural; `*` where nothing tells it: then only who may read the whole group sees it.
    pub plural: String,
    /// Whether its objects live in namespaces.
    pub is_namespaced: bool,
}

/// What there is to ask about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// The namespaces.
    pub namespaces: BTreeSet<String>,
    /// The kinds without a type of their own.
    pub custom: Vec<CustomKind>,
}

impl Catalogue {
    /// What a picture holds.
    pub fn of(snapshot: &Snapshot) -> Self {
        let tables = snapshot.tables();
        let mut namespaces = BTreeSet::new();
        for meta in tables.all_metadata(Kind::Namespace) {
            namespaces.insert(meta.name.to_string());
        }
        for kind in Kind::ALL.iter().filter(|kind| kind.is_namespaced()) {
            namespaces.extend(
                tables
                    .namespaces_of(*kind)
                    .into_iter()
                    .map(|it| it.to_string()),
            );
        }
        let objects = snapshot.custom().values().flatten();
        let mut names: BTreeSet<String> = snapshot.custom_listed().clone();
        for object in objects {
            names.insert(custom_kind(object.group(), &object.kind));
            namespaces.insert(object.metadata.namespace.to_string());
        }
        namespaces.remove("");
        let definitions = snapshot.table::<CustomResourceDefinition>();
        let custom = names.into_iter().map(|name| {
            let (kind, group) = name.split_once('.').unwrap_or((&name, ""));
            let known = definitions
                .iter()
                .find(|one| one.spec.group == *group && one.spec.names.kind == *kind);
            CustomKind {
                group: group.to_owned(),
                plural: known
                    .map_or_else(|| "*".to_owned(), |one| one.spec.names.plural.to_string()),
                is_namespaced: known.is_some_and(|one| one.spec.scope == "Namespaced"),
                name,
            }
        });
        Self {
            custom: custom.collect(),
            namespaces,
        }
    }
}

/// What somebody may see of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Sight {
    kinds: BTreeMap<Kind, Readable>,
    custom: BTreeMap<String, Readable>,
    logs: Option<Readable>,
}

/// What is asked about.
#[derive(Debug, Clone)]
enum Subject {
    Typed(Kind),
    Custom(CustomKind),
    Logs,
}

impl Subject {
    fn question(&self, namespace: Option<&str>) -> Question {
        let (verb, group, resource) = match self {
            Self::Typed(kind) => {
                // Who may read one namespace only may not list them.
                let is_one = *kind == Kind::Namespace && namespace.is_some();
                let verb = if is_one { "get" } else { "list" };
                (verb, kind.group().to_owned(), kind.plural().to_owned())
            }
            Self::Custom(kind) => ("list", kind.group.clone(), kind.plural.clone()),
            Self::Logs => ("get", String::new(), "pods/log".to_owned()),
        };
        let is_namespace = matches!(self, Self::Typed(Kind::Namespace));
        Question {
            verb: verb.to_owned(),
            group,
            resource,
            namespace: namespace.map(str::to_owned),
            name: namespace.filter(|_| is_namespace).map(str::to_owned),
        }
    }

    /// Whether it may be allowed in one namespace alone.
    fn is_namespaced(&self) -> bool {
        match self {
            Self::Typed(kind) => kind.is_namespaced() || *kind == Kind::Namespace,
            Self::Custom(kind) => kind.is_namespaced,
            Self::Logs => true,
        }
    }
}

impl Sight {
    /// Asks for everything that a catalogue lists. An answer that is missing is an error, never a guess.
    pub async fn of(
        rights: &dyn Rights,
        identity: &Identity,
        catalogue: &Catalogue,
    ) -> Result<Self, RightsError> {
        rights.confirm(identity).await?;
        let typed = Kind::ALL.iter().copied().map(Subject::Typed);
        let custom = catalogue.custom.iter().cloned().map(Subject::Custom);
        let subjects: Vec<Subject> = typed.chain(custom).chain([Subject::Logs]).collect();
        let everything = Question {
            verb: "list".to_owned(),
            group: "*".to_owned(),
            resource: "*".to_owned(),
            ..Question::default()
        };
        let lists_all = rights.may(identity, &everything).await?;
        let mut everywhere = Vec::with_capacity(subjects.len());
        for some in subjects.chunks(AT_ONCE) {
            let asked: Vec<BoxFuture<'_, _>> = some
                .iter()
                .map(|subject| everywhere_too(rights, identity, subject, lists_all).boxed())
                .collect();
            everywhere.extend(try_join_all(asked).await?);
        }
        let left: Vec<&Subject> = subjects
            .iter()
            .zip(&everywhere)
            .filter(|(subject, everywhere)| !**everywhere && subject.is_namespaced())
            .map(|(subject, _)| subject)
            .collect();
        let mut sight = Self::default();
        for (subject, everywhere) in subjects.iter().zip(&everywhere) {
            let readable = if *everywhere {
                Readable::Everywhere
            } else {
                NOWHERE.clone()
            };
            sight.set(subject, readable);
        }
        if left.is_empty() {
            return Ok(sight);
        }
        let namespaces: Vec<&String> = catalogue.namespaces.iter().collect();
        let mut inside = Vec::with_capacity(namespaces.len());
        for some in namespaces.chunks(AT_ONCE) {
            let asked: Vec<BoxFuture<'_, _>> = some
                .iter()
                .map(|namespace| in_namespace(rights, identity, namespace, &left).boxed())
                .collect();
            inside.extend(some.iter().zip(try_join_all(asked).await?));
        }
        for (at, subject) in left.iter().enumerate() {
            let allowed = inside
                .iter()
                .filter(|(_, allowed)| allowed.get(at) == Some(&true))
                .map(|(namespace, _)| (**namespace).clone());
            sight.set(subject, Readable::In(allowed.collect()));
        }
        Ok(sight)
    }

    fn set(&mut self, subject: &Subject, readable: Readable) {
        match subject {
            Subject::Typed(kind) => drop(self.kinds.insert(*kind, readable)),
            Subject::Custom(kind) => drop(self.custom.insert(kind.name.clone(), readable)),
            Subject::Logs => self.logs = Some(readable),
        }
    }

    /// Where objects of a kind may be seen; nowhere, where nobody asked.
    pub fn of_kind(&self, kind: Kind) -> &Readable {
        self.kinds.get(&kind).unwrap_or(&NOWHERE)
    }

    /// The same for a kind without a type: `Kind.group`.
    pub fn of_custom(&self, name: &str) -> &Readable {
        self.custom.get(name).unwrap_or(&NOWHERE)
    }

    /// Where logs may be read.
    pub fn of_logs(&self) -> &Readable {
        self.logs.as_ref().unwrap_or(&NOWHERE)
    }

    /// Whether an object may be seen; of a Namespace, its own name is the namespace.
    pub fn shows(&self, kind: Kind, namespace: &str) -> bool {
        self.of_kind(kind).shows(namespace)
    }

    /// Where nothing is allowed everywhere: the namespaces in which anything is.
    pub fn namespaces(&self) -> BTreeSet<&str> {
        let all = self.kinds.values().chain(self.custom.values());
        all.filter_map(|readable| match readable {
            Readable::Everywhere => None,
            Readable::In(namespaces) => Some(namespaces),
        })
        .flatten()
        .map(String::as_str)
        .collect()
    }

    /// Whether who sees this sees everything that a picture holds.
    pub fn shows_all_of(&self, snapshot: &Snapshot) -> bool {
        let tables = snapshot.tables();
        let are_kinds = Kind::ALL.iter().all(|kind| {
            *self.of_kind(*kind) == Readable::Everywhere
                || (tables.count(*kind) == 0 && snapshot.gaps().everywhere(*kind).is_some())
        });
        let objects = snapshot.custom().values().flatten();
        let mut custom = objects.map(|object| custom_kind(object.group(), &object.kind));
        let is = |name: &str| *self.of_custom(name) == Readable::Everywhere;
        are_kinds
            && custom.all(|name| is(&name))
            && snapshot.custom_listed().iter().all(|name| is(name))
            && (*self.of_logs() == Readable::Everywhere || snapshot.logs().is_empty())
    }
}

/// Whether something is allowed in all namespaces; `lists_all` is whether every list is.
async fn everywhere_too(
    rights: &dyn Rights,
    identity: &Identity,
    subject: &Subject,
    lists_all: bool,
) -> Result<bool, RightsError> {
    if lists_all && !matches!(subject, Subject::Logs) {
        return Ok(true);
    }
    rights.may(identity, &subject.question(None)).await
}

/// What of `subjects` is allowed in one namespace, in their order.
async fn in_namespace(
    rights: &dyn Rights,
    identity: &Identity,
    namespace: &str,
    subjects: &[&Subject],
) -> Result<Vec<bool>, RightsError> {
    let rules = rights.rules(identity, namespace).await?;
    let mut allowed = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let question = subject.question(Some(namespace));
        // What is listed is allowed; where the list is not all, what is not in it is asked.
        allowed.push(
            rules.allow(&question)
                || (rules.is_incomplete && rights.may(identity, &question).await?),
        );
    }
    Ok(allowed)
}
