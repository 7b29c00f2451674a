use super::node_reach::reaches_node;
use crate::analysis::{Sink, declare_analyzer};
use crate::analyzers::standing_workload::{container_path, stands};
use crate::model::{Evidence, some_of};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A container gets a capability of the kernel that is almost as good as root on the node.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {containers: [{name: web, securityContext: {capabilities: {add: [SYS_ADMIN]}}}]}}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec: {template: {spec: {containers: [{name: web, securityContext: {capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}}]}}}
    /// ```
    ///
    /// # How to fix
    /// Drop all capabilities and add the few that the program needs.
    ///
    /// # What it cannot know
    /// Whether the program needs it. Agents of `kube-system` are told as info.
    ///
    /// # Source
    /// `securityContext.capabilities.add` of core/v1 Container; capabilities(7).
    SEC010 "dangerous-capabilities" {
        role: Root,
        severity: Warning,
        confidence: 0.90,
        reads: [],
        maps_to: [],
        profiles: [Security],
        check: Workload(check),
    }
}

/// Capabilities that open the node, as Kubernetes writes them.
const DANGEROUS: [&str; 8] = [
    "ALL",
    "SYS_ADMIN",
    "NET_ADMIN",
    "SYS_PTRACE",
    "SYS_MODULE",
    "SYS_RAWIO",
    "BPF",
    "DAC_READ_SEARCH",
];

fn check<'a>(workload: &Workload<'a>, _: &Cluster<'a>, sink: &mut Sink) {
    if !stands(workload) {
        return;
    }
    let own = workload.reference();
    let mut names = Vec::new();
    let mut proof = Vec::new();
    for (role, container) in workload.pod_spec().all_containers() {
        let context = container.security_context.as_ref();
        let added = context.and_then(|context| context.capabilities.as_ref());
        for capability in added.iter().flat_map(|all| all.add.iter()) {
            let plain = capability.strip_prefix("CAP_").unwrap_or(capability);
            if DANGEROUS.contains(&plain) {
                let path = container_path(workload, role, container);
                let path = format!("{path}.securityContext.capabilities.add");
                proof.push(Evidence::field(own.clone(), &path, capability));
                names.push(plain);
            }
        }
    }
    if names.is_empty() {
        return;
    }
    names.sort_unstable();
    names.dedup();
    let title = format!("{own} adds the capability {}", some_of(names, 4));
    let text = "Whoever breaks into the container can do with the node what root can.";
    sink.report(reaches_node(
        workload,
        (title, text.to_owned()),
        proof,
        "Drop all capabilities and add only what the program needs",
        "workloads add dangerous capabilities",
    ));
}
