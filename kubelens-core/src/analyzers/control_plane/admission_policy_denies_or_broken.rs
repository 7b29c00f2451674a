use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::failed_create::{FailedCreate, failed_creates};
use crate::analyzers::policy_evaluation::{EvaluationError, evaluation_error, missing_parameter};
use crate::analyzers::policy_parameters::{NO_PARAMETERS, Parameters, parameters_of};
use crate::analyzers::refusal::Refusal;
use crate::analyzers::refused_pods::{read_refusal, sighting as refused_sighting};
use crate::model::{Evidence, ObjectRef, Severity, Suggestion, safe_text};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A ValidatingAdmissionPolicy refuses what a workload's controller wants to create; or a policy
    /// or its binding is itself broken: expressions that do not type-check, or whose evaluation ends with an error,
    /// a binding to a policy that does not exist.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 1}
    /// status:
    ///   conditions:
    ///   - type: ReplicaFailure
    ///     status: "True"
    ///     reason: FailedCreate
    ///     message: "pods \"web-5d-x\" is forbidden: ValidatingAdmissionPolicy 'no-latest' with binding 'no-latest-all' denied request: images need a tag"
    /// ```
    /// ```yaml
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicy
    /// metadata: {name: tags}
    /// ---
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicyBinding
    /// metadata: {name: tags-all}
    /// spec: {policyName: tag}
    /// ```
    /// Parameters that are not there:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicy
    /// metadata: {name: sizes}
    /// spec: {paramKind: {apiVersion: v1, kind: ConfigMap}}
    /// ---
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicyBinding
    /// metadata: {name: sizes-all}
    /// spec: {policyName: sizes, paramRef: {name: limits, namespace: guard, parameterNotFoundAction: Deny}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 1}
    /// status:
    ///   conditions:
    ///   - type: ReplicaFailure
    ///     status: "True"
    ///     reason: FailedCreate
    ///     message: "pods \"web-5d-x\" is forbidden: ValidatingAdmissionPolicy 'sizes' with binding 'sizes-all' denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
    /// ```
    /// An expression that cannot be evaluated:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: ConfigMap
    /// metadata: {name: rules, namespace: guard}
    /// data: {registries: ghcr.io/acme/}
    /// ---
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicy
    /// metadata: {name: trusted}
    /// spec: {paramKind: {apiVersion: v1, kind: ConfigMap}}
    /// ---
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicyBinding
    /// metadata: {name: trusted-all}
    /// spec: {policyName: trusted, paramRef: {name: rules, namespace: guard, parameterNotFoundAction: Deny}}
    /// ---
    /// apiVersion: apps/v1
    /// kind: ReplicaSet
    /// metadata: {name: web-5d, namespace: shop, uid: r1}
    /// spec: {replicas: 1}
    /// status:
    ///   conditions:
    ///   - type: ReplicaFailure
    ///     status: "True"
    ///     reason: FailedCreate
    ///     message: "pods \"web-5d-x\" is forbidden: ValidatingAdmissionPolicy 'trusted' with binding 'trusted-all' denied request: expression 'object.spec.containers.all(c, c.image.startsWith(params.data.registry))' resulted in error: no such key: registry"
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicy
    /// metadata: {name: tags}
    /// ---
    /// apiVersion: admissionregistration.k8s.io/v1
    /// kind: ValidatingAdmissionPolicyBinding
    /// metadata: {name: tags-all}
    /// spec: {policyName: tags}
    /// ```
    ///
    /// # How to fix
    /// Change the template so that it meets the policy, or the policy. An expression has to ask whether a field is there
    /// (`has`, `?`, `in`) before it reads it.
    ///
    /// # What it cannot know
    /// Objects that a person was refused by hand: only controllers leave a trace.
    ///
    /// # Source
    /// `ValidatingAdmissionPolicy 'P' with binding 'B' denied request`, `expression 'E' resulted in error`; `status.typeChecking` and
    /// `spec.policyName` of admissionregistration/v1.
    CTL009 "admission-policy-denies-or-broken" {
        role: Root,
        severity: Critical,
        confidence: 0.95,
        reads: [
            ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job, CronJob, Deployment, Event, ConfigMap,
        ],
        maps_to: [],
        check: Cluster(check),
    }
}

/// The API of policies.
const API: &str = "admissionregistration.k8s.io/v1";

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for failed in failed_creates(cluster) {
        if let Refusal::AdmissionPolicy {
            policy,
            binding,
            message,
        } = failed.refusal
        {
            if message.contains(NO_PARAMETERS) {
                sink.report(without_parameters(cluster, &failed, policy, binding));
                continue;
            }
            if let Some(error) = evaluation_error(message) {
                sink.report(not_evaluated(cluster, &failed, (policy, binding), error));
                continue;
            }
            let title = format!(
                "ValidatingAdmissionPolicy {policy} denies the pods of {}",
                failed.top
            );
            let explanation = format!(
                "{}: binding `{binding}` enforces the policy; its reason is in the evidence.",
                failed.counts()
            );
            let sighting = refused_sighting(cluster, &failed, title, explanation)
                .identified_by("policy", policy)
                .suggest(Suggestion::advice(format!(
                    "Change the template of {} so that it meets policy `{policy}`",
                    failed.top
                )))
                .suggest(Suggestion::look(
                    "Read the policy",
                    format!("kubectl get validatingadmissionpolicy {policy} -o yaml"),
                ))
                .suggest(read_refusal(&failed));
            sink.report(sighting);
        }
    }
    broken_policies(cluster, sink);
}

