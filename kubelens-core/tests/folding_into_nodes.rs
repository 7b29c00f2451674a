//! What pods and workloads show because of their node is one cause: the node.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

use kubelens_core::model::{Report, Severity};
use kubelens_core::source::{FileSource, ReadRequest, Silent};
use kubelens_core::{Options, diagnose};

/// The report over a recording of these documents.
fn report(documents: &[&str]) -> Report {
    let text = documents.join("\n---\n");
    let picture = FileSource::from_bytes("cluster.yaml", text.into_bytes())
        .read(&ReadRequest::default(), &Silent)
        .expect("a picture");
    diagnose(&picture, &Options::default())
}

/// Severity, code and subject of every cause that hurts.
fn causes(report: &Report) -> Vec<(Severity, &str, String)> {
    report
        .causes
        .iter()
        .filter(|cause| cause.severity > Severity::Info)
        .map(|cause| {
            (
                cause.severity,
                cause.code.as_str(),
                cause.subject.to_string(),
            )
        })
        .collect()
}

/// The recording's instant: the newest time in it.
const NOW: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: shop, creationTimestamp: "2026-01-01T12:00:00Z"}
status: {phase: Active}"#;

const DEAD_NODE: &str = r#"
apiVersion: v1
kind: Node
metadata: {name: n1, uid: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
status:
  conditions:
  - {type: Ready, status: Unknown, reason: NodeStatusUnknown, message: Kubelet stopped posting node status., lastTransitionTime: "2026-01-01T11:40:00Z"}"#;

const DAEMON_SET: &str = r#"
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: shop, uid: d1, generation: 1, creationTimestamp: "2025-12-01T00:00:00Z"}
spec: {selector: {matchLabels: {app: agent}}, template: {metadata: {labels: {app: agent}}, spec: {containers: [{name: agent, image: "shop/agent:1"}]}}}
status: {observedGeneration: 1, desiredNumberScheduled: 2, currentNumberScheduled: 2, updatedNumberScheduled: 2, numberReady: 1, numberAvailable: 1, numberUnavailable: 1}"#;

const AGENT_ON_DEAD_NODE: &str = r#"
apiVersion: v1
kind: Pod
metadata:
  name: agent-a
  namespace: shop
  uid: p1
  creationTimestamp: "2025-12-01T00:00:00Z"
  labels: {app: agent}
  ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: agent, uid: d1, controller: true}]
spec: {nodeName: n1, containers: [{name: agent, image: "shop/agent:1"}]}
status:
  phase: Running
  conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:40:00Z"}]
  containerStatuses: [{name: agent, ready: true, state: {running: {startedAt: "2025-12-01T00:00:10Z"}}}]"#;

const STUCK_ON_DEAD_NODE: &str = r#"
apiVersion: v1
kind: Pod
metadata: {name: db-0, namespace: shop, uid: p2, creationTimestamp: "2025-12-01T00:00:00Z", deletionTimestamp: "2026-01-01T11:45:30Z"}
spec: {nodeName: n1, containers: [{name: db, image: "shop/db:1"}]}
status:
  phase: Running
  conditions: [{type: Ready, status: "False", lastTransitionTime: "2026-01-01T11:40:00Z"}]"#;

#[test]
fn what_hangs_on_a_dead_node_folds_into_the_node() {
    let report = report(&[
        NOW,
        DEAD_NODE,
        DAEMON_SET,
        AGENT_ON_DEAD_NODE,
        STUCK_ON_DEAD_NODE,
    ]);
    assert_eq!(
        causes(&report),
        [(Severity::Critical, "NOD002", "Node n1".to_owned())]
    );
    let affected: Vec<String> = report.causes[0]
        .affected
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        affected.contains(&"DaemonSet shop/agent".to_owned()),
        "{affected:?}"
    );
}

#[test]
fn a_shortage_of_the_node_explains_its_evictions() {
    let node = r#"
apiVersion: v1
kind: Node
metadata: {name: n1, uid: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
status:
  conditions:
  - {type: MemoryPressure, status: "True", reason: KubeletHasInsufficientMemory, lastTransitionTime: "2026-01-01T11:50:00Z"}
  - {type: Ready, status: "True", lastTransitionTime: "2025-12-01T00:00:00Z"}"#;
    let evicted = r#"
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T10:00:00Z"}
spec: {nodeName: n1, containers: [{name: web, image: "shop/web:1"}]}
status:
  phase: Failed
  reason: Evicted
  message: 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi. '
  conditions: [{type: DisruptionTarget, status: "True", reason: TerminationByKubelet, lastTransitionTime: "2026-01-01T11:51:00Z"}]"#;
    let report = report(&[NOW, node, evicted]);
    assert_eq!(
        causes(&report),
        [(Severity::Critical, "NOD003", "Node n1".to_owned())]
    );
}

#[test]
fn a_node_that_is_only_cordoned_explains_no_failing_pod() {
    let node = r#"
apiVersion: v1
kind: Node
metadata: {name: n1, uid: n1, creationTimestamp: "2025-12-01T00:00:00Z"}
spec: {unschedulable: true}
status: {conditions: [{type: Ready, status: "True", lastTransitionTime: "2025-12-01T00:00:00Z"}]}"#;
    let pod = r#"
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, uid: p1, creationTimestamp: "2026-01-01T10:00:00Z"}
spec: {nodeName: n1, containers: [{name: web, image: "shop/web:1"}]}
status:
  phase: Running
  containerStatuses:
  - name: web
    restartCount: 9
    state: {waiting: {reason: CrashLoopBackOff}}
    lastState: {terminated: {exitCode: 139, reason: Error, finishedAt: "2026-01-01T11:58:00Z"}}"#;
    let report = report(&[NOW, node, pod]);
    assert_eq!(
        causes(&report),
        [(Severity::Critical, "WRK008", "Pod shop/web".to_owned())]
    );
}
