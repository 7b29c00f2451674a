use std::collections::HashSet;

use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::standing_workload::{is_clusters_own, stands_for_users};
use crate::kubernetes::{
    ClusterRoleBinding, Kind, Object, RoleBinding, Secret, ServiceAccount, Subject,
};
use crate::model::{Evidence, Severity, Suggestion};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// Pods carry a token for the API that they have no use for, all pods of a namespace share one that has rights,
    /// or a token is kept that never ends.
    ///
    /// # Fires on
    /// The account `default` with rights:
    /// ```yaml
    /// # listed: ClusterRoleBinding
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {containers: [{name: web}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: ServiceAccount
    /// metadata: {name: default, namespace: shop}
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: RoleBinding
    /// metadata: {name: quick, namespace: shop}
    /// roleRef: {kind: ClusterRole, name: edit}
    /// subjects: [{kind: ServiceAccount, name: default, namespace: shop}]
    /// ```
    /// A token without use, and one that never ends:
    /// ```yaml
    /// # listed: ClusterRoleBinding, RoleBinding
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {serviceAccountName: web, containers: [{name: web}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: ServiceAccount
    /// metadata: {name: web, namespace: shop}
    /// ```
    /// ```yaml
    /// apiVersion: v1
    /// kind: Secret
    /// metadata: {name: ci-token, namespace: shop, annotations: {kubernetes.io/service-account.name: ci}}
    /// type: kubernetes.io/service-account-token
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # listed: ClusterRoleBinding
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {serviceAccountName: web, containers: [{name: web}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: ServiceAccount
    /// metadata: {name: web, namespace: shop}
    /// automountServiceAccountToken: false
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: bot, namespace: shop}
    /// spec: {template: {spec: {serviceAccountName: bot, containers: [{name: bot}]}}}
    /// ---
    /// apiVersion: v1
    /// kind: ServiceAccount
    /// metadata: {name: bot, namespace: shop}
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: RoleBinding
    /// metadata: {name: bot, namespace: shop}
    /// roleRef: {kind: Role, name: bot}
    /// subjects: [{kind: ServiceAccount, name: bot, namespace: shop}]
    /// ```
    ///
    /// # How to fix
    /// Set `automountServiceAccountToken: false` where the API is not called; give each program that calls it an
    /// account of its own; use `kubectl create token` in place of token Secrets.
    ///
    /// # What it cannot know
    /// Programs that use the token to prove who they are elsewhere: service meshes, cloud identities.
    ///
    /// # Source
    /// `serviceAccountName` and `automountServiceAccountToken` of core/v1 PodSpec and ServiceAccount (the pod's
    /// over the account's, and true where neither says); bindings; Secrets of type
    /// `kubernetes.io/service-account-token`.
    SEC016 "service-account-token-exposed" {
        role: Root,
        severity: Info,
        confidence: 0.85,
        reads: [
            ServiceAccount, RoleBinding, ClusterRoleBinding, Secret, Deployment, StatefulSet, DaemonSet, ReplicaSet,
            ReplicationController, Job, CronJob, Pod,
        ],
        maps_to: ["k8sgpt:Security", "POP-300", "POP-301", "POP-303"],
        profiles: [Security],
        check: Cluster(check),
    }
}

/// The type of Secrets that hold a token without an end.
const TOKEN: &str = "kubernetes.io/service-account-token";

/// The annotation of a Secret into which the control plane wrote a token.
const FILLED: &str = "kubernetes.io/service-account.uid";

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let bound = bound_accounts(cluster);
    for namespace in cluster.all_namespaces() {
        let is_known = [
            Kind::ServiceAccount,
            Kind::RoleBinding,
            Kind::ClusterRoleBinding,
        ]
        .iter()
        .all(|kind| cluster.is_complete(*kind, &namespace));
        if !is_known {
            continue;
        }
        for workload in cluster.workloads_in(&namespace) {
            if stands_for_users(&workload) {
                of_workload(&workload, cluster, &bound, sink);
            }
        }
    }
    for secret in cluster.all::<Secret>() {
        if is_token(secret) && !is_clusters_own(&secret.metadata.namespace) {
            sink.report(endless(secret));
        }
    }
}

type Accounts<'a> = HashSet<(&'a str, &'a str)>;

/// The accounts that a binding names, by namespace and name; an empty name stands for all of a namespace.
fn bound_accounts<'a>(cluster: &Cluster<'a>) -> Accounts<'a> {
    let mut all = Accounts::new();
    let mut note = |home: &'a str, subjects: &'a [Subject]| {
        for subject in subjects {
            if subject.kind == "ServiceAccount" {
                let namespace = subject.namespace.non_empty().unwrap_or(home);
                all.insert((namespace, subject.name.as_str()));
            } else if let Some(namespace) = subject.name.strip_prefix("system:serviceaccounts:") {
                all.insert((namespace, ""));
            }
        }
    };
    for binding in cluster.all::<RoleBinding>() {
        note(&binding.metadata.namespace, &binding.subjects);
    }
    for binding in cluster.all::<ClusterRoleBinding>() {
        note("", &binding.subjects);
    }
    all
}

fn of_workload(
    workload: &Workload<'_>,
    cluster: &Cluster<'_>,
    bound: &Accounts<'_>,
    sink: &mut Sink,
) {
    let spec = workload.pod_spec();
    let namespace = workload.metadata().namespace.as_str();
    let name = spec.service_account_name.non_empty().unwrap_or("default");
    let Some(account) = cluster.get::<ServiceAccount>(namespace, name) else {
        return;
    };
    let is_mounted = spec
        .automount_service_account_token
        .or(account.automount_service_account_token)
        .unwrap_or(true);
    if !is_mounted {
        return;
    }
    let has_rights = bound.contains(&(namespace, name)) || bound.contains(&(namespace, ""));
    let own = workload.reference();
    let (fact, title, effect, severity) = match (name, has_rights) {
        ("default", true) => (
            "shared",
            format!(
                "{own} runs with the rights of account default, which every pod of the namespace shares"
            ),
            "Any pod of the namespace that names no account can do the same.",
            Severity::Warning,
        ),
        (_, false) => (
            "useless",
            format!("{own} carries an API token and its account has no rights"),
            "The token is of no use to it, and says to a thief who it is.",
            Severity::Info,
        ),
        _ => return,
    };
    let path = format!("{}.automountServiceAccountToken", workload.pod_spec_path());
    let says = spec.automount_service_account_token;
    let says = says.map_or_else(|| "not set".to_owned(), |says| says.to_string());
    let group = if fact == "shared" {
        "workloads run with the rights of a shared account"
    } else {
        "workloads carry an API token without use"
    };
    sink.report(
        Sighting::of(own.clone(), title, effect)
            .severity(severity)
            .identified_by("fact", fact)
            .evidence(Evidence::field(own, &path, says))
            .evidence(Evidence::field(account.reference(), "metadata.name", name))
            .suggest(Suggestion::advice(
                "Set automountServiceAccountToken: false, or give it an account of its own",
            ))
            .grouped(fact, group),
    );
}

/// Whether a Secret holds a token. Where only metadata was read, the mark of the controller that fills it says so.
fn is_token(secret: &Secret) -> bool {
    secret.type_ == TOKEN || secret.metadata.annotations.contains_key(FILLED)
}

fn endless(secret: &Secret) -> Sighting {
    let own = secret.reference();
    let annotations = &secret.metadata.annotations;
    let account = annotations.value("kubernetes.io/service-account.name");
    let account = account.unwrap_or("not set");
    Sighting::of(
        own.clone(),
        format!("{own} holds an API token that never ends"),
        "Whoever has read it once can use it until the Secret is deleted.",
    )
    .identified_by("fact", "endless")
    .evidence(Evidence::field(
        own,
        "metadata.annotations[kubernetes.io/service-account.name]",
        account,
    ))
    .suggest(Suggestion::advice(
        "Use tokens that end (kubectl create token, projected volumes) and delete the Secret",
    ))
    .grouped("endless", "Secrets hold API tokens that never end")
}
