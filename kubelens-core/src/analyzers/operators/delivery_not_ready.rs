use super::bad_condition::{has_lasted, words};
use super::failing::{blaming, describe, failing, report, titled, without_it};
use super::login_refused::correct_login;
use super::reference::{Reference, is_absent, is_there};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Condition, CustomObject, Kind, text_at};
use crate::model::{Evidence, ObjectRef, Severity};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// Flux cannot deliver: a Kustomization or HelmRelease is not ready, or a source cannot be fetched.
    /// What waits for a dependency, a source or an object that is not ready points at that.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: source.toolkit.fluxcd.io/v1
    /// kind: GitRepository
    /// metadata: {name: fleet, namespace: flux-system, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {url: "ssh://git@git.example/fleet"}
    /// status:
    ///   conditions: [{type: Ready, status: "False", reason: GitOperationFailed, message: 'failed to checkout: authentication required', lastTransitionTime: "2026-01-01T11:00:00Z"}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: kustomize.toolkit.fluxcd.io/v1
    /// kind: Kustomization
    /// metadata: {name: apps, namespace: flux-system, creationTimestamp: "2026-01-01T08:00:00Z"}
    /// spec: {sourceRef: {kind: GitRepository, name: fleet}}
    /// status:
    ///   conditions:
    ///   - {type: Reconciling, status: "True", reason: Progressing, lastTransitionTime: "2026-01-01T11:58:00Z"}
    ///   - {type: Ready, status: "Unknown", reason: Progressing, lastTransitionTime: "2026-01-01T11:58:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Repair the source, the dependency or the object that the message names; Flux tries again by itself.
    ///
    /// # What it cannot know
    /// What is in the repository.
    ///
    /// # Source
    /// Conditions Ready and Stalled of the kinds of toolkit.fluxcd.io; `dependsOn`, `sourceRef`,
    /// `chartRef`; reasons DependencyNotReady and ArtifactFailed.
    OPS044 "delivery-not-ready" {
        role: Both,
        severity: Critical,
        confidence: 0.90,
        reads: [
            Secret, ConfigMap, ServiceAccount, Service, Deployment, StatefulSet, DaemonSet, Job, Event],
        maps_to: [],
        check: Cluster(check),
    }
}

const GROUP: &str = "toolkit.fluxcd.io";
const SOURCES: [&str; 6] = [
    "GitRepository",
    "OCIRepository",
    "HelmRepository",
    "HelmChart",
    "Bucket",
    "ExternalArtifact",
];

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for kind in ["Kustomization", "HelmRelease"].into_iter().chain(SOURCES) {
        for object in cluster.customs(GROUP, kind) {
            if object
                .spec
                .get("suspend")
                .and_then(serde_json::Value::as_bool)
                == Some(true)
            {
                sink.report(suspended(object));
            } else {
                check_one(cluster, object, sink);
            }
        }
    }
}

fn check_one(cluster: &Cluster<'_>, object: &CustomObject, sink: &mut Sink) {
    let lasting = |type_: &str| {
        object
            .condition(type_)
            .filter(|condition| has_lasted(cluster, object, condition))
    };
    let stalled = lasting("Stalled").filter(Condition::is_true);
    let Some(ready) = lasting("Ready").filter(|ready| !ready.is_true()) else {
        return;
    };
    let is_source = SOURCES.contains(&object.kind.as_str());
    let was_ready = object.status.get("lastAppliedRevision").is_some()
        || object.status.get("artifact").is_some()
        || !object.status_list("/history").is_empty();
    // What was delivered before goes on; only what never came is missing now.
    let severity = match (&stalled, was_ready, ready.is_false()) {
        (Some(_), ..) | (None, false, true) => Severity::Critical,
        _ => Severity::Warning,
    };
    let said = words(&ready);
    let conditions: Vec<Condition> = std::iter::once(ready).chain(stalled).collect();
    let explanation = if is_source {
        "Nothing new comes from it."
    } else {
        "What it describes is not in the cluster, or not as it should be."
    };
    let mut sighting = failing(
        cluster,
        object,
        titled(object, "is not ready", &said),
        explanation,
        &conditions,
    )
    .severity(severity);
    let login = object.spec_text("/secretRef/name");
    if is_source && !login.is_empty() {
        let namespace = &object.metadata.namespace;
        let login = format!("the login in Secret {namespace}/{login}");
        sighting
            .suggestions
            .splice(0..0, correct_login(&said, &login));
    }
    let mut missing = Vec::new();
    for (path, relation, needed) in needs(object) {
        if is_absent(cluster, &needed)
            || (!is_there(cluster, &needed)
                && said.contains("not found")
                && said.contains(&needed.name))
        {
            missing.push(Reference::needed(&path, needed));
        } else {
            sighting = blaming(sighting, needed, relation);
        }
    }
    if waits_for_what_it_made(&said) {
        for made in delivered(cluster, object) {
            sighting = blaming(sighting, made, "delivers");
        }
    }
    match missing.first() {
        Some(reference) => {
            sink.report(without_it(cluster, object, &sighting, reference));
        }
        None => report(cluster, object, sighting, &conditions, sink),
    }
}

