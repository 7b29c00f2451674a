//! The rules of a NetworkPolicy in words.

use super::policy::{Direction, rules};
use crate::kubernetes::{
    NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicyRule, Object,
};
use crate::model::{Evidence, Suggestion};

/// What a policy does in one direction, as proof: whom it selects, and what it lets through.
pub(super) fn proof_of(policy: &NetworkPolicy, direction: Direction) -> [Evidence; 2] {
    let own = policy.reference();
    [
        Evidence::field(own.clone(), "spec.podSelector", selector_of(policy)),
        Evidence::field(own, direction.field(), rules_of(policy, direction)),
    ]
}

/// How to read a policy.
pub(super) fn look_at(policy: &NetworkPolicy) -> Suggestion {
    let (namespace, name) = (&policy.metadata.namespace, &policy.metadata.name);
    Suggestion::look(
        "Read the policy",
        format!("kubectl -n {namespace} describe networkpolicy {name}"),
    )
}

fn selector_of(policy: &NetworkPolicy) -> String {
    let selector = &policy.spec.pod_selector;
    if selector.is_empty() {
        "(all pods)".to_owned()
    } else {
        selector.to_string()
    }
}

/// `from app=api on 5432; from anyone on 9102`, or `(nothing)`.
pub(super) fn rules_of(policy: &NetworkPolicy, direction: Direction) -> String {
    let word = match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    };
    let all: Vec<String> = rules(policy, direction)
        .iter()
        .take(6)
        .map(|rule| format!("{word} {}", rule_of(rule)))
        .collect();
    if all.is_empty() {
        "(nothing is allowed)".to_owned()
    } else {
        all.join("; ")
    }
}

fn rule_of(rule: &NetworkPolicyRule) -> String {
    let peers: Vec<String> = rule.peers.iter().map(peer_of).collect();
    let peers = if peers.is_empty() {
        "anyone".to_owned()
    } else {
        peers.join(" or ")
    };
    let ports: Vec<String> = rule.ports.iter().map(port_of).collect();
    if ports.is_empty() {
        format!("{peers} on all ports")
    } else {
        format!("{peers} on {}", ports.join(", "))
    }
}

fn peer_of(peer: &NetworkPolicyPeer) -> String {
    if let Some(block) = &peer.ip_block {
        return block.cidr.to_string();
    }
    let said = |selector: &crate::kubernetes::LabelSelector, all: &str| {
        if selector.is_empty() {
            all.to_owned()
        } else {
            selector.to_string()
        }
    };
    let pods = peer
        .pod_selector
        .as_ref()
        .map(|selector| format!("pods {}", said(selector, "(all)")));
    let namespaces = peer
        .namespace_selector
        .as_ref()
        .map(|selector| format!("namespaces {}", said(selector, "(all)")));
    match (pods, namespaces) {
        (Some(pods), Some(namespaces)) => format!("{pods} of {namespaces}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "nobody".to_owned(),
    }
}

fn port_of(port: &NetworkPolicyPort) -> String {
    let number = port
        .port
        .as_ref()
        .map_or_else(|| "all".to_owned(), ToString::to_string);
    let end = port
        .end_port
        .map_or_else(String::new, |end| format!("-{end}"));
    format!(
        "{}/{number}{end}",
        port.protocol.non_empty().unwrap_or("TCP")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_said_in_one_line() {
        let policy: NetworkPolicy = serde_json::from_str(
            r#"{"spec":{"egress":[
                {"to":[{"podSelector":{"matchLabels":{"app":"db"}},"namespaceSelector":{}}],
                 "ports":[{"port":5432},{"port":53,"protocol":"UDP"}]},
                {"to":[{"ipBlock":{"cidr":"10.0.0.0/8"}}]}]}}"#,
        )
        .unwrap_or_default();
        assert_eq!(
            rules_of(&policy, Direction::Egress),
            "to pods app=db of namespaces (all) on TCP/5432, UDP/53; to 10.0.0.0/8 on all ports"
        );
        assert_eq!(
            rules_of(&policy, Direction::Ingress),
            "(nothing is allowed)"
        );
    }
}
