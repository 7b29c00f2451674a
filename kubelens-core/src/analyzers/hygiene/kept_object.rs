//! Objects that nothing refers to and that are kept for a reason all the same.

use crate::analyzers::standing_workload::is_clusters_own;
use crate::kubernetes::ObjectMeta;

/// Objects that the cluster or its installer makes in every namespace or for everybody.
const NAMES: [&str; 8] = [
    "kube-root-ca.crt",
    "openshift-service-ca.crt",
    "extension-apiserver-authentication",
    "cluster-info",
    "kubeadm-config",
    "kubelet-config",
    "coredns",
    "istio-ca-root-cert",
];

/// Labels by which a program collects or keeps objects, so that nothing names the single one; with a value where
/// only that one counts.
const LABELS: [(&str, &str); 9] = [
    ("grafana_dashboard", ""),
    ("grafana_datasource", ""),
    ("prometheus_rule", ""),
    ("fluentd_config", ""),
    ("k8sgpt.ai/dynamically-loaded", ""),
    ("kubernetes.io/bootstrapping", ""),
    ("cli-utils.sigs.k8s.io/inventory-id", ""),
    ("owner", "helm"),
    ("app.kubernetes.io/part-of", "argocd"),
];

/// Beginnings of annotations by which a program keeps an object: a leader's lock, a copy, an inventory.
const ANNOTATIONS: [&str; 6] = [
    "kubernetes.io/service-account.",
    "control-plane.alpha.kubernetes.io/leader",
    "reflector.v1.k8s.emberstack.com/",
    "replicator.v1.mittwald.de/",
    "config.k8s.io/owning-inventory",
    "k8sgpt.ai/skip-usage-check",
];

/// Whether the object is kept although nothing refers to it.
pub(super) fn is_kept(meta: &ObjectMeta) -> bool {
    let by_name = NAMES.contains(&meta.name.as_str())
        || meta.name.starts_with("sh.helm.release.")
        || meta.name.starts_with("bootstrap-token-")
        || meta.name.starts_with("system:")
        || meta.name.starts_with("system-")
        || meta.name.starts_with("kubelet-config-");
    let by_label = LABELS.iter().any(|(key, value)| {
        let found = meta.labels.value(key);
        found.is_some_and(|found| value.is_empty() || found == *value)
    });
    let by_annotation = meta
        .annotations
        .keys()
        .any(|key| ANNOTATIONS.iter().any(|kept| key.starts_with(kept)));
    meta.is_terminating()
        || is_clusters_own(&meta.namespace)
        || by_name
        || by_label
        || by_annotation
}
