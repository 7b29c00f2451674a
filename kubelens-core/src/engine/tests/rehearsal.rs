use crate::engine::{Options, rehearse};
use crate::model::Report;
use crate::snapshot::Snapshot;
use crate::snapshot::example::picture;

const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: shop, name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: app
        image: registry.example.com/web:1
        envFrom: [{configMapRef: {name: conf}}]
        resources: {requests: {cpu: 500m, memory: 1Gi}}
---
apiVersion: v1
kind: Service
metadata: {namespace: shop, name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
";

const CLUSTER: &str = "
# now: 2026-01-01T12:00:00Z
# listed: ConfigMap, Secret, Service, Deployment, ReplicaSet, Pod, Node, Namespace, ResourceQuota, LimitRange, ServiceAccount
apiVersion: v1
kind: Node
metadata: {name: n1, uid: n1}
status: {allocatable: {cpu: '4', memory: 16Gi, pods: '110'}}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop, uid: ns}
";

fn manifests(text: &str) -> Snapshot {
    picture(text)
}

fn codes(report: &Report) -> Vec<&str> {
    report
        .causes
        .iter()
        .map(|cause| cause.code.as_str())
        .collect()
}

fn against(manifest: &str, cluster: &str) -> Report {
    rehearse(
        &manifests(manifest),
        Some(&picture(&format!("{CLUSTER}{cluster}"))),
        &Options::default(),
    )
}

#[test]
fn manifests_alone_call_nothing_missing() {
    let report = rehearse(&manifests(WEB), None, &Options::default());
    assert_eq!(codes(&report), Vec::<&str>::new());
    assert!(
        report
            .coverage
            .kinds
            .iter()
            .any(|kind| kind.kind == "ConfigMap")
    );
}

#[test]
fn manifests_alone_prove_what_is_wrong_anywhere() {
    let report = rehearse(
        &manifests(&WEB.replace("registry.example.com/web:1", "registry.example.com/Web:1")),
        None,
        &Options::default(),
    );
    assert_eq!(codes(&report), ["IMG001"]);
}

#[test]
fn a_config_map_that_the_cluster_does_not_have_is_missing_unless_the_manifests_bring_it() {
    assert_eq!(codes(&against(WEB, "")), ["CFG001"]);
    let with = format!(
        "{WEB}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{namespace: shop, name: conf}}\n"
    );
    assert_eq!(codes(&against(&with, "")), Vec::<&str>::new());
    let has =
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: shop, name: conf, uid: c}\n";
    assert_eq!(codes(&against(WEB, has)), Vec::<&str>::new());
}

const CONF: &str =
    "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: shop, name: conf, uid: c}\n";

#[test]
fn what_is_wrong_elsewhere_is_not_told() {
    let other = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {namespace: shop, name: other, uid: o}\nspec: {selector: {matchLabels: {app: o}}, template: {metadata: {labels: {app: o}}, spec: {containers: [{name: a, envFrom: [{configMapRef: {name: gone}}]}]}}}\n";
    assert_eq!(
        codes(&against(WEB, &format!("{CONF}{other}"))),
        Vec::<&str>::new()
    );
}

#[test]
fn a_selector_that_matches_no_template_is_told() {
    let typo = WEB.replace("selector: {app: web}, ports", "selector: {app: wep}, ports");
    assert_eq!(codes(&against(&typo, CONF)), ["NET002"]);
}

