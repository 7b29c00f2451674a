use super::pull_error::PullFault;
use super::pull_problem::problems_of;
use crate::analysis::{Sighting, Sink, declare_analyzer, event_evidence};
use crate::kubernetes::{Event, Object, Pod, PodSpec, Secret, ServiceAccount};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion, some_of};
use crate::snapshot::{Cluster, Lookup, Workload};

declare_analyzer! {
    /// # What it means
    /// A pod, its template or its ServiceAccount names a Secret to log in to a registry with, and
    /// that Secret does not exist in the namespace or is of a type that holds no registry login.
    /// Public images work all the same; private ones are refused.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Secret
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   imagePullSecrets: [{name: regcred}]
    ///   containers: [{name: web, image: "ghcr.example.io/acme/web:1"}]
    /// status:
    ///   phase: Pending
    ///   containerStatuses:
    ///   - name: web
    ///     state: {waiting: {reason: ErrImagePull, message: 'failed to authorize: 401 Unauthorized'}}
    /// ```
    /// A Secret of another type:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Secret
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: regcred, namespace: shop}
    /// type: Opaque
    /// ---
    /// apiVersion: v1
    /// kind: ServiceAccount
    /// metadata: {name: default, namespace: shop}
    /// imagePullSecrets: [{name: regcred}]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop, uid: d1}
    /// spec: {template: {spec: {containers: [{name: web, image: web}]}}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// # listed: Secret
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: regcred, namespace: shop}
    /// type: kubernetes.io/dockerconfigjson
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   imagePullSecrets: [{name: regcred}]
    ///   containers: [{name: web, image: web}]
    /// ```
    /// Secrets that could not be read are unknown, not missing:
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   imagePullSecrets: [{name: regcred}]
    ///   containers: [{name: web, image: web}]
    /// ```
    ///
    /// # How to fix
    /// Create the Secret in the namespace of the pods, of type `kubernetes.io/dockerconfigjson`, or
    /// correct the name. Pods that wait try again by themselves.
    ///
    /// # What it cannot know
    /// Whether the login in a Secret that exists is right: values are never read.
    ///
    /// # Source
    /// `imagePullSecrets` of core/v1 PodSpec and ServiceAccount; the kubelet's event
    /// `FailedToRetrieveImagePullSecret`.
    IMG014 "pull-secret-missing-or-unfit" {
        role: Root,
        severity: Warning,
        confidence: 0.95,
        reads: [Secret, ServiceAccount, Event],
        maps_to: ["k8sgpt:DaemonSet", "POP-305", "classic:image_pull"],
        check: Workload(check),
    }
}

/// The types of Secrets that hold a registry login.
const LOGIN_TYPES: [&str; 2] = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];

/// What is wrong with the Secret that is named.
enum Flaw<'a> {
    Missing,
    /// The kubelet could not have it; whether it exists cannot be read.
    NotRetrieved(&'a Event),
    Unfit(&'a Secret),
}

fn check<'a>(workload: &Workload<'a>, cluster: &Cluster<'a>, sink: &mut Sink) {
    let meta = workload.metadata();
    if meta.is_terminating() {
        return;
    }
    let waiting: Vec<&'a Pod> = cluster
        .pods_of(workload)
        .into_iter()
        .filter(|pod| pod.is_live() && !pod.is_ready())
        .collect();
    let spec = workload.pod_spec();
    let mut names = named_secrets(cluster, &meta.namespace, spec);
    names.extend(waiting.iter().flat_map(|pod| {
        let names = pod.spec.image_pull_secrets.iter();
        names.map(|secret| (secret.name.to_string(), "imagePullSecret"))
    }));
    names.sort();
    names.dedup_by(|a, b| a.0 == b.0);
    for (name, relation) in names {
        let Some(flaw) = flaw(cluster, &meta.namespace, &name, &waiting) else {
            continue;
        };
        let base = || sighting(workload, cluster, &name, &flaw);
        let blocked: Vec<_> = waiting
            .iter()
            .flat_map(|pod| {
                problems_of(
                    cluster,
                    pod,
                    &[PullFault::Denied, PullFault::DeniedOrMissing],
                )
            })
            .collect();
        for problem in &blocked {
            let path = problem.container.status_path("state.waiting.message");
            sink.report(
                base()
                    .seen_on(problem.pod.reference(), relation)
                    .severity(Severity::Critical)
                    .evidence(Evidence::message(
                        problem.pod.reference(),
                        &path,
                        problem.words(),
                    )),
            );
        }
        if blocked.is_empty() {
            let severity = if workload.is_resting() {
                Severity::Info
            } else {
                Severity::Warning
            };
            sink.report(
                base()
                    .seen_on(workload.reference(), relation)
                    .severity(severity),
            );
        }
    }
}

