use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::failed_create::{FailedCreate, failed_creates};
use crate::analyzers::refusal::Refusal;
use crate::analyzers::refused_pods::{read_refusal, sighting as refused_sighting};
use crate::kubernetes::{Namespace, Object};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A namespace enforces a Pod Security level, and a workload's pods do not meet it: they are
    /// refused.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: press-5d, namespace: notary, uid: r1}
    /// spec: {replicas: 1}
    /// status:
    ///   conditions:
    ///   - type: ReplicaFailure
    ///     status: "True"
    ///     reason: FailedCreate
    ///     message: 'pods "press-5d-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true (pod or container "press" must set securityContext.runAsNonRoot=true)'
    /// ```
    ///
    /// # Stays silent on
    /// A level that was lowered since:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: press-5d, namespace: notary, uid: r1}
    /// spec: {replicas: 1}
    /// status:
    ///   conditions:
    ///   - type: ReplicaFailure
    ///     status: "True"
    ///     reason: FailedCreate
    ///     message: 'pods "press-5d-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true (pod or container "press" must set securityContext.runAsNonRoot=true)'
    /// ---
    /// apiVersion: v1
    /// kind: Namespace
    /// metadata: {name: notary, labels: {pod-security.kubernetes.io/enforce: privileged}}
    /// ```
    ///
    /// # How to fix
    /// Set the fields that the refusal names in the pod template, or lower the level of the namespace.
    ///
    /// # What it cannot know
    /// Whether the program runs with fewer rights.
    ///
    /// # Source
    /// `violates PodSecurity "LEVEL:VERSION"` of the Pod Security admission plugin.
    SEC004 "pod-security-violation" {
        role: Root,
        severity: Critical,
        confidence: 0.98,
        reads: [
            ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job, CronJob, Deployment, Event,
            Namespace,
        ],
        maps_to: [],
        check: Cluster(check),
    }
}

/// The label that enforces a level.
const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for failed in failed_creates(cluster) {
        if let Refusal::PodSecurity { level, controls } = failed.refusal {
            let namespace = cluster.get::<Namespace>("", failed.namespace());
            let enforced = namespace.and_then(|found| found.metadata.labels.value(ENFORCE));
            let name = level.split_once(':').map_or(level, |(name, _)| name);
            // Without the label the level comes from the API server's own configuration.
            if enforced.is_none_or(|enforced| enforced == name) {
                sink.report(sighting(cluster, &failed, level, controls, namespace));
            }
        }
    }
}

fn sighting(
    cluster: &Cluster<'_>,
    failed: &FailedCreate<'_>,
    level: &str,
    controls: &str,
    namespace: Option<&Namespace>,
) -> Sighting {
    let names = names_of(controls).join(", ");
    let title = format!(
        "Pods of {} violate PodSecurity \"{level}\" and are refused",
        failed.top
    );
    let explanation = format!(
        "{}: namespace {} enforces this level, and the template breaks {names}.",
        failed.counts(),
        failed.namespace()
    );
    let mut sighting = refused_sighting(cluster, failed, title, explanation)
        .identified_by("level", level)
        .evidence(Evidence::message(
            failed.controller.clone(),
            "spec.template.spec",
            controls,
        ));
    if let Some(namespace) = namespace {
        let enforced = namespace.metadata.labels.value(ENFORCE);
        sighting = sighting.evidence(Evidence::field(
            namespace.reference(),
            &format!("metadata.labels[{ENFORCE}]"),
            enforced.unwrap_or("(not set)"),
        ));
    }
    sighting
        .suggest(Suggestion::advice(format!(
            "Change in the pod template of {} what the refusal names ({names}); if the pods need it, they belong in a namespace that enforces less",
            failed.top
        )))
        .suggest(read_refusal(failed))
}

/// The controls that a refusal names, without what to do about them: `runAsNonRoot != true`.
fn names_of(controls: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    let mut names = Vec::new();
    let mut start = 0;
    for (at, character) in controls.char_indices() {
        match character {
            '(' => {
                if depth == 0 {
                    names.extend(controls.get(start..at));
                }
                depth += 1;
            }
            ')' => {
                depth = depth.saturating_sub(1);
                start = at + 1;
            }
            _ => {}
        }
    }
    let mut names: Vec<&str> = names
        .into_iter()
        .map(|name| name.trim_start_matches(',').trim())
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() {
        names.push(controls);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::names_of;

    #[test]
    fn every_control_of_a_refusal_is_named() {
        let text = r#"allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#;
        assert_eq!(
            names_of(text),
            [
                "allowPrivilegeEscalation != false",
                "unrestricted capabilities",
                "seccompProfile"
            ]
        );
        assert_eq!(names_of("something new"), ["something new"]);
    }
}
