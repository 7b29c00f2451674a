//! Whether a policy of Calico lets a connection through.

use serde_json::Value;

use super::calico_selector::matches;
use super::policy::{Connection, Direction};
use super::policy_verdict::{Verdict, declares, labels_with};
use crate::kubernetes::{CustomObject, Labels, Namespace, Pod, text_at};
use crate::snapshot::Cluster;

/// Fields of a rule, and of one of its ends, whose meaning is known here.
const RULE: [&str; 5] = ["action", "protocol", "source", "destination", "metadata"];
const END: [&str; 3] = ["selector", "namespaceSelector", "ports"];

/// What a policy says of one end of a connection: its first rule that fits decides.
pub(super) fn verdict(
    cluster: &Cluster<'_>,
    policy: &CustomObject,
    call: &Connection<'_>,
    direction: Direction,
) -> Verdict {
    let (own, name, type_) = match direction {
        Direction::Ingress => (call.target, "ingress", "Ingress"),
        Direction::Egress => (call.source, "egress", "Egress"),
    };
    let spec = &policy.spec;
    let is_of_another_tier = !matches!(text_at(spec, "/tier"), "" | "default");
    match is_about(cluster, policy, own) {
        Some(true) if is_of_another_tier || spec.get("doNotTrack").is_some() => {
            return Verdict::Unknown;
        }
        Some(true) => {}
        Some(false) => return Verdict::Apart,
        None => return Verdict::Unknown,
    }
    let named = policy.spec_list("/types");
    let rules = policy.spec_list(&format!("/{name}"));
    let is_meant = if named.is_empty() {
        // Without types, ingress is meant unless there are rules for egress alone.
        !rules.is_empty() || (type_ == "Ingress" && policy.spec_list("/egress").is_empty())
    } else {
        named.iter().any(|known| known.as_str() == Some(type_))
    };
    if !is_meant {
        return Verdict::Apart;
    }
    for rule in rules {
        match fits(cluster, policy, rule, call) {
            Some(false) => {}
            Some(true) => match text_at(rule, "/action") {
                "Allow" => return Verdict::Allows,
                "Deny" => return Verdict::Denies,
                "Log" => {}
                _ => return Verdict::Unknown,
            },
            None => return Verdict::Unknown,
        }
    }
    Verdict::Lacks
}

/// Whether a policy is for a pod.
fn is_about(cluster: &Cluster<'_>, policy: &CustomObject, pod: &Pod) -> Option<bool> {
    let spec = &policy.spec;
    let own = policy.metadata.namespace.as_str();
    if spec.get("serviceAccountSelector").is_some() {
        return None;
    }
    let of_namespace = if own.is_empty() {
        let labels = namespace_labels(cluster, pod.metadata.namespace.as_str());
        matches(text_at(spec, "/namespaceSelector"), &labels)?
    } else {
        pod.metadata.namespace == *own
    };
    Some(of_namespace && matches(text_at(spec, "/selector"), &pod_labels(pod))?)
}

fn fits(
    cluster: &Cluster<'_>,
    policy: &CustomObject,
    rule: &Value,
    call: &Connection<'_>,
) -> Option<bool> {
    let fields = rule.as_object()?;
    if fields.keys().any(|field| !RULE.contains(&field.as_str())) {
        return None;
    }
    let protocol = fields
        .get("protocol")
        .map_or(Some(call.protocol), Value::as_str)?;
    let is_source = end_fits(
        cluster,
        policy,
        rule.get("source"),
        call.source,
        call,
        false,
    )?;
    let is_target = end_fits(
        cluster,
        policy,
        rule.get("destination"),
        call.target,
        call,
        true,
    )?;
    Some(protocol.eq_ignore_ascii_case(call.protocol) && is_source && is_target)
}

fn end_fits(
    cluster: &Cluster<'_>,
    policy: &CustomObject,
    end: Option<&Value>,
    pod: &Pod,
    call: &Connection<'_>,
    is_target: bool,
) -> Option<bool> {
    let Some(end) = end else { return Some(true) };
    let fields = end.as_object()?;
    if fields.keys().any(|field| !END.contains(&field.as_str())) {
        return None;
    }
    let (selector, spaces) = (
        text_at(end, "/selector"),
        text_at(end, "/namespaceSelector"),
    );
    let own = policy.metadata.namespace.as_str();
    let namespace = pod.metadata.namespace.as_str();
    let is_near = if spaces.is_empty() {
        selector.is_empty() || own.is_empty() || own == namespace
    } else {
        matches(spaces, &namespace_labels(cluster, namespace))?
    };
    let is_port = match fields.get("ports").and_then(Value::as_array) {
        None => true,
        Some(_) if !is_target => return None,
        Some(ports) => call
            .port
            .is_none_or(|called| ports.iter().any(|port| has_port(port, call.target, called))),
    };
    Some(is_near && is_port && matches(selector, &pod_labels(pod))?)
}

fn has_port(port: &Value, target: &Pod, called: i64) -> bool {
    if let Some(number) = port.as_i64() {
        return number == called;
    }
    let text = port.as_str().unwrap_or_default();
    match text.split_once(':') {
        Some((first, last)) => {
            let (first, last) = (first.parse::<i64>(), last.parse::<i64>());
            matches!((first, last), (Ok(first), Ok(last)) if (first..=last).contains(&called))
        }
        None => text.parse() == Ok(called) || declares(target, text, called),
    }
}

fn pod_labels(pod: &Pod) -> Labels {
    let more = [
        (
            "projectcalico.org/namespace",
            pod.metadata.namespace.to_string(),
        ),
        ("projectcalico.org/orchestrator", "k8s".to_owned()),
    ];
    let more = more.map(|(key, value)| (key.to_owned(), value));
    labels_with(&pod.metadata.labels, more.to_vec())
}

fn namespace_labels(cluster: &Cluster<'_>, name: &str) -> Labels {
    let own = cluster.get::<Namespace>("", name);
    let labels = own
        .map(|found| found.metadata.labels.clone())
        .unwrap_or_default();
    let named = [
        ("projectcalico.org/name", name),
        ("kubernetes.io/metadata.name", name),
    ];
    let more = named.map(|(key, value)| (key.to_owned(), value.to_owned()));
    labels_with(&labels, more.to_vec())
}
