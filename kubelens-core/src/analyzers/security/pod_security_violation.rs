use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::failed_create::{FailedCreate, failed_creates};
use crate::analyzers::refusal::Refusal;
use crate::analyzers::refused_pods::{read_refusal, sighting as refused_sighting};
use crate::kubernetes::{Namespace, Object};
use crate::model::{Evidence, ObjectRef, Suggestion, safe_text, some_of};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A namespace enforces a Pod Security level, or a cluster (OpenShift) security context constraints,
    /// and a workload's pods do not meet them: they are refused.
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
    /// OpenShift's constraints:
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
    ///     message: 'pods "press-5d-" is forbidden: unable to validate against any security context constraint: [provider "anyuid": Forbidden: not usable by user or serviceaccount, provider restricted-v2: .containers[0].runAsUser: Invalid value: 0: must be in the ranges: [1000690000, 1000699999]]'
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
    /// `violates PodSecurity "LEVEL:VERSION"` of the Pod Security admission plugin; `unable to validate
    /// against any security context constraint` of OpenShift's.
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
        if let Refusal::SecurityContextConstraints { providers } = failed.refusal {
            sink.report(not_admitted(cluster, &failed, providers));
        }
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

/// OpenShift: no constraint that the account may use admits the pods.
fn not_admitted(cluster: &Cluster<'_>, failed: &FailedCreate<'_>, providers: &str) -> Sighting {
    let account = failed
        .spec
        .service_account_name
        .non_empty()
        .unwrap_or("default");
    let account = ObjectRef::namespaced("v1", "ServiceAccount", failed.namespace(), account);
    let usable = usable_constraints(providers);
    let reasons = some_of(usable.iter().map(|reason| safe_text(reason)), 3);
    let broken = if usable.is_empty() {
        "it may use none".to_owned()
    } else {
        format!("those that it may use refuse them: {reasons}")
    };
    let title = format!(
        "No security context constraint that {account} may use admits the pods of {}",
        failed.top
    );
    refused_sighting(
        cluster,
        failed,
        title,
        format!("{}: {}.", failed.counts(), broken.trim_end_matches('.')),
    )
    .identified_by("level", "security context constraints")
    .evidence(Evidence::field(
        failed.controller.clone(),
        "spec.template.spec.serviceAccountName",
        &account.name,
    ))
    .suggest(Suggestion::advice(format!(
        "Take out of the pod template of {} what the refusal names, so that the namespace's own range of users is taken; if the program needs it, give {account} a constraint that allows it",
        failed.top
    )))
    .suggest(read_refusal(failed))
}

/// What the constraints say that the account may use: `restricted-v2: .containers[0].runAsUser: …`.
fn usable_constraints(providers: &str) -> Vec<&str> {
    let parts = providers
        .split("provider ")
        .map(|part| part.trim_end_matches([',', ' ']));
    parts
        .filter(|part| !part.is_empty() && !part.contains("not usable by user or serviceaccount"))
        .collect()
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
    use super::{names_of, usable_constraints};

    #[test]
    fn constraints_that_the_account_may_not_use_say_nothing() {
        let text = r#"provider "anyuid": Forbidden: not usable by user or serviceaccount, provider restricted-v2: .containers[0].runAsUser: Invalid value: 0: must be in the ranges: [1000690000, 1000699999], provider "privileged": Forbidden: not usable by user or serviceaccount"#;
        assert_eq!(
            usable_constraints(text),
            [
                "restricted-v2: .containers[0].runAsUser: Invalid value: 0: must be in the ranges: [1000690000, 1000699999]"
            ]
        );
    }

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
