use std::collections::BTreeMap;

use super::bad_condition::has_lasted;
use super::failing::{describe, failing, title};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Condition, CustomObject, list_at, text_at};
use crate::model::{
    Evidence, ObjectRef, Severity, Suggestion, counted, safe_text, shortened, some_of,
};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// Objects break a policy, as policy reports or a Gatekeeper constraint tell; or a policy itself does
    /// not work.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: wgpolicyk8s.io/v1alpha2
    /// kind: PolicyReport
    /// metadata: {name: r1, namespace: shop}
    /// scope: {apiVersion: apps/v1, kind: Deployment, namespace: shop, name: web}
    /// results:
    /// - {policy: require-limits, rule: limits, result: fail, severity: high, message: limits are required}
    /// ```
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: kyverno.io/v1
    /// kind: ClusterPolicy
    /// metadata: {name: require-limits, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status:
    ///   conditions: [{type: Ready, status: "False", reason: Failed, message: 'invalid variable', lastTransitionTime: "2026-01-01T10:00:00Z"}]
    /// ```
    ///
    /// What a policy that only watches found is a note:
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: wgpolicyk8s.io/v1alpha2
    /// kind: PolicyReport
    /// metadata: {name: r1, namespace: shop}
    /// scope: {apiVersion: apps/v1, kind: Deployment, namespace: shop, name: web}
    /// results:
    /// - {policy: require-labels, rule: team, result: fail, severity: medium, message: a team is required}
    /// ---
    /// apiVersion: kyverno.io/v1
    /// kind: ClusterPolicy
    /// metadata: {name: require-labels, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {validationFailureAction: Audit}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: wgpolicyk8s.io/v1alpha2
    /// kind: PolicyReport
    /// metadata: {name: r1, namespace: shop}
    /// results:
    /// - {policy: require-limits, rule: limits, result: pass}
    /// - {policy: require-labels, rule: team, result: warn}
    /// - {policy: require-probes, rule: probes, result: skip}
    /// ---
    /// apiVersion: kyverno.io/v1
    /// kind: ClusterPolicy
    /// metadata: {name: require-limits, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {conditions: [{type: Ready, status: "True", reason: Succeeded}]}
    /// ```
    ///
    /// # How to fix
    /// Change the objects that break the policy, or make an exception of the policy engine.
    ///
    /// # What it cannot know
    /// Whether an object that breaks a policy harms anything.
    ///
    /// # Source
    /// `results` of PolicyReport and ClusterPolicyReport; condition Ready of Kyverno's policies;
    /// `status.totalViolations` and `status.byPod[].errors` of Gatekeeper's constraints and templates.
    OPS050 "policy-failure" {
        role: Root,
        severity: Warning,
        confidence: 0.85,
        reads: [Pod, Event],
        maps_to: ["k8sgpt:PolicyReport", "k8sgpt:ClusterPolicyReport"],
        check: Cluster(check),
    }
}

const REPORT_GROUPS: [&str; 2] = ["wgpolicyk8s.io", "openreports.io"];

/// Most objects that are named.
const MOST_NAMES: usize = 3;

/// Most letters of a message.
const MOST_LETTERS: usize = 160;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    results(cluster, sink);
    for kind in [
        "ClusterPolicy",
        "Policy",
        "ValidatingPolicy",
        "CleanupPolicy",
    ] {
        for policy in cluster.customs("kyverno.io", kind) {
            let not_ready = policy
                .condition("Ready")
                .filter(|ready| ready.is_false() && has_lasted(cluster, policy, ready));
            if let Some(ready) = not_ready {
                sink.report(broken(cluster, policy, ready));
            }
        }
    }
    for object in cluster.all_customs() {
        match object.group() {
            "constraints.gatekeeper.sh" => constraint(object, sink),
            "templates.gatekeeper.sh" => errors(object, sink),
            _ => {}
        }
    }
}

/// What a rule of a policy says of one object.
#[derive(Default)]
struct Failure {
    severity: Option<Severity>,
    message: String,
    report: Option<ObjectRef>,
}

