//! Writes the lists of a cluster of any size to files, as an API server would answer them, without a cluster: the
//! load of [`crate::load`] with what controllers, scheduler and kubelets add to it.

#![allow(
    clippy::indexing_slicing,
    reason = "what is indexed is JSON objects that this crate itself makes, and tables of constant length"
)]

use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context as _, Result};
use kubelens_core::kubernetes::Kind;
use serde_json::{Value, json};

use crate::load::{self, Fault};

/// Pods of each Deployment.
pub const REPLICAS: usize = 10;

/// Deployments of each namespace.
const IN_NAMESPACE: usize = 40;

/// When everything was made, and when the picture is taken.
const MADE: &str = "2026-03-01T08:00:00Z";
/// The instant that the lists show.
pub const TAKEN: &str = "2026-03-01T12:00:00Z";

/// How large a cluster to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Pods; a multiple of [`REPLICAS`].
    pub pods: usize,
    /// Nodes.
    pub nodes: usize,
}

impl Extent {
    /// A cluster of so many pods, twenty on a node.
    pub const fn of_pods(pods: usize) -> Self {
        Self {
            pods,
            nodes: pods.div_ceil(20),
        }
    }

    /// How many Deployments own the pods.
    pub const fn deployments(self) -> usize {
        self.pods / REPLICAS
    }

    const fn namespaces(self) -> usize {
        self.deployments().div_ceil(IN_NAMESPACE)
    }

    /// How many Deployments have a fault.
    pub fn faults(self) -> usize {
        (0..self.deployments())
            .filter(|number| Fault::of(*number) != Fault::None)
            .count()
    }
}

/// The namespace of a Deployment.
pub fn namespace(number: usize) -> String {
    format!("load-{:04}", number / IN_NAMESPACE)
}

/// The node of a pod.
pub fn node_of(deployment: usize, replica: usize, extent: Extent) -> String {
    // Pods of a Deployment are spread, as the scheduler does.
    let number = deployment * REPLICAS + replica;
    load::node_name(number.wrapping_mul(7919) % extent.nodes)
}

/// Writes one file a kind into `folder`; says how many bytes.
pub fn write(extent: Extent, folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    let deployments = || 0..extent.deployments();
    let pods = || deployments().flat_map(|number| (0..REPLICAS).map(move |at| (number, at)));
    let nodes = || 0..extent.nodes;
    let namespaces = || 0..extent.namespaces();
    let mut list = |api_version, kind, objects: &mut dyn Iterator<Item = Value>| -> Result<()> {
        let path = folder.join(format!("{kind}.json"));
        bytes += write_list(&path, api_version, kind, objects)?;
        Ok(())
    };
    let system = ["default", "kube-system", "kube-node-lease"].map(str::to_owned);
    let all = || {
        system
            .iter()
            .cloned()
            .chain(namespaces().map(|at| namespace(at * IN_NAMESPACE)))
    };
    list(
        "v1",
        "Namespace",
        &mut all().map(|name| namespace_object(&name)),
    )?;
    list(
        "v1",
        "ServiceAccount",
        &mut all().map(|name| service_account(&name)),
    )?;
    list("v1", "Node", &mut nodes().map(node))?;
    list("coordination.k8s.io/v1", "Lease", &mut nodes().map(lease))?;
    list(
        "v1",
        "ConfigMap",
        &mut companions(extent, "ConfigMap").chain(all().map(|name| root_certificate(&name))),
    )?;
    list("v1", "Secret", &mut companions(extent, "Secret"))?;
    list(
        "v1",
        "Service",
        &mut companions(extent, "Service").map(service),
    )?;
    list("apps/v1", "Deployment", &mut deployments().map(deployment))?;
    list("apps/v1", "ReplicaSet", &mut deployments().map(replica_set))?;
    list(
        "v1",
        "Pod",
        &mut pods().map(|(number, at)| pod(number, at, extent)),
    )?;
    list(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        &mut deployments().map(|number| endpoint_slice(number, extent)),
    )?;
    list(
        "v1",
        "Event",
        &mut pods().flat_map(|(number, at)| events(number, at, extent)),
    )?;
    // An API server answers with an empty list where there is nothing: it is known, not missing.
    for kind in Kind::ALL {
        if !folder.join(format!("{}.json", kind.as_str())).exists() {
            list(kind.api_version(), kind.as_str(), &mut std::iter::empty())?;
        }
    }
    Ok(bytes)
}

