//! The one object that a question is about.

mod focus;
mod manifest;
mod namespaces;
mod selector;

use kubelens_core::{
    model::{ObjectRef, Report, some_of},
    snapshot::Snapshot,
};

pub(crate) use focus::{focus, in_namespaces, keep};
pub(crate) use namespaces::namespaces_exist;
pub(crate) use selector::Selector;

use crate::{
    cli::TargetFlags,
    failure::Failure,
    kinds::{kind_of, known_words},
    nearest::{did_you_mean, nearest},
};

/// Every object that the words name, by itself or in a manifest.
pub(crate) fn named(words: &TargetFlags) -> Result<Vec<Target>, Failure> {
    let mut targets: Vec<Target> = Target::of_words(&words.target)?.into_iter().collect();
    for path in &words.filename {
        targets.extend(manifest::of_manifest(path)?);
    }
    Ok(targets)
}

/// An object as the user names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    kind: String,
    name: String,
    namespace: Option<String>,
}

/// What became of looking for an object.
#[derive(Debug)]
pub(crate) enum Resolved {
    Found(ObjectRef),
    /// It is not in the picture: it is not there, or could not be read; what to tell the user.
    Missing(ObjectRef, Failure),
}

impl Target {
    /// `deploy/web` or `deploy web`; nothing for no words.
    pub(crate) fn of_words(words: &[String]) -> Result<Option<Self>, Failure> {
        let (kind, name) = match words {
            [] => return Ok(None),
            [word] => word.split_once('/').ok_or_else(|| {
                Failure::new(format!("`{word}` names no object"))
                    .way_out(format!("name it as {word}/NAME, or {word} NAME"))
            })?,
            [kind, name] if !kind.contains('/') => (kind.as_str(), name.as_str()),
            several => {
                return Err(Failure::new(format!(
                    "`{}` is more than one object",
                    several.join(" ")
                ))
                .way_out("ask about one: KIND/NAME or KIND NAME"));
            }
        };
        if kind.is_empty() || name.is_empty() || name.contains('/') {
            return Err(
                Failure::new(format!("`{}` is not KIND/NAME", words.join(" ")))
                    .way_out("for example deploy/web"),
            );
        }
        Ok(Some(Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
            namespace: None,
        }))
    }

    /// The object in the picture, or, where it is missing and that is a cause, in the report.
    pub(crate) fn find(&self, snapshot: &Snapshot, report: &Report) -> Result<ObjectRef, Failure> {
        let known = self.of_kind(snapshot)?;
        let is_it = |object: &&ObjectRef| {
            object.name == self.name
                && (self.namespace.is_none() || object.namespace == self.namespace)
        };
        let mut found: Vec<&ObjectRef> = known.iter().filter(is_it).collect();
        if found.is_empty() {
            let spoken_of = report
                .causes
                .iter()
                .flat_map(|cause| std::iter::once(&cause.subject).chain(&cause.affected));
            found = spoken_of
                .filter(|object| self.names_kind(&object.kind))
                .filter(is_it)
                .collect();
            found.sort();
            found.dedup_by(|a, b| a.is_same(b));
        }
        match found.as_slice() {
            [only] => Ok((*only).clone()),
            [] => Err(self.not_found(snapshot, &known)),
            several => Err(self.in_several_namespaces(several)),
        }
    }

    /// Its namespace, where one was given.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The same object, in this namespace where none was given.
    pub(crate) fn at_home_in(mut self, namespace: &str) -> Self {
        self.namespace.get_or_insert_with(|| namespace.to_owned());
        self
    }

    /// The object in the picture; where it is not in it, how it would be called and what to say about that.
    pub(crate) fn resolve(&self, snapshot: &Snapshot) -> Result<Resolved, Failure> {
        let known = self.of_kind(snapshot)?;
        let found: Vec<&ObjectRef> = known
            .iter()
            .filter(|object| self.is_named(object))
            .collect();
        match found.as_slice() {
            [only] => Ok(Resolved::Found((*only).clone())),
            [] => {
                let scope = snapshot.scope().namespaces.first();
                let namespace = self.namespace.as_ref().or(scope);
                let missing = match kind_of(&self.kind) {
                    Some(kind) => ObjectRef::namespaced(
                        kind.api_version(),
                        kind.as_str(),
                        namespace
                            .filter(|_| kind.is_namespaced())
                            .map_or("", String::as_str),
                        &self.name,
                    ),
                    None => ObjectRef {
                        name: self.name.clone(),
                        namespace: namespace.cloned(),
                        uid: None,
                        ..known.first().cloned().unwrap_or_else(|| {
                            ObjectRef::cluster_scoped("", &self.kind, &self.name)
                        })
                    },
                };
                Ok(Resolved::Missing(missing, self.not_found(snapshot, &known)))
            }
            several => Err(self.in_several_namespaces(several)),
        }
    }

    fn is_named(&self, object: &ObjectRef) -> bool {
        object.name == self.name
            && (self.namespace.is_none()
                || object.namespace.is_none()
                || object.namespace == self.namespace)
    }

    fn in_several_namespaces(&self, several: &[&ObjectRef]) -> Failure {
        let places: Vec<&str> = several
            .iter()
            .filter_map(|object| object.namespace.as_deref())
            .collect();
        Failure::new(format!(
            "{}/{} is in {} namespaces",
            self.kind,
            self.name,
            places.len()
        ))
        .way_out(format!("choose one: -n {}", places.join(", -n ")))
    }

    /// Every object of the target's kind.
    fn of_kind(&self, snapshot: &Snapshot) -> Result<Vec<ObjectRef>, Failure> {
        if let Some(kind) = kind_of(&self.kind) {
            return Ok(snapshot.tables().references(kind));
        }
        let custom: Vec<ObjectRef> = snapshot
            .custom()
            .iter()
            .filter(|(kind, _)| self.names_kind(kind))
            .flat_map(|(kind, objects)| {
                objects.iter().map(move |object| {
                    let meta = &object.metadata;
                    ObjectRef::namespaced(&object.api_version, kind, &meta.namespace, &meta.name)
                })
            })
            .collect();
        if custom.is_empty() {
            let mut known: Vec<&str> = known_words().collect();
            known.extend(snapshot.custom().keys().map(String::as_str));
            return Err(
                Failure::new(format!("no kind is called `{}`", self.kind)).way_out(
                    did_you_mean(&self.kind, known).unwrap_or_else(|| {
                        "a kind or its short name: deploy, pod, svc, pvc, node".to_owned()
                    }),
                ),
            );
        }
        Ok(custom)
    }

    /// Whether the user's word means this kind.
    fn names_kind(&self, kind: &str) -> bool {
        let word = self.kind.to_lowercase();
        let word = word.split('.').next().unwrap_or_default();
        let name = kind.to_lowercase();
        kind_of(&self.kind).is_some_and(|known| known.as_str() == kind)
            || word == name
            || word
                .strip_suffix("es")
                .is_some_and(|singular| singular == name)
            || word
                .strip_suffix('s')
                .is_some_and(|singular| singular == name)
    }

    fn not_found(&self, snapshot: &Snapshot, known: &[ObjectRef]) -> Failure {
        let asked = match &self.namespace {
            Some(namespace) => format!("{}/{} in namespace {namespace}", self.kind, self.name),
            None => format!("{}/{}", self.kind, self.name),
        };
        let gap = kind_of(&self.kind).and_then(|kind| {
            let namespace = self.namespace.as_deref().or(snapshot
                .scope()
                .namespaces
                .first()
                .map(String::as_str));
            snapshot
                .gaps()
                .find(kind, namespace.unwrap_or_default())
                .map(|gap| (kind, gap))
        });
        if let Some((kind, gap)) = gap {
            return Failure::new(format!(
                "whether there is {asked} is not known: {kind} objects could not all be read ({})",
                gap.detail
            ));
        }
        let names = known.iter().map(|object| object.name.as_str());
        let near: Vec<String> = nearest(&self.name, names)
            .into_iter()
            .filter_map(|name| known.iter().find(|object| object.name == name))
            .map(ObjectRef::to_string)
            .collect();
        let way_out = match (near.as_slice(), known) {
            ([], []) => format!("there is not one {}", self.kind),
            ([], several) => format!(
                "there are {}",
                some_of(several.iter().map(ToString::to_string), 4)
            ),
            (near, _) => format!("did you mean {}?", near.join(", ")),
        };
        let where_looked = match snapshot.scope().namespaces.as_slice() {
            [] => String::new(),
            looked => format!(" (looked in {})", looked.join(", ")),
        };
        Failure::new(format!("there is no {asked}{where_looked}")).way_out(way_out)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use kubelens_core::{
        kubernetes::{Batch, Kind},
        model::{ClusterInfo, Scope},
        snapshot::{Snapshot, SnapshotBuilder},
    };
    use serde_json::json;

    use super::*;
    use crate::render::tests::shop_report;

    pub(crate) fn picture() -> Snapshot {
        let mut builder = SnapshotBuilder::new(ClusterInfo::default(), Scope::default());
        let mut batch = Batch::default();
        for (namespace, name) in [("shop", "web"), ("shop", "worker"), ("blog", "worker")] {
            let object = json!({"metadata": {"namespace": namespace, "name": name, "uid": format!("{namespace}-{name}")}});
            batch
                .push_value(Kind::Deployment, object)
                .expect("a Deployment");
        }
        builder.absorb(batch);
        builder.build_live("2026-11-23T12:00:00Z".parse().expect("a time"))
    }

    fn find(words: &[&str]) -> Result<String, String> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        Target::of_words(&words)
            .and_then(|target| target.expect("words").find(&picture(), &shop_report()))
            .map(|object| object.to_string())
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn an_object_is_named_in_one_word_or_two() {
        assert_eq!(find(&["deploy/web"]), Ok("Deployment shop/web".into()));
        assert_eq!(
            find(&["deployments.apps", "web"]),
            Ok("Deployment shop/web".into())
        );
    }

    #[test]
    fn an_object_whose_absence_is_a_cause_can_be_asked_about() {
        assert_eq!(
            find(&["cm/web-config"]),
            Ok("ConfigMap shop/web-config".into())
        );
    }

    #[test]
    fn an_unknown_name_or_kind_names_the_nearest() {
        assert_eq!(
            find(&["deploy/wep"]),
            Err("error: there is no deploy/wep\n  try: did you mean Deployment shop/web?".into())
        );
        assert_eq!(
            find(&["deploymnet/web"]),
            Err("error: no kind is called `deploymnet`\n  try: did you mean Deployment?".into())
        );
    }

    #[test]
    fn a_name_in_several_namespaces_asks_which() {
        assert_eq!(
            find(&["deploy/worker"]),
            Err(
                "error: deploy/worker is in 2 namespaces\n  try: choose one: -n blog, -n shop"
                    .into()
            )
        );
    }

    #[test]
    fn words_that_name_no_object_say_how_to_name_one() {
        assert!(
            find(&["deploy"])
                .expect_err("no name")
                .contains("deploy/NAME")
        );
        assert!(
            find(&["deploy/"])
                .expect_err("no name")
                .contains("not KIND/NAME")
        );
        assert!(
            find(&["deploy/web", "x"])
                .expect_err("two")
                .contains("more than one")
        );
    }
}
