//! A Secret that GitOps set back to what Git holds, after somebody else had changed it.

use jiff::{SignedDuration, Timestamp};

use crate::kubernetes::{ConfigReference, CustomObject, Pod};
use crate::model::{Evidence, ObjectRef};
use crate::snapshot::Cluster;

/// The Secret, and who set it back.
#[derive(Debug)]
pub(super) struct SetBack {
    /// The Secret.
    pub(super) secret: ObjectRef,
    /// The Application of Argo CD.
    pub(super) by: ObjectRef,
    /// When.
    pub(super) at: Timestamp,
    /// The operation, and the write.
    pub(super) proof: [Evidence; 2],
}

/// Where the last operation of an Application lies in its status.
const LAST: &str = "/operationState";

/// Seconds by which the clocks of who writes and of who notes it may differ.
const SLACK: i64 = 10;

/// The one of these Secrets that the self-healing of Argo CD wrote last.
pub(super) fn set_back(
    cluster: &Cluster<'_>,
    pod: &Pod,
    secrets: &[ConfigReference<'_>],
) -> Option<SetBack> {
    let namespace = pod.metadata.namespace.as_str();
    secrets.iter().find_map(|secret| {
        let own = ObjectRef::namespaced("v1", "Secret", namespace, secret.name);
        let written = cluster.metadata_of(&own)?.last_write?;
        let mut applications = cluster.customs("argoproj.io", "Application");
        let by = applications.find(|application| {
            application.spec_text("/destination/namespace") == namespace
                && has_healed(application, secret.name.as_str())
                && wrote_at(application, written)
        })?;
        let operation = Evidence::field(
            by.reference(),
            "status.operationState.operation.sync",
            format!("selfHealAttemptsCount, resources: Secret {}", secret.name),
        );
        Some(SetBack {
            secret: own.clone(),
            by: by.reference(),
            at: written,
            proof: [
                operation,
                Evidence::change(own, "written while Argo CD synchronized it", Some(written)),
            ],
        })
    })
}

/// Whether the last operation put a Secret right that had drifted, and it alone was asked for or among others.
fn has_healed(application: &CustomObject, secret: &str) -> bool {
    let healed = application
        .status
        .pointer(&format!("{LAST}/operation/sync/selfHealAttemptsCount"))
        .and_then(serde_json::Value::as_i64);
    let resources = application.status_list(&format!("{LAST}/operation/sync/resources"));
    let is_it = |resource: &serde_json::Value| {
        let text = |field| crate::kubernetes::text_at(resource, field);
        text("/kind") == "Secret" && text("/name") == secret
    };
    healed.is_some_and(|times| times > 0) && resources.iter().any(is_it)
}

fn wrote_at(application: &CustomObject, written: Timestamp) -> bool {
    let time = |field: &str| -> Option<Timestamp> {
        let text = application.status_text(&format!("{LAST}/{field}"));
        text.parse().ok()
    };
    let slack = SignedDuration::from_secs(SLACK);
    let (Some(from), Some(to)) = (time("startedAt"), time("finishedAt")) else {
        return false;
    };
    written.duration_since(from) >= -slack && to.duration_since(written) >= -slack
}
