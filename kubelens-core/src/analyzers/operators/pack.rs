//! Kinds that have rules of their own: the generic one leaves them alone.

use crate::kubernetes::CustomObject;

/// Groups of which every kind has a rule.
const GROUPS: &[&str] = &[
    "acme.cert-manager.io",
    "admissionregistration.k8s.io",
    "autoscaling.k8s.io",
    "bitnami.com",
    "cert-manager.io",
    "cilium.io",
    "constraints.gatekeeper.sh",
    "external-secrets.io",
    "generators.external-secrets.io",
    "helm.toolkit.fluxcd.io",
    "karpenter.sh",
    "keda.sh",
    "kustomize.toolkit.fluxcd.io",
    "kyverno.io",
    "olm.operatorframework.io",
    "openreports.io",
    "policies.kyverno.io",
    "resource.k8s.io",
    "snapshot.storage.k8s.io",
    "source.toolkit.fluxcd.io",
    "templates.gatekeeper.sh",
    "wgpolicyk8s.io",
];

/// Single kinds that have a rule.
const KINDS: &[(&str, &str)] = &[
    ("argoproj.io", "AnalysisRun"),
    ("argoproj.io", "Application"),
    ("argoproj.io", "Rollout"),
    ("argoproj.io", "Workflow"),
    ("cluster.x-k8s.io", "Machine"),
    ("machine.openshift.io", "Machine"),
    ("monitoring.coreos.com", "Alertmanager"),
    ("monitoring.coreos.com", "Prometheus"),
    ("monitoring.coreos.com", "PrometheusAgent"),
    ("monitoring.coreos.com", "ThanosRuler"),
    ("operators.coreos.com", "CatalogSource"),
    ("operators.coreos.com", "ClusterServiceVersion"),
    ("operators.coreos.com", "InstallPlan"),
    ("operators.coreos.com", "OperatorGroup"),
    ("operators.coreos.com", "Subscription"),
    ("tekton.dev", "PipelineRun"),
];

/// The Gateway API.
const GATEWAY: &str = "gateway.networking.k8s.io";

/// Whether another rule looks at objects of this kind.
pub(super) fn has_pack(object: &CustomObject) -> bool {
    let group = object.group();
    if group == GATEWAY {
        // Its policies have no rule of their own.
        return !object.kind.ends_with("Policy");
    }
    GROUPS.contains(&group) || KINDS.contains(&(group, object.kind.as_str()))
}
