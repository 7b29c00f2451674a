use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::analyzers::called_service::called_services;
use crate::analyzers::cloud_controller::{UNINITIALIZED, runs_cloud_controller};
use crate::analyzers::control_plane_pod::LEADERS;
use crate::analyzers::data_keeper::keeps_data;
use crate::kubernetes::{ContainerRole, ContainerView, Lease, Node, Pod, Service};
use crate::snapshot::{Cluster, LogKey, Snapshot};

/// Seconds within which a restart makes a container worth a look at its log.
const RECENT_RESTART: i64 = 3600;

/// The container runs whose logs are worth reading, the most telling first: those that crash, fail
/// their probes or do not get ready, and those that run and say what is wrong with something else. At most `limit`
/// containers, spread over their owners: the previous run of each, where there was one, and the current one.
pub fn wanted_logs(snapshot: &Snapshot, limit: usize) -> Vec<LogKey> {
    let mut wanted: Vec<(usize, i64, LogKey)> = Vec::new();
    let mut per_owner: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let witnesses = Witnesses::of(snapshot);
    for pod in snapshot.table::<Pod>().iter() {
        if pod.metadata.is_terminating() || pod.has_succeeded() {
            continue;
        }
        for container in pod.containers() {
            let urgency = urgency(snapshot, pod, &container);
            let is_witness = || container.is_running() && witnesses.have(pod);
            let Some(urgency) = urgency.or_else(|| is_witness().then_some(1)) else {
                continue;
            };
            let siblings = per_owner
                .entry((owner_of(pod), container.name().to_owned()))
                .or_default();
            *siblings += 1;
            let key = LogKey {
                namespace: pod.metadata.namespace.to_string(),
                pod: pod.metadata.name.to_string(),
                container: container.name().to_owned(),
                previous: container
                    .status
                    .is_some_and(|status| status.last_state.terminated.is_some()),
            };
            // One pod of every owner before the second pod of any.
            wanted.push((*siblings, -urgency, key));
        }
    }
    wanted.sort();
    let keepers = keepers(snapshot, &wanted);
    wanted
        .into_iter()
        .chain(keepers)
        .take(limit)
        .flat_map(|(_, _, key)| {
            let current = LogKey {
                previous: false,
                ..key.clone()
            };
            let previous = key.previous.then_some(key);
            previous.into_iter().chain([current])
        })
        .collect()
}

/// Most containers that are well and are asked all the same, because they keep data or somebody may wait for them.
const MOST_KEEPERS: usize = 12;

/// Containers that are well and of which another fault may come: servers beside a pod that runs and does not get ready,
/// servers of other namespaces that one which is not ready is told to call, and who keeps data of his own, as a full disk
/// makes nobody unready. Few, behind those that fail, one of every owner before the second of any.
fn keepers(snapshot: &Snapshot, failing: &[(usize, i64, LogKey)]) -> Vec<(usize, i64, LogKey)> {
    let mut per_owner: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
    let mut all = Vec::new();
    let pods = || snapshot.table::<Pod>().iter();
    let waiting: BTreeSet<&str> = pods()
        .filter(|pod| pod.unready_since().is_some() && pod.containers().any(|it| it.is_running()))
        .map(|pod| pod.metadata.namespace.as_str())
        .collect();
    let called = called_elsewhere(snapshot);
    let serves = |pod: &Pod| {
        let mut services = snapshot
            .table::<Service>()
            .in_namespace(&pod.metadata.namespace);
        services.any(|service| service.is_in_front_of(pod))
    };
    for pod in pods() {
        if !pod.is_ready() || !pod.is_live() {
            continue;
        }
        let is_called = called.contains(pod.metadata.uid.as_str());
        let may_be_waited_for = waiting.contains(pod.metadata.namespace.as_str());
        if !is_called && !may_be_waited_for && !keeps_data(pod) {
            continue;
        }
        let owner = owner_of(pod);
        // Whether they serve is looked up once an owner.
        let (siblings, is_waited_for) = per_owner
            .entry(owner)
            .or_insert_with(|| (0, is_called || may_be_waited_for && serves(pod)));
        if !*is_waited_for && !keeps_data(pod) {
            continue;
        }
        *siblings += 1;
        for container in pod.containers().filter(ContainerView::is_running) {
            let key = LogKey {
                namespace: pod.metadata.namespace.to_string(),
                pod: pod.metadata.name.to_string(),
                container: container.name().to_owned(),
                previous: false,
            };
            let is_asked = failing.iter().any(|(_, _, known)| {
                let is_pod = (&known.namespace, &known.pod) == (&key.namespace, &key.pod);
                is_pod && known.container == key.container
            });
            if !is_asked {
                all.push((*siblings, -i64::from(*is_waited_for), key));
            }
        }
    }
    all.sort();
    all.truncate(MOST_KEEPERS);
    all
}