fn results(cluster: &Cluster<'_>, sink: &mut Sink) {
    let mut failures: BTreeMap<(String, String, ObjectRef), Failure> = BTreeMap::new();
    for group in REPORT_GROUPS {
        for kind in [
            "PolicyReport",
            "ClusterPolicyReport",
            "Report",
            "ClusterReport",
        ] {
            for report in cluster.customs(group, kind) {
                for result in list_at(&report.results, "") {
                    if !matches!(text_at(result, "/result"), "fail" | "error") {
                        continue;
                    }
                    for object in concerned(report, result) {
                        let top = top(cluster, object);
                        let policy = text_at(result, "/policy").to_owned();
                        let rule = text_at(result, "/rule").to_owned();
                        let of = failures.entry((policy, rule, top)).or_default();
                        of.severity = of.severity.max(Some(severity(cluster, report, result)));
                        if of.message.is_empty() {
                            text_at(result, "/message").clone_into(&mut of.message);
                            of.report = Some(report.reference());
                        }
                    }
                }
            }
        }
    }
    for ((policy, rule, subject), failure) in failures {
        sink.report(failed(&policy, &rule, subject, failure));
    }
}

/// The objects that a result is about: those that it names, else the one that its report is about.
fn concerned(report: &CustomObject, result: &serde_json::Value) -> Vec<ObjectRef> {
    let named: Vec<ObjectRef> = ["/resources", "/subjects"]
        .iter()
        .flat_map(|field| list_at(result, field))
        .map(reference)
        .collect();
    match (named.is_empty(), report.scope.is_null()) {
        (false, _) => named,
        (true, false) => vec![reference(&report.scope)],
        (true, true) => vec![report.reference()],
    }
}

fn reference(value: &serde_json::Value) -> ObjectRef {
    ObjectRef::namespaced(
        text_at(value, "/apiVersion"),
        text_at(value, "/kind"),
        text_at(value, "/namespace"),
        text_at(value, "/name"),
    )
}

/// What a person edits: the owner of a pod.
fn top(cluster: &Cluster<'_>, object: ObjectRef) -> ObjectRef {
    match cluster.metadata_of(&object) {
        Some(meta) => cluster.top_owner(object.clone(), meta),
        None => object,
    }
}

/// A note where it weighs little, or where the policy only watches: then no change is refused for it.
fn severity(cluster: &Cluster<'_>, report: &CustomObject, result: &serde_json::Value) -> Severity {
    match text_at(result, "/severity") {
        "low" | "info" => Severity::Info,
        "high" | "critical" => Severity::Warning,
        _ if only_watches(cluster, report, text_at(result, "/policy")) => Severity::Info,
        _ => Severity::Warning,
    }
}

/// Whether the policy of this name is one of Kyverno that refuses nothing.
fn only_watches(cluster: &Cluster<'_>, report: &CustomObject, policy: &str) -> bool {
    let own = report.metadata.namespace.as_str();
    // A policy of a namespace is named with it.
    let (namespace, name) = policy.split_once('/').unwrap_or(("", policy));
    let of_kyverno = ["ClusterPolicy", "Policy"]
        .into_iter()
        .flat_map(|kind| cluster.customs("kyverno.io", kind))
        .chain(cluster.customs("policies.kyverno.io", "ValidatingPolicy"));
    let named: Vec<&CustomObject> = of_kyverno
        .filter(|found| {
            let space = found.metadata.namespace.as_str();
            found.metadata.name == *name
                && (space == namespace || namespace.is_empty() && space == own)
        })
        .collect();
    !named.is_empty() && named.into_iter().all(|policy| !refuses(policy))
}

/// Whether a policy of Kyverno is to refuse what breaks it: as a whole, by an exception for some namespaces, or by one of
/// its rules.
fn refuses(policy: &CustomObject) -> bool {
    let is_enforced = |action: &str| {
        action.eq_ignore_ascii_case("enforce") || action.eq_ignore_ascii_case("deny")
    };
    let of_rules = policy.spec_list("/rules").iter().flat_map(|rule| {
        ["/validate/failureAction", "/verifyImages/0/failureAction"].map(|at| text_at(rule, at))
    });
    let overrides = policy
        .spec_list("/validationFailureActionOverrides")
        .iter()
        .map(|one| text_at(one, "/action"));
    let actions = policy
        .spec_list("/validationActions")
        .iter()
        .filter_map(serde_json::Value::as_str);
    std::iter::once(policy.spec_text("/validationFailureAction"))
        .chain(of_rules)
        .chain(overrides)
        .chain(actions)
        .any(is_enforced)
}

