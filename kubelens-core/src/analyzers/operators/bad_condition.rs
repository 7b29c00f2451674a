//! The conditions of a custom resource that say that something is wrong, for long enough to matter.

use super::named_object::says_missing;
use crate::analyzers::polarity::{Polarity, polarity};
use crate::kubernetes::{Condition, CustomObject, list_at};
use crate::model::{Evidence, Severity};
use crate::snapshot::Cluster;
use jiff::Timestamp;

/// Seconds for which it may, where its reason says that work is going on.
const WORK_GRACE: i64 = 1800;

/// Reasons that say that work is going on.
const AT_WORK: &[&str] = &[
    "Creating",
    "InProgress",
    "Initializing",
    "Installing",
    "Issuing",
    "Pending",
    "Progressing",
    "Provisioning",
    "Reconciling",
    "Starting",
    "Updating",
    "Upgrading",
    "Waiting",
];

/// Reasons that say that it is meant so.
const ON_PURPOSE: &[&str] = &[
    "Disabled",
    "Inactive",
    "NotApplicable",
    "NotConfigured",
    "NotRequired",
    "Paused",
    "ScaledToZero",
    "Suspended",
];

/// The conditions that are bad: worst first, then those that say why, then by how near their type is to the
/// object as a whole.
pub(super) fn bad_conditions(cluster: &Cluster<'_>, object: &CustomObject) -> Vec<Condition> {
    if is_resting(object) {
        return Vec::new();
    }
    let grace = cluster.thresholds(&object.metadata).condition_grace;
    let is_just_changed = cluster.is_within(object.metadata.last_write, grace);
    let mut bad: Vec<Condition> = all_conditions(object)
        .into_iter()
        .filter(|condition| {
            let is_stale = condition.observed_generation < object.metadata.generation
                && condition.observed_generation.is_some();
            !(is_stale && is_just_changed)
        })
        .filter(|condition| is_bad(object, condition))
        .filter(|condition| has_lasted(cluster, object, condition))
        .collect();
    bad.sort_by(|a, b| {
        let rank = |condition: &Condition| {
            (
                std::cmp::Reverse(severity(condition)),
                // One that says why says more; one that counts or lists others, less than those.
                condition.message.is_empty(),
                is_summary(&condition.message),
                AT_WORK.contains(&condition.reason.as_str()),
                !matches!(condition.type_.as_str(), "Ready" | "Available" | "Synced"),
                condition.type_.to_string(),
            )
        };
        rank(a).cmp(&rank(b))
    });
    bad
}

/// Whether a message only counts or lists other conditions: `1 of 2 completed`, `SubnetsReady=False, ImageReady=False`.
fn is_summary(message: &str) -> bool {
    let counts = message
        .strip_suffix(" completed")
        .and_then(|numbers| numbers.split_once(" of "))
        .is_some_and(|(done, all)| done.parse::<u32>().is_ok() && all.parse::<u32>().is_ok());
    let names = |part: &str| {
        part.split_once('=').is_some_and(|(type_, status)| {
            matches!(status, "False" | "True" | "Unknown")
                && type_.chars().all(|letter| letter.is_ascii_alphanumeric())
        })
    };
    counts || (!message.is_empty() && message.split(", ").all(names))
}

/// The conditions of an object; where it has none of its own, those that it has for each object that it is about: the
/// ancestors of a policy of the Gateway API, the bindings of a rule.
fn all_conditions(object: &CustomObject) -> Vec<Condition> {
    let own = object.conditions();
    if !own.is_empty() {
        return own;
    }
    let each = ["/ancestors", "/bindings"];
    let parts = each.iter().flat_map(|field| object.status_list(field));
    parts
        .flat_map(|part| list_at(part, "/conditions"))
        .filter_map(|condition| serde_json::from_value(condition.clone()).ok())
        .collect()
}

/// How bad a bad condition is.
pub(super) fn severity(condition: &Condition) -> Severity {
    match condition.type_.as_str() {
        "Degraded" | "Failed" => Severity::Critical,
        _ => Severity::Warning,
    }
}

/// Since when a condition is as it is; the object's creation where it does not say.
pub(super) fn since(object: &CustomObject, condition: &Condition) -> Option<Timestamp> {
    changed(condition).or(object.metadata.creation_timestamp)
}

/// Since when a condition is as it is, where it says so.
pub(super) fn changed(condition: &Condition) -> Option<Timestamp> {
    condition
        .last_transition_time
        .or(condition.last_update_time)
}

/// Whether a condition has been as it is for longer than a moment.
pub(super) fn has_lasted(
    cluster: &Cluster<'_>,
    object: &CustomObject,
    condition: &Condition,
) -> bool {
    let grace = if AT_WORK.contains(&condition.reason.as_str()) {
        WORK_GRACE
    } else {
        cluster.thresholds(&object.metadata).condition_grace
    };
    cluster.seconds_since(since(object, condition)) > grace
}