#[test]
fn a_quota_counts_what_is_added_and_gives_back_what_is_replaced() {
    let quota = |used: &str| {
        format!(
            "{CONF}---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {{namespace: shop, name: q, uid: q}}\nspec: {{hard: {{requests.cpu: '2'}}}}\nstatus: {{hard: {{requests.cpu: '2'}}, used: {{requests.cpu: {used}}}}}\n"
        )
    };
    assert_eq!(codes(&against(WEB, &quota("500m"))), Vec::<&str>::new());
    let report = against(WEB, &quota("'1'"));
    assert_eq!(codes(&report), ["SCA020"]);
    assert!(
        report.causes[0]
            .title
            .contains("2500m requests.cpu would be used of 2"),
        "{}",
        report.causes[0].title
    );
    let replaced = "---\napiVersion: v1\nkind: Pod\nmetadata: {namespace: shop, name: web-a, uid: p, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d, controller: true}]}\nspec: {nodeName: n1, containers: [{name: app, resources: {requests: {cpu: 500m}}}]}\nstatus: {phase: Running}\n";
    assert_eq!(
        codes(&against(WEB, &format!("{}{replaced}", quota("'1'")))),
        Vec::<&str>::new()
    );
    let silent = WEB.replace(
        "resources: {requests: {cpu: 500m, memory: 1Gi}}",
        "command: [web]",
    );
    assert_eq!(codes(&against(&silent, &quota("'0'"))), ["SCA021"]);
}

#[test]
fn bounds_of_a_limit_range_are_told() {
    let range = "---\napiVersion: v1\nkind: LimitRange\nmetadata: {namespace: shop, name: l, uid: l}\nspec: {limits: [{type: Container, max: {memory: 512Mi}}]}\n";
    assert_eq!(codes(&against(WEB, &format!("{CONF}{range}"))), ["SCA023"]);
}

#[test]
fn a_pod_security_level_is_held_against_the_template() {
    let restricted = CLUSTER.replace(
        "name: shop, uid: ns",
        "name: shop, uid: ns, labels: {pod-security.kubernetes.io/enforce: restricted}",
    );
    let cluster = picture(&format!("{restricted}{CONF}"));
    let report = rehearse(&manifests(WEB), Some(&cluster), &Options::default());
    assert_eq!(codes(&report), ["SEC004"]);
    let safe = WEB.replace("        envFrom", "        securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}\n        envFrom");
    let report = rehearse(&manifests(&safe), Some(&cluster), &Options::default());
    assert_eq!(codes(&report), Vec::<&str>::new());
}

#[test]
fn a_template_that_no_node_can_take_says_why() {
    for (from, to, code) in [
        ("cpu: 500m", "cpu: '8'", "SCH004"),
        (
            "      containers:\n",
            "      nodeSelector: {disk: ssd}\n      containers:\n",
            "SCH005",
        ),
    ] {
        assert_eq!(codes(&against(&WEB.replace(from, to), CONF)), [code]);
    }
    let tainted = CLUSTER.replace(
        "metadata: {name: n1, uid: n1}",
        "metadata: {name: n1, uid: n1}\nspec: {taints: [{key: gpu, effect: NoSchedule}]}",
    );
    let cluster = picture(&format!("{tainted}{CONF}"));
    assert_eq!(
        codes(&rehearse(
            &manifests(WEB),
            Some(&cluster),
            &Options::default()
        )),
        ["SCH007"]
    );
    let busy = "---\napiVersion: v1\nkind: Pod\nmetadata: {namespace: shop, name: big, uid: b}\nspec: {nodeName: n1, containers: [{name: a, resources: {requests: {cpu: '3800m'}}}]}\nstatus: {phase: Running}\n";
    assert_eq!(codes(&against(WEB, &format!("{CONF}{busy}"))), ["SCH002"]);
}

#[test]
fn what_runs_in_an_older_version_is_not_held_against_the_manifest() {
    let crashing = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {namespace: shop, name: web, uid: d, creationTimestamp: 2026-01-01T00:00:00Z}\nspec: {replicas: 1, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: app}]}}}\nstatus: {replicas: 1, unavailableReplicas: 1, conditions: [{type: Available, status: 'False'}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {namespace: shop, name: web-a, uid: p, labels: {app: web}, creationTimestamp: 2026-01-01T00:00:00Z, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d, controller: true}]}\nspec: {nodeName: n1, containers: [{name: app}]}\nstatus: {phase: Running, containerStatuses: [{name: app, restartCount: 9, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 1}}}]}\n";
    assert_eq!(
        codes(&against(WEB, &format!("{CONF}{crashing}"))),
        Vec::<&str>::new()
    );
}

