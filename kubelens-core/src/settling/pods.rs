//! Pods of a target: which are current, which are left from before, and since when they hold.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::stand::{Current, Stand};
use crate::kubernetes::{ContainerRole, Kind, LabelSelector, Pod};
use crate::model::{counted, some_of};
use crate::snapshot::Cluster;

/// After a run of this length the kubelet forgets that a container ever crashed.
const FORGIVEN: SignedDuration = SignedDuration::from_mins(10);

/// A rollout: the pods that the newest revision has, and those that it replaces.
#[derive(Debug, Default)]
pub(super) struct Revision<'a> {
    /// Of the newest revision, and meant to serve.
    pub(super) current: Vec<&'a Pod>,
    /// Of an older revision of the same target, and still there.
    pub(super) older: Vec<&'a Pod>,
}

impl<'a> Revision<'a> {
    /// Sorts pods; what has run to its end is gone as far as a rollout is concerned.
    pub(super) fn of(
        pods: impl IntoIterator<Item = &'a Pod>,
        is_current: impl Fn(&Pod) -> bool,
    ) -> Self {
        let mut revision = Self::default();
        for pod in pods.into_iter().filter(|pod| !pod.is_finished()) {
            if !is_current(pod) {
                revision.older.push(pod);
            } else if !pod.metadata.is_terminating() {
                revision.current.push(pod);
            }
        }
        revision
    }
}

/// How a target stands whose own counts are right: by its pods, of which it wants at least so many.
pub(super) fn stand(
    cluster: &Cluster<'_>,
    revision: &Revision<'_>,
    wanted: i64,
    stable_for: SignedDuration,
) -> Stand {
    if !revision.older.is_empty() {
        return Stand::waits(format!(
            "{} of an older revision {} left: {}",
            counted(revision.older.len(), "pod"),
            if revision.older.len() == 1 {
                "is"
            } else {
                "are"
            },
            names(&revision.older)
        ));
    }
    let there = i64::try_from(revision.current.len()).unwrap_or(i64::MAX);
    if there < wanted {
        return Stand::waits(format!(
            "{there} of {wanted} pods of the newest revision are there"
        ));
    }
    let unready: Vec<&Pod> = revision
        .current
        .iter()
        .copied()
        .filter(|pod| !pod.is_ready())
        .collect();
    if !unready.is_empty() {
        return Stand::waits(format!(
            "{} of {} not ready: {}",
            unready.len(),
            counted(revision.current.len(), "pod"),
            names(&unready)
        ));
    }
    let now = cluster.now();
    Stand::Current(Current {
        stable_at: revision
            .current
            .iter()
            .map(|pod| trusted_at(pod, now, stable_for))
            .max(),
        pods: uids(&revision.current),
        note: match revision.current.len() {
            0 => "no pod is wanted".to_owned(),
            count => format!("{} ready", counted(count, "pod")),
        },
        ..Current::default()
    })
}

/// Pods that the selector matches and whose owner is gone or never was: they belong to a revision that was cut off,
/// and count as older ones. Pods of a workload that exists are its own, whatever their labels.
pub(super) fn orphans<'a>(
    cluster: &Cluster<'a>,
    namespace: &str,
    selector: &'a LabelSelector,
) -> Vec<&'a Pod> {
    if selector.is_empty() {
        return Vec::new();
    }
    cluster
        .pods_selected(namespace, selector)
        .filter(|pod| !pod.is_finished() && is_orphan(cluster, pod))
        .collect()
}

/// Whether what asked for the pod is provably gone. A pod without any owner is somebody's own pod.
fn is_orphan(cluster: &Cluster<'_>, pod: &Pod) -> bool {
    let Some(owner) = pod.metadata.controller() else {
        return false;
    };
    let Some(kind) = Kind::from_manifest(&owner.api_version, &owner.kind) else {
        return false;
    };
    let namespace = pod.metadata.namespace.as_str();
    let tables = cluster.snapshot().tables();
    let gone = |kind: Kind, name: &str, uid: &str| match tables.metadata(kind, namespace, name) {
        Some(found) => !uid.is_empty() && found.uid.as_str() != uid,
        None => cluster.is_complete(kind, namespace),
    };
    if gone(kind, &owner.name, &owner.uid) {
        return true;
    }
    // A ReplicaSet of a Deployment that is gone.
    tables
        .metadata(kind, namespace, &owner.name)
        .and_then(|set| set.controller())
        .is_some_and(|top| {
            Kind::from_manifest(&top.api_version, &top.kind)
                .is_some_and(|kind| gone(kind, &top.name, &top.uid))
        })
}

/// From when on a pod that is ready is trusted: it was ready for `stable_for`, no container was restarted
/// meanwhile, and one that crashed before has outlived the run that ended by as much.
pub(super) fn trusted_at(pod: &Pod, now: Timestamp, stable_for: SignedDuration) -> Timestamp {
    let ready = pod
        .ready_since()
        .max(pod.metadata.creation_timestamp)
        .unwrap_or(now);
    let mut trusted = ready.checked_add(stable_for).unwrap_or(now);
    for container in pod.containers() {
        if container.role == ContainerRole::Init {
            continue;
        }
        let Some(status) = container.status else {
            continue;
        };
        let started = status.state.running.as_ref().and_then(|run| run.started_at);
        let Some(started) = started else { continue };
        let ended = status.last_state.terminated.as_deref();
        let last_run = ended
            .and_then(|end| Some(end.finished_at?.duration_since(end.started_at?)))
            .filter(|run| !run.is_negative() && *run < FORGIVEN)
            .unwrap_or_default();
        let probation = (last_run + stable_for).min(FORGIVEN.max(stable_for));
        trusted = trusted.max(started.checked_add(probation).unwrap_or(now));
    }
    trusted
}

fn uids(pods: &[&Pod]) -> BTreeSet<String> {
    pods.iter()
        .map(|pod| pod.metadata.uid.to_string())
        .collect()
}

fn names(pods: &[&Pod]) -> String {
    some_of(pods.iter().map(|pod| pod.metadata.name.as_str()), 3)
}
