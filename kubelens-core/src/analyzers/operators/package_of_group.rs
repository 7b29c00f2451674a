//! Which package of Crossplane brings a group of kinds that the API server does not serve.

use crate::analyzers::pattern::Pattern;
use crate::kubernetes::CustomObject;
use crate::snapshot::Cluster;

/// What a controller says of a group that is not served. Group 1 is its name.
static NOT_SERVED: [Pattern; 2] = [
    Pattern::new(
        r"([a-z0-9-]+(?:\.[a-z0-9-]+)+)/v\w+: the server could not find the requested resource",
    ),
    Pattern::new(r#"no matches for kind \\?"\w+\\?" in (?:version|group) \\?"([a-z0-9.-]+)"#),
];

/// Words in the name of a package that say nothing of what it brings.
const FILLERS: [&str; 8] = [
    "provider",
    "family",
    "upbound",
    "crossplane",
    "contrib",
    "jet",
    "upjet",
    "official",
];

/// The providers that would bring the groups that a message says are not served.
pub(super) fn packages_for<'a>(cluster: &Cluster<'a>, message: &str) -> Vec<&'a CustomObject> {
    let Some(group) = NOT_SERVED.iter().find_map(|words| words.first(message)) else {
        return Vec::new();
    };
    let fitting = || {
        cluster
            .customs("pkg.crossplane.io", "Provider")
            .map(|provider| (nearness(provider, group), provider))
            .filter(|(nearness, _)| *nearness > 0)
    };
    // `provider-gcp-sql` brings `sql.gcp.upbound.io`, and not `provider-gcp` where both are there.
    let best = fitting().map(|(nearness, _)| nearness).max();
    fitting()
        .filter(|(nearness, _)| Some(*nearness) == best)
        .map(|(_, provider)| provider)
        .collect()
}

/// How many words of the package's name are parts of the group's; none where one of them is no part.
fn nearness(provider: &CustomObject, group: &str) -> usize {
    let package = provider.spec_text("/package");
    let name = match package.rsplit('/').next() {
        None | Some("") => provider.metadata.name.as_str(),
        Some(last) => last.split([':', '@']).next().unwrap_or(last),
    };
    let words: Vec<&str> = name
        .split('-')
        .filter(|word| !FILLERS.contains(word))
        .collect();
    if words
        .iter()
        .all(|word| group.split('.').any(|part| part == *word))
    {
        words.len()
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::example::picture;

    #[test]
    fn a_group_that_is_not_served_leads_to_the_package_that_brings_it() {
        let picture = picture(
            "apiVersion: pkg.crossplane.io/v1\nkind: Provider\nmetadata: {name: sql}\nspec: {package: \"xpkg.upbound.io/upbound/provider-gcp-sql:v1\"}\n---\napiVersion: pkg.crossplane.io/v1\nkind: Provider\nmetadata: {name: family}\nspec: {package: \"xpkg.upbound.io/upbound/provider-family-gcp:v1\"}\n---\napiVersion: pkg.crossplane.io/v1\nkind: Provider\nmetadata: {name: provider-helm}\n",
        );
        let cluster = Cluster::new(&picture);
        let names = |message: &str| -> Vec<String> {
            packages_for(&cluster, message)
                .into_iter()
                .map(|provider| provider.metadata.name.to_string())
                .collect()
        };
        for (message, expected) in [
            (
                "unable to retrieve the complete list of server APIs: sql.gcp.upbound.io/v1beta1: the server could not find the requested resource",
                vec!["sql"],
            ),
            (
                "no matches for kind \"Topic\" in version \"pubsub.gcp.upbound.io/v1beta1\"",
                vec!["family"],
            ),
            (
                "no matches for kind \"Release\" in version \"helm.crossplane.io/v1beta1\"",
                vec!["provider-helm"],
            ),
            (
                "no matches for kind \"Cron\" in version \"batch/v1beta1\"",
                vec![],
            ),
            ("cannot get object: sql.gcp.upbound.io/v1beta1", vec![]),
        ] {
            assert_eq!(names(message), expected, "{message}");
        }
    }
}