fn failed(policy: &str, rule: &str, subject: ObjectRef, failure: Failure) -> Sighting {
    let message = shortened(&safe_text(&failure.message), MOST_LETTERS);
    let of = if rule.is_empty() {
        format!("policy `{policy}`")
    } else {
        format!("rule `{rule}` of policy `{policy}`")
    };
    let explanation = "What the policy guards against is there; where it is enforced, the next change is refused.";
    let mut sighting = Sighting::of(
        subject.clone(),
        format!("{subject} breaks {of}"),
        explanation,
    )
    .identified_by("policy", policy)
    .identified_by("rule", rule)
    .severity(failure.severity.unwrap_or(Severity::Warning))
    .grouped(format!("{policy}/{rule}"), format!("objects break {of}"));
    if let Some(report) = failure.report {
        sighting = sighting.evidence(Evidence::message(
            report,
            "results",
            &format!("{policy}/{rule}: {message}"),
        ));
    }
    sighting.suggest(Suggestion::advice(format!(
        "Change {subject} so that it meets {of}"
    )))
}

fn broken(cluster: &Cluster<'_>, policy: &CustomObject, ready: Condition) -> Sighting {
    let said = title(policy, "does not work", &ready);
    failing(
        cluster,
        policy,
        said,
        "What it is to check is not checked.",
        &[ready],
    )
    .severity(Severity::Warning)
}

fn constraint(constraint: &CustomObject, sink: &mut Sink) {
    errors(constraint, sink);
    let total = constraint
        .status
        .get("totalViolations")
        .and_then(serde_json::Value::as_u64)
        .unwrap_or_default();
    if total == 0 {
        return;
    }
    let own = constraint.reference();
    let violations = constraint.status_list("/violations");
    let names = violations.iter().map(|one| {
        let path = match text_at(one, "/namespace") {
            "" => text_at(one, "/name").to_owned(),
            namespace => format!("{namespace}/{}", text_at(one, "/name")),
        };
        format!("{} {path}", text_at(one, "/kind"))
    });
    let count = usize::try_from(total).unwrap_or(usize::MAX);
    let is_enforced = matches!(constraint.spec_text("/enforcementAction"), "" | "deny");
    let message = violations
        .first()
        .map_or("", |one| text_at(one, "/message"));
    sink.report(
        Sighting::of(
            own.clone(),
            format!("{own} is broken by {}", counted(count, "object")),
            format!("Among them: {}.", some_of(names, MOST_NAMES)),
        )
        .severity(if is_enforced {
            Severity::Warning
        } else {
            Severity::Info
        })
        .evidence(Evidence::field(
            own.clone(),
            "status.totalViolations",
            total,
        ))
        .evidence(Evidence::message(own, "status.violations", message))
        .suggest(describe(constraint)),
    );
}

/// What the pods of Gatekeeper say that they cannot do with it.
fn errors(object: &CustomObject, sink: &mut Sink) {
    let error = object
        .status_list("/byPod")
        .iter()
        .flat_map(|pod| list_at(pod, "/errors"))
        .next();
    let Some(error) = error else {
        return;
    };
    let own = object.reference();
    let said = format!("{} {}", text_at(error, "/code"), text_at(error, "/message"));
    sink.report(
        Sighting::of(
            own.clone(),
            format!(
                "{own} does not work: {}",
                shortened(&safe_text(said.trim()), MOST_LETTERS)
            ),
            "What it is to check is not checked.",
        )
        .identified_by("fact", "errors")
        .severity(Severity::Warning)
        .evidence(Evidence::message(own, "status.byPod.errors", said.trim()))
        .suggest(describe(object)),
    );
}
