//! Where a cluster runs: its nodes, its storage class, and what is in `kube-system` there.

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Script;
use super::world::{Place, World};

/// Who made the cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Platform {
    /// Own machines, a control plane of static pods.
    #[default]
    Kubeadm,
    /// Amazon: no control plane to be seen.
    Eks,
    /// Google: the same.
    Gke,
    /// One binary on small machines, with Traefik and local volumes.
    K3s,
    /// Red Hat's, with its own resources.
    Openshift,
}

/// What differs between them.
struct Make {
    node: &'static str,
    region: &'static str,
    system: &'static str,
    runtime: &'static str,
    suffix: &'static str,
    class: &'static str,
    driver: &'static str,
    binding: &'static str,
    agents: &'static [&'static str],
}

impl Platform {
    fn make(self) -> Make {
        match self {
            Self::Kubeadm => Make {
                node: "worker",
                region: "fra1",
                system: "Ubuntu 24.04.3 LTS",
                runtime: "containerd://2.1.5",
                suffix: "",
                class: "standard",
                driver: "csi.vsphere.vmware.com",
                binding: "Immediate",
                agents: &["calico-node", "kube-proxy"],
            },
            Self::Eks => Make {
                node: "ip",
                region: "eu-west-1",
                system: "Amazon Linux 2023.9.20260105",
                runtime: "containerd://2.1.5",
                suffix: "-eks-ecaa3a6",
                class: "gp3",
                driver: "ebs.csi.aws.com",
                binding: "WaitForFirstConsumer",
                agents: &["aws-node", "kube-proxy", "ebs-csi-node"],
            },
            Self::Gke => Make {
                node: "gke-prod-pool",
                region: "europe-west4",
                system: "Container-Optimized OS from Google",
                runtime: "containerd://2.0.7",
                suffix: "-gke.1136000",
                class: "standard-rwo",
                driver: "pd.csi.storage.gke.io",
                binding: "WaitForFirstConsumer",
                agents: &["anetd", "pdcsi-node", "fluentbit-gke"],
            },
            Self::K3s => Make {
                node: "pi",
                region: "home",
                system: "Debian GNU/Linux 12 (bookworm)",
                runtime: "containerd://2.1.5-k3s1",
                suffix: "+k3s1",
                class: "local-path",
                driver: "rancher.io/local-path",
                binding: "WaitForFirstConsumer",
                agents: &["svclb-traefik"],
            },
            Self::Openshift => Make {
                node: "ocp-worker",
                region: "rz-nord",
                system: "Red Hat Enterprise Linux CoreOS 9.6.20260112-0",
                runtime: "cri-o://1.34.2",
                suffix: "",
                class: "ocs-storagecluster-ceph-rbd",
                driver: "openshift-storage.rbd.csi.ceph.com",
                binding: "Immediate",
                agents: &["ovnkube-node", "node-resolver"],
            },
        }
    }
}

