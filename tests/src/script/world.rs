//! The cluster while it is being written: what every object gets, and who knows whom.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use regex::{Captures, Regex};
use serde_json::{Map, Value, json};

use super::clock::{Clock, seconds};
use super::dice::Dice;
use super::{Performance, Script, actor, claims, endpoints, merge, text, workload};

/// Which API a kind belongs to.
const API: &[(&str, &str)] = &[
    ("Deployment", "apps/v1"),
    ("ReplicaSet", "apps/v1"),
    ("StatefulSet", "apps/v1"),
    ("DaemonSet", "apps/v1"),
    ("ControllerRevision", "apps/v1"),
    ("Job", "batch/v1"),
    ("CronJob", "batch/v1"),
    ("Ingress", "networking.k8s.io/v1"),
    ("IngressClass", "networking.k8s.io/v1"),
    ("NetworkPolicy", "networking.k8s.io/v1"),
    ("EndpointSlice", "discovery.k8s.io/v1"),
    ("HorizontalPodAutoscaler", "autoscaling/v2"),
    ("PodDisruptionBudget", "policy/v1"),
    ("StorageClass", "storage.k8s.io/v1"),
    ("CSIDriver", "storage.k8s.io/v1"),
    ("CSINode", "storage.k8s.io/v1"),
    ("CSIStorageCapacity", "storage.k8s.io/v1"),
    ("VolumeAttachment", "storage.k8s.io/v1"),
    ("PriorityClass", "scheduling.k8s.io/v1"),
    ("RuntimeClass", "node.k8s.io/v1"),
    ("Lease", "coordination.k8s.io/v1"),
    ("Role", "rbac.authorization.k8s.io/v1"),
    ("RoleBinding", "rbac.authorization.k8s.io/v1"),
    ("ClusterRole", "rbac.authorization.k8s.io/v1"),
    ("ClusterRoleBinding", "rbac.authorization.k8s.io/v1"),
    ("APIService", "apiregistration.k8s.io/v1"),
    ("CustomResourceDefinition", "apiextensions.k8s.io/v1"),
    (
        "ValidatingWebhookConfiguration",
        "admissionregistration.k8s.io/v1",
    ),
    (
        "MutatingWebhookConfiguration",
        "admissionregistration.k8s.io/v1",
    ),
    (
        "ValidatingAdmissionPolicy",
        "admissionregistration.k8s.io/v1",
    ),
    (
        "ValidatingAdmissionPolicyBinding",
        "admissionregistration.k8s.io/v1",
    ),
    ("CertificateSigningRequest", "certificates.k8s.io/v1"),
    ("PodMetrics", "metrics.k8s.io/v1beta1"),
    ("NodeMetrics", "metrics.k8s.io/v1beta1"),
    ("Gateway", "gateway.networking.k8s.io/v1"),
    ("GatewayClass", "gateway.networking.k8s.io/v1"),
    ("HTTPRoute", "gateway.networking.k8s.io/v1"),
    ("ReferenceGrant", "gateway.networking.k8s.io/v1beta1"),
    ("VolumeSnapshot", "snapshot.storage.k8s.io/v1"),
    ("VolumeSnapshotClass", "snapshot.storage.k8s.io/v1"),
    ("DeviceClass", "resource.k8s.io/v1"),
    ("ResourceClaim", "resource.k8s.io/v1"),
    ("ResourceClaimTemplate", "resource.k8s.io/v1"),
    ("ResourceSlice", "resource.k8s.io/v1"),
    ("VerticalPodAutoscaler", "autoscaling.k8s.io/v1"),
];

/// Words of a script about an object, which are not fields of it.
const ABOUT: &[&str] = &[
    "kind",
    "at",
    "age",
    "labels",
    "annotations",
    "owner",
    "finalizers",
    "deleted",
    "patch",
    "apiVersion",
];

/// A node that pods can be placed on.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) zone: String,
}

