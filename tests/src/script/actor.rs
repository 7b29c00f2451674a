//! Pods: what the API server makes of a template, and what kubelets then report.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::clock::seconds;
use super::events;
use super::kubelet::Stage;
use super::world::{Place, World};
use super::{list, merge, text};

/// Who a pod is, and what the script says of it.
#[derive(Debug)]
pub(super) struct Actor<'s> {
    pub(super) namespace: &'s str,
    pub(super) name: &'s str,
    /// The random part's stem: `generateName`.
    pub(super) stem: &'s str,
    pub(super) labels: Value,
    pub(super) owner: Option<Value>,
    pub(super) spec: &'s Value,
    pub(super) age: i64,
    /// `is`, `node`, `age`, `events`, `logs`, `previous`, `patch`, ... or nothing.
    pub(super) told: &'s Map<String, Value>,
    /// Where it runs, if its controller has a say in that.
    pub(super) place: Option<Place>,
}

/// A pod without a controller.
pub(super) fn bare(
    world: &mut World,
    namespace: &str,
    name: &str,
    age: i64,
    told: &Map<String, Value>,
) -> Result<()> {
    let spec = spec(told)?;
    enter(
        world,
        &Actor {
            namespace,
            name,
            stem: "",
            age,
            told,
            labels: told
                .get("labels")
                .cloned()
                .unwrap_or_else(|| json!({ "run": name })),
            owner: None,
            spec: &spec,
            place: None,
        },
    )
}

/// The pod spec of `containers`, `init` and `pod`, with the API server's defaults.
pub(super) fn spec(told: &Map<String, Value>) -> Result<Value> {
    let mut spec = json!({
        "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
        "securityContext": {}, "schedulerName": "default-scheduler",
    });
    for (from, to) in [("init", "initContainers"), ("containers", "containers")] {
        let containers = told.get(from).and_then(Value::as_array);
        let containers: Vec<Value> = containers.into_iter().flatten().map(container).collect();
        if !containers.is_empty() {
            merge(&mut spec, &json!({ to: containers }));
        }
    }
    if let Some(more) = told.get("pod") {
        merge(&mut spec, more);
    }
    anyhow::ensure!(
        !list(&spec, "containers").is_empty(),
        "containers: [] is missing"
    );
    Ok(spec)
}

/// A container; `port: 8080` and `probe: /path` are short for a named port and a readiness probe on it.
fn container(told: &Value) -> Value {
    let mut container = json!({
        "resources": { "requests": { "cpu": "50m", "memory": "96Mi" }, "limits": { "memory": "256Mi" } },
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent",
    });
    merge(&mut container, told);
    if let Some(fields) = container.as_object_mut() {
        let port = fields.remove("port");
        let probe = fields.remove("probe");
        if let Some(port) = &port {
            fields.insert(
                "ports".to_owned(),
                json!([{ "name": "http", "containerPort": port, "protocol": "TCP" }]),
            );
        }
        if let Some(path) = probe {
            fields.insert("readinessProbe".to_owned(), json!({
                "httpGet": { "path": path, "port": port, "scheme": "HTTP" },
                "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
            }));
        }
    }
    container
}

