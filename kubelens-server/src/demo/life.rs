//! What happens in the simulated cluster by itself.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kubelens_core::kubernetes::Kind;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::patch::merge;
use super::world::{Key, World, whole_seconds};

/// How often controllers and kubelets look.
const TICK: Duration = Duration::from_secs(1);

/// A fault comes this many ticks after the start and after the one before has gone, and stays as long.
const FAULT: u64 = 60;

/// Lets time pass until it is aborted.
pub(super) async fn go_on(world: Arc<World>) {
    let mut tick = 0_u64;
    loop {
        sleep(TICK).await;
        tick += 1;
        start_pods(&world);
        follow_specs(&world);
        if tick.is_multiple_of(FAULT) {
            if (tick / FAULT).is_multiple_of(2) {
                claim_is_mended(&world);
            } else {
                claim_names_an_unknown_class(&world);
            }
        }
        if tick.is_multiple_of(10) {
            use_changes(&world, tick);
        }
    }
}

fn now() -> Value {
    json!(whole_seconds(Timestamp::now()).to_string())
}

/// A pod that runs, restarted once more.
pub(super) fn runs_again(pod: &mut Value) {
    let restarts = pod
        .pointer("/status/containerStatuses/0/restartCount")
        .and_then(Value::as_i64)
        .unwrap_or(0)
        + 1;
    run(pod, restarts);
}

fn run(pod: &mut Value, restarts: i64) {
    let containers = pod
        .pointer("/spec/containers")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let statuses: Vec<Value> = containers
        .iter()
        .map(|container| {
            json!({
                "name": container.get("name"), "image": container.get("image"), "ready": true, "started": true,
                "restartCount": restarts, "state": {"running": {"startedAt": now()}},
            })
        })
        .collect();
    let condition =
        |name: &str| json!({"type": name, "status": "True", "lastTransitionTime": now()});
    let conditions: Vec<Value> = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
        .map(condition)
        .to_vec();
    let status = json!({"phase": "Running", "reason": null, "message": null, "startTime": now(),
        "containerStatuses": statuses, "conditions": conditions});
    merge(pod, &json!({"status": status}), false);
}

/// Pods that were made here and have no node get one and run; bundled ones that wait go on waiting.
fn start_pods(world: &World) {
    let (pods, _) = world.list(Kind::Pod, "");
    for pod in pods {
        let is_own = pod
            .pointer("/metadata/labels/app.kubernetes.io~1managed-by")
            .and_then(Value::as_str)
            == Some("kubelens");
        let is_pending = pod.pointer("/status/phase").and_then(Value::as_str) == Some("Pending");
        let created = pod
            .pointer("/metadata/creationTimestamp")
            .and_then(Value::as_str);
        let created = created.and_then(|text| text.parse::<Timestamp>().ok());
        let is_due =
            created.is_some_and(|created| Timestamp::now().duration_since(created).as_secs() >= 5);
        if is_own && is_pending && is_due {
            world.change(&key_of(Kind::Pod, &pod), |pod| {
                merge(pod, &json!({"spec": {"nodeName": "node-worker-2"}}), false);
                run(pod, 0);
            });
        }
    }
}

/// Controllers bring the status of what was scaled after its spec.
fn follow_specs(world: &World) {
    for kind in [Kind::Deployment, Kind::StatefulSet] {
        let (all, _) = world.list(kind, "");
        for object in all {
            let wanted = object
                .pointer("/spec/replicas")
                .and_then(Value::as_i64)
                .unwrap_or(1);
            let generation = object
                .pointer("/metadata/generation")
                .and_then(Value::as_i64);
            let observed = object
                .pointer("/status/observedGeneration")
                .and_then(Value::as_i64);
            if generation != observed {
                world.change(&key_of(kind, &object), |object| {
                    let status = json!({"observedGeneration": generation, "replicas": wanted, "readyReplicas": wanted,
                        "availableReplicas": wanted, "updatedReplicas": wanted});
                    merge(object, &json!({"status": status}), false);
                });
            }
        }
    }
}

fn claim() -> Key {
    (
        Kind::PersistentVolumeClaim,
        "production".to_owned(),
        "reports-data".to_owned(),
    )
}

/// Somebody claims a volume of a class that does not exist.
fn claim_names_an_unknown_class(world: &World) {
    let key = claim();
    let object = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": key.2, "namespace": key.1},
        "spec": {"storageClassName": "fast-ssd", "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "5Gi"}}},
        "status": {"phase": "Pending"},
    });
    let uid = world
        .put(key.clone(), object, false)
        .ok()
        .and_then(|claim| Some(claim.pointer("/metadata/uid")?.clone()));
    let event = (
        Kind::Event,
        key.1.clone(),
        "reports-data.provisioning".to_owned(),
    );
    let object = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": event.2, "namespace": event.1},
        "involvedObject": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": key.1, "name": key.2, "uid": uid},
        "type": "Warning", "reason": "ProvisioningFailed",
        "message": "storageclass.storage.k8s.io \"fast-ssd\" not found",
        "source": {"component": "persistentvolume-controller"}, "count": 1,
        "firstTimestamp": now(), "lastTimestamp": now(),
    });
    // It was there already: then it is told of already.
    let _ = world.put(event, object, false);
}

/// Somebody takes the claim back.
fn claim_is_mended(world: &World) {
    let _ = world.remove(&claim());
}

/// What nodes use goes up and down a little.
fn use_changes(world: &World, tick: u64) {
    let (all, _) = world.list(Kind::NodeMetrics, "");
    for object in all {
        world.change(&key_of(Kind::NodeMetrics, &object), |object| {
            let cpu = object
                .pointer("/usage/cpu")
                .and_then(Value::as_str)
                .unwrap_or("0m");
            let cores: i64 = cpu.trim_end_matches('m').parse().unwrap_or(0);
            let wave = if tick.is_multiple_of(20) { 40 } else { -40 };
            let cpu = format!("{}m", (cores + if cores > 0 { wave } else { 0 }).max(0));
            merge(
                object,
                &json!({"timestamp": now(), "usage": {"cpu": cpu}}),
                false,
            );
        });
    }
}

fn key_of(kind: Kind, object: &Value) -> Key {
    let text = |field: &str| {
        let found = object
            .pointer(&format!("/metadata/{field}"))
            .and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    (kind, text("namespace"), text("name"))
}
