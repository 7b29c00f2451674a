use super::node_reach::reaches_node;
use crate::analysis::{Sink, declare_analyzer};
use crate::analyzers::standing_workload::{container_path, stands};
use crate::model::Evidence;
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// Pods of a workload can reach into the node that they run on: whoever breaks into one of them has the node.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: build, namespace: ci}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers: [{name: build, securityContext: {privileged: true}}]
    ///       volumes: [{name: socket, hostPath: {path: /var/run/docker.sock}}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec:
    ///   template:
    ///     spec:
    ///       containers: [{name: web, securityContext: {privileged: false}}]
    ///       volumes: [{name: data, hostPath: {path: /data/web}}, {name: tmp, emptyDir: {}}]
    /// ```
    ///
    /// # How to fix
    /// Take the access away; a single capability or a device plugin often does what `privileged` was set for.
    ///
    /// # What it cannot know
    /// Whether the program needs it: agents of nodes (network, storage, monitoring) mostly do. Those of
    /// `kube-system` are told as info.
    ///
    /// # Source
    /// `securityContext.privileged`, `hostNetwork`, `hostPID`, `hostIPC` and `hostPath` of core/v1 PodSpec; the
    /// baseline level of the Pod Security Standards.
    SEC006 "host-access" {
        role: Root,
        severity: Warning,
        confidence: 0.95,
        reads: [],
        maps_to: ["k8sgpt:Security"],
        profiles: [Security],
        check: Workload(check),
    }
}

/// Folders of a node that hold its secrets or let one steer it, with all below them.
const FOLDERS: [&str; 7] = [
    "/etc",
    "/proc",
    "/sys",
    "/root",
    "/var/lib/kubelet",
    "/var/lib/containerd",
    "/var/lib/docker",
];

/// Ends of the sockets by which container runtimes are steered.
const SOCKETS: [&str; 3] = ["docker.sock", "containerd.sock", "crio.sock"];

/// Folders that hold such a socket.
const SOCKET_FOLDERS: [&str; 5] = [
    "/run",
    "/var/run",
    "/run/containerd",
    "/run/crio",
    "/var/run/crio",
];

fn check<'a>(workload: &Workload<'a>, _: &Cluster<'a>, sink: &mut Sink) {
    if !stands(workload) {
        return;
    }
    let own = workload.reference();
    let (spec, path) = (workload.pod_spec(), workload.pod_spec_path());
    let mut proof = Vec::new();
    let mut said = Vec::new();
    for (role, container) in spec.all_containers() {
        let context = container.security_context.as_ref();
        if context.and_then(|context| context.privileged) == Some(true) {
            let place = container_path(workload, role, container);
            let place = format!("{place}.securityContext.privileged");
            proof.push(Evidence::field(own.clone(), &place, true));
            said.push(format!("container `{}` is privileged", container.name));
        }
    }
    let shared = [
        ("hostNetwork", spec.host_network, "its network"),
        ("hostPID", spec.host_pid, "its processes"),
        ("hostIPC", spec.host_ipc, "its shared memory"),
    ];
    for (field, is_set, what) in shared {
        if is_set {
            let place = format!("{path}.{field}");
            proof.push(Evidence::field(own.clone(), &place, true));
            said.push(format!("it shares {what}"));
        }
    }
    for volume in &spec.volumes {
        if let Some(host) = volume
            .host_path
            .as_ref()
            .filter(|host| is_sensitive(&host.path))
        {
            let place = format!("{path}.volumes[{}].hostPath.path", volume.name);
            proof.push(Evidence::field(own.clone(), &place, &host.path));
            said.push(format!("it mounts {}", host.path));
        }
    }
    if said.is_empty() {
        return;
    }
    let title = format!("Pods of {own} can reach into their node");
    let text = format!("Of the node: {}.", said.join(", "));
    sink.report(reaches_node(
        workload,
        (title, text),
        proof,
        "Take away what it does not need; name single capabilities in place of privileged",
        "workloads can reach into their nodes",
    ));
}

fn is_sensitive(path: &str) -> bool {
    let path = match path.trim_end_matches('/') {
        "" => return !path.is_empty(),
        path => path,
    };
    let is_below = |folder: &&str| {
        path.strip_prefix(*folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    FOLDERS.iter().any(is_below)
        || SOCKET_FOLDERS.contains(&path)
        || SOCKETS.iter().any(|socket| path.ends_with(socket))
}

#[cfg(test)]
mod tests {
    use super::is_sensitive;

    #[test]
    fn folders_that_steer_a_node_are_told_from_others() {
        for path in [
            "/",
            "/etc",
            "/etc/kubernetes/",
            "/proc",
            "/run/containerd/containerd.sock",
        ] {
            assert!(is_sensitive(path), "{path}");
        }
        for path in ["", "/data", "/etcd-data", "/var/log", "/var/lib/app"] {
            assert!(!is_sensitive(path), "{path}");
        }
    }
}
