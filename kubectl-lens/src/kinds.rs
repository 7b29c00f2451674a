//! The words by which kubectl's users call a kind.

use kubelens_core::kubernetes::Kind;

/// kubectl's short names.
const SHORT: &[(&str, Kind)] = &[
    ("po", Kind::Pod),
    ("no", Kind::Node),
    ("ns", Kind::Namespace),
    ("svc", Kind::Service),
    ("ep", Kind::Endpoints),
    ("ev", Kind::Event),
    ("cm", Kind::ConfigMap),
    ("sa", Kind::ServiceAccount),
    ("pvc", Kind::PersistentVolumeClaim),
    ("pv", Kind::PersistentVolume),
    ("rc", Kind::ReplicationController),
    ("quota", Kind::ResourceQuota),
    ("limits", Kind::LimitRange),
    ("deploy", Kind::Deployment),
    ("rs", Kind::ReplicaSet),
    ("sts", Kind::StatefulSet),
    ("ds", Kind::DaemonSet),
    ("cj", Kind::CronJob),
    ("hpa", Kind::HorizontalPodAutoscaler),
    ("pdb", Kind::PodDisruptionBudget),
    ("ing", Kind::Ingress),
    ("netpol", Kind::NetworkPolicy),
    ("sc", Kind::StorageClass),
    ("pc", Kind::PriorityClass),
    ("crd", Kind::CustomResourceDefinition),
    ("crds", Kind::CustomResourceDefinition),
    ("csr", Kind::CertificateSigningRequest),
];

/// The kind that `word` names, as kubectl would take it: kind, plural or short name, in any case,
/// with or without its group.
pub(crate) fn kind_of(word: &str) -> Option<Kind> {
    let lower = word.to_lowercase();
    let (name, group) = lower.split_once('.').unwrap_or((&lower, ""));
    let by_name = |kind: &Kind| kind.as_str().to_lowercase() == name || kind.plural() == name;
    let found = SHORT
        .iter()
        .find_map(|(short, kind)| (*short == name).then_some(*kind))
        .or_else(|| Kind::ALL.iter().copied().find(by_name))?;
    // `deployments.v1.apps` names the version too.
    let group_fits = group.is_empty()
        || group == found.group()
        || group.ends_with(&format!(".{}", found.group()));
    group_fits.then_some(found)
}

/// All words that name a kind in full.
pub(crate) fn known_words() -> impl Iterator<Item = &'static str> {
    Kind::ALL.iter().map(|kind| kind.as_str())
}

#[cfg(test)]
mod tests {
    use kubelens_core::kubernetes::Kind;

    use super::kind_of;

    #[test]
    fn kinds_are_known_by_all_their_names() {
        for word in [
            "deploy",
            "deployment",
            "Deployments",
            "deployments.apps",
            "deployment.v1.apps",
        ] {
            assert_eq!(kind_of(word), Some(Kind::Deployment), "{word}");
        }
        assert_eq!(kind_of("ing"), Some(Kind::Ingress));
        assert_eq!(kind_of("deployment.extensions"), None);
        assert_eq!(kind_of("frobnicator"), None);
    }
}