fn write_list(
    path: &Path,
    api_version: &str,
    kind: &str,
    objects: &mut dyn Iterator<Item = Value>,
) -> Result<u64> {
    let file = std::fs::File::create(path).with_context(|| format!("create {}", path.display()))?;
    let mut out = BufWriter::new(file);
    write!(
        out,
        r#"{{"kind":"{kind}List","apiVersion":"{api_version}","metadata":{{"resourceVersion":"900000"}},"items":["#
    )?;
    for (at, mut object) in objects.enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        // The elements of a list say neither.
        if let Some(fields) = object.as_object_mut() {
            fields.remove("apiVersion");
            fields.remove("kind");
        }
        serde_json::to_writer(&mut out, &object)?;
    }
    out.write_all(b"]}\n")?;
    out.flush()?;
    Ok(std::fs::metadata(path)?.len())
}

/// What the API server and the writers of an object add to its metadata.
fn stored(mut object: Value, namespace: &str, uid: &str, manager: &str) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        if !namespace.is_empty() {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
        metadata.insert("uid".to_owned(), json!(uid));
        metadata.insert("resourceVersion".to_owned(), json!("1000"));
        metadata.insert("generation".to_owned(), json!(1));
        metadata.insert("creationTimestamp".to_owned(), json!(MADE));
        metadata.insert(
            "managedFields".to_owned(),
            json!([
                { "manager": manager, "operation": "Update", "apiVersion": "v1", "time": MADE, "fieldsType": "FieldsV1",
                  "fieldsV1": { "f:metadata": { "f:labels": { ".": {}, "f:load": {} } }, "f:spec": { "f:containers": {
                    "k:{\"name\":\"app\"}": { ".": {}, "f:image": {}, "f:name": {}, "f:ports": {}, "f:resources": {}, "f:volumeMounts": {} },
                    "k:{\"name\":\"proxy\"}": { ".": {}, "f:image": {}, "f:name": {}, "f:ports": {}, "f:resources": {} } } } } },
                { "manager": "kubelet", "operation": "Update", "apiVersion": "v1", "time": MADE, "fieldsType": "FieldsV1",
                  "fieldsV1": { "f:status": { "f:conditions": { "k:{\"type\":\"Ready\"}": { ".": {}, "f:status": {} } } } }, "subresource": "status" },
            ]),
        );
    }
    object
}

fn plain(name: &str) -> Value {
    json!({ "metadata": { "name": name } })
}

fn namespace_object(name: &str) -> Value {
    let object = json!({ "metadata": { "name": name, "labels": { "kubernetes.io/metadata.name": name } }, "status": { "phase": "Active" } });
    stored(object, "", &format!("ns-{name}"), "load")
}

fn service_account(namespace: &str) -> Value {
    stored(
        plain("default"),
        namespace,
        &format!("sa-{namespace}"),
        "kube-controller-manager",
    )
}

fn root_certificate(namespace: &str) -> Value {
    let object =
        json!({ "metadata": { "name": "kube-root-ca.crt" }, "data": { "ca.crt": "public" } });
    stored(
        object,
        namespace,
        &format!("ca-{namespace}"),
        "kube-controller-manager",
    )
}

/// The objects of a kind that the load makes next to its Deployments.
fn companions(extent: Extent, kind: &'static str) -> impl Iterator<Item = Value> {
    (0..extent.deployments()).flat_map(move |number| {
        load::companions(number)
            .into_iter()
            .filter(move |object| object["kind"] == kind)
            .map(move |object| {
                stored(
                    object,
                    &namespace(number),
                    &format!("{kind}-{number}"),
                    "load",
                )
            })
    })
}

fn service(mut object: Value) -> Value {
    let number: usize = object["metadata"]["uid"]
        .as_str()
        .and_then(|uid| uid.strip_prefix("Service-")?.parse().ok())
        .unwrap_or_default();
    let address = format!(
        "10.{}.{}.{}",
        96 + number / 62_500,
        number / 250 % 250,
        number % 250 + 1
    );
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
        spec.insert("clusterIP".to_owned(), json!(address));
        spec.insert("clusterIPs".to_owned(), json!([address]));
        spec.insert("type".to_owned(), json!("ClusterIP"));
        spec.insert("sessionAffinity".to_owned(), json!("None"));
    }
    object
}

