use super::bad_condition::words;
use super::failing::{failing, pointing, titled};
use crate::analysis::{Sink, declare_analyzer};
use crate::kubernetes::{CustomObject, text_at};
use crate::model::{Evidence, Risk, Severity, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// The steps by which the Operator Lifecycle Manager installs an operator failed, do not end, or wait
    /// for somebody's approval.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: operators.coreos.com/v1alpha1
    /// kind: InstallPlan
    /// metadata: {name: install-x7, namespace: ops, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// spec: {approved: true, clusterServiceVersionNames: [db.v1.2.0]}
    /// status:
    ///   phase: Failed
    ///   conditions: [{type: Installed, status: "False", reason: InstallComponentFailed, message: "error validating existing CRs against new CRD's schema"}]
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: operators.coreos.com/v1alpha1
    /// kind: InstallPlan
    /// metadata: {name: install-x7, namespace: ops, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {phase: Failed}
    /// ---
    /// apiVersion: operators.coreos.com/v1alpha1
    /// kind: InstallPlan
    /// metadata: {name: install-x8, namespace: ops, creationTimestamp: "2026-01-01T11:00:00Z"}
    /// status: {phase: Complete}
    /// ```
    ///
    /// # How to fix
    /// Do what the message asks for and delete the plan, so that it is made again; approve the one that
    /// waits.
    ///
    /// # What it cannot know
    /// Why nobody has approved it.
    ///
    /// # Source
    /// `spec.approved`, `status.phase` and conditions of InstallPlan.
    OPS013 "install-plan-failed" {
        role: Both,
        severity: Critical,
        confidence: 0.93,
        reads: [Event],
        maps_to: ["k8sgpt:InstallPlan"],
        check: Cluster(check),
    }
}

/// Seconds that a plan may take.
const INSTALL_GRACE: i64 = 600;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for plan in cluster.customs("operators.coreos.com", "InstallPlan") {
        let phase = plan.status_text("/phase");
        let is_approved = plan
            .spec
            .get("approved")
            .and_then(serde_json::Value::as_bool)
            != Some(false);
        let is_late = cluster.age(&plan.metadata) > INSTALL_GRACE;
        let (severity, state) = match phase {
            "Complete" => continue,
            "Failed" => (Severity::Critical, "failed"),
            "RequiresApproval" if is_approved => continue,
            "RequiresApproval" => (Severity::Info, "waits for approval"),
            _ if is_late && is_approved => (Severity::Warning, "does not end"),
            _ => continue,
        };
        if !is_superseded(cluster, plan) {
            report(cluster, plan, severity, state, sink);
        }
    }
}

fn report(
    cluster: &Cluster<'_>,
    plan: &CustomObject,
    severity: Severity,
    state: &str,
    sink: &mut Sink,
) {
    let message = plan
        .conditions()
        .into_iter()
        .find(|condition| condition.is_false())
        .map(|condition| words(&condition))
        .unwrap_or_default();
    let versions: Vec<&str> = plan
        .spec_list("/clusterServiceVersionNames")
        .iter()
        .map(|name| text_at(name, ""))
        .collect();
    let own = plan.reference();
    let explanation = format!("{} is not installed by it.", versions.join(", "));
    let mut sighting = failing(
        cluster,
        plan,
        titled(plan, state, &message),
        explanation,
        &[],
    )
    .severity(severity)
    .since(plan.metadata.creation_timestamp)
    .evidence(Evidence::field(
        own.clone(),
        "status.phase",
        plan.status_text("/phase"),
    ));
    if !message.is_empty() {
        sighting = sighting.evidence(Evidence::message(own, "status.conditions", &message));
    }
    if severity == Severity::Info {
        let command = format!(
            "kubectl -n {} patch installplan {} --type=merge -p '{{\"spec\":{{\"approved\":true}}}}'",
            plan.metadata.namespace, plan.metadata.name
        );
        sighting = sighting.suggest(Suggestion::run("Approve it", command, Risk::Medium));
    }
    sink.report(pointing(cluster, plan, sighting, &message));
}

/// Whether a newer plan of the namespace is through.
fn is_superseded(cluster: &Cluster<'_>, plan: &CustomObject) -> bool {
    cluster
        .customs("operators.coreos.com", "InstallPlan")
        .any(|other| {
            other.metadata.namespace == plan.metadata.namespace
                && other.metadata.creation_timestamp > plan.metadata.creation_timestamp
                && other.status_text("/phase") == "Complete"
        })
}
