//! Members of a server that it says are missing: too few replicas in sync, no quorum, no leader.

use crate::analyzers::pattern::Pattern;
use crate::kubernetes::{Object, Pod};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// Words of a member that lacks others (Kafka, etcd, Elasticsearch, MongoDB, Redis, RabbitMQ, Cassandra, Consul).
static LACKS_MEMBERS: Pattern = Pattern::new(
    r"(?i)NotEnoughReplicas|insufficient to satisfy the min\.isr|under.?replicated|\b(?:no|lost|lack(?:s|ing)?|without|not enough|insufficient)\b.{0,30}\b(?:quorum|majority|leader|master|primary|replicas|members|brokers)\b|\bquorum\b.{0,30}\b(?:lost|not|unreachable)\b|NoPrimary|ReplicaSetNoPrimary|NOREPLICAS|master_not_discovered|Cannot achieve consistency level|CLUSTERDOWN|NoQuorum",
);

/// The pods of the same controller that are not ready, where a member of it says that others are missing.
pub(super) fn missing_peers(cluster: &Cluster<'_>, member: &Pod, line: &str) -> Vec<ObjectRef> {
    let Some(owner) = member.metadata.controller() else {
        return Vec::new();
    };
    if !LACKS_MEMBERS.is_in(line) {
        return Vec::new();
    }
    cluster
        .in_namespace::<Pod>(&member.metadata.namespace)
        .filter(|pod| pod.is_live() && !pod.is_ready())
        .filter(|pod| {
            let own = pod.metadata.controller();
            own.is_some_and(|own| own.uid == owner.uid)
        })
        .map(Object::reference)
        .collect()
}
