use crate::kubernetes::{Kind, PersistentVolumeClaim, Pod, StorageClass};
use crate::settling::stand::Stand;
use crate::snapshot::Cluster;

/// A claim settles by being bound; one whose class waits for a consumer, and that nothing uses, waits rightly.
pub(in crate::settling) fn stand(claim: &PersistentVolumeClaim, cluster: &Cluster<'_>) -> Stand {
    let meta = &claim.metadata;
    if meta.is_terminating() {
        return Stand::waits("it is being deleted");
    }
    match claim.status.phase.as_str() {
        "Lost" => return Stand::Failed("its volume is gone".to_owned()),
        "Bound" => {
            let resizing = claim
                .status
                .conditions
                .iter()
                .find(|one| one.is_true() && one.type_.contains("Resiz"));
            return match resizing {
                Some(condition) => {
                    Stand::waits(format!("it is being resized ({})", condition.type_))
                }
                None => Stand::current("bound"),
            };
        }
        _ => {}
    }
    let class = claim
        .spec
        .storage_class_name
        .as_ref()
        .and_then(|class| cluster.get::<StorageClass>("", class));
    if class.is_some_and(|class| class.volume_binding_mode == "WaitForFirstConsumer")
        && cluster.is_complete(Kind::Pod, &meta.namespace)
        && !cluster
            .in_namespace::<Pod>(&meta.namespace)
            .any(|pod| pod.is_live() && uses(pod, &meta.name))
    {
        return Stand::current("waits for its first consumer, as its class asks; no pod uses it");
    }
    Stand::waits("it is not bound yet")
}

fn uses(pod: &Pod, claim: &str) -> bool {
    pod.spec.volumes.iter().any(|volume| {
        volume
            .persistent_volume_claim
            .as_ref()
            .is_some_and(|source| source.claim_name == claim)
            || (volume.ephemeral.is_some()
                && claim == format!("{}-{}", pod.metadata.name, volume.name))
    })
}
