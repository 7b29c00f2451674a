//! What an API request may do: the evaluation of Roles and bindings (rbac.authorization.k8s.io/v1).

use std::borrow::Cow;

use crate::kubernetes::{
    ClusterRole, ClusterRoleBinding, Object, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// What was asked for, as the API server's refusal says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request<'l> {
    /// Namespace of the ServiceAccount.
    pub(super) account_namespace: &'l str,
    /// Its name.
    pub(super) account: &'l str,
    /// `get`, `list`.
    pub(super) verb: &'l str,
    /// `pods`, `pods/log`.
    pub(super) resource: &'l str,
    /// Empty for core.
    pub(super) group: &'l str,
    /// The namespace it was asked for; none at the cluster's scope.
    pub(super) namespace: Option<&'l str>,
    /// The object's name, where one was named.
    pub(super) name: &'l str,
}

/// A line as it was before a structured log (JSON, logfmt) put it between quotes.
pub(super) fn unescaped(line: &str) -> Cow<'_, str> {
    if line.contains("\\\"") {
        Cow::Owned(line.replace("\\\"", "\""))
    } else {
        Cow::Borrowed(line)
    }
}

/// Reads `R "N" is forbidden: User "system:serviceaccount:NS:SA" cannot VERB resource "R" in API group
/// "G" in the namespace "N"` (or `at the cluster scope`).
pub(super) fn refused_request(line: &str) -> Option<Request<'_>> {
    let (before, rest) = line.split_once(" is forbidden: User \"system:serviceaccount:")?;
    let (account, rest) = rest.split_once("\" cannot ")?;
    let (account_namespace, account) = account.split_once(':')?;
    let (verb, rest) = rest.split_once(" resource \"")?;
    let (resource, rest) = rest.split_once('"')?;
    let group = rest
        .split_once("in API group \"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map_or("", |(group, _)| group);
    let namespace = rest
        .split_once("in the namespace \"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(namespace, _)| namespace);
    let name = before
        .strip_suffix('"')
        .and_then(|before| before.rsplit_once('"'))
        .map_or("", |(_, name)| name);
    Some(Request {
        account_namespace,
        account,
        verb,
        resource,
        group,
        namespace,
        name,
    })
}

/// A role that is bound to the account where it asked, and through what.
#[derive(Debug, Clone)]
pub(super) struct Bound<'a> {
    /// The binding.
    pub(super) binding: ObjectRef,
    /// The role that it gives.
    pub(super) role: ObjectRef,
    /// That role's rules; none where the role is not there.
    pub(super) rules: Option<&'a [PolicyRule]>,
}

impl Request<'_> {
    /// Every role that is bound to the account and counts for the request.
    pub(super) fn bound<'a>(&self, cluster: &Cluster<'a>) -> Vec<Bound<'a>> {
        let mut all = Vec::new();
        for binding in cluster.all::<ClusterRoleBinding>() {
            if binding
                .subjects
                .iter()
                .any(|subject| self.is_meant(subject))
            {
                all.push(bound(cluster, binding.reference(), "", &binding.role_ref));
            }
        }
        if let Some(namespace) = self.namespace {
            for binding in cluster.in_namespace::<RoleBinding>(namespace) {
                if binding
                    .subjects
                    .iter()
                    .any(|subject| self.is_meant(subject))
                {
                    all.push(bound(
                        cluster,
                        binding.reference(),
                        namespace,
                        &binding.role_ref,
                    ));
                }
            }
        }
        all
    }

    /// Whether a binding's subject is the account, or a group that it is in.
    pub(super) fn is_meant(&self, subject: &Subject) -> bool {
        match subject.kind.as_str() {
            "ServiceAccount" => {
                subject.name == *self.account && subject.namespace == *self.account_namespace
            }
            "Group" => {
                let own = format!("system:serviceaccounts:{}", self.account_namespace);
                subject.name == "system:serviceaccounts"
                    || subject.name == "system:authenticated"
                    || subject.name == *own
            }
            "User" => {
                let own = format!(
                    "system:serviceaccount:{}:{}",
                    self.account_namespace, self.account
                );
                subject.name == *own
            }
            _ => false,
        }
    }

    /// Whether a rule allows the request.
    pub(super) fn is_allowed_by(&self, rule: &PolicyRule) -> bool {
        let has = |list: &[crate::kubernetes::Text], wanted: &str| {
            list.iter().any(|known| known == "*" || known == wanted)
        };
        has(&rule.verbs, self.verb) && has(&rule.api_groups, self.group) && self.covers(rule)
    }

    /// Whether a rule is about the resource, whatever its verbs.
    pub(super) fn covers(&self, rule: &PolicyRule) -> bool {
        let any_of = self
            .resource
            .split_once('/')
            .map(|(_, sub)| format!("*/{sub}"));
        let is_resource = rule.resources.iter().any(|known| {
            known == "*"
                || known == self.resource
                || any_of
                    .as_ref()
                    .is_some_and(|any_of| known == any_of.as_str())
        });
        let is_name = rule.resource_names.is_empty()
            || rule.resource_names.iter().any(|known| known == self.name);
        is_resource && is_name
    }

    /// `list pods in namespace shop`.
    pub(super) fn sentence(&self) -> String {
        let group = if self.group.is_empty() {
            String::new()
        } else {
            format!(".{}", self.group)
        };
        let place = self.namespace.map_or_else(
            || "at the cluster scope".to_owned(),
            |namespace| format!("in namespace {namespace}"),
        );
        format!("{} {}{group} {place}", self.verb, self.resource)
    }

    /// The account as the API server knows it.
    pub(super) fn user(&self) -> String {
        format!(
            "system:serviceaccount:{}:{}",
            self.account_namespace, self.account
        )
    }
}

