//! What people call kinds.

use kubelens_core::kubernetes::Kind;

/// Names that stand for several kinds.
const GROUPS: [(&str, &[Kind]); 2] = [
    (
        "rbac",
        &[
            Kind::Role,
            Kind::RoleBinding,
            Kind::ClusterRole,
            Kind::ClusterRoleBinding,
        ],
    ),
    ("metrics", &[Kind::NodeMetrics, Kind::PodMetrics]),
];

/// Short names as kubectl knows them.
const SHORT: [(&str, Kind); 22] = [
    ("po", Kind::Pod),
    ("no", Kind::Node),
    ("deploy", Kind::Deployment),
    ("rs", Kind::ReplicaSet),
    ("sts", Kind::StatefulSet),
    ("ds", Kind::DaemonSet),
    ("cj", Kind::CronJob),
    ("svc", Kind::Service),
    ("ing", Kind::Ingress),
    ("netpol", Kind::NetworkPolicy),
    ("cm", Kind::ConfigMap),
    ("pv", Kind::PersistentVolume),
    ("pvc", Kind::PersistentVolumeClaim),
    ("sc", Kind::StorageClass),
    ("ns", Kind::Namespace),
    ("sa", Kind::ServiceAccount),
    ("ev", Kind::Event),
    ("ep", Kind::Endpoints),
    ("hpa", Kind::HorizontalPodAutoscaler),
    ("pdb", Kind::PodDisruptionBudget),
    ("rc", Kind::ReplicationController),
    ("crd", Kind::CustomResourceDefinition),
];

/// The kind of this name: plural, singular, short, or plural with its group.
pub fn kind(word: &str) -> Option<Kind> {
    let word = word.to_lowercase();
    if let Some((_, kind)) = SHORT.iter().find(|(short, _)| *short == word) {
        return Some(*kind);
    }
    // Of kinds that share a name the one that is listed first is meant: pods before what they use.
    Kind::ALL.iter().copied().find(|kind| {
        let group = kind
            .api_version()
            .split_once('/')
            .map_or("", |(group, _)| group);
        kind.plural() == word
            || kind.as_str().to_lowercase() == word
            || (!group.is_empty() && format!("{}.{group}", kind.plural()) == word)
    })
}

/// The kinds of this name, several for `rbac` and `metrics`; none where no typed kind is called so.
pub fn kinds(word: &str) -> Option<Vec<Kind>> {
    let lower = word.to_lowercase();
    if let Some((_, kinds)) = GROUPS.iter().find(|(name, _)| *name == lower) {
        return Some(kinds.to_vec());
    }
    kind(word).map(|kind| vec![kind])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_many_names() {
        for name in [
            "deployments",
            "deployment",
            "deploy",
            "Deployment",
            "deployments.apps",
        ] {
            assert_eq!(kind(name), Some(Kind::Deployment), "{name}");
        }
        assert_eq!(kind("pods"), Some(Kind::Pod));
        assert_eq!(kind("pods.metrics.k8s.io"), Some(Kind::PodMetrics));
        assert_eq!(kinds("rbac").unwrap().len(), 4);
        assert_eq!(kinds("nothing"), None);
    }
}