/// The pods, by uid, of the Services of other namespaces that a pod which is not ready is told to call.
fn called_elsewhere(snapshot: &Snapshot) -> BTreeSet<&str> {
    let cluster = Cluster::new(snapshot);
    let mut owners = BTreeSet::new();
    let pods = snapshot.table::<Pod>().iter();
    let clients = pods.filter(|pod| pod.unready_since().is_some() && owners.insert(owner_of(pod)));
    clients
        .flat_map(|client| {
            let services = called_services(&cluster, client).into_iter();
            let services = services.map(|called| called.service);
            services
                .filter(|service| service.metadata.namespace != client.metadata.namespace)
                .flat_map(|service| cluster.pods_behind(service))
        })
        .map(|pod| pod.metadata.uid.as_str())
        .collect()
}

/// What stands for all pods of one template: the uid of their controller, else their own name.
fn owner_of(pod: &Pod) -> &str {
    let owner = pod.metadata.controller();
    owner.map_or(pod.metadata.name.as_str(), |owner| owner.uid.as_str())
}

/// Who runs well and tells why something else does not.
struct Witnesses {
    /// A node waits for the cloud's controller.
    waits_for_the_cloud: bool,
    /// A part of the control plane fails, or leads no more: the others say what they get from it.
    lacks_control_plane: bool,
}

impl Witnesses {
    fn of(snapshot: &Snapshot) -> Self {
        let waits = |node: &Node| {
            let mut taints = node.spec.taints.iter();
            taints.any(|taint| taint.key == UNINITIALIZED)
        };
        let fails = |pod: &Arc<Pod>| {
            let mut containers = pod.containers();
            pod.is_control_plane()
                && (!pod.is_ready()
                    || containers.any(|container| urgency(snapshot, pod, &container).is_some()))
        };
        let mut pods = snapshot.table::<Pod>().in_namespace(SYSTEM);
        Self {
            waits_for_the_cloud: snapshot.table::<Node>().iter().any(|node| waits(node)),
            lacks_control_plane: pods.any(fails) || lacks_a_leader(snapshot),
        }
    }

    fn have(&self, pod: &Pod) -> bool {
        let meta = &pod.metadata;
        let is_asked_by_a_node =
            || self.waits_for_the_cloud && runs_cloud_controller(&meta.name, &pod.spec);
        let is_asked_by_a_part =
            || self.lacks_control_plane && meta.namespace == SYSTEM && pod.is_control_plane();
        is_asked_by_a_node() || is_asked_by_a_part()
    }
}

/// Whether the controller manager or the scheduler has not renewed its lease for long, by the newest lease.
fn lacks_a_leader(snapshot: &Snapshot) -> bool {
    let leases = snapshot.table::<Lease>();
    let newest = leases
        .iter()
        .filter_map(|lease| lease.spec.renew_time)
        .max();
    LEADERS
        .into_iter()
        .filter_map(|name| leases.get(SYSTEM, name)?.spec.renew_time)
        .any(|renewed| newest.is_some_and(|newest| newest.duration_since(renewed).as_secs() > LATE))
}

/// Seconds without a renewal after which the logs of the control plane are worth a look.
const LATE: i64 = 60;

/// Where the control plane runs.
const SYSTEM: &str = "kube-system";