/// Puts nodes and system workloads into the cluster.
pub(super) fn raise(script: &Script, world: &mut World) -> Result<()> {
    let make = script.platform.make();
    world.storage_class = make.class;
    let version = format!("{}{}", script.version, make.suffix);
    let zone = |index: usize| {
        let letter = char::from(b'a' + u8::try_from(index % script.zones.max(1)).unwrap_or(0));
        format!("{}{letter}", make.region)
    };
    if script.platform == Platform::Kubeadm {
        let place = Place {
            name: "control-1".to_owned(),
            address: "10.20.0.10".to_owned(),
            zone: zone(0),
        };
        node(
            world,
            &make,
            &place,
            &version,
            &json!({ "node-role.kubernetes.io/control-plane": "" }),
        );
        control_plane(world, &place, &script.version);
    }
    for index in 0..script.nodes {
        let number = index + 1;
        let mut dice = world.dice(&format!("node {index}"));
        let name = match script.platform {
            Platform::Eks => format!(
                "ip-10-20-{}-{}.{}.compute.internal",
                index % script.zones.max(1),
                20 + dice.below(200),
                make.region
            ),
            Platform::Gke => format!("{}-{}-{}", make.node, dice.hex(8), dice.suffix(4)),
            _ => format!("{}-{number}", make.node),
        };
        let place = Place {
            name,
            address: format!("10.20.{}.{}", 1 + index / 200, 20 + index % 200),
            zone: zone(index),
        };
        let labels = if script.platform == Platform::Openshift {
            json!({ "node-role.kubernetes.io/worker": "" })
        } else {
            json!({})
        };
        node(world, &make, &place, &version, &labels);
        world.places.push(place);
    }
    storage(world, &make);
    for (name, value) in [
        ("system-cluster-critical", 2_000_000_000),
        ("system-node-critical", 2_000_001_000),
    ] {
        world.add(
            "PriorityClass",
            "",
            name,
            86_400 * 300,
            json!({ "value": value, "preemptionPolicy": "PreemptLowerPriority" }),
        );
    }
    let (dns, dns_service) = if script.platform == Platform::Openshift {
        ("dns-default", "dns-default")
    } else {
        ("coredns", "kube-dns")
    };
    let place = if script.platform == Platform::Openshift {
        "openshift-dns"
    } else {
        "kube-system"
    };
    for agent in make.agents {
        workload(
            world,
            "DaemonSet",
            place,
            agent,
            json!({ "pod": { "hostNetwork": true, "priorityClassName": "system-node-critical", "tolerations": [{ "operator": "Exists" }] } }),
        )?;
    }
    workload(
        world,
        "Deployment",
        place,
        dns,
        json!({
            "podLabels": { "k8s-app": "kube-dns" }, "replicas": 2,
            "containers": [{ "name": "coredns", "image": "registry.k8s.io/coredns/coredns:v1.12.1", "args": ["-conf", "/etc/coredns/Corefile"], "ports": [{ "name": "dns", "containerPort": 53, "protocol": "UDP" }, { "name": "dns-tcp", "containerPort": 53, "protocol": "TCP" }], "volumeMounts": [{ "name": "config-volume", "mountPath": "/etc/coredns", "readOnly": true }] }],
            "pod": { "priorityClassName": "system-cluster-critical", "dnsPolicy": "Default", "volumes": [{ "name": "config-volume", "configMap": { "name": dns, "defaultMode": 420, "items": [{ "key": "Corefile", "path": "Corefile" }] } }], "tolerations": [{ "key": "CriticalAddonsOnly", "operator": "Exists" }, { "key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule" }] },
        }),
    )?;
    world.add("ConfigMap", place, dns, 86_400 * 300, json!({ "data": { "Corefile": ".:53 {\n    errors\n    health {\n       lameduck 5s\n    }\n    ready\n    kubernetes cluster.local in-addr.arpa ip6.arpa {\n       pods insecure\n       fallthrough in-addr.arpa ip6.arpa\n       ttl 30\n    }\n    prometheus :9153\n    forward . /etc/resolv.conf {\n       max_concurrent 1000\n    }\n    cache 30\n    loop\n    reload\n    loadbalance\n}\n" } }));
    service(
        world,
        place,
        dns_service,
        json!({ "k8s-app": "kube-dns" }),
        json!([{ "name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53 }, { "name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53 }]),
    )?;
    if script.platform != Platform::Openshift {
        workload(
            world,
            "Deployment",
            "kube-system",
            "metrics-server",
            json!({
                "replicas": 1, "containers": [{ "name": "metrics-server", "image": "registry.k8s.io/metrics-server/metrics-server:v0.8.0", "ports": [{ "name": "https", "containerPort": 10250, "protocol": "TCP" }] }],
                "pod": { "priorityClassName": "system-cluster-critical" },
            }),
        )?;
        service(
            world,
            "kube-system",
            "metrics-server",
            json!({ "app.kubernetes.io/name": "metrics-server" }),
            json!([{ "name": "https", "port": 443, "protocol": "TCP", "targetPort": "https" }]),
        )?;
        let time = world.clock.ago(86_400 * 40);
        world.add("APIService", "", "v1beta1.metrics.k8s.io", 86_400 * 40, json!({
            "apiVersion": "apiregistration.k8s.io/v1",
            "spec": { "group": "metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100, "insecureSkipTLSVerify": true, "service": { "namespace": "kube-system", "name": "metrics-server", "port": 443 } },
            "status": { "conditions": [{ "type": "Available", "status": "True", "lastTransitionTime": time, "reason": "Passed", "message": "all checks passed" }] },
        }));
    }
    service_without_selector(world);
    Ok(())
}

/// Lays what is told of one machine over its Node, `CSINode` and Lease.
pub(super) fn change(told: &Map<String, Value>, world: &mut World) -> Result<()> {
    let told = world.filled(told)?;
    let index = told.get("node").and_then(Value::as_u64).unwrap_or(0);
    let name = world.place(usize::try_from(index)?).name;
    for object in &mut world.objects {
        let key = match super::text(object, "/kind") {
            "Node" => "patch",
            "CSINode" => "csi",
            "Lease" => "lease",
            _ => continue,
        };
        if super::text(object, "/metadata/name") == name
            && let Some(patch) = told.get(key)
        {
            super::merge(object, patch);
        }
    }
    Ok(())
}

fn workload(
    world: &mut World,
    kind: &str,
    namespace: &str,
    name: &str,
    about: Value,
) -> Result<()> {
    let mut told = Map::from_iter([
        ("kind".to_owned(), json!(kind)),
        ("at".to_owned(), json!(format!("{namespace}/{name}"))),
        ("age".to_owned(), json!("47d")),
    ]);
    if let Value::Object(about) = about {
        told.extend(about);
    }
    world.tell(&told)
}

fn service(
    world: &mut World,
    namespace: &str,
    name: &str,
    selector: Value,
    ports: Value,
) -> Result<()> {
    let told = Map::from_iter([(
        "spec".to_owned(),
        json!({ "selector": selector, "ports": ports }),
    )]);
    let service = world.plain("Service", namespace, name, 86_400 * 200, &told)?;
    world.put(service);
    Ok(())
}

/// `default/kubernetes`, whose endpoints the API server writes itself.
fn service_without_selector(world: &mut World) {
    world.add("Service", "default", "kubernetes", 86_400 * 300, json!({
        "metadata": { "labels": { "component": "apiserver", "provider": "kubernetes" } },
        "spec": { "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster", "ports": [{ "name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443 }] },
        "status": { "loadBalancer": {} },
    }));
    world.add("EndpointSlice", "default", "kubernetes", 86_400 * 300, json!({
        "metadata": { "labels": { "kubernetes.io/service-name": "kubernetes" } }, "addressType": "IPv4",
        "endpoints": [{ "addresses": ["10.20.0.10"], "conditions": { "ready": true } }], "ports": [{ "name": "https", "port": 6443, "protocol": "TCP" }],
    }));
}

fn node(world: &mut World, make: &Make, place: &Place, version: &str, labels: &Value) {
    let name = place.name.as_str();
    let (beat, old) = (world.clock.ago(40), 86_400 * 47);
    let since = world.clock.ago(old);
    let mut dice = world.dice(&format!("machine {name}"));
    let condition = |kind: &str, status: &str, reason: &str, message: &str| json!({ "type": kind, "status": status, "reason": reason, "message": message, "lastHeartbeatTime": beat, "lastTransitionTime": since });
    let mut object = world.object("Node", "", name, old, json!({
        "metadata": {
            "labels": { "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": name, "topology.kubernetes.io/region": make.region, "topology.kubernetes.io/zone": place.zone },
            "annotations": { "node.alpha.kubernetes.io/ttl": "0", "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
        },
        "spec": { "podCIDR": format!("10.42.{}.0/24", dice.below(250)), "providerID": format!("{}://{}/{name}", make.region, place.zone) },
        "status": {
            "addresses": [{ "type": "InternalIP", "address": place.address }, { "type": "Hostname", "address": name }],
            "capacity": { "cpu": "8", "memory": "32779556Ki", "pods": "110", "ephemeral-storage": "103079844Ki", "hugepages-2Mi": "0" },
            "allocatable": { "cpu": "7910m", "memory": "31756Mi", "pods": "110", "ephemeral-storage": "95001323143", "hugepages-2Mi": "0" },
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
            ],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": 10250 } },
            "nodeInfo": { "architecture": "amd64", "operatingSystem": "linux", "osImage": make.system, "kernelVersion": "6.12.61", "containerRuntimeVersion": make.runtime, "kubeletVersion": version, "kubeProxyVersion": "", "bootID": dice.uuid(), "machineID": dice.hex(32), "systemUUID": dice.uuid() },
        },
    }));
    super::merge(&mut object, &json!({ "metadata": { "labels": labels } }));
    if labels
        .get("node-role.kubernetes.io/control-plane")
        .is_some()
    {
        super::merge(
            &mut object,
            &json!({ "spec": { "taints": [{ "key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule" }] } }),
        );
    }
    world.put(object);
    let renewed = 3 + i64::try_from(dice.below(8)).unwrap_or(0);
    lease(world, "kube-node-lease", name, name, 40, renewed);
    let uid = world.uid("Node", "", name);
    let drivers = json!([{ "name": make.driver, "nodeID": name, "topologyKeys": ["topology.kubernetes.io/zone"], "allocatable": { "count": 26 } }]);
    world.add("CSINode", "", name, old, json!({ "metadata": { "ownerReferences": [{ "apiVersion": "v1", "kind": "Node", "name": name, "uid": uid }] }, "spec": { "drivers": drivers } }));
}

fn lease(
    world: &mut World,
    namespace: &str,
    name: &str,
    holder: &str,
    duration: u64,
    renewed: i64,
) {
    let micros = world.dice(&format!("lease {name}")).below(1_000_000);
    let (acquired, renewed) = (
        world.clock.ago_micros(86_400 * 40, micros),
        world.clock.ago_micros(renewed, micros),
    );
    world.add("Lease", namespace, name, 86_400 * 47, json!({ "spec": { "holderIdentity": holder, "leaseDurationSeconds": duration, "acquireTime": acquired, "renewTime": renewed } }));
}

fn storage(world: &mut World, make: &Make) {
    world.add("StorageClass", "", make.class, 86_400 * 300, json!({
        "metadata": { "annotations": { "storageclass.kubernetes.io/is-default-class": "true" } },
        "provisioner": make.driver, "reclaimPolicy": "Delete", "volumeBindingMode": make.binding, "allowVolumeExpansion": make.class != "local-path",
    }));
    if make.class != "local-path" {
        world.add("CSIDriver", "", make.driver, 86_400 * 300, json!({ "spec": { "attachRequired": true, "podInfoOnMount": false, "volumeLifecycleModes": ["Persistent"], "fsGroupPolicy": "ReadWriteOnceWithFSType" } }));
    }
}

/// The static pods of a control plane, as their mirror pods show them.
fn control_plane(world: &mut World, place: &Place, version: &str) {
    for component in [
        "etcd",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ] {
        let name = format!("{component}-{}", place.name);
        let age = 86_400 * 30;
        let (start, image) = (
            world.clock.ago(age),
            if component == "etcd" {
                "registry.k8s.io/etcd:3.6.5-0".to_owned()
            } else {
                format!("registry.k8s.io/{component}:{version}")
            },
        );
        let uid = world.uid("Node", "", &place.name);
        let mut dice = world.dice(&name);
        let conditions: Vec<Value> = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"].iter().map(|kind| json!({ "type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": start })).collect();
        world.add("Pod", "kube-system", &name, age, json!({
            "metadata": {
                "labels": { "component": component, "tier": "control-plane" },
                "annotations": { "kubernetes.io/config.hash": dice.hex(32), "kubernetes.io/config.mirror": dice.hex(32), "kubernetes.io/config.source": "file" },
                "ownerReferences": [{ "apiVersion": "v1", "kind": "Node", "name": place.name, "uid": uid, "controller": true }],
            },
            "spec": {
                "containers": [{ "name": component, "image": image, "command": [component], "resources": { "requests": { "cpu": "100m" } }, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent" }],
                "hostNetwork": true, "nodeName": place.name, "priority": 2_000_001_000, "priorityClassName": "system-node-critical", "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
                "tolerations": [{ "effect": "NoExecute", "operator": "Exists" }], "enableServiceLinks": true, "securityContext": { "seccompProfile": { "type": "RuntimeDefault" } },
            },
            "status": {
                "phase": "Running", "conditions": conditions, "hostIP": place.address, "hostIPs": [{ "ip": place.address }], "podIP": place.address, "podIPs": [{ "ip": place.address }], "startTime": start, "qosClass": "Burstable",
                "containerStatuses": [{ "name": component, "image": image, "imageID": format!("registry.k8s.io/{component}@sha256:{}", dice.hex(64)), "containerID": format!("containerd://{}", dice.hex(64)), "state": { "running": { "startedAt": start } }, "lastState": {}, "ready": true, "started": true, "restartCount": 0 }],
            },
        }));
        if component == "kube-controller-manager" || component == "kube-scheduler" {
            let holder = format!("{}_{}", place.name, world.dice(component).uuid());
            lease(world, "kube-system", component, &holder, 15, 2);
        }
    }
}
