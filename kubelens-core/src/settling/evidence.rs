//! What of a report speaks against a target.

use jiff::Timestamp;

use super::capacity;
use super::judge;
use super::pods::Revision;
use crate::kubernetes::Pod;
use crate::model::{Cause, ObjectRef, Report, Severity};
use crate::snapshot::Cluster;

/// What a report says about a target.
#[derive(Debug, Default)]
pub(super) struct Evidence<'r> {
    /// The causes that concern it and are more than opinion, ranked.
    pub(super) causes: Vec<&'r Cause>,
    /// Those of them that say that it does not get there.
    pub(super) against: Vec<&'r Cause>,
    /// Why one that looks like it says no such thing yet.
    pub(super) held_back: Option<String>,
    /// Since when what is against it stands, as far as it concerns this spec.
    pub(super) since: Option<Timestamp>,
}

/// Gathers it.
pub(super) fn gather<'r>(
    target: &ObjectRef,
    report: &'r Report,
    cluster: &Cluster<'_>,
) -> Evidence<'r> {
    let meta = judge::metadata(target, cluster);
    let top = meta.map(|meta| cluster.top_owner(target.clone(), meta));
    let concerns = |cause: &&Cause| {
        cause.severity > Severity::Info
            && (cause.concerns(target) || top.as_ref().is_some_and(|top| cause.concerns(top)))
    };
    let mut evidence = Evidence {
        causes: report.causes.iter().filter(concerns).collect(),
        ..Evidence::default()
    };
    let has_pods = judge::revision(target, cluster);
    let is_without_pods = has_pods.is_none();
    let revision = has_pods.unwrap_or_default();
    let there = i64::try_from(revision.current.len()).unwrap_or(i64::MAX);
    let wanted = judge::wanted(target, cluster).unwrap_or(1);
    let unready: Vec<&Pod> = revision
        .current
        .iter()
        .copied()
        .filter(|pod| !pod.is_ready())
        .collect();
    let all_wait_for_a_node = !unready.is_empty() && unready.iter().all(|pod| !pod.is_scheduled());
    let subject = top.as_ref().unwrap_or(target);
    for cause in &evidence.causes {
        if cause.severity < Severity::Critical
            || !(is_without_pods || is_about(cause, &revision, there < wanted))
        {
            continue;
        }
        let hope = all_wait_for_a_node
            .then(|| capacity::may_come(&cause.code, &unready, subject, report, cluster))
            .flatten();
        match hope {
            Some(hope) => evidence.held_back = Some(hope),
            None => evidence.against.push(cause),
        }
    }
    let oldest = revision
        .current
        .iter()
        .filter_map(|pod| pod.metadata.creation_timestamp)
        .min();
    let begin =
        oldest.or_else(|| meta.and_then(|meta| meta.last_write.or(meta.creation_timestamp)));
    evidence.since = evidence
        .against
        .iter()
        .filter_map(|cause| cause.first_seen)
        .min()
        .map(|first| begin.map_or(first, |begin| first.max(begin)));
    evidence
}

/// Whether a cause explains why the revision that is being rolled out is not there yet. One that pods show must
/// be shown by pods of it; one that no pod shows explains why pods are missing. What only pods of an older one
/// show counts while pods of the newest are in trouble too.
fn is_about(cause: &Cause, revision: &Revision<'_>, are_missing: bool) -> bool {
    let shows = |pods: &[&Pod]| pods.iter().any(|pod| mentions(cause, pod));
    let is_of_older = shows(&revision.older);
    if shows(&revision.current) {
        let is_shown = |pod: &&&Pod| mentions(cause, pod);
        return revision
            .current
            .iter()
            .filter(is_shown)
            .any(|pod| !pod.is_ready());
    }
    if is_of_older {
        return revision.current.iter().any(|pod| is_in_trouble(pod));
    }
    are_missing
}

fn mentions(cause: &Cause, pod: &Pod) -> bool {
    let is_it = |object: &ObjectRef| {
        object.kind == "Pod"
            && object.name == pod.metadata.name.as_str()
            && object.namespace.as_deref() == Some(pod.metadata.namespace.as_str())
    };
    is_it(&cause.subject)
        || cause.evidence.iter().any(|item| is_it(&item.object))
        || cause.affected.iter().any(is_it)
        || cause
            .chain
            .iter()
            .any(|link| is_it(&link.cause) || is_it(&link.effect))
}

fn is_in_trouble(pod: &Pod) -> bool {
    const STARTING: [&str; 3] = ["", "ContainerCreating", "PodInitializing"];
    !pod.is_ready()
        && pod.containers().any(|container| {
            container.restarts() > 0 || !STARTING.contains(&container.waiting_reason())
        })
}
