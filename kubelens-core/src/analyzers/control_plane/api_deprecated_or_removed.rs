use super::releases::{Removal, oldest_supported, removal};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::nodes::version::Version;
use crate::analyzers::nodes::version_skew::server_version;
use crate::model::{Evidence, ObjectRef, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A manifest is written in an API version that the server no longer serves, or that goes with the next
    /// minor version: it cannot be applied then. What is in the cluster already stays.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # version: v1.35.4
    /// apiVersion: policy/v1beta1
    /// kind: PodDisruptionBudget
    /// metadata: {name: web, namespace: shop}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # version: v1.31.0
    /// apiVersion: flowcontrol.apiserver.k8s.io/v1beta3
    /// kind: FlowSchema
    /// metadata: {name: ours}
    /// ```
    ///
    /// # Stays silent on
    /// Still served, and in the next version too; and a current one:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # version: v1.33.0
    /// apiVersion: resource.k8s.io/v1beta1
    /// kind: DeviceClass
    /// metadata: {name: gpu}
    /// ---
    /// apiVersion: policy/v1
    /// kind: PodDisruptionBudget
    /// metadata: {name: web, namespace: shop}
    /// ---
    /// apiVersion: autoscaling/v1
    /// kind: HorizontalPodAutoscaler
    /// metadata: {name: web, namespace: shop}
    /// ```
    ///
    /// # How to fix
    /// Write the manifest in the version that takes its place; fields may have other names there.
    ///
    /// # What it cannot know
    /// Which programs call old versions: the server counts that in `apiserver_requested_deprecated_apis`. Where
    /// the server's version is not known, the oldest version with support is taken.
    ///
    /// # Source
    /// `apiVersion` of manifests and recorded objects; the deprecated API migration guide, kept in
    /// `data/api_removals.tsv`.
    CTL018 "api-deprecated-or-removed" {
        role: Root,
        severity: Warning,
        confidence: 0.93,
        reads: [Node],
        maps_to: [],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let snapshot = cluster.snapshot();
    let custom = cluster.all_custom().map(|object| ObjectRef {
        uid: None,
        ..object.reference()
    });
    let written = snapshot.written_as().iter().cloned().chain(custom);
    let going: Vec<(ObjectRef, Removal)> = written
        .filter_map(|object| {
            let removal = removal(&object.api_version, &object.kind)?;
            Some((object, removal))
        })
        .collect();
    if going.is_empty() {
        return;
    }
    let server = server_version(cluster);
    for (object, removal) in going {
        if let Some(sighting) = sighting(cluster, &object, removal, server.as_ref()) {
            sink.report(sighting);
        }
    }
}

fn sighting(
    cluster: &Cluster<'_>,
    object: &ObjectRef,
    removal: Removal,
    server: Option<&(Version, Evidence)>,
) -> Option<Sighting> {
    let Removal { since, instead } = removal;
    let (target, is_known) = match server {
        Some((version, _)) => (*version, true),
        None => (oldest_supported(cluster.snapshot().taken_at())?, false),
    };
    let next = Version {
        minor: target.minor + 1,
        ..target
    };
    let is_gone = since <= target;
    if !is_gone && (since > next || !is_known) {
        return None;
    }
    // Without the server's word it may be an old one that serves the version still.
    let severity = if is_gone && is_known {
        Severity::Critical
    } else {
        Severity::Warning
    };
    let version = &object.api_version;
    let when = if is_gone {
        "is gone since"
    } else {
        "goes with"
    };
    let title = format!("{object} is written in {version}, which {when} Kubernetes {since}");
    let explanation = match (is_gone, is_known) {
        (true, true) => format!("The API server is {target} and refuses such a manifest."),
        (true, false) => "No version of Kubernetes that gets patches serves it.".to_owned(),
        (false, _) => format!(
            "The API server is {target}: after the next upgrade it refuses such a manifest."
        ),
    };
    let advice = match instead {
        "" => "Nothing takes its place: take it out of your manifests".to_owned(),
        instead => format!("Write it in {instead}"),
    };
    Some(
        Sighting::of(object.clone(), title, explanation)
            .identified_by("apiVersion", version.as_str())
            .severity(severity)
            .evidence(Evidence::field(object.clone(), "apiVersion", version))
            .all_evidence(server.map(|(_, said_by)| said_by.clone()))
            .suggest(Suggestion::advice(advice))
            .grouped(
                format!("{version} {}", object.kind),
                format!("objects are written in {version}, which {when} Kubernetes {since}"),
            ),
    )
}
