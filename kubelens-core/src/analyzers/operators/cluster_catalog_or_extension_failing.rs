use super::bad_condition::{has_lasted, words};
use super::failing::{describe, failing, titled};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Condition, CustomObject};
use crate::model::{Evidence, Severity};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A catalog of the Operator Lifecycle Manager (v1) is not served, or an extension is not installed
    /// from it.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: olm.operatorframework.io/v1
    /// kind: ClusterCatalog
    /// metadata: {name: community, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {availabilityMode: Available, source: {type: Image, image: {ref: "catalog.example/community:1"}}}
    /// status:
    ///   conditions:
    ///   - {type: Serving, status: "False", reason: Unavailable, lastTransitionTime: "2026-01-01T10:00:00Z"}
    ///   - {type: Progressing, status: "True", reason: Retrying, message: "error resolving canonical reference", lastTransitionTime: "2026-01-01T10:00:00Z"}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: olm.operatorframework.io/v1
    /// kind: ClusterExtension
    /// metadata: {name: db, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {namespace: ops, source: {sourceType: Catalog, catalog: {packageName: db}}}
    /// status:
    ///   conditions:
    ///   - {type: Installed, status: "False", reason: Failed, message: no bundle installed, lastTransitionTime: "2026-01-01T10:00:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: olm.operatorframework.io/v1
    /// kind: ClusterExtension
    /// metadata: {name: db, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {namespace: ops, source: {sourceType: Catalog, catalog: {packageName: db}}}
    /// status:
    ///   conditions:
    ///   - {type: Installed, status: "True", reason: Succeeded}
    ///   - {type: Progressing, status: "True", reason: Succeeded, lastTransitionTime: "2026-01-01T10:00:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Correct the image of the catalog, or package, version and permissions of the extension.
    ///
    /// # What it cannot know
    /// What the catalog's image holds.
    ///
    /// # Source
    /// Conditions of ClusterCatalog and ClusterExtension of olm.operatorframework.io/v1.
    OPS017 "cluster-catalog-or-extension-failing" {
        role: Both,
        severity: Critical,
        confidence: 0.93,
        reads: [Secret, ConfigMap, ServiceAccount, Service, Event],
        maps_to: ["k8sgpt:ClusterCatalog", "k8sgpt:ClusterExtension"],
        check: Cluster(check),
    }
}

const GROUP: &str = "olm.operatorframework.io";

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for catalog in cluster.customs(GROUP, "ClusterCatalog") {
        if catalog.spec_text("/availabilityMode") == "Unavailable" {
            sink.report(turned_off(catalog));
            continue;
        }
        let text = "Extensions from it are neither installed nor upgraded.";
        check_one(cluster, catalog, "Serving", text, sink);
        let image = catalog.spec_text("/source/image/ref");
        if catalog.spec_text("/source/type") == "Image" && !is_image(image) {
            let path = "spec.source.image.ref";
            sink.report(misconfigured(catalog, path, image, "is no image reference"));
        }
    }
    for extension in cluster.customs(GROUP, "ClusterExtension") {
        let text = "The operator is not there, or not in the version that is asked for.";
        check_one(cluster, extension, "Installed", text, sink);
        let kind = extension.spec_text("/source/sourceType");
        if !matches!(kind, "" | "Catalog") {
            let path = "spec.source.sourceType";
            sink.report(misconfigured(extension, path, kind, "is no source type"));
        }
        let policy = extension.spec_text("/source/catalog/upgradeConstraintPolicy");
        if !matches!(policy, "" | "CatalogProvided" | "SelfCertified") {
            let path = "spec.source.catalog.upgradeConstraintPolicy";
            sink.report(misconfigured(
                extension,
                path,
                policy,
                "is no upgrade policy",
            ));
        }
    }
}

fn check_one(
    cluster: &Cluster<'_>,
    object: &CustomObject,
    good: &str,
    explanation: &str,
    sink: &mut Sink,
) {
    let lasting = |type_: &str| {
        object
            .condition(type_)
            .filter(|condition| has_lasted(cluster, object, condition))
    };
    let not_good = lasting(good).filter(|condition| !condition.is_true());
    let stuck = lasting("Progressing")
        .filter(|progress| matches!(progress.reason.as_str(), "Retrying" | "Blocked"));
    let severity = if not_good.is_some() {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let conditions: Vec<Condition> = stuck.into_iter().chain(not_good).collect();
    let Some(first) = conditions.first() else {
        return;
    };
    let title = titled(object, "does not come on", &words(first));
    sink.report(failing(cluster, object, title, explanation, &conditions).severity(severity));
}

fn turned_off(catalog: &CustomObject) -> Sighting {
    let own = catalog.reference();
    Sighting::of(
        own.clone(),
        format!("{own} is turned off"),
        "Nothing is installed from it while its availability mode is Unavailable.",
    )
    .identified_by("fact", "turned off")
    .severity(Severity::Info)
    .evidence(Evidence::field(own, "spec.availabilityMode", "Unavailable"))
    .suggest(describe(catalog))
}

fn misconfigured(object: &CustomObject, path: &str, value: &str, fault: &str) -> Sighting {
    let own = object.reference();
    Sighting::of(
        own.clone(),
        format!("{own} cannot work: `{value}` {fault}"),
        "It is not acted upon until the field is corrected.",
    )
    .identified_by("field", path)
    .evidence(Evidence::field(own, path, value))
    .suggest(describe(object))
}

/// Whether a text can name an image: not empty, no blank, no capital in the repository.
fn is_image(image: &str) -> bool {
    let repository = image.split(['@', ':']).next().unwrap_or_default();
    !image.is_empty()
        && !image.contains(char::is_whitespace)
        && !repository.is_empty()
        && !repository.chars().any(|letter| letter.is_ascii_uppercase())
}
