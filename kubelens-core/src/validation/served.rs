//! Which versions of its own API groups Kubernetes has served. A version that is gone is told by what knows when it went
//! (CTL018); here it counts as one that there was.

/// Each group with its versions, the best one first.
const GROUPS: &[(&str, &[&str])] = &[
    ("", &["v1"]),
    (
        "admissionregistration.k8s.io",
        &["v1", "v1beta1", "v1alpha1"],
    ),
    ("apiextensions.k8s.io", &["v1", "v1beta1"]),
    ("apiregistration.k8s.io", &["v1", "v1beta1"]),
    ("apps", &["v1", "v1beta2", "v1beta1"]),
    ("authentication.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
    ("authorization.k8s.io", &["v1", "v1beta1"]),
    ("autoscaling", &["v2", "v1", "v2beta2", "v2beta1"]),
    ("batch", &["v1", "v1beta1", "v2alpha1"]),
    ("certificates.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
    (
        "coordination.k8s.io",
        &["v1", "v1beta1", "v1alpha2", "v1alpha1"],
    ),
    ("discovery.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
    ("events.k8s.io", &["v1", "v1beta1"]),
    ("extensions", &["v1beta1"]),
    (
        "flowcontrol.apiserver.k8s.io",
        &["v1", "v1beta3", "v1beta2", "v1beta1", "v1alpha1"],
    ),
    ("networking.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
    ("node.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
    ("policy", &["v1", "v1beta1"]),
    ("rbac.authorization.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
    (
        "resource.k8s.io",
        &[
            "v1", "v1beta2", "v1beta1", "v1alpha3", "v1alpha2", "v1alpha1",
        ],
    ),
    (
        "scheduling.k8s.io",
        &["v1", "v1beta1", "v1alpha2", "v1alpha1"],
    ),
    ("storage.k8s.io", &["v1", "v1beta1", "v1alpha1"]),
];

/// What Kubernetes knows of an API version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Served {
    /// It serves it, or did.
    Known,
    /// The group is its own, and never had the version; the best one that it has.
    NoSuchVersion(&'static str),
    /// Nobody can serve the group: those that others define are domains.
    NoSuchGroup,
    /// The group is somebody else's.
    Foreign,
}

/// Whether a group of Kubernetes' own has such a version.
pub(super) fn served(api_version: &str) -> Served {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    match GROUPS.iter().find(|(known, _)| *known == group) {
        Some((_, versions)) if versions.contains(&version) => Served::Known,
        Some((_, versions)) => Served::NoSuchVersion(versions.first().copied().unwrap_or_default()),
        None if group.contains('.') => Served::Foreign,
        None => Served::NoSuchGroup,
    }
}

/// Whether the version promises to stay: `v1`, not `v1beta1`. Newer releases of Kubernetes bring others of those.
pub(super) fn is_stable(api_version: &str) -> bool {
    let version = api_version.rsplit('/').next().unwrap_or_default();
    !version.contains("alpha") && !version.contains("beta")
}
