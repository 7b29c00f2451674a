use crate::analysis::{Sighting, Sink, declare_analyzer};
use crate::analyzers::hygiene::deprecated_field_use::LABELS;
use crate::kubernetes::{DaemonSet, Kind, Node, Object};
use crate::model::{Evidence, Suggestion};
use crate::snapshot::Cluster;

declare_analyzer! {
    /// # What it means
    /// A DaemonSet runs on no node, because its node selector misses a label that nodes have by a hair: another case,
    /// another sign between words, a letter too many or too few. A set that is for no node without such a label is
    /// switched off on purpose, or waits for nodes to come.
    ///
    /// # Fires on
    /// ```yaml
    /// # listed: Node
    /// apiVersion: apps/v1
    /// kind: DaemonSet
    /// metadata: {name: agent, namespace: shop, uid: d1}
    /// spec: {template: {spec: {nodeSelector: {kubernetes.io/os: Linux}, containers: [{name: agent}]}}}
    /// status: {desiredNumberScheduled: 0}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, labels: {kubernetes.io/os: linux}}
    /// ```
    ///
    /// # Stays silent on
    /// ```yaml
    /// # listed: Node
    /// apiVersion: apps/v1
    /// kind: DaemonSet
    /// metadata: {name: agent, namespace: shop, uid: d1}
    /// spec: {template: {spec: {nodeSelector: {kubernetes.io/arch: arm64}, containers: [{name: agent}]}}}
    /// status: {desiredNumberScheduled: 0}
    /// ---
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1, labels: {kubernetes.io/arch: amd64}}
    /// ```
    ///
    /// # How to fix
    /// Write the label in the node selector as the nodes have it.
    ///
    /// # What it cannot know
    /// Whether nodes with exactly that label are to come.
    ///
    /// # Source
    /// `spec.template.spec.nodeSelector` and `status.desiredNumberScheduled` of apps/v1 DaemonSet; labels are compared
    /// letter by letter.
    ROL020 "daemon-set-selects-no-node" {
        role: Root,
        severity: Warning,
        confidence: 0.9,
        reads: [Node],
        maps_to: [],
        check: DaemonSet(check),
    }
}

fn check<'a>(set: &'a DaemonSet, cluster: &Cluster<'a>, sink: &mut Sink) {
    let (meta, status) = (&set.metadata, &set.status);
    let spec = &set.spec.template.spec;
    let is_seen = status.observed_generation >= meta.generation;
    if meta.is_terminating()
        || !is_seen
        || status.desired_number_scheduled > 0
        || spec.node_selector.iter().next().is_none()
        || !cluster.is_complete(Kind::Node, "")
    {
        return;
    }
    let mut nodes = cluster.nodes_but_heartbeats().peekable();
    if nodes.peek().is_none() {
        return;
    }
    let nodes: Vec<&Node> = nodes.collect();
    // What some node has just so is no slip.
    let unmet: Vec<(&str, &str)> = spec
        .node_selector
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .filter(|(key, value)| {
            !nodes
                .iter()
                .any(|node| node.metadata.labels.value(key) == Some(value))
        })
        .collect();
    let [(key, value)] = unmet[..] else { return };
    let others = || {
        spec.node_selector
            .iter()
            .filter(|(other, _)| **other != *key)
    };
    let found = nodes.iter().find_map(|node| {
        let labels = &node.metadata.labels;
        let meets_the_others = others().all(|(key, value)| labels.get(key) == Some(value));
        if !meets_the_others {
            return None;
        }
        let mut labels = labels.iter();
        labels.find_map(|(known, carried)| {
            let pair = (key, known.as_str());
            let is_renamed = pair == ROLE || LABELS.contains(&pair);
            let is_near = (*known == *key && is_meant(value, carried))
                || (*carried == *value && (is_renamed || is_meant(key, known)));
            is_near.then(|| (*node, known.as_str(), carried.as_str()))
        })
    });
    if let Some((node, known, carried)) = found {
        sink.report(sighting(set, (key, value), node, (known, carried)));
    }
}

/// The role of control planes, which took another name.
const ROLE: (&str, &str) = (
    "node-role.kubernetes.io/master",
    "node-role.kubernetes.io/control-plane",
);

/// Shorter words differ by a letter and are meant so: `large`, `xlarge`.
const SHORTEST: usize = 7;

/// Whether somebody who wrote one word meant the other: they differ in case, in the signs between words, or by a letter
/// that is there in one of them only. Another letter in its place may be the name of another thing.
fn is_meant(written: &str, known: &str) -> bool {
    if written == known || written.is_empty() {
        return false;
    }
    let plain = |word: &str| word.to_lowercase().replace(['_', '.'], "-");
    let (ours, theirs) = (plain(written), plain(known));
    if ours == theirs {
        return true;
    }
    // Words with numbers come in rows: one of another number, or with a letter behind it, is another one.
    let is_counted = [&ours, &theirs]
        .iter()
        .any(|word| word.contains(|letter: char| letter.is_ascii_digit()));
    let shorter = ours.chars().count().min(theirs.chars().count());
    let is_a_letter_longer = ours.chars().count() != theirs.chars().count();
    shorter >= SHORTEST
        && is_a_letter_longer
        && !is_counted
        && strsim::osa_distance(&ours, &theirs) == 1
}

fn sighting(
    set: &DaemonSet,
    (key, value): (&str, &str),
    node: &Node,
    (known, carried): (&str, &str),
) -> Sighting {
    let own = set.reference();
    let title = format!(
        "{own} runs on no node: no node has its node selector {key}={value}, but {known}={carried}"
    );
    Sighting::of(
        own.clone(),
        title,
        "Labels are compared letter by letter, so the set is for no node, and no pod of it is made.",
    )
    .identified_by("label", key)
    .evidence(Evidence::field(
        own.clone(),
        &format!("spec.template.spec.nodeSelector.{key}"),
        value,
    ))
    .evidence(Evidence::field(
        node.reference(),
        &format!("metadata.labels.{known}"),
        carried,
    ))
    .evidence(Evidence::field(
        own.clone(),
        "status.desiredNumberScheduled",
        set.status.desired_number_scheduled,
    ))
    .suggest(Suggestion::advice(format!(
        "Write {known}: {carried} in the node selector of {own}"
    )))
    .suggest(Suggestion::look(
        "See which labels the nodes have",
        "kubectl get nodes --show-labels",
    ))
}

#[cfg(test)]
mod tests {
    use super::is_meant;

    #[test]
    fn a_slip_is_told_from_another_label() {
        for (written, known) in [
            ("Linux", "linux"),
            ("kubernetes.io/OS", "kubernetes.io/os"),
            ("gpu_pool", "gpu-pool"),
            ("databases", "database"),
        ] {
            assert!(is_meant(written, known), "{written}");
        }
        for (written, known) in [
            ("arm64", "amd64"),
            ("xlarge", "large"),
            ("pool-gpu-a", "pool-gpu-b"),
            ("pool-general-1", "pool-general-2"),
            ("never", "linux"),
            ("eu-west-1a", "eu-west-1"),
        ] {
            assert!(!is_meant(written, known), "{written}");
        }
    }
}