#[test]
fn a_gateway_that_the_manifests_do_not_bring_is_unknown_without_a_cluster() {
    let route = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {namespace: shop, name: web}\nspec: {parentRefs: [{name: edge}], rules: [{backendRefs: [{name: web, port: 80}]}]}\n";
    let report = rehearse(&manifests(route), None, &Options::default());
    assert_eq!(codes(&report), Vec::<&str>::new());
}

#[test]
fn a_pod_of_an_older_version_that_no_node_takes_is_not_held_against_the_manifest() {
    let pending = "---\napiVersion: v1\nkind: Pod\nmetadata: {namespace: shop, name: web-a, uid: p, labels: {app: web}, creationTimestamp: 2026-01-01T00:00:00Z, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: d, controller: true}]}\nspec: {nodeSelector: {disk: ssd}, serviceAccountName: gone, containers: [{name: app}]}\nstatus: {phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: '0/1 nodes are available: 1 node(s) did not match Pod node affinity/selector.'}]}\n---\napiVersion: v1\nkind: Event\nmetadata: {namespace: shop, name: e}\ninvolvedObject: {kind: Pod, namespace: shop, name: web-a, uid: p}\nreason: FailedScheduling\nmessage: '0/1 nodes are available: 1 node(s) did not match Pod node affinity/selector.'\nlastTimestamp: 2026-01-01T11:59:00Z\n";
    assert_eq!(
        codes(&against(WEB, &format!("{CONF}{pending}"))),
        Vec::<&str>::new()
    );
}

#[test]
fn a_port_by_a_name_that_no_container_has_is_told() {
    let named = WEB.replace(
        "image: registry",
        "ports: [{name: http, containerPort: 80}]\n        image: registry",
    );
    let service = named.replace(
        "ports: [{port: 80}]",
        "ports: [{port: 80, targetPort: htpp}]",
    );
    let report = rehearse(&manifests(&service), None, &Options::default());
    assert_eq!(codes(&report), ["NET003"]);
    assert!(
        report.causes[0].suggestions[0]
            .text
            .ends_with("did you mean http?")
    );
    let right = named.replace(
        "ports: [{port: 80}]",
        "ports: [{port: 80, targetPort: http}]",
    );
    assert_eq!(
        codes(&rehearse(&manifests(&right), None, &Options::default())),
        Vec::<&str>::new()
    );
    let probe = named.replace(
        "image: registry",
        "readinessProbe: {httpGet: {port: web}}\n        image: registry",
    );
    assert_eq!(
        codes(&rehearse(&manifests(&probe), None, &Options::default())),
        ["WRK023"]
    );
}

#[test]
fn a_slip_between_manifests_is_told_without_a_cluster() {
    let label = WEB.replace("selector: {app: web}, ports", "selector: {app: wbe}, ports");
    let report = rehearse(&manifests(&label), None, &Options::default());
    assert_eq!(codes(&report), ["NET002"]);
    assert_eq!(
        report.causes[0].title,
        "Service shop/web selects app=wbe, and Deployment shop/web carries app=web"
    );
    let other = WEB.replace(
        "selector: {app: web}, ports",
        "selector: {app: cart}, ports",
    );
    assert_eq!(
        codes(&rehearse(&manifests(&other), None, &Options::default())),
        Vec::<&str>::new()
    );
    let map = format!(
        "{WEB}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{namespace: shop, name: cnof}}\n"
    );
    let report = rehearse(&manifests(&map), None, &Options::default());
    assert_eq!(codes(&report), ["CFG001"]);
    assert_eq!(
        report.causes[0].title,
        "ConfigMap shop/conf is not among the manifests, and ConfigMap cnof is"
    );
}
