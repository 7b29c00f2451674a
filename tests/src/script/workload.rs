//! Workloads, what they own, and their statuses.

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::actor::{self, Actor};
use super::claims;
use super::clock::seconds;
use super::world::{Place, World};
use super::{list, merge, text};

/// A workload with its pods.
pub(super) fn tell(
    world: &mut World,
    kind: &str,
    namespace: &str,
    name: &str,
    age: i64,
    told: &Map<String, Value>,
) -> Result<()> {
    let told = &with_defaults(world, kind, told);
    let labels = told
        .get("podLabels")
        .cloned()
        .unwrap_or_else(|| json!({ "app.kubernetes.io/name": name }));
    let template = json!({ "metadata": { "labels": labels }, "spec": actor::spec(told)? });
    let mut play = Play {
        world,
        kind,
        namespace,
        name,
        age,
        told,
        labels,
        template,
    };
    let mut object = match kind {
        "Deployment" => play.deployment()?,
        "ReplicaSet" => play.replica_set()?,
        "StatefulSet" => play.stateful_set()?,
        "DaemonSet" => play.daemon_set()?,
        "Job" => play.job()?,
        _ => play.cron_job(),
    };
    if !matches!(kind, "Job" | "CronJob") {
        merge(
            &mut object,
            &json!({ "spec": { "selector": { "matchLabels": play.labels } } }),
        );
    }
    for key in ["spec", "status"] {
        if let Some(fields) = told.get(key) {
            merge(&mut object, &json!({ key: fields }));
        }
    }
    play.world.dress(&mut object, told)?;
    play.world.put(object);
    if let Some(port) = told.get("service") {
        let headless = if kind == "StatefulSet" {
            json!({ "clusterIP": "None" })
        } else {
            json!({})
        };
        let mut service = Map::new();
        let mut spec = json!({ "selector": told.get("podLabels").cloned().unwrap_or_else(|| json!({ "app.kubernetes.io/name": name })), "ports": [port] });
        merge(&mut spec, &headless);
        service.insert("spec".to_owned(), spec);
        let service = world.plain("Service", namespace, name, age, &service)?;
        world.put(service);
    }
    Ok(())
}

/// `image` and `port` alone make one container that is called as the workload is.
fn with_defaults(world: &World, kind: &str, told: &Map<String, Value>) -> Map<String, Value> {
    let mut told = told.clone();
    if told.get("containers").is_none() {
        let at = told.get("at").and_then(Value::as_str).unwrap_or_default();
        let name = at.split_once('/').map_or(at, |(_, name)| name);
        let mut dice = world.dice(&format!("image {at}"));
        let image = format!(
            "registry.example.net/{}/{name}:{}.{}.{}",
            at.split_once('/')
                .map_or("apps", |(namespace, _)| namespace),
            1 + dice.below(4),
            dice.below(20),
            dice.below(9)
        );
        let mut container =
            json!({ "name": name, "image": told.remove("image").unwrap_or(json!(image)) });
        for key in [
            "port",
            "probe",
            "command",
            "args",
            "env",
            "envFrom",
            "resources",
            "volumeMounts",
            "ports",
            "securityContext",
            "livenessProbe",
            "readinessProbe",
            "startupProbe",
            "imagePullPolicy",
            "workingDir",
        ] {
            if let Some(value) = told.remove(key) {
                merge(&mut container, &json!({ key: value }));
            }
        }
        told.insert("containers".to_owned(), json!([container]));
    }
    if matches!(kind, "Job" | "CronJob") {
        let mut pod = json!({ "restartPolicy": "Never" });
        merge(&mut pod, told.get("pod").unwrap_or(&json!({})));
        told.insert("pod".to_owned(), pod);
    }
    told
}

struct Play<'w> {
    world: &'w mut World,
    kind: &'w str,
    namespace: &'w str,
    name: &'w str,
    age: i64,
    told: &'w Map<String, Value>,
    labels: Value,
    template: Value,
}