/// Whether the words are those of a wait for the health of what was applied.
fn waits_for_what_it_made(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    [
        "deadline exceeded",
        "timeout",
        "timed out",
        "not ready",
        "health check failed",
    ]
    .iter()
    .any(|words| said.contains(words))
}

/// The workloads that bear its labels.
fn delivered(cluster: &Cluster<'_>, object: &CustomObject) -> Vec<ObjectRef> {
    let prefix = match object.kind.as_str() {
        "HelmRelease" => "helm.toolkit.fluxcd.io",
        "Kustomization" => "kustomize.toolkit.fluxcd.io",
        _ => return Vec::new(),
    };
    let (name, namespace) = (format!("{prefix}/name"), format!("{prefix}/namespace"));
    let mut made = Vec::new();
    for kind in [
        Kind::Deployment,
        Kind::StatefulSet,
        Kind::DaemonSet,
        Kind::Job,
    ] {
        for meta in cluster.all_metadata(kind) {
            let is_its_own = meta.labels.value(&name) == Some(object.metadata.name.as_str())
                && meta.labels.value(&namespace) == Some(object.metadata.namespace.as_str());
            if is_its_own {
                made.push(ObjectRef::namespaced(
                    kind.api_version(),
                    kind.as_str(),
                    &meta.namespace,
                    &meta.name,
                ));
            }
        }
    }
    made
}

/// What it waits for by its spec: where that stands, how the two hang together, and the object.
fn needs(object: &CustomObject) -> Vec<(String, &'static str, ObjectRef)> {
    let own = object.metadata.namespace.as_str();
    let mut all = Vec::new();
    for (at, needed) in object.spec_list("/dependsOn").iter().enumerate() {
        let namespace = match text_at(needed, "/namespace") {
            "" => own,
            other => other,
        };
        let name = text_at(needed, "/name");
        let needed = ObjectRef::namespaced(&object.api_version, &object.kind, namespace, name);
        all.push((format!("spec.dependsOn[{at}]"), "depends on", needed));
    }
    for pointer in ["/sourceRef", "/chart/spec/sourceRef", "/chartRef"] {
        let Some(source) = object.spec.pointer(pointer) else {
            continue;
        };
        let namespace = match text_at(source, "/namespace") {
            "" => own,
            other => other,
        };
        let version = match text_at(source, "/apiVersion") {
            "" => "source.toolkit.fluxcd.io/v1",
            other => other,
        };
        let (kind, name) = (text_at(source, "/kind"), text_at(source, "/name"));
        let path = format!("spec{}", pointer.replace('/', "."));
        all.push((
            path,
            "source",
            ObjectRef::namespaced(version, kind, namespace, name),
        ));
    }
    // The chart that a HelmRelease asks for is an object of its own.
    let chart = object.status_text("/helmChart");
    if let Some((namespace, name)) = chart.split_once('/') {
        let version = "source.toolkit.fluxcd.io/v1";
        let chart = ObjectRef::namespaced(version, "HelmChart", namespace, name);
        all.push(("status.helmChart".to_owned(), "chart", chart));
    }
    all.retain(|(_, _, needed)| !needed.name.is_empty() && !needed.kind.is_empty());
    all
}

fn suspended(object: &CustomObject) -> Sighting {
    let own = object.reference();
    Sighting::of(
        own.clone(),
        format!("{own} is suspended"),
        "Changes in its source are not delivered until it is resumed.",
    )
    .identified_by("fact", "suspended")
    .severity(Severity::Info)
    .evidence(Evidence::field(own, "spec.suspend", true))
    .suggest(describe(object))
}
