//! Fills a cluster for the benchmark, concurrently, through our own client.
//!
//! Every Deployment has two containers with probes, an environment from its ConfigMap, a volume of its Secret
//! and a Service. Of every twenty, one asks for a node label that no node carries, one has no ConfigMap although
//! its pods run, and one has a Service with a typo in its selector: all else is well.

use std::time::Duration;

use anyhow::Result;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};

use crate::cluster::{Cluster, Target};
use crate::patience::{Seen, until};
use crate::story::settled;

const AT_ONCE: usize = 48;
const NAMESPACES: usize = 20;
const PATIENCE: Duration = Duration::from_mins(15);

/// How much to load.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Nodes.
    pub nodes: usize,
    /// Deployments; a multiple of twenty.
    pub deployments: usize,
    /// Pods of each Deployment.
    pub replicas: usize,
    /// Events there shall be in the end, at least.
    pub events: usize,
}

impl Default for Size {
    fn default() -> Self {
        Self {
            nodes: 300,
            deployments: 1000,
            replicas: 10,
            events: 21_000,
        }
    }
}

/// What is wrong with a Deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// It asks for a node label that no node carries.
    NodeSelector,
    /// Its ConfigMap does not exist; its pods run all the same.
    ConfigMap,
    /// Its Service selects a label that no pod has.
    Selector,
}

impl Fault {
    /// What is wrong with the Deployment of this number.
    pub const fn of(number: usize) -> Self {
        match number % 20 {
            3 => Self::NodeSelector,
            7 => Self::ConfigMap,
            11 => Self::Selector,
            _ => Self::None,
        }
    }
}

/// Loads the cluster and returns when every pod that can run is ready. Progress goes to `say`.
pub async fn fill(cluster: &Cluster, size: Size, say: impl Fn(String)) -> Result<()> {
    create(cluster, (0..size.nodes).map(node)).await?;
    create(
        cluster,
        (0..NAMESPACES).map(|number| {
            object(
                "v1",
                "Namespace",
                "",
                &numbered_namespace(number),
                json!({}),
            )
        }),
    )
    .await?;
    for number in 0..NAMESPACES {
        settled(cluster, &numbered_namespace(number)).await?;
    }
    say(format!("{} nodes, {NAMESPACES} namespaces", size.nodes));
    create(cluster, (0..size.deployments).flat_map(companions)).await?;
    create(
        cluster,
        (0..size.deployments).map(|number| deployment(number, size.replicas)),
    )
    .await?;
    say(format!(
        "{} Deployments with their ConfigMap, Secret and Service",
        size.deployments
    ));
    let broken = (0..size.deployments)
        .filter(|&number| Fault::of(number) == Fault::NodeSelector)
        .count();
    let wanted = (size.deployments - broken) * size.replicas;
    let deployments = target("apps/v1", "Deployment");
    until(
        "the pods to be ready",
        PATIENCE,
        Duration::from_secs(2),
        async || {
            let all = cluster.list(&deployments, "load=yes").await?;
            let ready: u64 = all
                .iter()
                .filter_map(|one| one.pointer("/status/readyReplicas")?.as_u64())
                .sum();
            let created: u64 = all
                .iter()
                .filter_map(|one| one.pointer("/status/replicas")?.as_u64())
                .sum();
            say(format!("{created} pods, {ready} of {wanted} ready"));
            let done =
                ready == wanted as u64 && created == (size.deployments * size.replicas) as u64;
            Ok(if done {
                Seen::Yes(())
            } else {
                Seen::NotYet(format!("{ready} of {wanted}"))
            })
        },
    )
    .await?;
    let events = cluster.count(&target("v1", "Event")).await?;
    say(format!("{events} events"));
    let pods = cluster
        .list(
            &Target {
                namespace: namespace(0),
                ..target("v1", "Pod")
            },
            "",
        )
        .await?;
    let more = pods.iter().cycle().enumerate().take(if pods.is_empty() {
        0
    } else {
        size.events.saturating_sub(events)
    });
    create(cluster, more.map(|(number, pod)| pulled(number, pod))).await
}

async fn create(cluster: &Cluster, objects: impl Iterator<Item = Value>) -> Result<()> {
    let created = stream::iter(objects)
        .map(async |object| cluster.create(&object).await)
        .buffer_unordered(AT_ONCE);
    created.try_collect().await
}

fn target(api_version: &str, kind: &str) -> Target {
    Target {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: String::new(),
        name: String::new(),
    }
}

/// An object of the load; `rest` are the fields besides the usual ones.
fn object(api_version: &str, kind: &str, namespace: &str, name: &str, rest: Value) -> Value {
    let mut fields = serde_json::Map::new();
    let mut metadata = json!({ "name": name, "labels": { "load": "yes" } });
    if let Some(metadata) = metadata.as_object_mut().filter(|_| !namespace.is_empty()) {
        metadata.insert("namespace".to_owned(), json!(namespace));
    }
    fields.insert("apiVersion".to_owned(), json!(api_version));
    fields.insert("kind".to_owned(), json!(kind));
    fields.insert("metadata".to_owned(), metadata);
    if let Value::Object(rest) = rest {
        fields.extend(rest);
    }
    Value::Object(fields)
}

/// The namespace of a Deployment: every fault comes in every namespace.
pub(crate) fn namespace(number: usize) -> String {
    numbered_namespace((number / 20) % NAMESPACES)
}

fn numbered_namespace(index: usize) -> String {
    format!("load-{index:02}")
}

/// What a Deployment and all that belongs to it is called.
pub(crate) fn name(number: usize) -> String {
    format!("svc-{number:04}")
}

