//! Whether a policy of Cilium lets a connection through.

use serde_json::Value;

use super::policy::{Connection, Direction};
use super::policy_verdict::{Verdict, declares, labels_with};
use crate::kubernetes::{CustomObject, LabelSelector, Labels, Namespace, Pod, list_at, text_at};
use crate::snapshot::Cluster;

/// Labels that Cilium gives pods beside their own.
const NAMESPACE: &str = "io.kubernetes.pod.namespace";
const NAMESPACE_LABELS: &str = "io.cilium.k8s.namespace.labels.";

/// Prefixes that say where a label comes from.
const SOURCES: [&str; 2] = ["k8s:", "any:"];

/// Peers that every pod is.
const EVERYBODY: [&str; 2] = ["all", "cluster"];

/// What a policy says of one end of a connection.
pub(super) fn verdict(
    cluster: &Cluster<'_>,
    policy: &CustomObject,
    call: &Connection<'_>,
    direction: Direction,
) -> Verdict {
    let spec = &policy.spec;
    // Several rules in one object (`specs`) are not kept.
    if spec.is_null() {
        return Verdict::Unknown;
    }
    let (own, peer, name, peers) = match direction {
        Direction::Ingress => (call.target, call.source, "ingress", "from"),
        Direction::Egress => (call.source, call.target, "egress", "to"),
    };
    let namespace = policy.metadata.namespace.as_str();
    let is_of_it = namespace.is_empty() || own.metadata.namespace == *namespace;
    let (Some(selector), Some(rules), true) = (
        spec.get("endpointSelector"),
        spec.get(name).and_then(Value::as_array),
        is_of_it,
    ) else {
        return Verdict::Apart;
    };
    let is_open = spec.pointer(&format!("/enableDefaultDeny/{name}")) == Some(&Value::Bool(false));
    match selects(selector, &labels_of(cluster, own)) {
        Some(true) if is_open => return Verdict::Apart,
        Some(true) => {}
        Some(false) => return Verdict::Apart,
        None => return Verdict::Unknown,
    }
    let mut is_known = true;
    for rule in rules {
        match fits(cluster, rule, peers, namespace, peer, call) {
            Some(true) => return Verdict::Allows,
            Some(false) => {}
            None => is_known = false,
        }
    }
    if is_known {
        Verdict::Lacks
    } else {
        Verdict::Unknown
    }
}

/// Whether a rule is for this peer and port; none where it asks for something that is not known.
fn fits(
    cluster: &Cluster<'_>,
    rule: &Value,
    peers: &str,
    namespace: &str,
    peer: &Pod,
    call: &Connection<'_>,
) -> Option<bool> {
    let fields = rule.as_object()?;
    let mut has_peers = false;
    let mut is_peer = false;
    for (field, value) in fields {
        let Some(what) = field.strip_prefix(peers).filter(|_| field != "toPorts") else {
            if field != "toPorts" {
                return None;
            }
            continue;
        };
        has_peers = true;
        match what {
            "Endpoints" => {
                let labels = labels_of(cluster, peer);
                for selector in value.as_array()? {
                    let is_anywhere =
                        namespace.is_empty() || selector.to_string().contains(NAMESPACE);
                    let is_near = is_anywhere || peer.metadata.namespace == *namespace;
                    is_peer |= selects(selector, &labels)? && is_near;
                }
            }
            "Entities" => {
                is_peer |= value
                    .as_array()?
                    .iter()
                    .filter_map(Value::as_str)
                    .any(|entity| EVERYBODY.contains(&entity));
            }
            // Addresses and names are of what is outside of the cluster.
            "CIDR" | "CIDRSet" | "FQDNs" => {}
            _ => return None,
        }
    }
    // A rule without peers is for all of them, if it names ports; an empty one is for nobody.
    let for_peer = is_peer || (!has_peers && fields.contains_key("toPorts"));
    Some(for_peer && port_fits(rule, call))
}

fn port_fits(rule: &Value, call: &Connection<'_>) -> bool {
    let entries = list_at(rule, "/toPorts");
    entries.is_empty()
        || entries.iter().any(|entry| {
            let ports = list_at(entry, "/ports");
            ports.is_empty() || ports.iter().any(|port| is_port(port, call))
        })
}

fn is_port(port: &Value, call: &Connection<'_>) -> bool {
    let protocol = text_at(port, "/protocol");
    let is_protocol =
        matches!(protocol, "" | "ANY") || protocol.eq_ignore_ascii_case(call.protocol);
    let Some(called) = call.port.filter(|_| is_protocol) else {
        return is_protocol;
    };
    let named = text_at(port, "/port");
    let end = port.get("endPort").and_then(Value::as_i64);
    match named.parse::<i64>() {
        Ok(0) => true,
        Ok(number) => number == called || end.is_some_and(|end| (number..=end).contains(&called)),
        Err(_) => declares(call.target, named, called),
    }
}

/// Whether labels meet a selector of Cilium; none where it asks for what is no label of pods.
fn selects(selector: &Value, labels: &Labels) -> Option<bool> {
    let text = SOURCES.iter().fold(selector.to_string(), |text, source| {
        text.replace(&format!("\"{source}"), "\"")
    });
    let selector: LabelSelector = serde_json::from_str(&text).ok()?;
    let of_matches = selector.match_labels.keys().map(|key| key.as_str());
    let of_expressions = selector
        .match_expressions
        .iter()
        .map(|one| one.key.as_str());
    let is_known = |key: &str| {
        let is_of_cilium = key.starts_with("io.cilium.") && !key.starts_with(NAMESPACE_LABELS);
        !key.contains(':') && !is_of_cilium
    };
    of_matches
        .chain(of_expressions)
        .all(is_known)
        .then(|| selector.matches(labels))
}

fn labels_of(cluster: &Cluster<'_>, pod: &Pod) -> Labels {
    let namespace = pod.metadata.namespace.as_str();
    let mut more = vec![(NAMESPACE.to_owned(), namespace.to_owned())];
    if let Some(found) = cluster.get::<Namespace>("", namespace) {
        let of_it = found.metadata.labels.iter();
        more.extend(
            of_it.map(|(key, value)| (format!("{NAMESPACE_LABELS}{key}"), value.to_string())),
        );
    }
    labels_with(&pod.metadata.labels, more)
}
