use super::controller::deployments_of;
use super::failing::{failing, pointing, titled};
use crate::analysis::{Sink, declare_analyzer};
use crate::model::{Evidence, Severity};
use crate::snapshot::Cluster;
use jiff::Timestamp;

declare_analyzer! {
    /// # What it means
    /// A version of an operator that the Operator Lifecycle Manager installs failed, or does not get
    /// installed.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: operators.coreos.com/v1alpha1
    /// kind: ClusterServiceVersion
    /// metadata: {name: db.v1.2.0, namespace: ops, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {phase: Failed, reason: InstallCheckFailed, message: "install timeout", lastUpdateTime: "2026-01-01T11:00:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: operators.coreos.com/v1alpha1
    /// kind: ClusterServiceVersion
    /// metadata: {name: db.v1.2.0, namespace: ops, creationTimestamp: "2026-01-01T10:00:00Z"}
    /// status: {phase: Succeeded, reason: InstallSucceeded}
    /// ---
    /// apiVersion: operators.coreos.com/v1alpha1
    /// kind: ClusterServiceVersion
    /// metadata: {name: db.v1.2.0, namespace: shop, creationTimestamp: "2026-01-01T10:00:00Z", labels: {olm.copiedFrom: ops}}
    /// status: {phase: Failed, reason: Copied}
    /// ---
    /// apiVersion: operators.coreos.com/v1alpha1
    /// kind: ClusterServiceVersion
    /// metadata: {name: mq.v2.0.0, namespace: ops, creationTimestamp: "2026-01-01T11:58:00Z"}
    /// status: {phase: Installing, reason: InstallWaiting, lastUpdateTime: "2026-01-01T11:58:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Do what the message asks for; the Deployments of the operator often show more.
    ///
    /// # What it cannot know
    /// Whether an older version still works meanwhile.
    ///
    /// # Source
    /// `status.phase`, `reason` and `message` of ClusterServiceVersion.
    OPS010 "operator-version-failed" {
        role: Both,
        severity: Critical,
        confidence: 0.92,
        reads: [Event],
        maps_to: ["k8sgpt:ClusterServiceVersion"],
        check: Cluster(check),
    }
}

/// Seconds that an installation may take.
const INSTALL_GRACE: i64 = 600;

/// Reasons that are about the OperatorGroup, which has a rule of its own.
pub(super) const GROUP_REASONS: [&str; 3] = [
    "TooManyOperatorGroups",
    "NoOperatorGroup",
    "UnsupportedOperatorGroup",
];

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for version in cluster.customs("operators.coreos.com", "ClusterServiceVersion") {
        let reason = version.status_text("/reason");
        let is_copy = reason == "Copied" || version.metadata.labels.contains_key("olm.copiedFrom");
        if is_copy || GROUP_REASONS.contains(&reason) {
            continue;
        }
        let phase = version.status_text("/phase");
        let since: Option<Timestamp> = ["/lastTransitionTime", "/lastUpdateTime"]
            .iter()
            .find_map(|field| version.status_text(field).parse().ok())
            .or(version.metadata.creation_timestamp);
        let severity = match phase {
            "Succeeded" | "Replacing" | "Deleting" => continue,
            "Failed" => Severity::Critical,
            _ if cluster.seconds_since(since) > INSTALL_GRACE => Severity::Warning,
            _ => continue,
        };
        let phase = if phase.is_empty() {
            "without a phase"
        } else {
            phase
        };
        let said = format!("{phase}, {reason}: {}", version.status_text("/message"));
        let mut sighting = failing(
            cluster,
            version,
            titled(version, "is not installed", &said),
            "The operator does not run as this version describes it.",
            &[],
        )
        .severity(severity)
        .since(since)
        .evidence(Evidence::message(version.reference(), "status", &said).at(since));
        for deployment in deployments_of(version) {
            sighting = sighting.blames(deployment, "installs");
        }
        sink.report(pointing(
            cluster,
            version,
            sighting,
            version.status_text("/message"),
        ));
    }
}