pub(super) fn bound<'a>(
    cluster: &Cluster<'a>,
    binding: ObjectRef,
    namespace: &str,
    role_ref: &RoleRef,
) -> Bound<'a> {
    let (role, rules) = if role_ref.kind == "Role" {
        let found = cluster.get::<Role>(namespace, &role_ref.name);
        let role = ObjectRef::namespaced(
            "rbac.authorization.k8s.io/v1",
            "Role",
            namespace,
            &role_ref.name,
        );
        (role, found.map(|role| &*role.rules))
    } else {
        let found = cluster.get::<ClusterRole>("", &role_ref.name);
        let role = ObjectRef::cluster_scoped(
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            &role_ref.name,
        );
        (role, found.map(|role| &*role.rules))
    };
    Bound {
        binding,
        role,
        rules,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_who_asked_for_what_where() {
        let line = r#"E0101 reflector.go:147] failed to list *v1.Pod: pods is forbidden: User "system:serviceaccount:shop:web" cannot list resource "pods" in API group "" in the namespace "bank""#;
        let request = refused_request(line).map(|request| (request.sentence(), request.user()));
        assert_eq!(
            request,
            Some((
                "list pods in namespace bank".to_owned(),
                "system:serviceaccount:shop:web".to_owned()
            ))
        );
        let line = r#"deployments.apps "web" is forbidden: User "system:serviceaccount:shop:ci" cannot patch resource "deployments" in API group "apps" at the cluster scope"#;
        let request = refused_request(line);
        assert_eq!(
            request.map(|request| (request.name, request.group, request.namespace)),
            Some(("web", "apps", None))
        );
        assert_eq!(refused_request("403 Forbidden"), None);
    }

    #[test]
    fn rules_allow_by_verb_group_resource_and_name() {
        let request = Request {
            account_namespace: "shop",
            account: "web",
            verb: "get",
            resource: "pods/log",
            group: "",
            namespace: Some("shop"),
            name: "web-1",
        };
        let cases = [
            (
                r#"{"verbs":["get"],"apiGroups":[""],"resources":["pods/log"]}"#,
                true,
            ),
            (
                r#"{"verbs":["*"],"apiGroups":["*"],"resources":["*"]}"#,
                true,
            ),
            (
                r#"{"verbs":["get"],"apiGroups":[""],"resources":["*/log"]}"#,
                true,
            ),
            (
                r#"{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}"#,
                false,
            ),
            (
                r#"{"verbs":["list"],"apiGroups":[""],"resources":["pods/log"]}"#,
                false,
            ),
            (
                r#"{"verbs":["get"],"apiGroups":["apps"],"resources":["pods/log"]}"#,
                false,
            ),
            (
                r#"{"verbs":["get"],"apiGroups":[""],"resources":["pods/log"],"resourceNames":["web-2"]}"#,
                false,
            ),
        ];
        for (json, expected) in cases {
            let rule: PolicyRule = serde_json::from_str(json).unwrap_or_default();
            assert_eq!(request.is_allowed_by(&rule), expected, "{json}");
        }
    }
}
