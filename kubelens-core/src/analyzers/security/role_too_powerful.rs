use super::role_grant::{Grant, Grants, grants, has, is_clusters_role, is_everything, name_of};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{ClusterRole, Object, ObjectMeta, PolicyRule, Role};
use crate::model::{Evidence, ObjectRef, Suggestion, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A role that somebody has allows everything, or one of the few things from which everything else follows:
    /// reading all Secrets, running commands in pods, giving rights away.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata: {name: deployer}
    /// rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRoleBinding
    /// metadata: {name: deployer}
    /// roleRef: {kind: ClusterRole, name: deployer}
    /// subjects: [{kind: ServiceAccount, name: deployer, namespace: ci}]
    /// ```
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata: {name: reader}
    /// rules: [{apiGroups: [""], resources: [secrets], verbs: [get, list]}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRoleBinding
    /// metadata: {name: reader}
    /// roleRef: {kind: ClusterRole, name: reader}
    /// subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
    /// ```
    ///
    /// # Stays silent on
    /// A role of one namespace for its own Secrets, one that nobody has, the cluster's own, an operator's:
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: Role
    /// metadata: {name: reader, namespace: shop}
    /// rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: RoleBinding
    /// metadata: {name: reader, namespace: shop}
    /// roleRef: {kind: Role, name: reader}
    /// subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata: {name: spare}
    /// rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata: {name: cluster-admin, labels: {kubernetes.io/bootstrapping: rbac-defaults}}
    /// rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRoleBinding
    /// metadata: {name: people}
    /// roleRef: {kind: ClusterRole, name: cluster-admin}
    /// subjects: [{kind: Group, name: "acme:admins"}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata: {name: operator}
    /// rules: [{apiGroups: [acme.io], resources: ["*"], verbs: ["*"]}]
    /// ---
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRoleBinding
    /// metadata: {name: operator}
    /// roleRef: {kind: ClusterRole, name: operator}
    /// subjects: [{kind: ServiceAccount, name: operator, namespace: acme}]
    /// ```
    ///
    /// # How to fix
    /// Name the verbs and resources that the subject needs, in the namespaces where it needs them.
    ///
    /// # What it cannot know
    /// What the program behind the account does: operators of certificates or of ingress read Secrets of every
    /// namespace by their nature.
    ///
    /// # Source
    /// `rules` of rbac/v1 Role and ClusterRole, and the bindings to them; Kubernetes' RBAC good practices.
    SEC012 "role-too-powerful" {
        role: Root,
        severity: Warning,
        confidence: 0.90,
        reads: [Role, ClusterRole, RoleBinding, ClusterRoleBinding],
        maps_to: ["k8sgpt:Security"],
        profiles: [Security],
        check: Cluster(check),
    }
}

/// The group of roles and bindings.
const RBAC: &str = "rbac.authorization.k8s.io";

/// The group of webhooks.
const ADMISSION: &str = "admissionregistration.k8s.io";

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    let grants = grants(cluster);
    for role in cluster.all::<Role>() {
        look(
            &grants,
            "Role",
            role.reference(),
            &role.metadata,
            &role.rules,
            sink,
        );
    }
    for role in cluster.all::<ClusterRole>() {
        look(
            &grants,
            "ClusterRole",
            role.reference(),
            &role.metadata,
            &role.rules,
            sink,
        );
    }
}

fn look(
    grants: &Grants<'_>,
    kind: &'static str,
    own: ObjectRef,
    meta: &ObjectMeta,
    rules: &[PolicyRule],
    sink: &mut Sink,
) {
    let key = (kind, meta.namespace.as_str(), meta.name.as_str());
    let Some(grants) = grants.get(&key).filter(|grants| !grants.is_empty()) else {
        return;
    };
    if is_clusters_role(meta) {
        return;
    }
    let mut powers: Vec<(&str, &PolicyRule)> = rules
        .iter()
        .filter_map(|rule| Some((power(rule, grants)?, rule)))
        .collect();
    powers.dedup_by_key(|(power, _)| *power);
    let Some((first, _)) = powers.first().copied() else {
        return;
    };
    let subjects: Vec<String> = grants.iter().map(|grant| name_of(grant.subject)).collect();
    let proof = powers.iter().take(3).map(|(_, rule)| {
        let text = format!("{} {}", rule.verbs.join(","), rule.resources.join(","));
        Evidence::field(own.clone(), "rules", text)
    });
    let bindings = grants
        .iter()
        .take(3)
        .map(|grant| Evidence::field(grant.binding.clone(), "subjects", name_of(grant.subject)));
    let all: Vec<&str> = powers.iter().map(|(power, _)| *power).collect();
    sink.report(
        Sighting::of(
            own.clone(),
            format!("{own} lets {} {first}", some_of(&subjects, 2)),
            format!("Whoever gets hold of it may {}.", some_of(all, 3)),
        )
        .all_evidence(proof)
        .all_evidence(bindings)
        .suggest(Suggestion::advice(
            "Name the verbs and resources that are needed, in the namespaces where they are needed",
        ))
        .grouped("all", "roles allow more than one account should"),
    );
}

/// What a rule allows from which everything else follows; the narrower ones count for programs only.
fn power(rule: &PolicyRule, grants: &[Grant<'_>]) -> Option<&'static str> {
    if is_everything(rule) {
        let is_of_all = grants.iter().any(|grant| grant.namespace.is_none());
        return Some(if is_of_all {
            "do everything"
        } else {
            "do everything in its namespace"
        });
    }
    let programs = || {
        grants
            .iter()
            .filter(|grant| grant.subject.kind == "ServiceAccount")
    };
    if !rule.resource_names.is_empty() || programs().next().is_none() {
        return None;
    }
    let is_about = |group: &str, verbs: &[&str], resources: &[&str]| {
        has(&rule.api_groups, &[group])
            && has(&rule.verbs, verbs)
            && has(&rule.resources, resources)
    };
    let is_everywhere = programs().any(|grant| grant.namespace.is_none());
    let webhooks = [
        "mutatingwebhookconfigurations",
        "validatingwebhookconfigurations",
    ];
    if is_about(RBAC, &["escalate", "bind"], &["roles", "clusterroles"])
        || is_about(
            "",
            &["impersonate"],
            &["users", "groups", "serviceaccounts"],
        )
    {
        Some("give itself any right")
    } else if is_about("", &["create"], &["serviceaccounts/token"]) {
        Some("make tokens of other accounts")
    } else if is_everywhere && is_about("", &["get", "create"], &["nodes/proxy"]) {
        Some("reach the kubelets")
    } else if is_about("", &["create", "get"], &["pods/exec", "pods/attach"]) {
        Some("run commands in pods")
    } else if is_everywhere && is_about("", &["get", "list", "watch"], &["secrets"]) {
        Some("read the Secrets of every namespace")
    } else if is_everywhere && is_about(ADMISSION, &["create", "update", "patch"], &webhooks) {
        Some("change what is admitted")
    } else {
        None
    }
}
