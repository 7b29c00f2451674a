use std::collections::BTreeMap;

use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::model::{Evidence, FieldError, ObjectRef, Severity, Suggestion, counted};
use crate::snapshot::Cluster;

/// Errors of one object that stand in its title.
const IN_TITLE: usize = 1;

declare_analyzer! {
    /// # What it means
    /// The API server refuses the manifest as it is written: a value is not what the API takes there, something that
    /// must be given is missing, or parts of it disagree; or its `apiVersion` is missing, or one that Kubernetes never had
    /// in a group of its own. Or a field is one that the API does not know: `kubectl apply`
    /// refuses that too, and tools that do not ask for strict validation lose the field without a word.
    ///
    /// # Fires on
    /// The container mounts a volume that the pod does not have:
    /// ```yaml
    /// # manifests
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: shop}
    /// spec:
    ///   containers:
    ///   - {name: web, image: "nginx:1.27", volumeMounts: [{name: conf, mountPath: /etc/nginx}]}
    ///   volumes: [{name: config, configMap: {name: web}}]
    /// ```
    /// A field with a slip in its name:
    /// ```yaml
    /// # manifests
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: web, namespace: shop}
    /// spec: {selectors: {app: web}, ports: [{port: 80}]}
    /// ```
    ///
    /// A version that the group never had:
    /// ```yaml
    /// # manifests
    /// apiVersion: networking.k8s.io/v2
    /// kind: Ingress
    /// metadata: {name: web, namespace: shop}
    /// spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # manifests
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web, namespace: shop}
    /// spec:
    ///   containers:
    ///   - {name: web, image: "nginx:1.27", volumeMounts: [{name: config, mountPath: /etc/nginx}]}
    ///   volumes: [{name: config, configMap: {name: web}}]
    /// ---
    /// apiVersion: example.com/v1
    /// kind: Widget
    /// metadata: {name: any, namespace: shop}
    /// spec: {anything: goes}
    /// ```
    ///
    /// # How to fix
    /// Correct the field; the message is what the API server itself would say.
    ///
    /// # What it cannot know
    /// What only the server knows: rules of custom resources, what admission adds or refuses, fields that may not
    /// change any more. `--server-side-dry-run` asks it. Fields and API versions of Kubernetes newer than KubeLens.
    ///
    /// # Source
    /// The API's types and validation (`pkg/apis/*/validation`), on manifests only: what is in a cluster was taken by
    /// its API server.
    CTL034 "manifest-invalid" {
        role: Root,
        severity: Critical,
        confidence: 0.97,
        reads: [],
        maps_to: [],
        check: Cluster(check),
    }
}

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let mut by_object: BTreeMap<&ObjectRef, Vec<&FieldError>> = BTreeMap::new();
    for (object, error) in cluster.snapshot().refused() {
        by_object.entry(object).or_default().push(error);
    }
    for (object, errors) in by_object {
        let (unknown, invalid): (Vec<_>, Vec<_>) =
            errors.into_iter().partition(|error| error.is_unknown_field);
        if !invalid.is_empty() {
            sink.report(refused(object, &invalid));
        }
        if !unknown.is_empty() {
            sink.report(unknown_fields(object, &unknown));
        }
    }
}

fn refused(object: &ObjectRef, errors: &[&FieldError]) -> Sighting {
    let title = format!("The API server refuses {object}: {}", listed(errors));
    let explanation =
        "It is not applied as it is written; what exists of it already stays as it was.";
    told(object, errors, title, explanation)
}

fn unknown_fields(object: &ObjectRef, errors: &[&FieldError]) -> Sighting {
    let count = counted(errors.len(), "field");
    let title = format!(
        "{object} has {count} that the API does not know: {}",
        listed(errors)
    );
    let explanation = "kubectl refuses it; what applies it without strict validation loses the field without a word.";
    told(object, errors, title, explanation).severity(Severity::Warning)
}

fn listed(errors: &[&FieldError]) -> String {
    let shown: Vec<String> = errors
        .iter()
        .take(IN_TITLE)
        .map(ToString::to_string)
        .collect();
    match errors.len().saturating_sub(IN_TITLE) {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}

fn told(object: &ObjectRef, errors: &[&FieldError], title: String, explanation: &str) -> Sighting {
    let mut sighting = Sighting::of(object.clone(), title, explanation);
    for error in errors {
        sighting = sighting
            .identified_by("field", error.path.as_str())
            .evidence(Evidence::field(object.clone(), &error.path, &error.message));
    }
    let paths: Vec<&str> = errors.iter().map(|error| error.path.as_str()).collect();
    sighting.suggest(Suggestion::advice(format!("Correct {}", paths.join(", "))))
}
