//! Causes that lie far from the pods that show them: the API server, a node's processes and certificate, a delivery.

use crate::engine::{Options, diagnose};
use crate::model::Severity;
use crate::snapshot::example::picture;

/// Code and subject of every cause that hurts.
fn causes(text: &str) -> Vec<(String, String)> {
    diagnose(&picture(text), &Options::default())
        .causes
        .into_iter()
        .filter(|cause| cause.severity > Severity::Info)
        .map(|cause| (cause.code, cause.subject.to_string()))
        .collect()
}

fn one(code: &str, subject: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), subject.to_owned())]
}

/// A pod on node n1 that crashes with this last line.
fn crashing(line: &str) -> String {
    format!(
        r#"# now: 2026-01-01T12:00:00Z
# log: shop/web/web | {line}
apiVersion: v1
kind: Pod
metadata: {{name: web, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T10:00:00Z"}}
spec: {{nodeName: n1, containers: [{{name: web}}]}}
status:
  phase: Running
  conditions: [{{type: Ready, status: "False", reason: ContainersNotReady, lastTransitionTime: "2026-01-01T11:00:00Z"}}]
  containerStatuses: [{{name: web, restartCount: 9, ready: false, state: {{waiting: {{reason: CrashLoopBackOff}}}}, lastState: {{terminated: {{exitCode: 1, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}}}}}]
"#
    )
}

#[test]
fn who_is_turned_away_by_a_priority_level_of_few_seats_suffers_from_its_flow_schema() {
    let refused = "error retrieving resource lock shop/web: the server has received too many requests and has asked us to try again later (get leases.coordination.k8s.io web)";
    let level = r#"---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: tame}
spec:
  priorityLevelConfiguration: {name: tame}
  rules:
  - subjects: [{kind: Group, group: {name: "system:serviceaccounts"}}]
    resourceRules: [{resources: ["*"]}]
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: tame}
spec: {type: Limited, limited: {nominalConcurrencyShares: 1, limitResponse: {type: Reject}}}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: other}
spec: {type: Limited, limited: {nominalConcurrencyShares: 400, limitResponse: {type: Queue}}}
"#;
    assert_eq!(
        causes(&(crashing(refused) + level)),
        one("CTL028", "FlowSchema tame")
    );
}

/// A node with a condition.
fn node(condition: &str) -> String {
    format!(
        r#"---
apiVersion: v1
kind: Node
metadata: {{name: n1, uid: n1, creationTimestamp: "2025-12-01T00:00:00Z"}}
status: {{conditions: [{condition}]}}
"#
    )
}

#[test]
fn a_thread_that_cannot_be_started_is_the_doing_of_a_node_without_process_ids() {
    let node = node(
        r#"{type: PIDPressure, status: "True", reason: KubeletHasInsufficientPID, lastTransitionTime: "2026-01-01T10:30:00Z"}, {type: Ready, status: "True", lastTransitionTime: "2025-12-01T00:00:00Z"}"#,
    );
    let thread = "RuntimeError: can't start new thread";
    assert_eq!(
        causes(&(crashing(thread) + &node)),
        one("NOD005", "Node n1")
    );
    let other = causes(&(crashing("RuntimeError: no such table") + &node));
    assert_eq!(other.len(), 2, "{other:?}");
}

/// A node that was last heard at a time, and a request of the account with which nodes join.
fn silent(heard: &str) -> String {
    let node = node(&format!(
        r#"{{type: Ready, status: Unknown, reason: NodeStatusUnknown, message: Kubelet stopped posting node status., lastHeartbeatTime: "{heard}", lastTransitionTime: "2026-01-01T10:00:00Z"}}"#
    ));
    format!(
        r#"# now: 2026-01-01T12:00:00Z
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {{name: csr-1, creationTimestamp: "2026-01-01T10:10:00Z"}}
spec: {{signerName: kubernetes.io/kube-apiserver-client-kubelet, username: "system:bootstrap:abcdef"}}
{node}"#
    )
}

#[test]
fn a_kubelet_that_lost_its_certificate_while_it_slept_waits_for_the_request() {
    assert_eq!(
        causes(&silent("2025-12-15T10:00:00Z")),
        one("CTL030", "CertificateSigningRequest csr-1")
    );
}

#[test]
fn a_machine_that_joins_in_place_of_a_dead_one_does_not_explain_its_death() {
    let seen = causes(&silent("2026-01-01T09:55:00Z"));
    assert_eq!(seen.len(), 2, "{seen:?}");
}

#[test]
fn a_service_that_an_application_was_to_bring_is_missing_because_of_that() {
    let application = r#"---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: pay-eu, namespace: argocd, creationTimestamp: "2026-01-01T09:00:00Z"}
spec: {destination: {namespace: pay-eu}}
status:
  sync: {status: Unknown}
  conditions: [{type: InvalidSpecError, message: destination is not allowed in project pay, lastTransitionTime: "2026-01-01T09:00:00Z"}]
---
apiVersion: v1
kind: Namespace
metadata: {name: pay-eu}
"#;
    let call = "# listed: Service\n".to_owned()
        + &crashing("dial tcp: lookup pay-api.pay-eu.svc on 10.96.0.10:53: no such host");
    assert_eq!(
        causes(&(call + application)),
        one("OPS040", "Application argocd/pay-eu")
    );
}