/// The cluster while it is being written.
#[derive(Debug)]
pub(super) struct World {
    pub(super) clock: Clock,
    pub(super) seed: u64,
    pub(super) objects: Vec<Value>,
    pub(super) logs: BTreeMap<String, String>,
    /// Worker nodes.
    pub(super) places: Vec<Place>,
    /// Whose turn it is to take a pod.
    turn: usize,
    revision: u64,
    addresses: u64,
    /// The class that claims get, if they name none.
    pub(super) storage_class: &'static str,
}

impl World {
    pub(super) fn new(script: &Script) -> Result<Self> {
        Ok(Self {
            clock: Clock::at(&script.now)?,
            seed: script.seed,
            objects: Vec::new(),
            logs: BTreeMap::new(),
            places: Vec::new(),
            turn: usize::try_from(script.seed % 7)?,
            revision: 180_000 + script.seed % 90_000,
            addresses: 1,
            storage_class: "standard",
        })
    }

    pub(super) fn dice(&self, word: &str) -> Dice {
        Dice::new(self.seed, word)
    }

    /// The id of an object, which follows from what it is.
    pub(super) fn uid(&self, kind: &str, namespace: &str, name: &str) -> String {
        self.dice(&format!("{kind} {namespace}/{name}")).uuid()
    }

    /// An object of this kind with its metadata and these fields.
    pub(super) fn object(
        &mut self,
        kind: &str,
        namespace: &str,
        name: &str,
        age: i64,
        fields: Value,
    ) -> Value {
        self.revision += 1 + self.dice(name).below(40);
        let mut metadata = json!({
            "name": name,
            "uid": self.uid(kind, namespace, name),
            "resourceVersion": self.revision.to_string(),
            "creationTimestamp": self.clock.ago(age),
        });
        if !namespace.is_empty() {
            merge(&mut metadata, &json!({ "namespace": namespace }));
        }
        let api = API
            .iter()
            .find(|(known, _)| *known == kind)
            .map_or("v1", |(_, api)| api);
        let mut object = json!({ "apiVersion": api, "kind": kind, "metadata": metadata });
        merge(&mut object, &fields);
        object
    }

    /// Puts an object into the cluster.
    pub(super) fn put(&mut self, object: Value) {
        self.objects.push(object);
    }

    /// Makes an object and puts it into the cluster.
    pub(super) fn add(&mut self, kind: &str, namespace: &str, name: &str, age: i64, fields: Value) {
        let object = self.object(kind, namespace, name, age, fields);
        self.put(object);
    }

    pub(super) fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<&Value> {
        self.objects.iter().find(|object| {
            text(object, "/kind") == kind
                && text(object, "/metadata/namespace") == namespace
                && text(object, "/metadata/name") == name
        })
    }

    pub(super) fn of_kind<'w>(&'w self, kind: &'w str) -> impl Iterator<Item = &'w Value> {
        self.objects
            .iter()
            .filter(move |object| text(object, "/kind") == kind)
    }

    /// The node that takes the next pod.
    pub(super) fn next_place(&mut self) -> Place {
        self.turn += 1;
        self.place(self.turn)
    }

    pub(super) fn place(&self, index: usize) -> Place {
        let index = index.checked_rem(self.places.len()).unwrap_or(0);
        self.places.get(index).cloned().unwrap_or_else(|| Place {
            name: "node".to_owned(),
            address: "10.0.0.1".to_owned(),
            zone: "a".to_owned(),
        })
    }

    /// A pod address on nobody's list yet.
    pub(super) fn next_address(&mut self) -> String {
        self.addresses += 1;
        format!(
            "10.42.{}.{}",
            self.addresses / 200,
            10 + self.addresses % 200
        )
    }