/// The Secrets that a spec or, where it names none, its ServiceAccount logs in with.
fn named_secrets(
    cluster: &Cluster<'_>,
    namespace: &str,
    spec: &PodSpec,
) -> Vec<(String, &'static str)> {
    if !spec.image_pull_secrets.is_empty() {
        let own = spec.image_pull_secrets.iter();
        return own
            .map(|secret| (secret.name.to_string(), "imagePullSecret"))
            .filter(|(name, _)| !name.is_empty())
            .collect();
    }
    let account = spec.service_account_name.non_empty().unwrap_or("default");
    cluster
        .get::<ServiceAccount>(namespace, account)
        .into_iter()
        .flat_map(|account| account.image_pull_secrets.iter())
        .map(|secret| (secret.name.to_string(), "imagePullSecret of ServiceAccount"))
        .filter(|(name, _)| !name.is_empty())
        .collect()
}

fn flaw<'a>(
    cluster: &Cluster<'a>,
    namespace: &str,
    name: &str,
    waiting: &[&'a Pod],
) -> Option<Flaw<'a>> {
    match cluster.look_up::<Secret>(namespace, name) {
        Lookup::Absent => Some(Flaw::Missing),
        Lookup::Found(secret) => {
            let is_unfit =
                !secret.type_.is_empty() && !LOGIN_TYPES.contains(&secret.type_.as_str());
            is_unfit.then_some(Flaw::Unfit(secret))
        }
        Lookup::Unknown(_) => waiting.iter().find_map(|pod| {
            let event = cluster.newest_event(*pod, &["FailedToRetrieveImagePullSecret"])?;
            names_secret(&event.message, name).then_some(Flaw::NotRetrieved(event))
        }),
    }
}

/// `Unable to retrieve some image pull secrets (a, b); attempting to pull the image may not succeed.`
fn names_secret(message: &str, name: &str) -> bool {
    message
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .is_some_and(|(names, _)| names.split(',').any(|known| known.trim() == name))
}

fn sighting(
    workload: &Workload<'_>,
    cluster: &Cluster<'_>,
    name: &str,
    flaw: &Flaw<'_>,
) -> Sighting {
    let namespace = workload.metadata().namespace.as_str();
    let user = workload.reference();
    let subject = match flaw {
        Flaw::Unfit(secret) => secret.reference(),
        _ => ObjectRef::namespaced("v1", "Secret", namespace, name),
    };
    let (title, proof) = match flaw {
        Flaw::Missing => (
            format!("{subject}, the image pull secret of {user}, does not exist"),
            Evidence::absence(subject.clone(), &absence(cluster, namespace, name)),
        ),
        Flaw::NotRetrieved(event) => (
            format!(
                "{subject}, the image pull secret of {user}, could not be retrieved: not found or not readable"
            ),
            event_evidence(event),
        ),
        Flaw::Unfit(secret) => (
            format!(
                "{subject}, the image pull secret of {user}, is of type {}: it holds no registry login",
                secret.type_
            ),
            Evidence::field(subject.clone(), "type", &secret.type_),
        ),
    };
    let explanation =
        "Nodes pull without that login: private images are refused, public ones still come.";
    Sighting::of(subject, title, explanation)
        .evidence(proof)
        .suggest(Suggestion::advice(format!(
            "Create Secret {name} of type kubernetes.io/dockerconfigjson in namespace {namespace}, or correct imagePullSecrets"
        )))
        .suggest(Suggestion::look(
            "See which registry logins are there",
            format!("kubectl -n {namespace} get secrets --field-selector type=kubernetes.io/dockerconfigjson"),
        ))
}

fn absence(cluster: &Cluster<'_>, namespace: &str, name: &str) -> String {
    let near = cluster.near_names::<Secret>(namespace, name);
    let elsewhere = cluster
        .all::<Secret>()
        .filter(|secret| secret.metadata.name == name)
        .map(|secret| secret.metadata.namespace.as_str());
    let elsewhere: Vec<&str> = elsewhere.collect();
    match (near.is_empty(), elsewhere.is_empty()) {
        (true, true) => "not in the namespace".to_owned(),
        (_, false) => format!(
            "not in the namespace (one of that name is in namespace {})",
            some_of(&elsewhere, 3)
        ),
        (false, true) => format!(
            "not in the namespace (near names there: {})",
            near.join(", ")
        ),
    }
}
