//! Objects that a controller names in a message.

use crate::kubernetes::Kind;
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// Most objects that are taken from one message.
const MOST: usize = 8;

/// The objects that a message names: `secret "x"`, `secrets "x"`, `deployments.apps "x"`,
/// `Deployment/shop/web`, `Kustomization shop/infra`. A name without a namespace is one of `namespace`.
pub(in crate::analyzers) fn named_in(
    cluster: &Cluster<'_>,
    message: &str,
    namespace: &str,
) -> Vec<ObjectRef> {
    // The one kind that is written as two words, and one or several of a kind.
    let message = message
        .replace("luster operator ", "lusteroperator ")
        .replace("(s)", "s");
    let words: Vec<&str> = message
        .split(|letter: char| letter.is_whitespace() || "'\"`,;()[]{}=".contains(letter))
        .map(|word| word.trim_end_matches([':', '.']))
        .filter(|word| !word.is_empty())
        .collect();
    let mut found: Vec<ObjectRef> = Vec::new();
    let mut before: Option<Noun> = None;
    for word in words {
        let object = match word.split('/').collect::<Vec<_>>().as_slice() {
            [kind, space, name] => noun(cluster, kind).map(|noun| noun.object(space, name)),
            [first, name] => match noun(cluster, first) {
                Some(noun) => Some(noun.object(namespace, name)),
                None => before.as_ref().map(|noun| noun.object(first, name)),
            },
            [name] if is_name(name) => before.as_ref().map(|noun| noun.object(namespace, name)),
            _ => None,
        };
        before = noun(cluster, word);
        if let Some(object) = object
            && is_name(&object.name)
            && before.is_none()
            && !found.contains(&object)
            && found.len() < MOST
        {
            found.push(object);
        }
    }
    found
}

/// A kind that a word stands for.
struct Noun {
    kind: String,
    api_version: String,
    is_namespaced: bool,
}

impl Noun {
    fn object(&self, namespace: &str, name: &str) -> ObjectRef {
        let namespace = if self.is_namespaced { namespace } else { "" };
        ObjectRef::namespaced(&self.api_version, &self.kind, namespace, name)
    }
}

fn noun(cluster: &Cluster<'_>, word: &str) -> Option<Noun> {
    let word = word.split('.').next().unwrap_or(word);
    if word.len() < 3 || !word.chars().all(|letter| letter.is_ascii_alphabetic()) {
        return None;
    }
    let is_meant = |kind: &str| {
        let kind = kind.to_ascii_lowercase();
        let word = word.to_ascii_lowercase();
        word == kind
            || word.strip_suffix('s') == Some(&kind)
            || word.strip_suffix("es") == Some(&kind)
            || word
                .strip_suffix("ies")
                .is_some_and(|stem| kind.strip_suffix('y') == Some(stem))
    };
    let custom = cluster
        .all_custom()
        .find(|object| is_meant(&object.kind))
        .map(|first| Noun {
            kind: first.kind.to_string(),
            api_version: first.api_version.to_string(),
            is_namespaced: !first.metadata.namespace.is_empty(),
        });
    let typed = || {
        let kind = Kind::ALL.iter().find(|kind| is_meant(kind.as_str()))?;
        Some(Noun {
            kind: kind.as_str().to_owned(),
            api_version: kind.api_version().to_owned(),
            is_namespaced: kind.is_namespaced(),
        })
    };
    custom.or_else(typed)
}

/// Whether a word can be an object's name.
fn is_name(word: &str) -> bool {
    let is_letter = |letter: char| {
        letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-' || letter == '.'
    };
    word.len() >= 2
        && word.len() <= 253
        && word.chars().all(is_letter)
        && word.starts_with(|first: char| first.is_ascii_alphanumeric())
        && !matches!(
            word,
            "not" | "does" | "is" | "in" | "of" | "for" | "to" | "has" | "was" | "with"
        )
}

/// Whether a message says that something is not there.
pub(in crate::analyzers) fn says_missing(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    [
        "not found",
        "does not exist",
        "doesn't exist",
        "could not find",
        "cannot find",
        "unable to find",
        "no such",
        "not exist",
        "references missing",
    ]
    .iter()
    .any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::example::picture;

    fn named(message: &str) -> Vec<String> {
        let picture = picture(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: infra, namespace: flux}\n---\napiVersion: config.openshift.io/v1\nkind: ClusterOperator\nmetadata: {name: dns}\n",
        );
        let cluster = Cluster::new(&picture);
        named_in(&cluster, message, "shop")
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn objects_are_named_in_several_ways() {
        for (message, expected) in [
            ("secrets \"ca-key\" not found", vec!["Secret shop/ca-key"]),
            (
                "deployments.apps \"web\" not found",
                vec!["Deployment shop/web"],
            ),
            (
                "timeout waiting for: [Deployment/bank/api status: 'InProgress', Kustomization/flux/infra status: 'Failed']",
                vec!["Deployment bank/api", "Kustomization flux/infra"],
            ),
            ("the secret does not hold a key", vec![]),
            ("context deadline exceeded", vec![]),
            (
                "references missing Kustomization(s): apps.",
                vec!["Kustomization shop/apps"],
            ),
            (
                "Cluster operator dns is degraded",
                vec!["ClusterOperator dns"],
            ),
        ] {
            assert_eq!(named(message), expected, "{message}");
        }
    }
}
