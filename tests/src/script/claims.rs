//! Claims and the volumes behind them.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::merge;
use super::world::World;

/// A claim; `bound: true` gives it a volume, `size`, `class` and `mode` are what it asks for.
pub(super) fn tell(
    world: &mut World,
    namespace: &str,
    name: &str,
    age: i64,
    told: &Map<String, Value>,
) -> Result<()> {
    let entry = |key: &str, default: &str| {
        told.get(key)
            .and_then(Value::as_str)
            .unwrap_or(default)
            .to_owned()
    };
    let class = entry("class", world.storage_class);
    let size = entry("size", "10Gi");
    let mode = entry("mode", "ReadWriteOnce");
    let bound = told.get("bound").and_then(Value::as_bool).unwrap_or(true);
    let mut claim = claim(world, namespace, name, age, &class, &size, &mode, bound);
    if class == "none" {
        merge(&mut claim, &json!({ "spec": { "storageClassName": null } }));
    }
    for key in ["spec", "status"] {
        if let Some(fields) = told.get(key) {
            merge(&mut claim, &json!({ key: fields }));
        }
    }
    world.dress(&mut claim, told)?;
    world.put(claim);
    Ok(())
}

/// A claim, and its volume in the cluster if it is bound.
#[allow(clippy::too_many_arguments, reason = "a claim is all of this")]
pub(super) fn claim(
    world: &mut World,
    namespace: &str,
    name: &str,
    age: i64,
    class: &str,
    size: &str,
    mode: &str,
    bound: bool,
) -> Value {
    let uid = world.uid("PersistentVolumeClaim", namespace, name);
    let volume = format!("pvc-{uid}");
    let mut claim = world.object("PersistentVolumeClaim", namespace, name, age, json!({
        "metadata": { "finalizers": ["kubernetes.io/pvc-protection"] },
        "spec": { "accessModes": [mode], "resources": { "requests": { "storage": size } }, "storageClassName": class, "volumeMode": "Filesystem" },
        "status": { "phase": "Pending" },
    }));
    if !bound {
        return claim;
    }
    merge(
        &mut claim,
        &json!({
            "metadata": { "annotations": { "pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes" } },
            "spec": { "volumeName": volume },
            "status": { "phase": "Bound", "accessModes": [mode], "capacity": { "storage": size } },
        }),
    );
    if world.find("PersistentVolume", "", &volume).is_none() {
        let driver = world
            .find("StorageClass", "", class)
            .map_or("ebs.csi.aws.com", |class| {
                super::text(class, "/provisioner")
            })
            .to_owned();
        let handle = world.dice(&volume).hex(17);
        world.add("PersistentVolume", "", &volume, age, json!({
            "metadata": { "annotations": { "pv.kubernetes.io/provisioned-by": driver }, "finalizers": ["kubernetes.io/pv-protection", format!("external-provisioner.volume.kubernetes.io/finalizer")] },
            "spec": {
                "accessModes": [mode], "capacity": { "storage": size }, "storageClassName": class, "volumeMode": "Filesystem", "persistentVolumeReclaimPolicy": "Delete",
                "claimRef": { "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace, "name": name, "uid": uid },
                "csi": { "driver": driver, "fsType": "ext4", "volumeHandle": format!("vol-{handle}") },
            },
            "status": { "phase": "Bound" },
        }));
    }
    claim
}