/// A node whose kubelet reports well.
pub fn node(number: usize) -> Value {
    let mut node = load::node(number);
    let condition = |type_: &str, status: &str, reason: &str| json!({ "type": type_, "status": status, "reason": reason, "message": reason, "lastHeartbeatTime": TAKEN, "lastTransitionTime": MADE });
    let amounts = json!({ "cpu": "32", "memory": "131072000Ki", "pods": "110", "ephemeral-storage": "500Gi" });
    node["spec"] = json!({});
    node["status"] = json!({
        "capacity": amounts, "allocatable": amounts,
        "conditions": [
            condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
            condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID"),
            condition("Ready", "True", "KubeletReady"),
        ],
        "addresses": [{ "type": "InternalIP", "address": format!("10.0.{}.{}", number / 250, number % 250 + 1) }],
        "nodeInfo": { "kubeletVersion": "v1.35.4", "architecture": "amd64", "operatingSystem": "linux",
            "containerRuntimeVersion": "containerd://2.1.4", "osImage": "Debian GNU/Linux 13", "kernelVersion": "6.12.0" },
    });
    stored(node, "", &format!("node-{number}"), "kubelet")
}

/// A node's lease, renewed at the instant of the picture.
pub fn lease(number: usize) -> Value {
    let name = load::node_name(number);
    let object = json!({ "metadata": { "name": name }, "spec": {
        "holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": "2026-03-01T11:59:58.000000Z" } });
    let mut lease = stored(
        object,
        "kube-node-lease",
        &format!("lease-{number}"),
        "kubelet",
    );
    if let Some(written) = lease.pointer_mut("/metadata/managedFields/0/time") {
        *written = json!("2026-03-01T11:59:58Z");
    }
    lease
}

fn can_run(number: usize) -> bool {
    Fault::of(number) != Fault::NodeSelector
}

/// A Deployment, as far as its pods can run.
pub fn deployment(number: usize) -> Value {
    let mut object = load::deployment(number, REPLICAS);
    let ready = if can_run(number) { REPLICAS } else { 0 };
    object["spec"]["progressDeadlineSeconds"] = json!(600);
    let (available, progressing) = if can_run(number) {
        (
            ("True", "MinimumReplicasAvailable"),
            ("True", "NewReplicaSetAvailable"),
        )
    } else {
        (
            ("False", "MinimumReplicasUnavailable"),
            ("False", "ProgressDeadlineExceeded"),
        )
    };
    let condition = |type_: &str, (status, reason): (&str, &str)| json!({ "type": type_, "status": status, "reason": reason, "message": reason, "lastUpdateTime": MADE, "lastTransitionTime": MADE });
    object["status"] = json!({
        "observedGeneration": 1, "replicas": REPLICAS, "updatedReplicas": REPLICAS, "readyReplicas": ready,
        "availableReplicas": ready, "unavailableReplicas": REPLICAS - ready,
        "conditions": [condition("Available", available), condition("Progressing", progressing)],
    });
    object["metadata"]["annotations"] = json!({ "deployment.kubernetes.io/revision": "1" });
    stored(
        object,
        &namespace(number),
        &format!("deployment-{number}"),
        "load",
    )
}

fn owner(api_version: &str, kind: &str, name: &str, uid: &str) -> Value {
    json!([{ "apiVersion": api_version, "kind": kind, "name": name, "uid": uid, "controller": true, "blockOwnerDeletion": true }])
}

fn replica_set_name(number: usize) -> String {
    format!("{}-6d4cf56db6", load::name(number))
}

fn replica_set(number: usize) -> Value {
    let deployment = load::deployment(number, REPLICAS);
    let name = load::name(number);
    let ready = if can_run(number) { REPLICAS } else { 0 };
    let mut template = deployment["spec"]["template"].clone();
    template["metadata"]["labels"]["pod-template-hash"] = json!("6d4cf56db6");
    let object = json!({
        "metadata": {
            "name": replica_set_name(number),
            "labels": template["metadata"]["labels"],
            "annotations": { "deployment.kubernetes.io/revision": "1", "deployment.kubernetes.io/desired-replicas": REPLICAS.to_string() },
            "ownerReferences": owner("apps/v1", "Deployment", &name, &format!("deployment-{number}")),
        },
        "spec": { "replicas": REPLICAS, "selector": { "matchLabels": template["metadata"]["labels"] }, "template": template },
        "status": { "replicas": REPLICAS, "fullyLabeledReplicas": REPLICAS, "readyReplicas": ready, "availableReplicas": ready, "observedGeneration": 1 },
    });
    stored(
        object,
        &namespace(number),
        &format!("set-{number}"),
        "kube-controller-manager",
    )
}