/// A condition as proof.
pub(super) fn evidence(object: &CustomObject, condition: &Condition) -> Evidence {
    Evidence::message(
        object.reference(),
        &format!("status.conditions[{}]", condition.type_),
        &format!("{}, {}", condition.status, words(condition)),
    )
    .at(condition.last_transition_time)
}

/// Reason and message of a condition.
pub(super) fn words(condition: &Condition) -> String {
    match (condition.reason.as_str(), condition.message.as_str()) {
        ("", message) => message.to_owned(),
        (reason, "") => reason.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}

/// Types of conditions that say, when True, that it rests.
const RESTING: [&str; 5] = [
    "hibernation",
    "Hibernated",
    "Hibernating",
    "Paused",
    "Suspended",
];

/// The type of a condition without the domain of its project: `hibernation` of `cnpg.io/hibernation`.
fn of_type(condition: &Condition) -> &str {
    let type_ = condition.type_.as_str();
    type_.rsplit('/').next().unwrap_or(type_)
}

/// Whether somebody asked it to rest: suspended, paused, stopped, at zero.
pub(in crate::analyzers) fn is_resting(object: &CustomObject) -> bool {
    let is = |pointer: &str, value: bool| {
        object
            .spec
            .pointer(pointer)
            .and_then(serde_json::Value::as_bool)
            == Some(value)
    };
    let is_paused = object.metadata.annotations.iter().any(|(key, value)| {
        match key.rsplit('/').next().unwrap_or(key) {
            "paused" => matches!(value.as_str(), "true" | ""),
            "hibernation" => matches!(value.as_str(), "on" | "true"),
            "pause-reconciliation" | "reconcile-paused" => value == "true",
            _ => false,
        }
    });
    is_paused
        || RESTING.iter().any(|type_| {
            object
                .conditions()
                .iter()
                .any(|condition| condition.is_true() && of_type(condition) == *type_)
        })
        || is("/hibernate", true)
        || is("/hibernated", true)
        || is("/shutdown", true)
        || is("/suspend", true)
        || is("/suspended", true)
        || is("/paused", true)
        || is("/running", false)
        || object.spec_text("/runStrategy") == "Halted"
        || object
            .spec
            .get("replicas")
            .and_then(serde_json::Value::as_i64)
            == Some(0)
}

/// Whether the reason of a condition says by its ending that something failed. What OpenShift's own kinds tell in
/// conditions beside the known ones is news of theirs.
fn says_failure(object: &CustomObject, reason: &str) -> bool {
    let is_news = object.group() == "config.openshift.io";
    let endings = ["Failing", "Failed", "Error", "Failure"];
    !is_news && endings.iter().any(|ending| reason.ends_with(ending))
}

fn is_bad(object: &CustomObject, condition: &Condition) -> bool {
    let reason = condition.reason.as_str();
    // Something optional that nobody has set up, such as a place for backups.
    let is_unset = condition.message.contains("URL is empty");
    if ON_PURPOSE.contains(&reason) || is_unset {
        return false;
    }
    let failed = ["Failed", "Error", "Exceeded"]
        .iter()
        .any(|ending| reason.ends_with(ending))
        || matches!(reason, "Retrying" | "Blocked");
    match condition.type_.as_str() {
        // A Route; elsewhere admission is a matter of queues.
        "Admitted" if object.group() == "route.openshift.io" => condition.is_false(),
        "Progressing" => condition.is_false() && failed,
        // A queue of Kueue that takes nothing, unless somebody stopped it; what a LocalQueue says of its
        // ClusterQueue, that one says itself. Of other projects it may mean that there is nothing to do.
        "Active" if object.group() == "kueue.x-k8s.io" => {
            condition.is_false() && !matches!(reason, "Stopped" | "ClusterQueueIsInactive")
        }
        // What waits in a queue is well, unless there is no such queue or nothing is taken from it.
        "QuotaReserved" => {
            let message = &condition.message;
            let is_closed = message.contains("inactive") || message.contains("stopped");
            condition.is_false() && reason == "Inadmissible" && (is_closed || says_missing(message))
        }
        // What runs to an end has not succeeded before that.
        "Succeeded" | "Complete" | "Completed" => {
            let is_over = object.status.get("completionTime").is_some();
            condition.is_false() && (is_over || failed)
        }
        type_ => match polarity(type_) {
            Polarity::Positive => condition.is_false() || condition.status == "Unknown",
            Polarity::Negative => condition.is_true(),
            // A type that nobody has named: what its reason says of it, where that is a failure.
            Polarity::Neutral => condition.is_false() && says_failure(object, reason),
        },
    }
}