/// The policy is asked with parameters from an object that does not exist: whoever it is for is refused, whatever they do.
fn without_parameters(
    cluster: &Cluster<'_>,
    failed: &FailedCreate<'_>,
    policy: &str,
    name: &str,
) -> Sighting {
    let Parameters {
        binding: own,
        wanted,
    } = parameters_of(cluster, policy, name);
    let title = wanted.as_ref().map_or_else(
        || format!("{own} finds no parameters, so ValidatingAdmissionPolicy {policy} refuses everything"),
        |wanted| format!("{wanted} does not exist: without its parameters ValidatingAdmissionPolicy {policy} refuses everything"),
    );
    let explanation = format!(
        "{} of {}: {own} asks for parameters and denies what they are missing for; no change of a workload helps.",
        failed.counts(),
        failed.top
    );
    let subject = wanted.clone().unwrap_or_else(|| own.clone());
    let mut sighting = refused_sighting(cluster, failed, title, explanation)
        .identified_by("binding", name)
        .blames(subject.clone(), "same object");
    sighting.subject = subject.clone();
    if let Some(wanted) = wanted {
        sighting = sighting.evidence(Evidence::field(own.clone(), "spec.paramRef", wanted.path()));
    }
    sighting
        .suggest(Suggestion::advice(format!(
            "Create {subject}, correct spec.paramRef of {own}, or set its parameterNotFoundAction to Allow"
        )))
        .suggest(read_refusal(failed))
}

/// An expression of the policy ends with an error instead of an answer, which counts as a refusal for whoever it is for.
fn not_evaluated(
    cluster: &Cluster<'_>,
    failed: &FailedCreate<'_>,
    (policy, binding): (&str, &str),
    error: EvaluationError<'_>,
) -> Sighting {
    let subject = ObjectRef::cluster_scoped(API, "ValidatingAdmissionPolicy", policy);
    let what = safe_text(error.error);
    let title = format!("An expression of {subject} cannot be evaluated: {what}");
    let explanation = format!(
        "{} of {}: binding `{binding}` enforces the policy, and an error denies as a broken rule does.",
        failed.counts(),
        failed.top
    );
    let mut sighting = refused_sighting(cluster, failed, title, explanation)
        .identified_by("error", what)
        .evidence(Evidence::message(
            subject.clone(),
            "spec.validations[*].expression",
            error.expression,
        ))
        .all_evidence(missing_parameter(cluster, (policy, binding), error));
    sighting.subject = subject.clone();
    sighting.relation = "denies";
    sighting
        .suggest(Suggestion::advice(format!(
            "Let the expression of {subject} read only what is there: with `has()`, `?` or `in` before it, or another key"
        )))
        .suggest(Suggestion::look(
            "Read the policy",
            format!("kubectl get validatingadmissionpolicy {policy} -o yaml"),
        ))
        .suggest(read_refusal(failed))
}

fn broken_policies(cluster: &Cluster<'_>, sink: &mut Sink) {
    let policies = cluster.custom("ValidatingAdmissionPolicy");
    for policy in policies {
        let warning = policy
            .status
            .pointer("/typeChecking/expressionWarnings/0")
            .and_then(|warning| Some((warning.get("fieldRef")?, warning.get("warning")?)));
        if let Some((field, text)) = warning {
            let own = policy.reference();
            let title = format!("An expression of {own} does not type-check");
            let sighting = Sighting::of(
                own.clone(),
                title,
                "What the expression is about may be refused or let through by mistake.",
            )
            .severity(Severity::Warning)
            .evidence(Evidence::message(
                own,
                &format!(
                    "status.typeChecking ({})",
                    field.as_str().unwrap_or_default()
                ),
                text.as_str().unwrap_or_default(),
            ))
            .suggest(Suggestion::look(
                "Read the policy",
                format!(
                    "kubectl get validatingadmissionpolicy {} -o yaml",
                    policy.metadata.name
                ),
            ));
            sink.report(sighting);
        }
    }
    for binding in cluster.custom("ValidatingAdmissionPolicyBinding") {
        let Some(name) = binding
            .spec
            .get("policyName")
            .and_then(|name| name.as_str())
        else {
            continue;
        };
        // Bindings were read and policies of the same API group were: the list is there.
        if policies.is_empty() || policies.iter().any(|policy| policy.metadata.name == *name) {
            continue;
        }
        let own = binding.reference();
        let missing =
            ObjectRef::cluster_scoped(&binding.api_version, "ValidatingAdmissionPolicy", name);
        let sighting = Sighting::of(
            own.clone(),
            format!("{own} binds {missing}, which does not exist"),
            "The binding enforces nothing.",
        )
        .severity(Severity::Warning)
        .evidence(Evidence::field(own.clone(), "spec.policyName", name))
        .evidence(Evidence::absence(missing, "no policy of that name"))
        .suggest(Suggestion::advice(format!(
            "Correct spec.policyName of {own}, or create the policy"
        )));
        sink.report(sighting);
    }
}