/// The ReplicaSet of a Deployment's next revision, before it has made a pod.
pub fn next_replica_set(number: usize) -> Value {
    let mut set = replica_set(number);
    let hash = json!("7f8b6c9d54");
    set["metadata"]["name"] = json!(format!("{}-7f8b6c9d54", load::name(number)));
    set["metadata"]["uid"] = json!(format!("next-set-{number}"));
    set["metadata"]["creationTimestamp"] = json!(TAKEN);
    set["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!("2");
    set["metadata"]["labels"]["pod-template-hash"] = hash.clone();
    set["spec"]["selector"]["matchLabels"]["pod-template-hash"] = hash.clone();
    set["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] = hash;
    set["status"] = json!({ "replicas": 0, "observedGeneration": 1 });
    set
}

/// The name of a pod.
pub fn pod_name(number: usize, at: usize) -> String {
    // Five of the letters that Kubernetes uses for such endings.
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let mut rest = number * 31 + at * 7919;
    let ending: String = (0..5)
        .map(|_| {
            let letter = LETTERS[rest % LETTERS.len()];
            rest = rest / LETTERS.len() + at * 17 + 3;
            char::from(letter)
        })
        .collect();
    format!("{}-{at}{ending}", replica_set_name(number))
}

fn address(number: usize, at: usize) -> String {
    let number = number * REPLICAS + at;
    format!(
        "10.{}.{}.{}",
        128 + number / 62_500,
        number / 250 % 250,
        number % 250 + 1
    )
}

/// A pod: running and ready, or waiting for a node that has the label.
pub fn pod(number: usize, at: usize, extent: Extent) -> Value {
    let deployment = load::deployment(number, REPLICAS);
    let mut labels = deployment["spec"]["template"]["metadata"]["labels"].clone();
    labels["pod-template-hash"] = json!("6d4cf56db6");
    let mut spec = deployment["spec"]["template"]["spec"].clone();
    let token = format!("kube-api-access-{:05x}", number * REPLICAS + at);
    if let Some(volumes) = spec["volumes"].as_array_mut() {
        volumes.push(json!({ "name": token, "projected": { "defaultMode": 420, "sources": [
            { "serviceAccountToken": { "expirationSeconds": 3607, "path": "token" } },
            { "configMap": { "name": "kube-root-ca.crt", "items": [{ "key": "ca.crt", "path": "ca.crt" }] } },
        ] } }));
    }
    for container in spec["containers"].as_array_mut().into_iter().flatten() {
        let mount = json!({ "name": token, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true });
        match container["volumeMounts"].as_array_mut() {
            Some(mounts) => mounts.push(mount),
            None => container["volumeMounts"] = json!([mount]),
        }
        container["imagePullPolicy"] = json!("IfNotPresent");
        container["terminationMessagePath"] = json!("/dev/termination-log");
        container["terminationMessagePolicy"] = json!("File");
    }
    for (field, value) in [
        ("restartPolicy", json!("Always")),
        ("terminationGracePeriodSeconds", json!(30)),
        ("dnsPolicy", json!("ClusterFirst")),
        ("serviceAccountName", json!("default")),
        ("schedulerName", json!("default-scheduler")),
        ("priority", json!(0)),
        ("preemptionPolicy", json!("PreemptLowerPriority")),
        ("enableServiceLinks", json!(true)),
        ("securityContext", json!({})),
    ] {
        spec[field] = value;
    }
    let status = if can_run(number) {
        spec["nodeName"] = json!(node_of(number, at, extent));
        running(number, at, &deployment)
    } else {
        json!({ "phase": "Pending", "qosClass": "Burstable", "conditions": [{
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "lastTransitionTime": MADE,
            "message": refusal(extent) }] })
    };
    let object = json!({
        "metadata": {
            "name": pod_name(number, at),
            "generateName": format!("{}-", replica_set_name(number)),
            "labels": labels,
            "ownerReferences": owner("apps/v1", "ReplicaSet", &replica_set_name(number), &format!("set-{number}")),
        },
        "spec": spec,
        "status": status,
    });
    stored(
        object,
        &namespace(number),
        &format!("pod-{number}-{at}"),
        "kube-controller-manager",
    )
}

fn refusal(extent: Extent) -> String {
    format!(
        "0/{0} nodes are available: {0} node(s) didn't match Pod's node affinity/selector. preemption: 0/{0} nodes are available: {0} Preemption is not helpful for scheduling.",
        extent.nodes
    )
}

fn running(number: usize, at: usize, deployment: &Value) -> Value {
    let containers = deployment["spec"]["template"]["spec"]["containers"].as_array();
    let statuses: Vec<Value> = containers
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(index, container)| {
            json!({
                "name": container["name"], "image": container["image"], "ready": true, "started": true, "restartCount": 0,
                "imageID": format!("{}@sha256:{:064x}", container["image"].as_str().unwrap_or_default(), number * 2 + index),
                "containerID": format!("containerd://{:064x}", (number * REPLICAS + at) * 2 + index),
                "state": { "running": { "startedAt": MADE } }, "lastState": {},
            })
        })
        .collect();
    let condition = |type_: &str| json!({ "type": type_, "status": "True", "lastProbeTime": null, "lastTransitionTime": MADE });
    let conditions = [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
    ]
    .map(condition);
    json!({
        "phase": "Running", "qosClass": "Burstable", "startTime": MADE, "hostIP": "10.0.0.1",
        "podIP": address(number, at), "podIPs": [{ "ip": address(number, at) }],
        "conditions": conditions,
        "containerStatuses": statuses,
    })
}

/// The slice of a Service: its pods, if it selects any and they run.
fn endpoint_slice(number: usize, extent: Extent) -> Value {
    let name = load::name(number);
    let is_selected = Fault::of(number) != Fault::Selector;
    let endpoints: Vec<Value> = (0..REPLICAS)
        .filter(|_| is_selected)
        .map(|at| {
            let ready = can_run(number);
            let mut endpoint = json!({
                "addresses": [address(number, at)],
                "conditions": { "ready": ready, "serving": ready, "terminating": false },
                "targetRef": { "kind": "Pod", "namespace": namespace(number), "name": pod_name(number, at), "uid": format!("pod-{number}-{at}") },
            });
            if ready {
                endpoint["nodeName"] = json!(node_of(number, at, extent));
            }
            endpoint
        })
        // A pod without a node has no address and no place in a slice.
        .filter(|endpoint| !endpoint["nodeName"].is_null())
        .collect();
    let object = json!({
        "metadata": {
            "name": format!("{name}-x7k2p"), "generateName": format!("{name}-"),
            "labels": { "kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io" },
            "ownerReferences": owner("v1", "Service", &name, &format!("Service-{number}")),
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [{ "name": "http", "port": 8080, "protocol": "TCP" }],
    });
    stored(
        object,
        &namespace(number),
        &format!("slice-{number}"),
        "kube-controller-manager",
    )
}

/// Two events of every pod.
fn events(number: usize, at: usize, extent: Extent) -> Vec<Value> {
    let name = pod_name(number, at);
    let event = |index: usize, type_: &str, reason: &str, message: String, component: &str| {
        let object = json!({
            "metadata": { "name": format!("{name}.{:016x}", (number * REPLICAS + at) * 2 + index) },
            "involvedObject": { "apiVersion": "v1", "kind": "Pod", "namespace": namespace(number), "name": name, "uid": format!("pod-{number}-{at}") },
            "type": type_, "reason": reason, "message": message, "count": 1, "firstTimestamp": MADE, "lastTimestamp": MADE,
            "source": { "component": component }, "reportingComponent": component,
        });
        stored(
            object,
            &namespace(number),
            &format!("event-{number}-{at}-{index}"),
            component,
        )
    };
    if can_run(number) {
        vec![
            event(
                0,
                "Normal",
                "Scheduled",
                format!(
                    "Successfully assigned {}/{name} to {}",
                    namespace(number),
                    node_of(number, at, extent)
                ),
                "default-scheduler",
            ),
            event(
                1,
                "Normal",
                "Started",
                "Container started".to_owned(),
                "kubelet",
            ),
        ]
    } else {
        vec![event(
            0,
            "Warning",
            "FailedScheduling",
            refusal(extent),
            "default-scheduler",
        )]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kubelens_core::engine::{Options, diagnose};
    use kubelens_core::source::{FileSource, ReadRequest, Silent};

    #[test]
    fn a_written_cluster_has_its_faults_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let extent = Extent::of_pods(400);
        write(extent, folder.path()).unwrap();
        let picture = FileSource::new(folder.path())
            .read(&ReadRequest::default(), &Silent)
            .unwrap();
        let report = diagnose(&picture, &Options::default());
        let mut codes: Vec<&str> = report
            .causes
            .iter()
            .filter(|cause| cause.severity > kubelens_core::model::Severity::Info)
            .map(|cause| cause.code.as_str())
            .collect();
        codes.sort_unstable();
        assert_eq!(extent.faults(), 6);
        assert_eq!(
            codes,
            ["CFG001", "CFG001", "NET002", "NET002", "SCH005", "SCH005"]
        );
    }
}
