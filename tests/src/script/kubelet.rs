//! What a kubelet reports of a pod: the states of its containers, and the conditions that follow.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::actor::Actor;
use super::clock::seconds;
use super::world::{Place, World};
use super::{list, merge, text};

/// What is known when a status is written.
pub(super) struct Stage<'s> {
    pub(super) world: &'s mut World,
    pub(super) actor: &'s Actor<'s>,
    pub(super) spec: &'s Value,
    pub(super) place: Option<&'s Place>,
    pub(super) age: i64,
    pub(super) uid: &'s str,
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
    pub(super) fn status(self, act: &str, about: &Value) -> Result<(Value, Vec<String>)> {
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
        let waits_at = inits.iter().position(|name| *name == meant);
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
                match (waits_at, is_init) {
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
        let initialized = waits_at.is_none() || act == "ok";
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
