//! What was to bring objects into a namespace, and has brought nothing yet.

use crate::kubernetes::CustomObject;
use crate::snapshot::Cluster;

/// The deliveries into a namespace that have never come through: what is missing there may be in one of them. An
/// operator that is not installed makes only what bears a word of its name.
pub(super) fn undelivered_into<'a>(
    cluster: &Cluster<'a>,
    namespace: &str,
    missing: &str,
) -> Vec<&'a CustomObject> {
    let applications = cluster
        .customs("argoproj.io", "Application")
        .filter(|application| {
            application.spec_text("/destination/namespace") == namespace
                && application.status_list("/resources").is_empty()
                && application.status_text("/sync/status") != "Synced"
        });
    let kustomizations = cluster
        .customs("kustomize.toolkit.fluxcd.io", "Kustomization")
        .filter(|delivery| {
            delivery.spec_text("/targetNamespace") == namespace
                && delivery.status_text("/lastAppliedRevision").is_empty()
        });
    let releases = cluster
        .customs("helm.toolkit.fluxcd.io", "HelmRelease")
        .filter(|release| {
            let target = match release.spec_text("/targetNamespace") {
                "" => release.metadata.namespace.as_str(),
                other => other,
            };
            target == namespace
                && release.status_list("/history").is_empty()
                && release.status_text("/lastAppliedRevision").is_empty()
        });
    let operators = cluster
        .customs("operators.coreos.com", "Subscription")
        .filter(|subscription| {
            subscription.metadata.namespace == *namespace
                && subscription.status_text("/installedCSV").is_empty()
                && shares_a_word(subscription.spec_text("/name"), missing)
        });
    applications
        .chain(kustomizations)
        .chain(releases)
        .chain(operators)
        .collect()
}

/// Words of names that say nothing of what is meant.
const FILLERS: [&str; 6] = [
    "operator",
    "service",
    "server",
    "cluster",
    "controller",
    "community",
];

fn shares_a_word(one: &str, other: &str) -> bool {
    one.split('-')
        .filter(|word| word.len() > 3 && !FILLERS.contains(word))
        .any(|word| other.split('-').any(|known| known == word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::example::picture;

    #[test]
    fn what_has_never_been_delivered_may_hold_what_is_missing() {
        let picture = picture(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: refused, namespace: argocd}\nspec: {destination: {namespace: shop}}\nstatus: {sync: {status: Unknown}}\n---\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: synced, namespace: argocd}\nspec: {destination: {namespace: shop}}\nstatus: {sync: {status: Synced}}\n---\napiVersion: operators.coreos.com/v1alpha1\nkind: Subscription\nmetadata: {name: cache, namespace: shop}\nspec: {name: redis-operator}\n",
        );
        let cluster = Cluster::new(&picture);
        let names = |missing: &str| -> Vec<String> {
            undelivered_into(&cluster, "shop", missing)
                .into_iter()
                .map(|object| object.metadata.name.to_string())
                .collect()
        };
        assert_eq!(names("orders"), ["refused"]);
        assert_eq!(names("sessions-redis"), ["refused", "cache"]);
    }
}
