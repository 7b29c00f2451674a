use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::control_plane_pod::{LEADERS, component_pods, controller_lease};
use crate::kubernetes::{Deployment, Lease, Object};
use crate::model::{Evidence, Suggestion, counted};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// No controller manager or no scheduler leads: its lease is not renewed any more, though other
    /// leases are. Or controllers do not see changes: objects stay at an older generation.
    ///
    /// # Fires on
    /// ```yaml
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: kube-scheduler, namespace: kube-system}
    /// spec: {holderIdentity: cp-1, renewTime: "2026-01-01T11:00:00Z"}
    /// ---
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: node-1, namespace: kube-node-lease}
    /// spec: {holderIdentity: node-1, renewTime: "2026-01-01T12:00:00Z"}
    /// ```
    ///
    /// # Stays silent on
    /// All leases are old: so is the picture.
    /// ```yaml
    /// # now: 2026-01-01T13:00:00Z
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: kube-scheduler, namespace: kube-system}
    /// spec: {holderIdentity: cp-1, renewTime: "2026-01-01T11:59:50Z"}
    /// ---
    /// apiVersion: coordination.k8s.io/v1
    /// kind: Lease
    /// metadata: {name: node-1, namespace: kube-node-lease}
    /// spec: {holderIdentity: node-1, renewTime: "2026-01-01T12:00:00Z"}
    /// ```
    ///
    /// # How to fix
    /// Bring the component back that should hold the lease.
    ///
    /// # What it cannot know
    /// Control planes that a provider runs out of sight and that hold no lease here.
    ///
    /// # Source
    /// Leases `kube-controller-manager` and `kube-scheduler` in kube-system; `observedGeneration`.
    CTL024 "controller-leader-lost" {
        role: Root,
        severity: Critical,
        confidence: 0.92,
        reads: [Lease, Deployment, Pod],
        maps_to: [],
        check: Cluster(check),
    }
}

/// Objects that must lag before a controller, not one object, is at fault.
const LAGGING: usize = 3;

fn check(cluster: &Cluster<'_>, sink: &mut Sink) {
    for name in LEADERS {
        if let Some((lease, lag)) = not_renewed(cluster, name) {
            // With all its pods there is a reason why nobody leads.
            let pods = component_pods(cluster, name);
            let sighting = pods.fold(stale(lease, lag), |sighting, pod| {
                sighting.blames(pod.reference(), "holds")
            });
            sink.report(sighting);
        }
    }
    let lagging: Vec<&Deployment> = cluster
        .unobserved_deployments()
        .filter(|deployment| {
            deployment.metadata.last_write.is_some_and(|written| {
                cluster.has_lasted(Some(written), cluster.thresholds_in("").lag_grace + 1)
            })
        })
        .collect();
    if lagging.len() >= LAGGING {
        sink.report(behind(&lagging));
    }
}

/// The lease of a component that nobody renews though others renew theirs, and the seconds between it and the newest
/// lease: the most there are where it was never renewed.
pub(super) fn not_renewed<'a>(cluster: &Cluster<'a>, name: &str) -> Option<(&'a Lease, i64)> {
    let lease = cluster.get::<Lease>("kube-system", name)?;
    let renewals = cluster.all::<Lease>();
    let newest = renewals.filter_map(|lease| lease.spec.renew_time).max()?;
    let lag = lease
        .spec
        .renew_time
        .map_or(i64::MAX, |renewed| newest.duration_since(renewed).as_secs());
    let is_late = lag > cluster.thresholds(&lease.metadata).leader_stale;
    (is_late || lease.spec.holder_identity.is_empty()).then_some((lease, lag))
}

fn stale(lease: &Lease, lag: i64) -> Sighting {
    let own = lease.reference();
    let name = &lease.metadata.name;
    let holder = lease.spec.holder_identity.non_empty().unwrap_or("(nobody)");
    let late = if lag == i64::MAX {
        "was never renewed".to_owned()
    } else {
        format!(
            "was last renewed {} before the newest lease of the cluster",
            roughly(lag)
        )
    };
    Sighting::of(
        own.clone(),
        format!("No {name} leads: its lease {late}"),
        if name == "kube-scheduler" {
            "New pods get no node."
        } else {
            "Controllers stand still: no replacement of pods, no endpoints, no rollouts."
        },
    )
    .evidence(Evidence::field(own.clone(), "spec.renewTime", late).at(lease.spec.renew_time))
    .evidence(Evidence::field(own, "spec.holderIdentity", holder))
    .suggest(Suggestion::look(
        "See its pods",
        format!("kubectl -n kube-system get pods -l component={name}"),
    ))
    .since(lease.spec.renew_time)
}

/// A time in the unit in which one would say it.
fn roughly(seconds: i64) -> String {
    match seconds {
        ..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

fn behind(lagging: &[&Deployment]) -> Sighting {
    let subject = controller_lease();
    let mut sighting = Sighting::of(
        subject,
        format!(
            "Controllers do not act: {} not seen in their present form",
            counted(lagging.len(), "Deployment")
        ),
        "Their generation is newer than the one that the controller manager has seen.",
    )
    .identified_by("fact", "generations");
    for deployment in lagging.iter().take(3) {
        sighting = sighting.evidence(Evidence::field(
            deployment.reference(),
            "status.observedGeneration",
            format!(
                "{} of {}",
                deployment.status.observed_generation.unwrap_or(0),
                deployment.metadata.generation.unwrap_or(0)
            ),
        ));
    }
    sighting.suggest(Suggestion::look(
        "See the controller manager",
        "kubectl -n kube-system get pods -l component=kube-controller-manager",
    ))
}
