use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};

use super::field_error::{Errors, Path};

pub(super) fn role(role: &Role, errors: &mut Errors) {
    rules(role.rules.as_deref().unwrap_or_default(), true, errors);
}

pub(super) fn cluster_role(role: &ClusterRole, errors: &mut Errors) {
    rules(role.rules.as_deref().unwrap_or_default(), false, errors);
}

fn rules(rules: &[PolicyRule], is_namespaced: bool, errors: &mut Errors) {
    for (index, rule) in rules.iter().enumerate() {
        let path = Path::of(&["rules"]).at(index);
        if rule.verbs.is_empty() {
            errors.required(
                &path.field("verbs"),
                "verbs must contain at least one value",
            );
        }
        let has = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
        if has(&rule.non_resource_urls) {
            if is_namespaced {
                errors.invalid(
                    &path.field("nonResourceURLs"),
                    "",
                    "namespaced rules cannot apply to non-resource URLs",
                );
            }
            continue;
        }
        for (field, list, why) in [
            (
                "apiGroups",
                &rule.api_groups,
                "resource rules must supply at least one api group",
            ),
            (
                "resources",
                &rule.resources,
                "resource rules must supply at least one resource",
            ),
        ] {
            if !has(list) {
                errors.required(&path.field(field), why);
            }
        }
    }
}

pub(super) fn role_binding(binding: &RoleBinding, errors: &mut Errors) {
    role_ref(&binding.role_ref, &["ClusterRole", "Role"], errors);
    subjects(
        binding.subjects.as_deref().unwrap_or_default(),
        true,
        errors,
    );
}

pub(super) fn cluster_role_binding(binding: &ClusterRoleBinding, errors: &mut Errors) {
    role_ref(&binding.role_ref, &["ClusterRole"], errors);
    subjects(
        binding.subjects.as_deref().unwrap_or_default(),
        false,
        errors,
    );
}

fn role_ref(role: &RoleRef, kinds: &[&str], errors: &mut Errors) {
    let path = Path::of(&["roleRef"]);
    errors.supported(&path.field("kind"), Some(&role.kind), kinds);
    if role.name.is_empty() {
        errors.required(&path.field("name"), "");
    }
    // Left out, it is filled in.
    let group = role.api_group.as_ref().filter(|group| !group.is_empty());
    errors.supported(
        &path.field("apiGroup"),
        group,
        &["rbac.authorization.k8s.io"],
    );
}

fn subjects(subjects: &[Subject], is_namespaced: bool, errors: &mut Errors) {
    for (index, subject) in subjects.iter().enumerate() {
        let path = Path::of(&["subjects"]).at(index);
        errors.supported(
            &path.field("kind"),
            Some(&subject.kind),
            &["ServiceAccount", "User", "Group"],
        );
        if subject.name.is_empty() {
            errors.required(&path.field("name"), "");
        }
        let group = subject.api_group.as_ref().filter(|group| !group.is_empty());
        if subject.kind == "ServiceAccount" {
            if !is_namespaced && subject.namespace.as_deref().unwrap_or_default().is_empty() {
                errors.required(&path.field("namespace"), "");
            }
            errors.supported(&path.field("apiGroup"), group, &[""]);
        } else {
            errors.supported(
                &path.field("apiGroup"),
                group,
                &["rbac.authorization.k8s.io"],
            );
        }
    }
}
