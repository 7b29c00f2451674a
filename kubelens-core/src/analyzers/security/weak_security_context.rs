use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::standing_workload::{container_path, containers_in_words, stands_for_users};
use crate::kubernetes::{Container, ContainerRole, PodSpec};
use crate::model::{Evidence, Severity, Suggestion};
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

/// A field of a container that does not confine it.
struct Loose<'a> {
    container: &'a str,
    path: String,
    value: String,
}

fn check<'a>(workload: &Workload<'a>, _: &Cluster<'a>, sink: &mut Sink) {
    let spec = workload.pod_spec();
    if !stands_for_users(workload) || is_windows(spec) {
        return;
    }
    let mut rooted = Vec::new();
    let mut loose = Vec::new();
    for (role, container) in spec.all_containers() {
        let path = container_path(workload, role, container);
        let of = |field: &str, value: Option<String>| Loose {
            container: &container.name,
            path: format!("{path}.securityContext.{field}"),
            value: value.unwrap_or_else(|| "not set".to_owned()),
        };
        if let Some(rule) = root_rule(spec, container) {
            rooted.push(of("runAsNonRoot", rule.map(|rule| rule.to_string())));
        }
        let fields = loosened(spec, container, role);
        loose.extend(fields.into_iter().map(|(field, value)| of(field, value)));
    }
    if !rooted.is_empty() {
        let effect = "Whoever breaks out of the container is root on the node.";
        sink.report(sighting(workload, "root", effect, &rooted));
    }
    if !loose.is_empty() {
        let effect = "Whoever breaks into the container finds more doors than it needs.";
        sink.report(sighting(workload, "loose", effect, &loose).severity(Severity::Info));
    }
}

fn is_windows(spec: &PodSpec) -> bool {
    spec.os.as_ref().is_some_and(|os| os.name == "windows")
        || spec.node_selector.value("kubernetes.io/os") == Some("windows")
}

/// What `runAsNonRoot` says for a container that nothing keeps from running as root: neither that rule nor a user
/// other than 0. What the container says stands over what its pod says.
#[allow(
    clippy::option_option,
    reason = "a container that may be root, and a rule that may not be there, are two things"
)]
fn root_rule(spec: &PodSpec, container: &Container) -> Option<Option<bool>> {
    let own = container.security_context.as_ref();
    let pod = spec.security_context.as_ref();
    let rule = own
        .and_then(|own| own.run_as_non_root)
        .or_else(|| pod.and_then(|pod| pod.run_as_non_root));
    let user = own
        .and_then(|own| own.run_as_user)
        .or_else(|| pod.and_then(|pod| pod.run_as_user));
    let may_be_root = rule != Some(true) && user.is_none_or(|user| user == 0);
    may_be_root.then_some(rule)
}

/// The fields that would confine the container and do not, with what they say.
fn loosened(
    spec: &PodSpec,
    container: &Container,
    role: ContainerRole,
) -> Vec<(&'static str, Option<String>)> {
    let own = container.security_context.as_ref();
    let mut fields = Vec::new();
    let in_words = |value: Option<bool>| value.map(|value| value.to_string());
    let escalation = own.and_then(|own| own.allow_privilege_escalation);
    if escalation != Some(false) {
        fields.push(("allowPrivilegeEscalation", in_words(escalation)));
    }
    let pod = spec.security_context.as_ref();
    let profile = own
        .and_then(|own| own.seccomp_profile.as_ref())
        .or_else(|| pod.and_then(|pod| pod.seccomp_profile.as_ref()));
    if profile.is_none_or(|profile| profile.type_ == "Unconfined") {
        let says = profile.map(|profile| profile.type_.to_string());
        fields.push(("seccompProfile", says));
    }
    let read_only = own.and_then(|own| own.read_only_root_filesystem);
    if role != ContainerRole::Init && read_only != Some(true) {
        fields.push(("readOnlyRootFilesystem", in_words(read_only)));
    }
    fields
}

fn sighting(
    workload: &Workload<'_>,
    fact: &'static str,
    effect: &str,
    places: &[Loose<'_>],
) -> Sighting {
    let own = workload.reference();
    let mut names: Vec<&str> = places.iter().map(|place| place.container).collect();
    names.dedup();
    let (who, _) = containers_in_words(&names);
    let (title, group) = if fact == "root" {
        (
            format!("{who} of {own} may run as root"),
            "workloads may run a container as root",
        )
    } else {
        (
            format!("{who} of {own} could be confined more"),
            "workloads could confine their containers more",
        )
    };
    let proof = places
        .iter()
        .take(MOST_SHOWN)
        .map(|place| Evidence::field(own.clone(), &place.path, &place.value));
    Sighting::of(own.clone(), title, effect)
        .identified_by("fact", fact)
        .all_evidence(proof)
        .suggest(Suggestion::advice(
            "Set runAsNonRoot, allowPrivilegeEscalation: false, a seccompProfile and readOnlyRootFilesystem",
        ))
        .grouped(fact, group)
}