/// How many of a controller's pods there are and how many are ready.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    made: u64,
    ready: u64,
}

impl Count {
    fn add(&mut self, is_ready: bool) {
        self.made += 1;
        self.ready += u64::from(is_ready);
    }
}

/// What the pods of one controller have in common.
#[derive(Debug)]
struct Crew {
    /// What their names begin with.
    stem: String,
    /// What chance ends their names by.
    seed: String,
    labels: Value,
    owner: Value,
    spec: Value,
    age: i64,
}

impl Crew {
    fn member<'c>(
        &'c self,
        namespace: &'c str,
        name: &'c str,
        told: &'c Map<String, Value>,
        place: Option<Place>,
    ) -> Actor<'c> {
        Actor {
            namespace,
            name,
            stem: &self.stem,
            labels: self.labels.clone(),
            owner: Some(self.owner.clone()),
            spec: &self.spec,
            age: self.age,
            told,
            place,
        }
    }
}

impl Play<'_> {
    /// The pods that the workload itself controls.
    fn crew(&self, kind: &str, labels: Value) -> Crew {
        let stem = format!("{}-", self.name);
        Crew {
            seed: stem.clone(),
            stem,
            labels,
            owner: self.world.owner(kind, self.namespace, self.name),
            spec: self.template.get("spec").cloned().unwrap_or_default(),
            age: self.age,
        }
    }

    /// A name as all controllers but StatefulSets give it.
    fn name_by_chance(&self, crew: &Crew, index: usize) -> String {
        let mut dice = self.world.dice(&format!("{} {index}", crew.seed));
        format!("{}{}", crew.stem, dice.suffix(5))
    }

    /// Puts pods of those names into the cluster.
    fn pods(&mut self, crew: &Crew, cast: &[Map<String, Value>]) -> Result<Count> {
        let mut count = Count::default();
        for (index, told) in cast.iter().enumerate() {
            let pod = self.name_by_chance(crew, index);
            count.add(self.enter(&crew.member(self.namespace, &pod, told, None))?);
        }
        Ok(count)
    }

    fn number(&self, key: &str, default: u64) -> u64 {
        self.told
            .get(key)
            .and_then(Value::as_u64)
            .unwrap_or(default)
    }

    fn word(&self, key: &str, default: &str) -> String {
        self.told
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or(default)
            .to_owned()
    }

    fn object(&mut self, spec: &Value, status: &Value) -> Value {
        let (kind, namespace, name, age) = (self.kind, self.namespace, self.name, self.age);
        let labels = self.labels.clone();
        self.world.object(kind, namespace, name, age, json!({ "metadata": { "generation": 3, "labels": labels }, "spec": spec, "status": status }))
    }

    /// The pods that are told of, then ordinary ones up to the number.
    fn cast(told: &Map<String, Value>, wanted: u64) -> Result<Vec<Map<String, Value>>> {
        let mut cast = Vec::new();
        for pod in told
            .get("pods")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let pod = match pod {
                Value::Object(fields) => fields.clone(),
                act => Map::from_iter([("is".to_owned(), act.clone())]),
            };
            let times = pod.get("times").and_then(Value::as_u64).unwrap_or(1);
            for _ in 0..times {
                cast.push(pod.clone());
            }
        }
        let missing = told.get("missing").and_then(Value::as_u64).unwrap_or(0);
        let wanted = usize::try_from(wanted.saturating_sub(missing))?;
        while cast.len() < wanted {
            cast.push(Map::new());
        }
        Ok(cast)
    }

    fn is_ready(&self, name: &str) -> bool {
        self.world
            .find("Pod", self.namespace, name)
            .is_some_and(|pod| {
                list(pod.get("status").unwrap_or(&Value::Null), "conditions")
                    .iter()
                    .any(|condition| {
                        text(condition, "/type") == "Ready" && text(condition, "/status") == "True"
                    })
            })
    }

    /// Puts a pod of the controller into the cluster; says whether it is ready.
    fn enter(&mut self, pod: &Actor<'_>) -> Result<bool> {
        actor::enter(self.world, pod).with_context(|| format!("pod {}", pod.name))?;
        Ok(self.is_ready(pod.name))
    }

    /// A ReplicaSet of the Deployment and its pods.
    fn revision(
        &mut self,
        number: u64,
        age: i64,
        template: &Value,
        replicas: u64,
        told: &Map<String, Value>,
    ) -> Result<(String, Count)> {
        let hash = self
            .world
            .dice(&format!("{} {template}", self.name))
            .suffix(9);
        let set = format!("{}-{hash}", self.name);
        let mut labels = self.labels.clone();
        merge(&mut labels, &json!({ "pod-template-hash": hash }));
        let owner = self.world.owner("ReplicaSet", self.namespace, &set);
        let crew = Crew {
            stem: format!("{set}-"),
            seed: set.clone(),
            labels: labels.clone(),
            owner,
            spec: template.get("spec").cloned().unwrap_or_default(),
            age,
        };
        let count = self.pods(&crew, &Self::cast(told, replicas)?)?;
        let deployment = self.world.owner("Deployment", self.namespace, self.name);
        let mut status = json!({ "observedGeneration": 1, "replicas": count.made });
        if count.made > 0 {
            merge(&mut status, &json!({ "fullyLabeledReplicas": count.made }));
        }
        if count.ready > 0 {
            merge(
                &mut status,
                &json!({ "readyReplicas": count.ready, "availableReplicas": count.ready }),
            );
        }
        if let Some(message) = told.get("refused").and_then(Value::as_str) {
            let time = self.world.clock.ago(age);
            merge(
                &mut status,
                &json!({ "conditions": [{ "type": "ReplicaFailure", "status": "True", "lastTransitionTime": time, "reason": "FailedCreate", "message": message }] }),
            );
        }
        let mut template = template.clone();
        merge(&mut template, &json!({ "metadata": { "labels": labels } }));
        self.world.add("ReplicaSet", self.namespace, &set, age, json!({
            "metadata": {
                "generation": 1, "labels": labels, "ownerReferences": [deployment],
                "annotations": { "deployment.kubernetes.io/desired-replicas": replicas.to_string(), "deployment.kubernetes.io/max-replicas": (replicas + 1).to_string(), "deployment.kubernetes.io/revision": number.to_string() },
            },
            "spec": { "replicas": replicas, "selector": { "matchLabels": labels }, "template": template },
            "status": status,
        }));
        if let Some(message) = told.get("refused").and_then(Value::as_str) {
            let uid = self.world.uid("ReplicaSet", self.namespace, &set);
            let line = format!(
                "Warning FailedCreate x17 {age}s..130s replicaset-controller: Error creating: {message}"
            );
            super::events::line(self.world, &line, "ReplicaSet", self.namespace, &set, &uid)?;
        }
        Ok((set, count))
    }

    fn deployment(&mut self) -> Result<Value> {
        let replicas = self.number("replicas", 2);
        let number = self.number("revision", 1);
        let young = seconds(&self.word("revisionAge", &format!("{}s", self.age)))?;
        let mut all = Count::default();
        if let Some(before) = self.told.get("before").and_then(Value::as_object).cloned() {
            let mut template = self.template.clone();
            if before.contains_key("containers") {
                let spec = actor::spec(&actor::only(&before, &["containers", "init", "pod"]))?;
                merge(&mut template, &json!({ "spec": spec }));
            }
            if let Some(image) = before.get("image")
                && let Some(container) = template.pointer_mut("/spec/containers/0")
            {
                merge(container, &json!({ "image": image }));
            }
            let old = before.get("replicas").and_then(Value::as_u64).unwrap_or(0);
            let (_, count) = self.revision(
                number.saturating_sub(1).max(1),
                self.age,
                &template,
                old,
                &before,
            )?;
            all = count;
        }
        let template = self.template.clone();
        let told = self.told.clone();
        let wanted = self.number("updated", replicas);
        let (set, new) = self.revision(number, young, &template, wanted, &told)?;
        let (made, ready) = (all.made + new.made, all.ready + new.ready);
        let enough = ready >= replicas.saturating_sub(replicas / 4);
        let rollout = self.word("rollout", "done");
        let since = seconds(&self.word("since", "25m"))?;
        let clock = self.world.clock;
        let (holds, reason, message) = match rollout.as_str() {
            "stalled" => (
                "False",
                "ProgressDeadlineExceeded",
                format!("ReplicaSet \"{set}\" has timed out progressing."),
            ),
            "ongoing" => (
                "True",
                "ReplicaSetUpdated",
                format!("ReplicaSet \"{set}\" is progressing."),
            ),
            _ => (
                "True",
                "NewReplicaSetAvailable",
                format!("ReplicaSet \"{set}\" has successfully progressed."),
            ),
        };
        let moved = if rollout == "stalled" {
            (young - 600).max(1)
        } else {
            young
        };
        let mut conditions = vec![
            json!({ "type": "Available", "status": if enough { "True" } else { "False" }, "lastUpdateTime": clock.ago(if enough { self.age } else { since }), "lastTransitionTime": clock.ago(if enough { self.age } else { since }),
                "reason": if enough { "MinimumReplicasAvailable" } else { "MinimumReplicasUnavailable" }, "message": if enough { "Deployment has minimum availability." } else { "Deployment does not have minimum availability." } }),
            json!({ "type": "Progressing", "status": holds, "lastUpdateTime": clock.ago(moved), "lastTransitionTime": clock.ago(moved), "reason": reason, "message": message }),
        ];
        if let Some(message) = self.told.get("refused") {
            conditions.push(json!({ "type": "ReplicaFailure", "status": "True", "lastUpdateTime": clock.ago(young), "lastTransitionTime": clock.ago(young), "reason": "FailedCreate", "message": message }));
        }
        let mut status = json!({ "observedGeneration": 3, "conditions": conditions });
        for (key, value) in [
            ("replicas", made),
            ("updatedReplicas", new.made),
            ("readyReplicas", ready),
            ("availableReplicas", ready),
            (
                "unavailableReplicas",
                replicas.max(made).saturating_sub(ready),
            ),
        ] {
            if value > 0 {
                merge(&mut status, &json!({ key: value }));
            }
        }
        let template = self.template.clone();
        let mut object = self.object(&json!({
            "replicas": replicas, "template": template, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
            "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": "25%", "maxUnavailable": "25%" } },
        }), &status);
        merge(
            &mut object,
            &json!({ "metadata": { "annotations": { "deployment.kubernetes.io/revision": number.to_string() } } }),
        );
        Ok(object)
    }

    fn replica_set(&mut self) -> Result<Value> {
        let replicas = self.number("replicas", 2);
        let crew = self.crew("ReplicaSet", self.labels.clone());
        let count = self.pods(&crew, &Self::cast(self.told, replicas)?)?;
        let template = self.template.clone();
        Ok(self.object(&json!({ "replicas": replicas, "template": template }), &json!({ "observedGeneration": 3, "replicas": count.made, "fullyLabeledReplicas": count.made, "readyReplicas": count.ready, "availableReplicas": count.ready })))
    }

    fn stateful_set(&mut self) -> Result<Value> {
        let replicas = self.number("replicas", 3);
        let revision = format!(
            "{}-{}",
            self.name,
            self.world
                .dice(&format!("{} {}", self.name, self.template))
                .suffix(9)
        );
        let mut crew = self.crew("StatefulSet", self.labels.clone());
        let claims: Vec<Value> = self
            .told
            .get("claims")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let mut count = Count::default();
        for (ordinal, told) in Self::cast(self.told, replicas)?.iter().enumerate() {
            if told.get("is").and_then(Value::as_str) == Some("absent") {
                continue;
            }
            let pod = format!("{}{ordinal}", crew.stem);
            let mut labels = self.labels.clone();
            merge(
                &mut labels,
                &json!({ "apps.kubernetes.io/pod-index": ordinal.to_string(), "controller-revision-hash": told.get("revision").cloned().unwrap_or(json!(revision)), "statefulset.kubernetes.io/pod-name": pod }),
            );
            let mut spec = self.template.get("spec").cloned().unwrap_or_default();
            let mut volumes = list(&spec, "volumes").to_vec();
            for claim in &claims {
                let (kind, named) = (
                    text(claim, "/name"),
                    format!("{}-{pod}", text(claim, "/name")),
                );
                volumes
                    .push(json!({ "name": kind, "persistentVolumeClaim": { "claimName": named } }));
                if self
                    .world
                    .find("PersistentVolumeClaim", self.namespace, &named)
                    .is_none()
                {
                    let class = claim
                        .get("class")
                        .and_then(Value::as_str)
                        .unwrap_or(self.world.storage_class)
                        .to_owned();
                    let bound = claim.get("bound").and_then(Value::as_bool).unwrap_or(true);
                    let claim = claims::claim(
                        self.world,
                        self.namespace,
                        &named,
                        self.age,
                        &class,
                        text(claim, "/size"),
                        "ReadWriteOnce",
                        bound,
                    );
                    self.world.put(claim);
                }
            }
            if !volumes.is_empty() {
                merge(&mut spec, &json!({ "volumes": volumes }));
            }
            (crew.labels, crew.spec) = (labels, spec);
            count.add(self.enter(&crew.member(self.namespace, &pod, told, None))?);
        }
        let templates: Vec<Value> = claims.iter().map(|claim| json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": text(claim, "/name") },
            "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": text(claim, "/size") } }, "storageClassName": claim.get("class").cloned().unwrap_or(json!(self.world.storage_class)), "volumeMode": "Filesystem" },
            "status": { "phase": "Pending" },
        })).collect();
        let template = self.template.clone();
        let mut spec = json!({
            "replicas": replicas, "template": template, "serviceName": if self.told.contains_key("service") { self.name } else { "" }, "podManagementPolicy": "OrderedReady", "revisionHistoryLimit": 10,
            "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "partition": 0 } }, "persistentVolumeClaimRetentionPolicy": { "whenDeleted": "Retain", "whenScaled": "Retain" },
        });
        if !templates.is_empty() {
            merge(&mut spec, &json!({ "volumeClaimTemplates": templates }));
        }
        let status = json!({ "observedGeneration": 3, "replicas": count.made, "readyReplicas": count.ready, "availableReplicas": count.ready, "currentReplicas": count.made, "updatedReplicas": count.made, "currentRevision": revision, "updateRevision": revision, "collisionCount": 0 });
        Ok(self.object(&spec, &status))
    }

    fn daemon_set(&mut self) -> Result<Value> {
        let hash = self.world.dice(self.name).suffix(9);
        let mut labels = self.labels.clone();
        merge(
            &mut labels,
            &json!({ "controller-revision-hash": hash, "pod-template-generation": "1" }),
        );
        let crew = self.crew("DaemonSet", labels);
        let mut count = Count::default();
        let wanted = self
            .told
            .get("nodes")
            .and_then(Value::as_u64)
            .map_or(self.world.places.len(), |nodes| {
                usize::try_from(nodes).unwrap_or(0)
            });
        let told = Self::cast(self.told, 0)?;
        for index in 0..wanted {
            let node = u64::try_from(index)?;
            let own = told
                .iter()
                .find(|pod| pod.get("node").and_then(Value::as_u64) == Some(node));
            let own = own
                .cloned()
                .or_else(|| told.iter().find(|pod| pod.get("node").is_none()).cloned())
                .unwrap_or_default();
            if own.get("is").and_then(Value::as_str) == Some("absent") {
                continue;
            }
            let place = Some(self.world.place(index));
            let pod = self.name_by_chance(&crew, index);
            count.add(self.enter(&crew.member(self.namespace, &pod, &own, place))?);
        }
        let template = self.template.clone();
        let wanted = u64::try_from(wanted)?;
        let mut status = json!({ "observedGeneration": 3, "currentNumberScheduled": count.made, "desiredNumberScheduled": wanted, "numberMisscheduled": 0, "numberReady": count.ready, "numberAvailable": count.ready, "updatedNumberScheduled": count.made });
        if wanted > count.ready {
            merge(
                &mut status,
                &json!({ "numberUnavailable": wanted - count.ready }),
            );
        }
        Ok(self.object(&json!({ "template": template, "revisionHistoryLimit": 10, "updateStrategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 0, "maxUnavailable": 1 } } }), &status))
    }

    fn job(&mut self) -> Result<Value> {
        let uid = self.world.uid("Job", self.namespace, self.name);
        let mut labels = self.labels.clone();
        merge(
            &mut labels,
            &json!({ "batch.kubernetes.io/controller-uid": uid, "batch.kubernetes.io/job-name": self.name, "controller-uid": uid, "job-name": self.name }),
        );
        let crew = self.crew("Job", labels.clone());
        self.pods(&crew, &Self::cast(self.told, 0)?)?;
        merge(
            &mut self.template,
            &json!({ "metadata": { "labels": labels } }),
        );
        let (template, start) = (self.template.clone(), self.world.clock.ago(self.age));
        let mut status = json!({ "startTime": start, "uncountedTerminatedPods": {}, "ready": 0 });
        let end = self.word("end", "");
        let after = seconds(&self.word("took", "40s"))?;
        let at = self.world.clock.ago((self.age - after).max(1));
        match end.split_once(": ").unwrap_or((end.as_str(), "")) {
            ("", _) => merge(&mut status, &json!({ "active": 1 })),
            ("Complete", _) => merge(
                &mut status,
                &json!({ "succeeded": 1, "completionTime": at, "conditions": [
                { "type": "SuccessCriteriaMet", "status": "True", "lastProbeTime": at, "lastTransitionTime": at, "reason": "CompletionsReached", "message": "Reached expected number of succeeded pods" },
                { "type": "Complete", "status": "True", "lastProbeTime": at, "lastTransitionTime": at, "reason": "CompletionsReached", "message": "Reached expected number of succeeded pods" },
            ] }),
            ),
            (reason, message) => merge(
                &mut status,
                &json!({ "failed": 1, "conditions": [
                { "type": "FailureTarget", "status": "True", "lastProbeTime": at, "lastTransitionTime": at, "reason": reason, "message": message },
                { "type": "Failed", "status": "True", "lastProbeTime": at, "lastTransitionTime": at, "reason": reason, "message": message },
            ] }),
            ),
        }
        Ok(self.object(&json!({
            "template": template, "backoffLimit": 6, "completions": 1, "parallelism": 1, "completionMode": "NonIndexed", "suspend": false, "manualSelector": false, "podReplacementPolicy": "TerminatingOrFailed",
            "selector": { "matchLabels": { "batch.kubernetes.io/controller-uid": uid } },
        }), &status))
    }

    fn cron_job(&mut self) -> Value {
        let template = self.template.clone();
        self.object(&json!({
            "schedule": "15 * * * *", "concurrencyPolicy": "Allow", "suspend": false, "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
            "jobTemplate": { "spec": { "backoffLimit": 6, "template": template } },
        }), &json!({}))
    }
}
