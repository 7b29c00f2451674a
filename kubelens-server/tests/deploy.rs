//! The manifests that are shipped: they grant what the server reads, and nothing besides.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what a test cannot set up fails it"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kubelens_core::kubernetes::Kind;
use serde_json::Value;

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(path)
}

fn documents(path: &str) -> Vec<Value> {
    let text = fs::read_to_string(deploy(path)).unwrap();
    serde_saphyr::from_multiple(&text).unwrap()
}

fn words(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// Group, resource and verb of every rule, written `group/resource verb`.
fn granted(path: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for document in documents(path) {
        for rule in document["rules"].as_array().into_iter().flatten() {
            for group in words(&rule["apiGroups"]) {
                for resource in words(&rule["resources"]) {
                    for verb in words(&rule["verbs"]) {
                        all.insert(format!("{group}/{resource} {verb}"));
                    }
                }
            }
        }
    }
    all
}

#[test]
fn the_server_may_read_every_kind_but_secrets_and_change_nothing() {
    let mut wanted = BTreeSet::from([
        "/pods/log get".to_owned(),
        "gateway.networking.k8s.io/* get".to_owned(),
        "gateway.networking.k8s.io/* list".to_owned(),
        "gateway.networking.k8s.io/* watch".to_owned(),
    ]);
    // Kinds of Kubernetes' own groups that have no type here and are looked at.
    for (group, plural) in [
        (
            "admissionregistration.k8s.io",
            "validatingadmissionpolicies",
        ),
        (
            "admissionregistration.k8s.io",
            "validatingadmissionpolicybindings",
        ),
        ("resource.k8s.io", "deviceclasses"),
        ("resource.k8s.io", "resourceclaims"),
        ("resource.k8s.io", "resourceclaimtemplates"),
        ("resource.k8s.io", "resourceslices"),
    ] {
        let rules = ["get", "list", "watch"].map(|verb| format!("{group}/{plural} {verb}"));
        wanted.extend(rules);
    }
    for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::Secret) {
        let group = kind
            .api_version()
            .rsplit_once('/')
            .map_or("", |(group, _)| group);
        // Metrics cannot be watched.
        let verbs: &[&str] = match group {
            "metrics.k8s.io" => &["get", "list"],
            _ => &["get", "list", "watch"],
        };
        let rules = verbs
            .iter()
            .map(|verb| format!("{group}/{} {verb}", kind.plural()));
        wanted.extend(rules);
    }
    assert_eq!(granted("base/cluster-role.yaml"), wanted);
    let secrets = ["get", "list", "watch"].map(|verb| format!("/secrets {verb}"));
    assert_eq!(
        granted("components/secret-keys/rbac.yaml"),
        BTreeSet::from(secrets)
    );
}

#[test]
fn impersonation_is_granted_for_named_people_and_the_groups_of_roles_only() {
    let role = &documents("components/impersonation/rbac.yaml")[0];
    for rule in role["rules"].as_array().unwrap() {
        let names = words(&rule["resourceNames"]);
        assert!(!names.is_empty(), "{rule}");
        assert!(
            !names.iter().any(|name| name.starts_with("system:")),
            "{rule}"
        );
        assert_eq!(words(&rule["verbs"]), ["impersonate"]);
    }
    let granted = granted("components/impersonation/rbac.yaml");
    let wanted = ["/groups impersonate", "/users impersonate"].map(str::to_owned);
    assert_eq!(granted, BTreeSet::from(wanted));
}

#[test]
fn no_component_grants_everything() {
    for path in [
        "base/cluster-role.yaml",
        "components/secret-keys/rbac.yaml",
        "components/write-actions/rbac.yaml",
        "components/impersonation/rbac.yaml",
    ] {
        for rule in granted(path) {
            assert!(!rule.ends_with(" *"), "{path}: {rule}");
            assert!(!rule.starts_with("*/"), "{path}: {rule}");
        }
    }
}

#[test]
fn the_base_names_every_file_beside_it_and_runs_without_rights_on_its_machine() {
    let base = documents("base/kustomization.yaml");
    let mut named: BTreeSet<String> = words(&base[0]["resources"])
        .into_iter()
        .map(ToOwned::to_owned)
        .collect();
    named.insert("kustomization.yaml".to_owned());
    let there: BTreeSet<String> = fs::read_dir(deploy("base"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(named, there);

    let deployment = &documents("base/deployment.yaml")[0];
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    let container = &pod["containers"][0];
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(
        container["securityContext"]["allowPrivilegeEscalation"],
        false
    );
    assert_eq!(
        words(&container["securityContext"]["capabilities"]["drop"]),
        ["ALL"]
    );
    assert_eq!(
        container["readinessProbe"]["httpGet"]["path"],
        "/api/readyz"
    );
}
