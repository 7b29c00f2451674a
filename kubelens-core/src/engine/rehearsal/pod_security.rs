//! What Pod Security admission would refuse, as far as the template proves it.

use crate::analysis::Sighting;
use crate::kubernetes::{Container, Namespace, PodSpec};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::{Cluster, Workload};

/// The label by which a namespace says what it admits.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// Capabilities that the level `baseline` lets a container add.
const BASELINE_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// A template that the level of its namespace does not admit.
pub(super) fn check<'a>(
    workload: &Workload<'a>,
    cluster: &Cluster<'a>,
    seen: &mut Vec<(&'static str, Sighting)>,
) {
    let name = workload.metadata().namespace.as_str();
    let level = cluster
        .get::<Namespace>("", name)
        .and_then(|namespace| namespace.metadata.labels.value(ENFORCE));
    let mut flaws = Vec::new();
    if let Some("baseline" | "restricted") = level {
        baseline(workload.pod_spec(), &mut flaws);
    }
    if level == Some("restricted") {
        restricted(workload.pod_spec(), &mut flaws);
    }
    let (Some(level), false) = (level, flaws.is_empty()) else {
        return;
    };
    let own = workload.reference();
    let mut sighting = Sighting::of(
        own.clone(),
        format!(
            "{own} breaks the Pod Security level `{level}` of namespace {name}: {}",
            flaws.join(", ")
        ),
        "The API server will refuse its pods.",
    )
    .evidence(Evidence::field(
        crate::model::ObjectRef::cluster_scoped("v1", "Namespace", name),
        &format!("metadata.labels.{ENFORCE}"),
        level,
    ));
    for flaw in &flaws {
        sighting = sighting.evidence(Evidence::field(own.clone(), workload.pod_spec_path(), flaw));
    }
    seen.push((
        "SEC004",
        sighting.suggest(Suggestion::advice(format!(
            "Correct the securityContext of {own}, or lower the level of the namespace"
        ))),
    ));
}

/// Source: the Pod Security Standards, level `baseline`.
fn baseline(spec: &PodSpec, flaws: &mut Vec<String>) {
    for (is_set, field) in [
        (spec.host_network, "hostNetwork"),
        (spec.host_pid, "hostPID"),
        (spec.host_ipc, "hostIPC"),
    ] {
        if is_set {
            flaws.push(format!("{field}=true"));
        }
    }
    if let Some(volume) = spec
        .volumes
        .iter()
        .find(|volume| volume.host_path.is_some())
    {
        flaws.push(format!("hostPath volume `{}`", volume.name));
    }
    for (_, container) in spec.all_containers() {
        if let Some(port) = container.ports.iter().find(|port| port.host_port > 0) {
            flaws.push(format!(
                "hostPort {} of `{}`",
                port.host_port, container.name
            ));
        }
        let Some(context) = &container.security_context else {
            continue;
        };
        if context.privileged == Some(true) {
            flaws.push(format!("privileged `{}`", container.name));
        }
        let added = context.capabilities.iter().flat_map(|all| all.add.iter());
        if let Some(capability) = added
            .clone()
            .find(|one| !BASELINE_CAPABILITIES.contains(&one.as_str()))
        {
            flaws.push(format!("capability {capability} of `{}`", container.name));
        }
    }
}

/// Source: the same, level `restricted`; seccomp profiles are not read here.
fn restricted(spec: &PodSpec, flaws: &mut Vec<String>) {
    let pod_level = spec.security_context.as_ref();
    for (_, container) in spec.all_containers() {
        let context = container.security_context.as_ref();
        let name = &container.name;
        if context.and_then(|context| context.allow_privilege_escalation) != Some(false) {
            flaws.push(format!("allowPrivilegeEscalation of `{name}` is not false"));
        }
        let non_root = context
            .and_then(|context| context.run_as_non_root)
            .or(pod_level.and_then(|context| context.run_as_non_root));
        if non_root != Some(true) {
            flaws.push(format!("runAsNonRoot of `{name}` is not true"));
        }
        if !drops_all(container) {
            flaws.push(format!("`{name}` does not drop the capability ALL"));
        }
    }
}

fn drops_all(container: &Container) -> bool {
    container
        .security_context
        .as_ref()
        .and_then(|context| context.capabilities.as_ref())
        .is_some_and(|all| all.drop.iter().any(|one| one == "ALL"))
}