/// What the script says under these keys.
pub(super) fn only(told: &Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
    told.iter()
        .filter(|(key, _)| keys.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Puts a pod into the cluster, with its events and logs.
pub(super) fn enter(world: &mut World, actor: &Actor<'_>) -> Result<()> {
    let told = actor.told;
    let entry = |key: &str| told.get(key).and_then(Value::as_str);
    let age = entry("age").map(seconds).transpose()?.unwrap_or(actor.age);
    let act = told.get("is").cloned().unwrap_or_else(|| json!("ok"));
    let (act, about) = match &act {
        Value::String(act) => (act.clone(), json!({})),
        Value::Object(fields) => {
            let (act, about) = fields.iter().next().context("is: {} says nothing")?;
            (act.clone(), about.clone())
        }
        _ => anyhow::bail!("is: a word, or a word and what about it"),
    };
    let place = if act == "pending" || act == "gated" || act == "unseen" {
        None
    } else if let Some(node) = told.get("node").and_then(Value::as_u64) {
        Some(world.place(usize::try_from(node)?))
    } else {
        Some(actor.place.clone().unwrap_or_else(|| world.next_place()))
    };
    let spec = placed(world, actor, place.as_ref());
    let mut pod = world.object(
        "Pod",
        actor.namespace,
        actor.name,
        age,
        json!({
            "metadata": { "labels": actor.labels, "generateName": actor.stem },
            "spec": spec,
        }),
    );
    if actor.stem.is_empty() {
        merge(&mut pod, &json!({ "metadata": { "generateName": null } }));
    }
    if let Some(owner) = &actor.owner {
        merge(
            &mut pod,
            &json!({ "metadata": { "ownerReferences": [owner] } }),
        );
    }
    let uid = text(&pod, "/metadata/uid").to_owned();
    let stage_time = world.clock.ago(age.min(1500));
    let stage = Stage {
        world,
        actor,
        spec: &spec,
        place: place.as_ref(),
        age,
        uid: &uid,
    };
    let (status, happened) = stage.status(&act, &about)?;
    merge(&mut pod, &json!({ "status": status }));
    let more = told.get("conditions").and_then(Value::as_array);
    for told in more.into_iter().flatten() {
        let mut condition = json!({ "lastProbeTime": null, "lastTransitionTime": stage_time });
        merge(&mut condition, told);
        if let Some(all) = pod
            .pointer_mut("/status/conditions")
            .and_then(Value::as_array_mut)
        {
            all.push(condition);
        }
    }
    let node = place.as_ref().map_or("", |place| &place.name).to_owned();
    let said = |text: &str| {
        text.replace("{{pod}}", actor.name)
            .replace("{{uid}}", &uid)
            .replace("{{node}}", &node)
    };
    world.dress(
        &mut pod,
        &only(told, &["annotations", "finalizers", "deleted", "patch"]),
    )?;
    world.put(pod);
    let events = told.get("events").and_then(Value::as_array);
    let events: Vec<String> = events
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(said)
        .chain(happened)
        .collect();
    for event in events {
        events::line(world, &event, "Pod", actor.namespace, actor.name, &uid)
            .with_context(|| event.clone())?;
    }
    for (key, end) in [("logs", "log"), ("previous", "previous.log")] {
        for (container, lines) in told
            .get(key)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let place = format!("{}/{}/{container}.{end}", actor.namespace, actor.name);
            world
                .logs
                .insert(place, said(lines.as_str().context("a log is text")?));
        }
    }
    Ok(())
}

/// The spec with what admission and the scheduler add.
fn placed(world: &World, actor: &Actor<'_>, place: Option<&Place>) -> Value {
    let mut spec = actor.spec.clone();
    let account = text(&spec, "/serviceAccountName");
    let account = if account.is_empty() {
        "default"
    } else {
        account
    }
    .to_owned();
    let mut tolerations = list(&spec, "tolerations").to_vec();
    for key in ["not-ready", "unreachable"] {
        tolerations.push(json!({ "key": format!("node.kubernetes.io/{key}"), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 }));
    }
    merge(
        &mut spec,
        &json!({ "serviceAccountName": account, "serviceAccount": account, "tolerations": tolerations, "enableServiceLinks": true }),
    );
    if spec.get("priority").is_none() {
        merge(
            &mut spec,
            &json!({ "priority": 0, "preemptionPolicy": "PreemptLowerPriority" }),
        );
    }
    if let Some(place) = place {
        merge(&mut spec, &json!({ "nodeName": place.name }));
    }
    if spec.get("automountServiceAccountToken").is_none() {
        let volume = format!("kube-api-access-{}", world.dice(actor.name).suffix(5));
        let mut volumes = list(&spec, "volumes").to_vec();
        volumes.push(json!({ "name": volume, "projected": { "defaultMode": 420, "sources": [
            { "serviceAccountToken": { "expirationSeconds": 3607, "path": "token" } },
            { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
            { "downwardAPI": { "items": [{ "path": "namespace", "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.namespace" } }] } },
        ] } }));
        merge(&mut spec, &json!({ "volumes": volumes }));
        for kind in ["initContainers", "containers"] {
            for container in spec
                .get_mut(kind)
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                let mut mounts = list(container, "volumeMounts").to_vec();
                mounts.push(json!({ "name": volume, "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount" }));
                merge(container, &json!({ "volumeMounts": mounts }));
            }
        }
    }
    spec
}