/// How much a container's log is worth; none if the container is fine or never ran.
fn urgency(snapshot: &Snapshot, pod: &Pod, container: &ContainerView<'_>) -> Option<i64> {
    let status = container.status?;
    let failed =
        |end: Option<&crate::kubernetes::Terminated>| end.is_some_and(|end| end.exit_code != 0);
    let ended_badly = failed(status.state.terminated.as_deref());
    let ended_badly_before = failed(status.last_state.terminated.as_deref());
    if ended_badly || (status.state.waiting.is_some() && status.last_state.terminated.is_some()) {
        return Some(3);
    }
    let runs = container.is_running();
    if runs && container.role == ContainerRole::Init {
        return Some(2);
    }
    if runs && !status.ready && !pod.is_ready() {
        return Some(2);
    }
    let restarted_lately = ended_badly_before
        && status.last_state.terminated.as_deref().is_some_and(|end| {
            match (snapshot.taken_at(), end.finished_at) {
                (Some(now), Some(finished)) => {
                    now.duration_since(finished).as_secs() <= RECENT_RESTART
                }
                _ => false,
            }
        });
    restarted_lately.then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::example::picture;

    #[test]
    fn of_what_is_well_few_are_asked_who_keep_data_or_serve_beside_one_that_waits() {
        let pod = |name: &str, volume: &str| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: n, uid: {name}}}\nspec: {{containers: [{{name: c}}], volumes: [{volume}]}}\nstatus:\n  phase: Running\n  conditions: [{{type: Ready, status: \"True\"}}]\n  containerStatuses: [{{name: c, ready: true, state: {{running: {{startedAt: \"2026-01-01T09:00:00Z\"}}}}}}]\n---\n"
            )
        };
        let claim = "{name: d, persistentVolumeClaim: {claimName: d}}";
        let asked = |text: &str, limit: usize| {
            let picture = picture(&format!("# now: 2026-01-01T12:00:00Z\n{text}"));
            let keys = wanted_logs(&picture, limit).into_iter();
            keys.map(|key| key.pod).collect::<Vec<_>>()
        };
        let both = format!("{}{}", pod("db", claim), pod("web", ""));
        assert_eq!(asked(&both, 50), ["db"]);
        // Who stands beside one that waits is asked, if he serves; and before those that only keep data.
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: n}\nspec: {selector: {app: web}}\n---\n";
        let waits = pod("app", "").replace(
            "\"True\"",
            "\"False\", lastTransitionTime: \"2026-01-01T11:00:00Z\"",
        );
        let waits = waits.replace("ready: true", "ready: false");
        let serves = pod("web", "").replace("uid: web", "uid: web, labels: {app: web}");
        let beside = format!("{waits}{serves}{service}{}", pod("db", claim));
        assert_eq!(asked(&beside, 50), ["app", "web", "db"]);
        // And who serves in another namespace one that names him.
        let elsewhere = serves.replace("namespace: n,", "namespace: m,");
        let service = service.replace("namespace: n", "namespace: m");
        let told = waits.replace(
            "[{name: c}]",
            "[{name: c, env: [{name: URL, value: \"http://web.m:80\"}]}]",
        );
        assert_eq!(asked(&format!("{waits}{elsewhere}{service}"), 50), ["app"]);
        assert_eq!(
            asked(&format!("{told}{elsewhere}{service}"), 50),
            ["app", "web"]
        );
        let many: String = (0..40).map(|at| pod(&format!("db-{at}"), claim)).collect();
        assert_eq!(asked(&many, 50).len(), MOST_KEEPERS);
        assert_eq!(asked(&many, 5).len(), 5);
    }

    #[test]
    fn while_nobody_leads_the_whole_control_plane_is_asked() {
        let part = |name: &str| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: kube-system, labels: {{tier: control-plane, component: {name}}}}}\nspec: {{containers: [{{name: c}}]}}\nstatus:\n  phase: Running\n  conditions: [{{type: Ready, status: \"True\"}}]\n  containerStatuses: [{{name: c, ready: true, state: {{running: {{startedAt: \"2026-01-01T09:00:00Z\"}}}}}}]\n---\n"
            )
        };
        let lease = |name: &str, at: &str| {
            format!(
                "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {{name: {name}, namespace: kube-system}}\nspec: {{renewTime: \"2026-01-01T{at}Z\"}}\n---\n"
            )
        };
        let asked = |scheduler: &str| {
            let text = format!(
                "# now: 2026-01-01T12:00:00Z\n{}{}{}{}",
                part("etcd"),
                part("kube-scheduler"),
                lease("kube-controller-manager", "12:00:00"),
                lease("kube-scheduler", scheduler)
            );
            let keys = wanted_logs(&picture(&text), 50).into_iter();
            keys.map(|key| key.pod).collect::<Vec<_>>()
        };
        assert_eq!(asked("11:00:00"), ["etcd", "kube-scheduler"]);
        assert!(asked("11:59:55").is_empty());
    }
}
