use std::sync::Arc;

use super::Cluster;
use super::reads::Question;
use super::relations::owner_of;
use crate::kubernetes::{Kind, Pod, Text};

/// The pods of one owner that have no node; a pod without an owner is alone.
#[derive(Debug, Clone, Copy)]
pub struct Unplaced<'a> {
    /// Their namespace.
    pub(crate) namespace: &'a Text,
    /// The uid of what controls them; the name where nothing does.
    pub(crate) owner: &'a Text,
    /// All of them, by name; never empty.
    pub(crate) pods: &'a [Arc<Pod>],
}

impl<'a> Cluster<'a> {
    /// All pods that have no node, by namespace and owner.
    pub fn all_unplaced(&self) -> impl Iterator<Item = Unplaced<'a>> {
        self.touch(Kind::Pod);
        self.note(Question::Kind(Kind::Pod));
        let unplaced = &self.snapshot.relations().unplaced;
        unplaced.all().map(|((namespace, owner), pods)| Unplaced {
            namespace,
            owner,
            pods,
        })
    }

    /// Those of one owner; none if it has no such pods.
    pub(crate) fn unplaced(&self, namespace: &Text, owner: &Text) -> Option<Unplaced<'a>> {
        self.touch(Kind::Pod);
        self.note(Question::Unplaced(namespace, owner));
        let unplaced = &self.snapshot.relations().unplaced;
        let ((namespace, owner), pods) = unplaced.of_owner(namespace, owner)?;
        Some(Unplaced {
            namespace,
            owner,
            pods,
        })
    }
}

/// Namespace and owner by which a pod without a node is found; none for a pod that has one.
pub(crate) fn unplaced_by(pod: &Pod) -> Option<(Text, Text)> {
    (!pod.is_scheduled()).then(|| (pod.metadata.namespace.clone(), owner_of(pod).clone()))
}