    /// Fills the placeholders of a script's text.
    fn fill(&self, value: &mut Value, pattern: &Regex) -> Result<()> {
        match value {
            Value::String(told) if told.contains("{{") => {
                let mut wrong = None;
                let filled = pattern.replace_all(told, |found: &Captures<'_>| {
                    self.answer(&found[1], &found[2]).unwrap_or_else(|error| {
                        wrong = Some(error);
                        String::new()
                    })
                });
                let filled = filled.into_owned();
                if let Some(error) = wrong {
                    return Err(error.context(told.clone()));
                }
                *told = filled;
            }
            Value::Array(items) => {
                for item in items {
                    self.fill(item, pattern)?;
                }
            }
            Value::Object(fields) => {
                for item in fields.values_mut() {
                    self.fill(item, pattern)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn answer(&self, question: &str, about: &str) -> Result<String> {
        Ok(match question {
            "ago" => self.clock.ago(seconds(about)?),
            "node" => self.place(about.parse().context("which node?")?).name,
            _ => {
                let (kind, place) = about.split_once(' ').context("uid of what?")?;
                let (namespace, name) = place.split_once('/').unwrap_or(("", place));
                self.uid(kind, namespace, name)
            }
        })
    }

    pub(super) fn filled(&self, told: &Map<String, Value>) -> Result<Map<String, Value>> {
        let pattern = Regex::new(r"\{\{(ago|node|uid) ([^}]+)\}\}")?;
        let mut value = Value::Object(told.clone());
        self.fill(&mut value, &pattern)?;
        Ok(if let Value::Object(fields) = value {
            fields
        } else {
            Map::new()
        })
    }

    /// Puts what a script tells into the cluster.
    pub(super) fn tell(&mut self, told: &Map<String, Value>) -> Result<()> {
        let told = self.filled(told)?;
        let word = |key: &str| told.get(key).and_then(Value::as_str);
        let kind = word("kind").context("an object without kind")?.to_owned();
        let at = word("at").with_context(|| format!("{kind} without at: namespace/name"))?;
        let (namespace, name) = at.split_once('/').unwrap_or(("", at));
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        let age = seconds(word("age").unwrap_or("12d"))?;
        match kind.as_str() {
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" | "CronJob" => {
                workload::tell(self, &kind, &namespace, &name, age, &told)
            }
            "Pod" => actor::bare(self, &namespace, &name, age, &told),
            "PersistentVolumeClaim" => claims::tell(self, &namespace, &name, age, &told),
            _ => {
                let object = self.plain(&kind, &namespace, &name, age, &told)?;
                self.put(object);
                Ok(())
            }
        }
        .with_context(|| format!("{kind} {at}"))
    }

    /// An object whose fields are told as they are.
    pub(super) fn plain(
        &mut self,
        kind: &str,
        namespace: &str,
        name: &str,
        age: i64,
        told: &Map<String, Value>,
    ) -> Result<Value> {
        let mut fields = told.clone();
        fields.retain(|key, _| !ABOUT.contains(&key.as_str()));
        let mut object = self.object(kind, namespace, name, age, Value::Object(fields));
        if kind == "Service" {
            endpoints::complete(self, &mut object, name);
        }
        self.dress(&mut object, told)?;
        Ok(object)
    }

    /// What a script may say about the metadata of any object.
    pub(super) fn dress(&self, object: &mut Value, told: &Map<String, Value>) -> Result<()> {
        for key in ["labels", "annotations", "finalizers"] {
            if let Some(value) = told.get(key) {
                merge(object, &json!({ "metadata": { key: value } }));
            }
        }
        if let Some(api) = told.get("apiVersion") {
            merge(object, &json!({ "apiVersion": api }));
        }
        if let Some(since) = told.get("deleted").and_then(Value::as_str) {
            let time = self.clock.ago(seconds(since)?);
            merge(
                object,
                &json!({ "metadata": { "deletionTimestamp": time, "deletionGracePeriodSeconds": 30 } }),
            );
        }
        if let Some(owner) = told.get("owner").and_then(Value::as_str) {
            let (kind, place) = owner.split_once(' ').context("owner: Kind name")?;
            let reference = self.owner(kind, text(object, "/metadata/namespace"), place);
            merge(
                object,
                &json!({ "metadata": { "ownerReferences": [reference] } }),
            );
        }
        if let Some(patch) = told.get("patch") {
            merge(object, patch);
        }
        Ok(())
    }

    /// Lays a patch over an object, and gives a pod logs.
    pub(super) fn change(&mut self, told: &Map<String, Value>) -> Result<()> {
        let told = self.filled(told)?;
        let of = told
            .get("of")
            .and_then(Value::as_str)
            .context("change of what?")?;
        let (kind, place) = of.split_once(' ').context("of: Kind namespace/name")?;
        let (namespace, name) = place.split_once('/').unwrap_or(("", place));
        let object = self.objects.iter_mut().find(|object| {
            text(object, "/kind") == kind
                && text(object, "/metadata/namespace") == namespace
                && text(object, "/metadata/name") == name
        });
        let object = object.with_context(|| format!("no {of}"))?;
        merge(object, told.get("patch").unwrap_or(&json!({})));
        for (key, end) in [("logs", "log"), ("previous", "previous.log")] {
            for (container, lines) in told
                .get(key)
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                let lines = lines.as_str().context("a log is text")?;
                self.logs
                    .insert(format!("{place}/{container}.{end}"), lines.to_owned());
            }
        }
        Ok(())
    }

    /// An owner reference; an owner that is not in the API's list is told as `Kind.group/version`.
    pub(super) fn owner(&self, kind: &str, namespace: &str, name: &str) -> Value {
        let (kind, api) = kind.split_once('.').unwrap_or_else(|| {
            let api = API.iter().find(|(known, _)| *known == kind);
            (kind, api.map_or("v1", |(_, api)| api))
        });
        json!({
            "apiVersion": api, "kind": kind, "name": name, "uid": self.uid(kind, namespace, name),
            "controller": true, "blockOwnerDeletion": true,
        })
    }

    /// What controllers add to all of it, in the order that the seed makes.
    pub(super) fn finish(mut self, without: &[String]) -> Performance {
        self.namespaces();
        endpoints::slices(&mut self);
        self.objects
            .retain(|object| !without.iter().any(|kind| kind == text(object, "/kind")));
        let seed = self.seed;
        self.objects.sort_by_cached_key(|object| {
            let place = format!(
                "{}/{}",
                text(object, "/metadata/namespace"),
                text(object, "/metadata/name")
            );
            let kind = text(object, "/kind").to_owned();
            // Kind by kind as a person dumps them, but which one comes first is the seed's choice.
            (Dice::new(seed, &kind).throw(), kind, place)
        });
        Performance {
            objects: self.objects,
            logs: self.logs,
        }
    }

    /// Every namespace that something is in, with what controllers put into each.
    fn namespaces(&mut self) {
        let mut names: Vec<String> = self
            .objects
            .iter()
            .map(|object| text(object, "/metadata/namespace").to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        names.extend(["default", "kube-public", "kube-node-lease"].map(str::to_owned));
        names.sort();
        names.dedup();
        for name in names {
            let age = 86_400 * i64::try_from(20 + self.dice(&name).below(200)).unwrap_or(20);
            if self.find("Namespace", "", &name).is_none() {
                self.add(
                    "Namespace",
                    "",
                    &name,
                    age,
                    json!({
                        "metadata": { "labels": { "kubernetes.io/metadata.name": name } },
                        "spec": { "finalizers": ["kubernetes"] },
                        "status": { "phase": "Active" },
                    }),
                );
            }
            if self.find("ServiceAccount", &name, "default").is_none() {
                self.add("ServiceAccount", &name, "default", age, json!({}));
            }
            self.add("ConfigMap", &name, "kube-root-ca.crt", age, json!({
                "metadata": { "annotations": { "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters." } },
                "data": { "ca.crt": "-----BEGIN CERTIFICATE-----\n(left out)\n-----END CERTIFICATE-----\n" },
            }));
        }
    }
}
