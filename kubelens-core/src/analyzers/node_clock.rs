//! A program whose time is refused, on a node whose clock is known to be wrong.

use super::pattern::Pattern;
use crate::kubernetes::{Condition, Node, Object, Pod};
use crate::model::ObjectRef;
use crate::snapshot::Cluster;

/// Words by which one side says that the other's time, or what it signed with it, is not now: of cloud APIs, Kerberos,
/// tokens, X.509 and databases of several nodes.
static OTHER_TIME: Pattern = Pattern::new(
    r"(?i)RequestTimeTooSkewed|RequestExpired|RequestInTheFuture|InvalidSignatureException: Signature (?:not yet current|expired)|signature (?:has )?expired|signature not yet current|clock skew|clock is (?:not )?(?:synchroni[sz]ed|skewed|off|behind|ahead)|clocks? (?:are|is) out of sync|KRB_AP_ERR_SKEW|issued in the future|used before issued|(?:token|jwt|assertion)[^\n]{0,40}not (?:yet valid|valid yet)|\bnbf\b|current time \S+ is (?:before|after) |certificate is not yet valid|CertificateNotYetValidException|time(?:stamp)? (?:is )?(?:too far )?in the future|difference between the request time and the current time",
);

/// Conditions by which agents on a node speak of its clock: node-problem-detector's `NTPProblem`, and others like it.
static CLOCK: Pattern = Pattern::new(r"(?i)ntp|chrony|clock|timesync|time_?skew");

/// Whether a condition of a node is about its clock.
pub(super) fn is_about_the_clock(condition: &Condition) -> bool {
    CLOCK.is_in(&condition.type_)
}

/// The condition by which an agent says that the clock of its node is wrong.
pub(super) fn complaint(node: &Node) -> Option<&Condition> {
    let mut conditions = node.status.conditions.iter();
    conditions.find(|condition| condition.is_true() && is_about_the_clock(condition))
}

/// The node of a pod whose line says that its time is refused, where an agent on that node says that its clock is wrong.
/// Who calls it reads Node.
pub(super) fn skewed_node(pod: &Pod, line: &str, cluster: &Cluster<'_>) -> Option<ObjectRef> {
    if !OTHER_TIME.is_in(line) {
        return None;
    }
    let node = cluster.get::<Node>("", &pod.node_name)?;
    complaint(node).map(|_| node.reference())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::example::picture;

    #[test]
    fn a_refused_time_blames_the_node_whose_clock_is_wrong() {
        let node = |status: &str, line: &str| {
            let picture = picture(&format!(
                "apiVersion: v1\nkind: Node\nmetadata: {{name: a}}\nstatus: {{conditions: [{{type: NTPProblem, status: \"{status}\"}}]}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: n}}\nspec: {{nodeName: a, containers: [{{name: c}}]}}\n"
            ));
            let cluster = Cluster::new(&picture);
            let pod = cluster.get::<Pod>("n", "p").expect("the pod");
            skewed_node(pod, line, &cluster).map(|node| node.name)
        };
        for line in [
            "api error RequestTimeTooSkewed: The difference between the request time and the current time is too large.",
            "x509: certificate has expired or is not yet valid: current time 2026-01-01T00:00:00Z is before 2026-01-01T01:00:00Z",
            "KrbException: Clock skew too great (37) - PROCESS_TGS",
            "jwt: token used before issued",
        ] {
            assert_eq!(node("True", line).as_deref(), Some("a"), "{line}");
            assert_eq!(node("False", line), None, "{line}");
        }
        assert_eq!(node("True", "connection refused"), None);
    }
}
