//! What the names of objects tell.

use crate::kubernetes::{ObjectMeta, OwnerReference};

/// Whether one name may be meant by the other: a slip of the hand, or a part of it. `orders-mail` is not
/// meant by `orders-db`, for all that they have in common.
pub(super) fn is_near(known: &str, name: &str) -> bool {
    let slips = 1 + name.chars().count() / 4;
    known.contains(name)
        || name.contains(known)
        || strsim::damerau_levenshtein(known, name) <= slips
}

/// The Deployment of a ReplicaSet that cannot be read: it names its ReplicaSets after itself and the
/// hash that their pods carry as a label.
pub(super) fn deployment_of<'m>(pod: &ObjectMeta, set: &'m OwnerReference) -> Option<&'m str> {
    let hash = pod.labels.value("pod-template-hash")?;
    set.name
        .strip_suffix(hash)?
        .strip_suffix('-')
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::example::picture;
    use super::*;
    use crate::kubernetes::Pod;
    use crate::snapshot::Cluster;

    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web-5d4-x\n  namespace: shop\n  uid: p1\n  labels: {pod-template-hash: 5d4}\n  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d4, uid: r1, controller: true}]\nspec: {containers: [{name: web}]}\n";

    fn top(text: &str) -> String {
        let picture = picture(text);
        let cluster = Cluster::new(&picture);
        let pod = cluster.all::<Pod>().next().expect("a pod");
        cluster.top_of(pod).to_string()
    }

    #[test]
    fn a_replica_set_that_cannot_be_read_tells_its_deployment_by_its_name() {
        assert_eq!(
            top(&format!("# forbidden: ReplicaSet\n{POD}")),
            "Deployment shop/web"
        );
    }

    #[test]
    fn a_replica_set_that_is_proven_gone_tells_nothing() {
        assert_eq!(
            top(&format!("# listed: ReplicaSet\n{POD}")),
            "ReplicaSet shop/web-5d4"
        );
    }

    #[test]
    fn a_name_is_near_by_a_slip_or_as_a_part() {
        assert!(is_near("web-config", "web-conf"));
        assert!(is_near("mysql-primary", "mysql"));
        assert!(!is_near("orders-mail", "orders-db"));
    }
}
