//! What pods and templates of pods name.

use super::Usage;
use crate::kubernetes::{
    CronJob, DaemonSet, Deployment, Job, Kind, Pod, PodSpec, ReplicaSet, ReplicationController,
    StatefulSet, Text,
};
use crate::snapshot::Cluster;

/// Marks what every template names, at zero replicas and suspended too, and every pod. An old revision's
/// ReplicaSet without pods uses nothing.
pub(super) fn collect(cluster: &Cluster<'_>, usage: &mut Usage) {
    every_spec(cluster, |namespace, spec| spec_uses(usage, namespace, spec));
    for set in cluster.all::<StatefulSet>() {
        claims_of(usage, set);
    }
}

/// Calls `look` with every pod spec of the picture: of templates, and of pods.
pub(super) fn every_spec<'a>(cluster: &Cluster<'a>, mut look: impl FnMut(&'a Text, &'a PodSpec)) {
    for object in cluster.all::<Deployment>() {
        look(&object.metadata.namespace, &object.spec.template.spec);
    }
    for object in cluster.all::<StatefulSet>() {
        look(&object.metadata.namespace, &object.spec.template.spec);
    }
    for object in cluster.all::<DaemonSet>() {
        look(&object.metadata.namespace, &object.spec.template.spec);
    }
    for object in cluster.all::<ReplicaSet>() {
        if object.spec.replicas != Some(0) || object.metadata.controller().is_none() {
            look(&object.metadata.namespace, &object.spec.template.spec);
        }
    }
    for object in cluster.all::<ReplicationController>() {
        look(&object.metadata.namespace, &object.spec.template.spec);
    }
    for object in cluster.all::<Job>() {
        look(&object.metadata.namespace, &object.spec.template.spec);
    }
    for object in cluster.all::<CronJob>() {
        let job = &object.spec.job_template.spec;
        look(&object.metadata.namespace, &job.template.spec);
    }
    // Pods of one template share one spec: looked at once.
    let mut last: Option<(&Text, *const PodSpec)> = None;
    for pod in cluster.all::<Pod>() {
        let this = (&pod.metadata.namespace, std::sync::Arc::as_ptr(&pod.spec));
        if last != Some(this) {
            look(&pod.metadata.namespace, &pod.spec);
            last = Some(this);
        }
    }
}

fn spec_uses(usage: &mut Usage, namespace: &Text, spec: &PodSpec) {
    for reference in spec.config_references() {
        usage.mark(reference.kind, namespace, reference.name);
    }
    for secret in &spec.image_pull_secrets {
        usage.mark(Kind::Secret, namespace, &secret.name);
    }
    let account = spec.service_account_name.non_empty().unwrap_or("default");
    usage.mark(Kind::ServiceAccount, namespace, account);
    let everywhere = Text::default();
    usage.mark(Kind::PriorityClass, &everywhere, &spec.priority_class_name);
    usage.mark(Kind::RuntimeClass, &everywhere, &spec.runtime_class_name);
    for volume in &spec.volumes {
        if let Some(claim) = &volume.persistent_volume_claim {
            usage.mark(Kind::PersistentVolumeClaim, namespace, &claim.claim_name);
        }
        let template = volume
            .ephemeral
            .as_ref()
            .and_then(|ephemeral| ephemeral.volume_claim_template.as_ref());
        if let Some(class) = template.and_then(|claim| claim.spec.storage_class_name.as_ref()) {
            usage.mark(Kind::StorageClass, &everywhere, class);
        }
        if let Some(file) = &volume.azure_file {
            usage.mark(Kind::Secret, namespace, &file.secret_name);
        }
        let logins = [
            &volume.cephfs,
            &volume.rbd,
            &volume.iscsi,
            &volume.flex_volume,
        ];
        for secret in logins
            .into_iter()
            .flatten()
            .filter_map(|volume| volume.secret_ref.as_ref())
        {
            usage.mark(Kind::Secret, namespace, &secret.name);
        }
    }
}

/// Highest ordinal that is written out: a number that a file made up must not fill the memory.
const MOST_ORDINALS: i64 = 10_000;

/// Claims that a set at zero replicas is taken to come back to.
const AT_REST: i64 = 100;

/// The claims of a set's pods. A set at zero replicas keeps them for when it comes back.
fn claims_of(usage: &mut Usage, set: &StatefulSet) {
    let start = set.spec.ordinals.as_ref().map_or(0, |first| first.start);
    let wanted = match set.spec.replicas.unwrap_or(1) {
        0 => AT_REST,
        some => some.min(MOST_ORDINALS),
    };
    let meta = &set.metadata;
    for template in &set.spec.volume_claim_templates {
        if let Some(class) = &template.spec.storage_class_name {
            usage.mark(Kind::StorageClass, &Text::default(), class);
        }
        for ordinal in (0..wanted).filter_map(|at| start.checked_add(at)) {
            let name = format!("{}-{}-{ordinal}", template.metadata.name, meta.name);
            usage.mark(Kind::PersistentVolumeClaim, &meta.namespace, &name);
        }
    }
}