/// The name of a node.
pub(crate) fn node_name(number: usize) -> String {
    format!("load-{number:03}")
}

pub(crate) fn node(number: usize) -> Value {
    let name = node_name(number);
    let zone = match number % 3 {
        0 => "eu-north-a",
        1 => "eu-north-b",
        _ => "eu-north-c",
    };
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": { "name": name, "labels": {
            "tests.kubelens.dev/kubelet": "running",
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "topology.kubernetes.io/zone": zone,
            "disk": if number.is_multiple_of(2) { "ssd" } else { "hdd" },
        } },
    })
}

/// The Secret, the Service and the ConfigMap of a Deployment, as far as it has them.
pub(crate) fn companions(number: usize) -> Vec<Value> {
    let (namespace, name) = (namespace(number), name(number));
    let app = if Fault::of(number) == Fault::Selector {
        name.replace("svc", "scv")
    } else {
        name.clone()
    };
    let port = json!({ "name": "http", "port": 80, "targetPort": "http" });
    let mut all = vec![
        object(
            "v1",
            "Secret",
            &namespace,
            &name,
            json!({ "stringData": { "token": "not-a-real-token" } }),
        ),
        object(
            "v1",
            "Service",
            &namespace,
            &name,
            json!({ "spec": { "selector": { "app": app }, "ports": [port] } }),
        ),
    ];
    if Fault::of(number) != Fault::ConfigMap {
        all.push(object(
            "v1",
            "ConfigMap",
            &namespace,
            &name,
            json!({ "data": { "LOG_LEVEL": "info", "REGION": "eu-north" } }),
        ));
    }
    all
}

pub(crate) fn deployment(number: usize, replicas: usize) -> Value {
    let (namespace, name) = (namespace(number), name(number));
    let resources =
        json!({ "requests": { "cpu": "10m", "memory": "32Mi" }, "limits": { "memory": "64Mi" } });
    let labels = if Fault::of(number) == Fault::NodeSelector {
        json!({ "disk": "nvme" })
    } else {
        json!({})
    };
    let pod = json!({
        "nodeSelector": labels,
        "containers": [{
            "name": "app",
            "image": format!("registry.corp.example/load/{name}:1.0.0"),
            "ports": [{ "name": "http", "containerPort": 8080 }],
            "envFrom": [{ "configMapRef": { "name": name } }],
            "readinessProbe": { "httpGet": { "path": "/ready", "port": "http" } },
            "livenessProbe": { "httpGet": { "path": "/live", "port": "http" } },
            "volumeMounts": [{ "name": "token", "mountPath": "/token", "readOnly": true }],
            "resources": resources,
        }, {
            "name": "proxy",
            "image": "registry.corp.example/load/proxy:2.3.1",
            "ports": [{ "name": "metrics", "containerPort": 9090 }],
            "readinessProbe": { "httpGet": { "path": "/ready", "port": "metrics" } },
            "livenessProbe": { "httpGet": { "path": "/live", "port": "metrics" } },
            "resources": resources,
        }],
        "volumes": [{ "name": "token", "secret": { "secretName": name } }],
    });
    let spec = json!({
        "replicas": replicas,
        "selector": { "matchLabels": { "app": name } },
        "template": { "metadata": { "labels": { "app": name } }, "spec": pod },
    });
    object(
        "apps/v1",
        "Deployment",
        &namespace,
        &name,
        json!({ "spec": spec }),
    )
}

/// An ordinary Event of a kubelet.
fn pulled(number: usize, pod: &Value) -> Value {
    let at = |pointer: &str| pod.pointer(pointer).cloned().unwrap_or_default();
    let (name, namespace, started) = (
        at("/metadata/name"),
        at("/metadata/namespace"),
        at("/metadata/creationTimestamp"),
    );
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": { "name": format!("{}.{number:016x}", name.as_str().unwrap_or_default()), "namespace": namespace },
        "involvedObject": { "apiVersion": "v1", "kind": "Pod", "namespace": namespace, "name": name, "uid": at("/metadata/uid"), "fieldPath": "spec.containers{app}" },
        "type": "Normal",
        "reason": "Pulled",
        "message": format!("Container image {} already present on machine and can be accessed by the pod", at("/spec/containers/0/image")),
        "count": 1,
        "firstTimestamp": started,
        "lastTimestamp": started,
        "source": { "component": "kubelet", "host": at("/spec/nodeName") },
        "reportingComponent": "kubelet",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::text_at;

    #[test]
    fn fifty_of_a_thousand_have_each_fault_and_every_namespace_is_used() {
        for fault in [Fault::NodeSelector, Fault::ConfigMap, Fault::Selector] {
            assert_eq!(
                (0..1000)
                    .filter(|&number| Fault::of(number) == fault)
                    .count(),
                50
            );
        }
        let faulty = (0..1000).filter(|&number| Fault::of(number) == Fault::Selector);
        let places: std::collections::BTreeSet<String> = faulty.map(namespace).collect();
        assert_eq!(places.len(), NAMESPACES);
        let typo: Vec<String> = companions(11)
            .iter()
            .map(|one| text_at(one, "/spec/selector/app").to_owned())
            .collect();
        assert_eq!(typo, ["", "scv-0011", ""]);
        assert_eq!(companions(7).len(), 2, "no ConfigMap");
        let selector = |number| {
            text_at(
                &deployment(number, 10),
                "/spec/template/spec/nodeSelector/disk",
            )
            .to_owned()
        };
        assert_eq!([selector(3), selector(4)], ["nvme", ""]);
    }
}
