use super::{Node, NodeSelector, NodeSelectorTerm, PodSpec, Taint, Toleration};

impl Toleration {
    /// Whether it tolerates the taint. Source: `component-helpers/scheduling/corev1`; `Gt` and `Lt`
    /// since 1.35 (KEP-5471).
    pub fn tolerates(&self, taint: &Taint) -> bool {
        if !self.effect.is_empty() && self.effect != taint.effect {
            return false;
        }
        if !self.key.is_empty() && self.key != taint.key {
            return false;
        }
        match self.operator.as_str() {
            "Exists" => true,
            "" | "Equal" => !self.key.is_empty() && self.value == taint.value,
            "Gt" | "Lt" => match (taint.value.parse::<i64>(), self.value.parse::<i64>()) {
                (Ok(on_node), Ok(bound)) if self.operator == "Gt" => on_node > bound,
                (Ok(on_node), Ok(bound)) => on_node < bound,
                _ => false,
            },
            _ => false,
        }
    }
}

impl NodeSelectorTerm {
    /// Whether the node meets every expression; a term without any meets nothing.
    pub fn matches(&self, node: &Node) -> bool {
        if self.match_expressions.is_empty() && self.match_fields.is_empty() {
            return false;
        }
        let by_label = self
            .match_expressions
            .iter()
            .all(|requirement| requirement.matches(&node.metadata.labels));
        let by_field = self.match_fields.iter().all(|requirement| {
            let is_named = requirement.values.contains(&node.metadata.name);
            match requirement.operator.as_str() {
                "In" => is_named,
                "NotIn" => !is_named,
                _ => false,
            }
        });
        by_label && by_field
    }
}

impl NodeSelector {
    /// Whether the node meets any term.
    pub fn matches(&self, node: &Node) -> bool {
        self.node_selector_terms
            .iter()
            .any(|term| term.matches(node))
    }
}

impl PodSpec {
    /// Whether node selector and required node affinity allow the node.
    pub fn selects_node(&self, node: &Node) -> bool {
        let by_labels = node.metadata.labels.holds(&self.node_selector);
        let by_affinity = self
            .required_node_affinity()
            .is_none_or(|required| required.matches(node));
        by_labels && by_affinity
    }

    /// The node affinity that must be met.
    pub fn required_node_affinity(&self) -> Option<&NodeSelector> {
        self.affinity
            .as_ref()?
            .node_affinity
            .as_ref()?
            .required
            .as_ref()
    }

    /// The taints of the node that keep the pod away.
    pub fn untolerated_taints<'n>(&self, node: &'n Node) -> Vec<&'n Taint> {
        node.spec
            .taints
            .iter()
            .filter(|taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute"))
            .filter(|taint| {
                !self
                    .tolerations
                    .iter()
                    .any(|toleration| toleration.tolerates(taint))
            })
            .collect()
    }
}
