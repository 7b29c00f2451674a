use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::standing_workload::{container_path, stands_for_users};
use crate::kubernetes::{Container, ContainerRole, PodSpec};
use crate::model::{Evidence, Severity, Suggestion, some_of};
use crate::snapshot::{Cluster, Workload};

declare_analyzer! {
    /// # What it means
    /// A container may run as root, may gain more rights than it starts with, may write to its own files, or may
    /// call every function of the kernel.
    ///
    /// # Fires on
    /// A container that overrides what its pod says:
    /// ```yaml
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: web, namespace: shop}
    /// spec:
    ///   template:
    ///     spec:
    ///       securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
    ///       containers: [{name: web, securityContext: {runAsNonRoot: false}}]
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
    ///       securityContext: {runAsUser: 1000, seccompProfile: {type: RuntimeDefault}}
    ///       containers: [{name: web, securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true}}]
    /// ---
    /// apiVersion: apps/v1
    /// kind: Deployment
    /// metadata: {name: billing, namespace: shop}
    /// spec: {template: {spec: {os: {name: windows}, containers: [{name: billing}]}}}
    /// ```
    ///
    /// # How to fix
    /// Set `runAsNonRoot: true`, `allowPrivilegeEscalation: false`, `seccompProfile: {type: RuntimeDefault}` and,
    /// where the program lets you, `readOnlyRootFilesystem: true`.
    ///
    /// # What it cannot know
    /// The user that the image names.
    ///
    /// # Source
    /// `securityContext` of core/v1 PodSpec and Container, the container's over the pod's; the restricted level of
    /// the Pod Security Standards.
    SEC009 "weak-security-context" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [],
        maps_to: ["k8sgpt:Security", "POP-302", "POP-306"],
        profiles: [Security],
        check: Workload(check),
    }
}

/// Containers that are shown as proof.
const MOST_SHOWN: usize = 6;

fn check<'a>(workload: &Workload<'a>, _: &Cluster<'a>, sink: &mut Sink) {
    let spec = workload.pod_spec();
    if !stands_for_users(workload) || is_windows(spec) {
        return;
    }
    let mut rooted = Vec::new();
    let mut loose = Vec::new();
    for (role, container) in spec.all_containers() {
        let path = container_path(workload, role, container);
        let path = format!("{path}.securityContext");
        if may_be_root(spec, container) {
            rooted.push((container.name.as_str(), format!("{path}.runAsNonRoot")));
        }
        for field in loosened(spec, container, role) {
            loose.push((container.name.as_str(), format!("{path}.{field}")));
        }
    }
    if !rooted.is_empty() {
        let effect = "Whoever breaks out of the container is root on the node.";
        sink.report(sighting(
            workload,
            "root",
            "may run as root",
            effect,
            &rooted,
        ));
    }
    if !loose.is_empty() {
        let effect = "Whoever breaks into the container finds more doors than it needs.";
        let sighting = sighting(
            workload,
            "loose",
            "is less confined than it could be",
            effect,
            &loose,
        );
        sink.report(sighting.severity(Severity::Info));
    }
}

fn is_windows(spec: &PodSpec) -> bool {
    spec.os.as_ref().is_some_and(|os| os.name == "windows")
        || spec.node_selector.value("kubernetes.io/os") == Some("windows")
}

/// Whether nothing keeps the container from running as root: neither the rule nor a user other than 0. What the
/// container says stands over what its pod says.
fn may_be_root(spec: &PodSpec, container: &Container) -> bool {
    let (own, pod) = (
        container.security_context.as_ref(),
        spec.security_context.as_ref(),
    );
    let rule = own
        .and_then(|own| own.run_as_non_root)
        .or_else(|| pod.and_then(|pod| pod.run_as_non_root));
    let user = own
        .and_then(|own| own.run_as_user)
        .or_else(|| pod.and_then(|pod| pod.run_as_user));
    rule != Some(true) && user.is_none_or(|user| user == 0)
}

/// The fields that would confine the container and do not.
fn loosened(spec: &PodSpec, container: &Container, role: ContainerRole) -> Vec<&'static str> {
    let own = container.security_context.as_ref();
    let mut fields = Vec::new();
    if own.and_then(|own| own.allow_privilege_escalation) != Some(false) {
        fields.push("allowPrivilegeEscalation");
    }
    let pod = spec.security_context.as_ref();
    let profile = own
        .and_then(|own| own.seccomp_profile.as_ref())
        .or_else(|| pod.and_then(|pod| pod.seccomp_profile.as_ref()));
    if profile.is_none_or(|profile| profile.type_ == "Unconfined") {
        fields.push("seccompProfile");
    }
    let is_read_only = own.and_then(|own| own.read_only_root_filesystem) == Some(true);
    if role != ContainerRole::Init && !is_read_only {
        fields.push("readOnlyRootFilesystem");
    }
    fields
}

fn sighting(
    workload: &Workload<'_>,
    fact: &'static str,
    what: &str,
    effect: &str,
    places: &[(&str, String)],
) -> Sighting {
    let own = workload.reference();
    let mut names: Vec<&str> = places.iter().map(|(name, _)| *name).collect();
    names.dedup();
    let proof = places
        .iter()
        .take(MOST_SHOWN)
        .map(|(_, path)| Evidence::field(own.clone(), path, "not set as it should be"));
    Sighting::of(
        own.clone(),
        format!("{} of {own} {what}", some_of(names, 3)),
        effect,
    )
    .identified_by("fact", fact)
    .all_evidence(proof)
    .suggest(Suggestion::advice(
        "Set runAsNonRoot, allowPrivilegeEscalation: false, a seccompProfile and readOnlyRootFilesystem",
    ))
    .grouped(
        format!("SEC009/{fact}"),
        format!("workloads have a container that {what}"),
    )
}
