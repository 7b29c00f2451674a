//! Which kinds without a type of their own are worth reading.

use super::target::Target;

/// How many of those kinds are read at most, and how many objects of one.
pub(super) const MOST_KINDS: usize = 400;
pub(super) const MOST_OBJECTS: usize = 5_000;

/// Kubernetes' own groups: what of them is read has a type, or is named below.
const BUILT_IN: &[&str] = &[
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// Kinds of those groups that have no type and are looked at.
const READ_OF_BUILT_IN: &[&str] = &[
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "DeviceClass",
    "ResourceClaim",
    "ResourceClaimTemplate",
    "ResourceSlice",
];

/// Groups whose objects are measurements, scan results, or other objects once more: many, large, and never
/// the reason of anything.
const NOT_WORTH_IT: &[&str] = &[
    "aquasecurity.github.io",
    "authorization.openshift.io",
    "custom.metrics.k8s.io",
    "external.metrics.k8s.io",
    "image.openshift.io",
    "metrics.k8s.io",
    "oauth.openshift.io",
    "packages.operators.coreos.com",
    "project.openshift.io",
    "projectcalico.org",
    "quota.openshift.io",
    "reports.kyverno.io",
    "security.openshift.io",
    "spdx.softwarecomposition.kubescape.io",
    "template.openshift.io",
    "user.openshift.io",
];

/// Groups that have rules of their own: they are read first.
const WITH_RULES: &[&str] = &[
    "gateway.networking.k8s.io",
    "cert-manager.io",
    "acme.cert-manager.io",
    "external-secrets.io",
    "bitnami.com",
    "argoproj.io",
    "kustomize.toolkit.fluxcd.io",
    "helm.toolkit.fluxcd.io",
    "source.toolkit.fluxcd.io",
    "keda.sh",
    "operators.coreos.com",
    "olm.operatorframework.io",
    "karpenter.sh",
    "cluster.x-k8s.io",
    "monitoring.coreos.com",
    "networking.istio.io",
    "security.istio.io",
    "cilium.io",
    "tekton.dev",
    "kyverno.io",
    "autoscaling.k8s.io",
    "snapshot.storage.k8s.io",
];

/// Whether objects of the kind are worth reading.
pub(super) fn is_read(group: &str, kind: &str) -> bool {
    if kind.is_empty() || NOT_WORTH_IT.contains(&group) {
        return false;
    }
    !BUILT_IN.contains(&group) || READ_OF_BUILT_IN.contains(&kind)
}

/// The order in which kinds are read: those with rules first, then by name.
pub(super) fn order(target: &Target) -> (usize, &str, &str) {
    let group = target.group();
    let place = WITH_RULES
        .iter()
        .position(|known| *known == group)
        .unwrap_or(WITH_RULES.len());
    (place, group, &target.name)
}
