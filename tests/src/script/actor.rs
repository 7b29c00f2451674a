//! Pods: what the API server makes of a template, and what kubelets then report.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::clock::seconds;
use super::events;
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

/// Puts a pod into the cluster, with its events and logs.
pub(super) fn enter(world: &mut World, actor: &Actor<'_>) -> Result<()> {
    let told = actor.told;
    let word = |key: &str| told.get(key).and_then(Value::as_str);
    let age = word("age").map(seconds).transpose()?.unwrap_or(actor.age);
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
        &Map::from_iter(
            told.iter()
                .filter(|(key, _)| {
                    ["annotations", "finalizers", "deleted", "patch"].contains(&key.as_str())
                })
                .map(|(key, value)| (key.clone(), value.clone())),
        ),
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

/// What is known when a status is written.
struct Stage<'s> {
    world: &'s mut World,
    actor: &'s Actor<'s>,
    spec: &'s Value,
    place: Option<&'s Place>,
    age: i64,
    uid: &'s str,
}

/// What one container does.
enum Doing {
    Runs {
        ready: bool,
        started: bool,
        since: i64,
    },
    Waits {
        reason: String,
        message: String,
    },
    Ended {
        exit: i64,
        reason: String,
        message: String,
        ago: i64,
    },
}

impl Stage<'_> {
    /// The status, and the events that kubelet and scheduler leave with it.
    fn status(self, act: &str, about: &Value) -> Result<(Value, Vec<String>)> {
        let told = |key: &str| about.get(key).and_then(Value::as_str);
        let since = told("since")
            .map(seconds)
            .transpose()?
            .unwrap_or(self.age.min(1500));
        let restarts = about.get("restarts").and_then(Value::as_u64);
        let mut happened = Vec::new();
        match act {
            "pending" => {
                let message = about
                    .get("message")
                    .and_then(Value::as_str)
                    .context("pending: {message: ...}")?;
                happened.push(format!(
                    "Warning FailedScheduling x{} {}s..{}s default-scheduler: {message}",
                    1 + self.age / 300,
                    self.age,
                    self.age.min(70)
                ));
                let condition =
                    self.condition("PodScheduled", false, self.age, "Unschedulable", message);
                return Ok((
                    json!({ "phase": "Pending", "conditions": [condition], "qosClass": "Burstable" }),
                    happened,
                ));
            }
            "gated" => {
                let condition = self.condition(
                    "PodScheduled",
                    false,
                    self.age,
                    "SchedulingGated",
                    "Scheduling is blocked due to non-empty scheduling gates",
                );
                return Ok((
                    json!({ "phase": "Pending", "conditions": [condition], "qosClass": "Burstable" }),
                    happened,
                ));
            }
            "unseen" => {
                return Ok((
                    json!({ "phase": "Pending", "qosClass": "Burstable" }),
                    happened,
                ));
            }
            "rejected" => {
                let status = json!({ "phase": "Failed", "reason": told("reason"), "message": told("message"), "startTime": self.world.clock.ago(self.age) });
                return Ok((status, happened));
            }
            _ => {}
        }
        let inits: Vec<String> = names(self.spec, "initContainers");
        let mains: Vec<String> = names(self.spec, "containers");
        let meant = told("container")
            .map(str::to_owned)
            .or_else(|| mains.first().cloned())
            .unwrap_or_default();
        let in_init = inits.iter().position(|name| *name == meant);
        let mut statuses = Vec::new();
        let mut all_ready = true;
        for (index, name) in inits.iter().chain(mains.iter()).enumerate() {
            let is_init = index < inits.len();
            let sidecar = is_init && is_sidecar(self.spec, name);
            let is_meant = *name == meant;
            let mut last = json!({});
            let mut count = u64::from(is_meant) * restarts.unwrap_or(0);
            let doing = if is_meant && act != "ok" && act != "done" {
                self.doing(
                    act,
                    about,
                    name,
                    since,
                    &mut last,
                    &mut count,
                    &mut happened,
                )?
            } else {
                match (in_init, is_init) {
                    (Some(at), true) if index > at && act != "ok" => waits("PodInitializing", ""),
                    (Some(at), false)
                        if act != "ok"
                            && !(at < inits.len()
                                && is_sidecar(self.spec, &meant)
                                && told("started") == Some("yes")) =>
                    {
                        waits("PodInitializing", "")
                    }
                    (_, true) if !sidecar => Doing::Ended {
                        exit: 0,
                        reason: "Completed".to_owned(),
                        message: String::new(),
                        ago: (self.age - 3).max(1),
                    },
                    _ if act == "creating" => waits("ContainerCreating", ""),
                    _ if act == "done" || act == "failed" => Doing::Ended {
                        exit: 0,
                        reason: "Completed".to_owned(),
                        message: String::new(),
                        ago: since,
                    },
                    _ => Doing::Runs {
                        ready: act != "gateless",
                        started: true,
                        since: self.age - 5,
                    },
                }
            };
            let image = self.image(name);
            let mut status = self.container(name, &image, &doing, &last, count);
            let is_ready = status.get("ready").and_then(Value::as_bool) == Some(true);
            all_ready &= is_ready || (is_init && !sidecar);
            if matches!(act, "pulling") && is_meant {
                merge(&mut status, &json!({ "imageID": "" }));
            }
            statuses.push((is_init, status));
        }
        let initialized = in_init.is_none() || act == "ok";
        let phase = match act {
            "done" => "Succeeded",
            "failed" => "Failed",
            "creating" => "Pending",
            "waiting" if restarts.unwrap_or(0) == 0 => "Pending",
            _ if !initialized => "Pending",
            _ => "Running",
        };
        let sandboxed =
            !(act == "creating" && about.get("sandbox").and_then(Value::as_bool) != Some(true));
        let contained = all_ready && phase == "Running";
        let ready = contained && act != "gateless";
        let unready: Vec<&str> = statuses
            .iter()
            .filter(|(is_init, status)| !is_init && status.get("ready") != Some(&json!(true)))
            .map(|(_, status)| text(status, "/name"))
            .collect();
        let why = format!("containers with unready status: [{}]", unready.join(" "));
        let turned = if ready { (self.age - 8).max(1) } else { since };
        let gate = list(self.spec, "readinessGates")
            .first()
            .map_or("", |gate| text(gate, "conditionType"));
        let (reason, why) = if contained && !ready {
            (
                "ReadinessGatesNotReady",
                format!("corresponding condition of pod readiness gate \"{gate}\" does not exist."),
            )
        } else if ready {
            ("", String::new())
        } else if phase == "Succeeded" {
            ("PodCompleted", String::new())
        } else {
            ("ContainersNotReady", why)
        };
        let conditions = [
            self.condition(
                "PodReadyToStartContainers",
                sandboxed && !matches!(phase, "Succeeded" | "Failed"),
                (self.age - 2).max(1),
                "",
                "",
            ),
            self.condition(
                "Initialized",
                initialized,
                (self.age - 4).max(1),
                if initialized {
                    ""
                } else {
                    "ContainersNotInitialized"
                },
                &if initialized {
                    String::new()
                } else {
                    format!("containers with incomplete status: [{meant}]")
                },
            ),
            self.condition("Ready", ready, turned, reason, &why),
            self.condition(
                "ContainersReady",
                contained,
                turned,
                if contained { "" } else { reason },
                &why,
            ),
            self.condition("PodScheduled", true, self.age, "", ""),
        ];
        let place = self.place.context("a pod on no node has no such status")?;
        let mut status = json!({
            "phase": phase, "conditions": conditions, "hostIP": place.address, "hostIPs": [{ "ip": place.address }],
            "startTime": self.world.clock.ago(self.age), "qosClass": "Burstable",
        });
        if let Some(reason) = told("podReason") {
            merge(
                &mut status,
                &json!({ "reason": reason, "message": told("podMessage") }),
            );
        }
        if sandboxed {
            let address = if self.spec.get("hostNetwork") == Some(&json!(true)) {
                place.address.clone()
            } else {
                self.world.next_address()
            };
            merge(
                &mut status,
                &json!({ "podIP": address, "podIPs": [{ "ip": address }] }),
            );
        }
        for (is_init, key) in [
            (true, "initContainerStatuses"),
            (false, "containerStatuses"),
        ] {
            let of: Vec<Value> = statuses
                .iter()
                .filter(|(init, _)| *init == is_init)
                .map(|(_, status)| status.clone())
                .collect();
            if !of.is_empty() {
                merge(&mut status, &json!({ key: of }));
            }
        }
        Ok((status, happened))
    }

    /// What the container does that the act is about.
    #[allow(
        clippy::too_many_arguments,
        reason = "what it does, what it left, how often"
    )]
    fn doing(
        &self,
        act: &str,
        about: &Value,
        name: &str,
        since: i64,
        last: &mut Value,
        count: &mut u64,
        happened: &mut Vec<String>,
    ) -> Result<Doing> {
        let told = |key: &str| about.get(key).and_then(Value::as_str);
        let exit = about.get("exit").and_then(Value::as_i64).unwrap_or(1);
        let (namespace, pod, uid) = (self.actor.namespace, self.actor.name, self.uid);
        let ended = told("ended").map(seconds).transpose()?.unwrap_or(140);
        let ran = told("ran").map(seconds).transpose()?.unwrap_or(4);
        Ok(match act {
            "crash" | "oom" => {
                if *count == 0 {
                    *count = 9;
                }
                let (exit, reason) = if act == "oom" {
                    (137, "OOMKilled")
                } else {
                    (exit, told("reason").unwrap_or("Error"))
                };
                *last = json!({ "terminated": self.ended(exit, reason, told("message").unwrap_or(""), ended, ran) });
                happened.push(format!("Warning BackOff x{} {since}s..{}s kubelet: Back-off restarting failed container {name} in pod {pod}_{namespace}({uid})", *count * 4, 15));
                waits(
                    "CrashLoopBackOff",
                    &format!(
                        "back-off 5m0s restarting failed container={name} pod={pod}_{namespace}({uid})"
                    ),
                )
            }
            "restarted" => {
                let reason = told("reason").unwrap_or("Error");
                *last = json!({ "terminated": self.ended(exit, reason, told("message").unwrap_or(""), ended, ran) });
                Doing::Runs {
                    ready: about.get("ready").and_then(Value::as_bool).unwrap_or(true),
                    started: about
                        .get("started")
                        .and_then(Value::as_bool)
                        .unwrap_or(true),
                    since: (ended - 1).max(1),
                }
            }
            "waiting" => waits(
                told("reason").context("waiting: {reason: ...}")?,
                told("message").unwrap_or(""),
            ),
            "unready" => Doing::Runs {
                ready: false,
                started: about
                    .get("started")
                    .and_then(Value::as_bool)
                    .unwrap_or(true),
                since: told("running")
                    .map(seconds)
                    .transpose()?
                    .unwrap_or(self.age - 5),
            },
            "hanging" => Doing::Runs {
                ready: false,
                started: false,
                since: self.age - 5,
            },
            "failed" | "exited" => Doing::Ended {
                exit,
                reason: told("reason")
                    .unwrap_or(if exit == 0 { "Completed" } else { "Error" })
                    .to_owned(),
                message: told("message").unwrap_or("").to_owned(),
                ago: since,
            },
            "creating" => waits("ContainerCreating", ""),
            "gateless" => Doing::Runs {
                ready: true,
                started: true,
                since: self.age - 5,
            },
            other => anyhow::bail!("is: {other} is nothing that a pod does"),
        })
    }

    fn condition(&self, kind: &str, holds: bool, since: i64, reason: &str, message: &str) -> Value {
        let mut condition = json!({ "type": kind, "status": if holds { "True" } else { "False" }, "lastProbeTime": null, "lastTransitionTime": self.world.clock.ago(since) });
        if !reason.is_empty() {
            merge(
                &mut condition,
                &json!({ "reason": reason, "message": message }),
            );
        }
        condition
    }

    fn image(&self, name: &str) -> String {
        let all = list(self.spec, "initContainers")
            .iter()
            .chain(list(self.spec, "containers"));
        all.filter(|container| text(container, "/name") == name)
            .map(|container| text(container, "/image").to_owned())
            .next()
            .unwrap_or_default()
    }

    fn ended(&self, exit: i64, reason: &str, message: &str, ago: i64, ran: i64) -> Value {
        let mut dice = self.world.dice(&format!("run {} {ago}", self.actor.name));
        let mut ended = json!({
            "exitCode": exit, "reason": reason, "startedAt": self.world.clock.ago(ago + ran), "finishedAt": self.world.clock.ago(ago),
            "containerID": format!("containerd://{}", dice.hex(64)),
        });
        if !message.is_empty() {
            merge(&mut ended, &json!({ "message": message }));
        }
        ended
    }

    fn container(
        &self,
        name: &str,
        image: &str,
        doing: &Doing,
        last: &Value,
        restarts: u64,
    ) -> Value {
        let mut dice = self
            .world
            .dice(&format!("container {} {name}", self.actor.name));
        let digest = self.world.dice(image).hex(64);
        let repository = image
            .rsplit_once(':')
            .filter(|(_, tag)| !tag.contains('/'))
            .map_or(image, |(repository, _)| repository);
        let id = format!("containerd://{}", dice.hex(64));
        let (state, ready, started) = match doing {
            Doing::Runs {
                ready,
                started,
                since,
            } => (
                json!({ "running": { "startedAt": self.world.clock.ago((*since).max(1)) } }),
                *ready,
                *started,
            ),
            Doing::Waits { reason, message } => {
                let mut waiting = json!({ "waiting": { "reason": reason } });
                if !message.is_empty() {
                    merge(&mut waiting, &json!({ "waiting": { "message": message } }));
                }
                (waiting, false, false)
            }
            Doing::Ended {
                exit,
                reason,
                message,
                ago,
            } => (
                json!({ "terminated": self.ended(*exit, reason, message, *ago, 30) }),
                *exit == 0 && reason == "Completed",
                false,
            ),
        };
        let never = matches!(doing, Doing::Waits { .. }) && restarts == 0;
        let mut status = json!({
            "name": name, "image": image, "imageID": if never { String::new() } else { format!("{repository}@sha256:{digest}") },
            "state": state, "lastState": last, "ready": ready, "started": started, "restartCount": restarts,
        });
        if !never {
            merge(&mut status, &json!({ "containerID": id }));
        }
        status
    }
}

fn waits(reason: &str, message: &str) -> Doing {
    Doing::Waits {
        reason: reason.to_owned(),
        message: message.to_owned(),
    }
}

fn names(spec: &Value, key: &str) -> Vec<String> {
    list(spec, key)
        .iter()
        .map(|container| text(container, "/name").to_owned())
        .collect()
}

fn is_sidecar(spec: &Value, name: &str) -> bool {
    list(spec, "initContainers").iter().any(|container| {
        text(container, "/name") == name && text(container, "/restartPolicy") == "Always"
    })
}
