//! What keeps the pods of a DaemonSet off a node, by its own spec.

use crate::analysis::Sighting;
use crate::analyzers::scheduling::fit::is_by_state;
use crate::kubernetes::{DaemonSet, Node, Object, Taint};
use crate::model::Evidence;

/// Why a DaemonSet makes no pod for a node.
#[derive(Debug, Clone)]
pub(in crate::analyzers) enum KeptOff<'a> {
    /// The node has a taint that it does not tolerate.
    Taint(&'a Taint),
    /// Its node selector or node affinity does not match; the labels that the selector asks for, where those are it.
    Selector(String),
}

impl KeptOff<'_> {
    /// As the end of a sentence about the DaemonSet: `does not tolerate its taint a=b:NoSchedule`.
    pub(in crate::analyzers) fn words(&self) -> String {
        match self {
            Self::Taint(taint) => format!("does not tolerate its taint {taint}"),
            Self::Selector(labels) if labels.is_empty() => {
                "does not select it (node affinity)".to_owned()
            }
            Self::Selector(labels) => format!("does not select it (node selector {labels})"),
        }
    }

    /// The field of the DaemonSet that decides.
    pub(in crate::analyzers) const fn field(&self) -> &'static str {
        match self {
            Self::Taint(_) => "spec.template.spec.tolerations",
            Self::Selector(labels) if labels.is_empty() => "spec.template.spec.affinity",
            Self::Selector(_) => "spec.template.spec.nodeSelector",
        }
    }
}

/// What is told of a DaemonSet that keeps its pods off a node, whatever is missing there then: all nodes that are kept
/// off for one reason are one fault.
pub(in crate::analyzers) fn sighting(
    set: &DaemonSet,
    node: &Node,
    why: &KeptOff<'_>,
    title: String,
    explanation: String,
) -> Sighting {
    let subject = set.reference();
    Sighting::of(subject.clone(), title, explanation)
        .seen_on(node.reference(), "keeps off")
        .identified_by("kept off", why.words())
        .evidence(Evidence::field(subject, why.field(), why.words()))
}

/// What keeps the pods of a DaemonSet off a node. Taints that controllers put on a node for its state do not count: pods
/// of DaemonSets tolerate those.
pub(in crate::analyzers) fn kept_off<'a>(set: &DaemonSet, node: &'a Node) -> Option<KeptOff<'a>> {
    let spec = &set.spec.template.spec;
    if !spec.selects_node(node) {
        let missing = spec
            .node_selector
            .iter()
            .filter(|(key, value)| node.metadata.labels.get(key.as_str()) != Some(*value));
        let missing: Vec<String> = missing
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        return Some(KeptOff::Selector(missing.join(", ")));
    }
    let taints = spec.untolerated_taints(node).into_iter();
    let mut taints = taints.filter(|taint| !is_by_state(taint));
    taints.next().map(KeptOff::Taint)
}
