use jiff::Timestamp;

use super::advice::edit;
use super::eviction::{Eviction, OwnLimit, parse};
use super::stopped_pod::{severity, stopped_at};
use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::kubernetes::{Object, Pod};
use crate::model::{Evidence, Severity};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A pod wrote more to local storage (its file system, its logs, an emptyDir volume) than it may,
    /// and the kubelet evicted it. Its next pod does the same.
    ///
    /// # Fires on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec:
    ///   nodeName: n1
    ///   containers: [{name: web}]
    ///   volumes: [{name: scratch, emptyDir: {sizeLimit: 1Gi}}]
    /// status:
    ///   phase: Failed
    ///   reason: Evicted
    ///   message: 'Usage of EmptyDir volume "scratch" exceeds the limit "1Gi". '
    ///   conditions: [{type: DisruptionTarget, status: "True", lastTransitionTime: "2026-01-01T11:50:00Z"}]
    /// ```
    ///
    /// It comes again every hour, whatever runs well now:
    /// ```yaml
    /// # now: 2026-01-01T06:00:00Z
    /// # repeat: 4
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-$N, namespace: shop, uid: p$N, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: r1, controller: true}]}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status:
    ///   phase: Failed
    ///   reason: Evicted
    ///   message: 'Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. '
    ///   conditions: [{type: DisruptionTarget, status: "True", lastTransitionTime: "2026-01-01T0$N:45:00Z"}]
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-a, namespace: shop, uid: pa, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: r1, controller: true}]}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status: {phase: Running, conditions: [{type: Ready, status: "True"}]}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # now: 2026-01-01T12:00:00Z
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web-1, namespace: shop, uid: p1}
    /// spec: {nodeName: n1, containers: [{name: web}]}
    /// status:
    ///   phase: Failed
    ///   reason: Evicted
    ///   message: 'The node was low on resource: memory. '
    /// ```
    ///
    /// # How to fix
    /// Raise the limit, write less, rotate logs, or keep the data on a PersistentVolumeClaim.
    ///
    /// # What it cannot know
    /// Which files fill it.
    ///
    /// # Source
    /// The kubelet's `exceeded its local ephemeral storage limit`, `Usage of EmptyDir volume "V"
    /// exceeds the limit`, `Pod ephemeral local storage usage exceeds the total limit`.
    WRK039 "local-storage-limit-exceeded" {
        role: Root,
        severity: Critical,
        confidence: 0.97,
        reads: [],
        maps_to: [],
        check: Pod(check),
    }
}

fn check<'a>(pod: &'a Pod, cluster: &Cluster<'a>, sink: &mut Sink) {
    if pod.status.reason != "Evicted" || pod.metadata.is_terminating() {
        return;
    }
    let Some(limit) = limit_of(pod) else {
        return;
    };
    let severity = severity(cluster, pod)
        .or_else(|| goes_on(cluster, pod, &limit).then_some(Severity::Warning));
    if let Some(severity) = severity {
        sink.report(sighting(pod, cluster, &limit, severity));
    }
}

/// The limit that the pod broke. The limits of all containers of a pod with one container are that one's.
fn limit_of(pod: &Pod) -> Option<OwnLimit<'_>> {
    let Eviction::OwnLimit(limit) = parse(&pod.status.message) else {
        return None;
    };
    Some(match &*pod.spec.containers {
        [only] if limit.of == "pod" => OwnLimit {
            of: "container",
            name: &only.name,
            ..limit
        },
        _ => limit,
    })
}

/// Evictions from which on a next one may be expected as they came so far.
const SERIES: usize = 3;

/// Whether a pod of the same workload was evicted for the same limit not long ago: then the earlier ones belong to it.
/// A volume that takes hours to fill comes again after hours.
fn goes_on<'a>(cluster: &Cluster<'a>, pod: &'a Pod, limit: &OwnLimit<'_>) -> bool {
    let window = cluster.thresholds(&pod.metadata).evicted_window;
    let is_alike = |other: &&Pod| {
        let known = limit_of(other);
        other.status.reason == "Evicted"
            && known.is_some_and(|known| known.of == limit.of && known.name == limit.name)
    };
    let siblings = cluster.siblings_of(pod).into_iter().filter(is_alike);
    let mut ends: Vec<Timestamp> = siblings.filter_map(stopped_at).collect();
    ends.extend(stopped_at(pod));
    ends.sort_unstable();
    ends.dedup();
    let (Some(first), Some(last)) = (ends.first(), ends.last()) else {
        return false;
    };
    let gaps = i64::try_from(ends.len().saturating_sub(1)).unwrap_or(1);
    let usual = last.duration_since(*first).as_secs() / gaps.max(1);
    let window = if ends.len() >= SERIES {
        window.max(2 * usual)
    } else {
        window
    };
    cluster.is_within(Some(*last), window)
}

fn sighting(
    pod: &Pod,
    cluster: &Cluster<'_>,
    limit: &OwnLimit<'_>,
    severity: Severity,
) -> Sighting {
    let top = cluster.top_of(pod);
    let amount = limit
        .limit
        .map_or_else(String::new, |amount| format!(" of {amount}"));
    let (what, path) = match limit.of {
        "container" => (
            format!(
                "container `{}` of {top} exceeds its ephemeral-storage limit{amount}",
                limit.name
            ),
            format!(
                "spec.containers[{}].resources.limits.ephemeral-storage",
                limit.name
            ),
        ),
        "volume" => (
            format!(
                "emptyDir volume `{}` of {top} exceeds its size limit{amount}",
                limit.name
            ),
            format!("spec.volumes[{}].emptyDir.sizeLimit", limit.name),
        ),
        _ => (
            format!("{top} exceeds its ephemeral-storage limit{amount}"),
            "spec.containers[*].resources.limits.ephemeral-storage".to_owned(),
        ),
    };
    Sighting::of(
        top.clone(),
        crate::model::capitalized(&what),
        "The kubelet evicted the pod for it; the next pod of the same template fills up again.",
    )
    .seen_on(pod.reference(), "template of")
    .identified_by(limit.of, limit.name)
    .severity(severity)
    .since(stopped_at(pod))
    .evidence(
        Evidence::message(
            pod.reference(),
            "status.message",
            &format!("Evicted: {}", pod.status.message),
        )
        .at(stopped_at(pod)),
    )
    .all_evidence(
        limit
            .limit
            .map(|amount| Evidence::field(pod.reference(), &path, amount)),
    )
    .suggest(edit(
        &top,
        format!("Raise {path}, or write less to local storage"),
    ))
}
